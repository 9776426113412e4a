/** The least that makes a load balancer: namespace `shop`, class `alb`, and Ingress `web` before a Service of that name. */
import { ingress, ingressClass, type Manifest, namespace, service } from '../localstack/scenario/manifest.ts'

export const webShop = (targetPort = 8080): readonly Manifest[] => [
  namespace('shop'),
  ingressClass('alb'),
  service('web', { namespace: 'shop', port: 80, targetPort }),
  ingress('web', {
    namespace: 'shop',
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
    paths: [{ path: '/', service: 'web', port: 80 }],
  }),
]
