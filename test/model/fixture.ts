/** Small objects for the tables of this folder. */
import { build } from '../../src/model/build.ts'
import type {
  Cluster,
  Ingress,
  IngressClass,
  IngressPath,
  IngressRule,
  Metadata,
  Service,
} from '../../src/model/cluster.ts'
import type { Facts, Subnet } from '../../src/model/facts.ts'
import { settings, type Settings } from '../../src/model/settings.ts'

export const p = 'alb.ingress.kubernetes.io/'

export const settingsOf = (given: Partial<Settings> = {}): Settings =>
  settings({ clusterName: 'demo', region: 'eu-west-1', vpcId: 'vpc-1', ...given })

type Given = {
  readonly annotations?: Readonly<Record<string, string>>
  readonly metadata?: Partial<Metadata>
  readonly spec?: Partial<Ingress['spec']>
}
/** `ns/name`; annotations without our prefix where they have no slash. */
export function ingress(key: string, { annotations = {}, metadata, spec }: Given = {}): Ingress {
  const [namespace = '', name = ''] = key.split('/')
  const full = Object.entries(annotations).map(([one, value]) => [one.includes('/') ? one : p + one, value])
  return {
    metadata: { namespace, name, uid: `uid-${name}`, annotations: Object.fromEntries(full), ...metadata },
    spec: { ingressClassName: 'alb', rules: [rule(path(`/${name}`, name))], ...spec },
  }
}
export const path = (text: string, service: string, more: Partial<IngressPath> = {}): IngressPath => ({
  path: text,
  pathType: 'Prefix',
  backend: { service: { name: service, port: { number: 80 } } },
  ...more,
})
export const rule = (...paths: readonly IngressPath[]): IngressRule => ({ http: { paths } })

export function service(key: string, spec: Partial<Service['spec']> = {}): Service {
  const [namespace = '', name = ''] = key.split('/')
  return {
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  }
}
export const ingressClass = (name: string, more: Partial<IngressClass> = {}): IngressClass => ({
  metadata: { name, uid: name },
  spec: { controller: 'ingress.k8s.aws/alb' },
  ...more,
})
export const byDefault = (name: string): IngressClass =>
  ingressClass(name, {
    metadata: { name, uid: name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  })

export const clusterOf = (ingresses: readonly Ingress[], more: Partial<Cluster> = {}): Cluster => ({
  ingresses,
  ingressClasses: [ingressClass('alb')],
  ingressClassParams: [],
  namespaces: [],
  services: ingresses.map(({ metadata }) => service(`${metadata.namespace}/${metadata.name}`)),
  ...more,
})

export const subnet = (id: string, zone: string, more: Partial<Subnet> = {}): Subnet => ({
  id: `subnet-${id}`,
  vpcId: 'vpc-1',
  availabilityZone: zone,
  availabilityZoneId: `id-${zone}`,
  cidr: '10.0.0.0/24',
  ipv6Cidrs: [],
  availableIpAddressCount: 200,
  tags: { 'kubernetes.io/role/internal-elb': '1' },
  ...more,
})
export const factsOf = (given: Partial<Facts> = {}): Facts => ({
  vpcId: 'vpc-1',
  vpcCidrs: ['10.0.0.0/16'],
  subnets: [subnet('a', 'a'), subnet('b', 'b')],
  routeTables: [],
  availabilityZones: [],
  securityGroups: [],
  ...given,
})

export const built = (stack: string, cluster: Cluster, given: Partial<Settings> = {}, facts = factsOf()) =>
  build(stack, cluster, facts, settingsOf({ defaultTargetType: 'ip', ...given }))
