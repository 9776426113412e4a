// What one Ingress costs the API server, from its creation to Programmed: each write is there for a reason.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { readConfig } from '../../src/config.ts'
import type { Handle } from '../../src/lib/http.ts'
import { start } from '../../src/start.ts'
import { eventually, startTestWorld } from '../world.ts'

const limitMs = 30_000

test('one Ingress, from its creation to Programmed', async (t) => {
  const world = await startTestWorld()
  t.after(() => world.end())
  const writes: string[] = []
  const counted: Handle = (request) => {
    if (request.method !== 'GET') {
      const path = (request.path.split('?')[0] ?? '').replace(/^\/apis?\//, '')
      writes.push(
        `${request.method} ${path.replace(/\/k8s-shop-web-\w+/, '/…').replace(/(events)\/.*/, '$1')}`,
      )
    }
    return world.api.handle(request)
  }
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${world.vpcId}`,
      '--enable-leader-election=false',
      '--deregistration-propagation=1s',
      '--longest-request=0s',
    ],
    {},
  )
  assert.ok(config.ok)
  const aws = {
    requestHandler: inProcess(world.cloud.handle),
    credentials: { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' },
  }
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 1 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  const running = start({ config: config.value, kube: counted, aws, log: pino({ level: 'silent' }) })
  t.after(() => running.stop())
  await running.idle()
  await world.kube.apply(
    ingress('web', {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [{ path: '/', service: 'web', port: 80 }],
    }),
  )
  type Report = { status?: { conditions?: { type: string; status: string }[] } }
  await eventually(async () => {
    const report = await world.kube.get<Report>(
      '/apis/albatross.dev/v1alpha1/namespaces/shop/ingressreports/web',
    )
    const programmed = report?.status?.conditions?.find(({ type }) => type === 'Programmed')
    assert.equal(programmed?.status, 'True')
  }, limitMs)
  // Events and records are written when they have gathered for a moment.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await running.idle()
  const counts = new Map(
    Object.entries(Object.groupBy(writes, (one) => one)).map(([one, all]) => [one, all?.length ?? 0]),
  )
  for (const [one, count] of counts) t.diagnostic(`${count} ${one}`)
  assert.deepEqual([...counts.keys()].sort(), [...once, ...changing].sort())
  for (const one of once) assert.equal(counts.get(one), 1, one)
  // What the user sees is written again where a slow machine lets it be seen half done.
  for (const one of changing) assert.ok((counts.get(one) ?? 0) <= 3, `${counts.get(one)} ${one}`)
})

const bindings = 'elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings'
const once = [
  // The finalizers of the Ingress and of the binding, the binding, the address, the event.
  'PATCH networking.k8s.io/v1/namespaces/shop/ingresses/web',
  `POST ${bindings}`,
  `PATCH ${bindings}/…`,
  'PATCH networking.k8s.io/v1/namespaces/shop/ingresses/web/status',
  'POST events.k8s.io/v1/namespaces/shop/events',
  'PATCH albatross.dev/v1alpha1/namespaces/shop/ingressreports/web',
  'PATCH albatross.dev/v1alpha1/ingressgroups/ingress.shop.web',
]
const changing = [
  `PATCH ${bindings}/…/status`,
  'PATCH albatross.dev/v1alpha1/namespaces/shop/ingressreports/web/status',
  'PATCH albatross.dev/v1alpha1/ingressgroups/ingress.shop.web/status',
]
