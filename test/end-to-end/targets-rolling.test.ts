/** Pods come and go under load through the data plane; with readiness gates and a preStop sleep nobody is cut off. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Load, startLoad } from '../../localstack/scenario/load.ts'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import type { Running } from '../../src/start.ts'
import { timings } from '../../localstack/timing.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'

const limitMs = 60_000
/** AWS's way of taking its time, in little: what a pod must outlive is propagation, and what is under way. */
const timing = {
  ...timings.instant,
  propagationMs: 200,
  firstHealthCheckMs: 20,
  drainScale: 0.002,
  podStartMs: 20,
  // Many on one machine: a slow answer is no sick target.
  healthCheckTimeoutFloorMs: 5_000,
  connectTimeoutMs: 5_000,
  healthCheckScale: 0.02,
}

let world: TestWorld
let controller: Running
let load: Load
let hostname = ''
before(async () => {
  world = await startTestWorld(timing)
  controller = world.controller()
  await world.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
    ingress('web', {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
      paths: [{ path: '/', service: 'web', port: 80 }],
    }),
  )
})
after(async () => {
  await load.stop()
  await world.end()
})

type Named = { metadata: { name: string } }
type Pod = Named & {
  metadata: { deletionTimestamp?: string; annotations?: Record<string, string> }
  status?: {
    podIP?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
  }
}
const podsOf = async (app: string): Promise<Pod[]> => {
  const all = await world.kube.list<Pod>('/api/v1/namespaces/shop/pods')
  return all.filter(({ metadata }) => metadata.name.startsWith(`${app}-`))
}
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false

/** So many pods, all ready, all of this version, and no others. */
const settledAt = (app: string, replicas: number, version: string): Promise<void> =>
  eventually(async () => {
    const pods = await podsOf(app)
    const good = pods.filter((pod) => isReady(pod) && pod.metadata.annotations?.['version'] === version)
    assert.deepEqual([pods.length, good.length], [replicas, replicas])
  }, limitMs)

function gated(
  name: string,
  gate: string | undefined,
  replicas: number,
  version: string,
  preStopSeconds = 1,
): Manifest {
  const made = deployment(name, { namespace: 'shop', port: 8080, replicas, preStopSeconds })
  const spec = made.spec as {
    template: { metadata: object; spec: object }
    strategy?: object
  }
  return {
    ...made,
    spec: {
      ...spec,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
      template: {
        metadata: {
          ...spec.template.metadata,
          annotations: { version },
        },
        spec: {
          ...spec.template.spec,
          ...(gate === undefined ? {} : { readinessGates: [{ conditionType: gate }] }),
        },
      },
    },
  }
}

let gate = ''
test('a gate is True once the target is healthy, with nothing left of what it said before', async () => {
  const binding = await eventually(async () => {
    const [found] = await world.kube.list<Named>(
      '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings',
    )
    assert.ok(found)
    return found.metadata.name
  }, limitMs)
  gate = `target-health.elbv2.k8s.aws/${binding}`
  await world.kube.apply(gated('web', gate, 3, 'one'))
  await settledAt('web', 3, 'one')
  for (const { status } of await podsOf('web')) {
    const condition = status?.conditions?.find(({ type }) => type === gate)
    assert.deepEqual([condition?.status, condition?.reason], ['True', undefined])
  }
  const metrics = controller.metrics()
  assert.match(metrics, /^albatross_readiness_gate_seconds_bucket\{le="\+Inf"\} 3$/m)
  // Each waited for one propagation and one health check at the least.
  const seconds = Number(/^albatross_readiness_gate_seconds_sum (.+)$/m.exec(metrics)?.[1])
  assert.ok(seconds > (3 * timing.propagationMs) / 1000 && seconds < 60, `${seconds} s`)
  hostname = await eventually(async () => {
    type Status = { status?: { loadBalancer?: { ingress?: { hostname: string }[] } } }
    const found = await world.kube.get<Status>('/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web')
    const name = found?.status?.loadBalancer?.ingress?.[0]?.hostname
    assert.ok(name)
    assert.equal((await world.request(name, '/')).status, 200)
    return name
  }, limitMs)
})

const used = new Set<string>()
test('rolled and scaled under load: no request fails', async () => {
  const address = world.addressOf(hostname, 80)
  load = startLoad({ address, host: hostname, path: '/', perSecond: 50, expect: (status) => status === 200 })
  await world.kube.apply(gated('web', gate, 10, 'one'))
  await settledAt('web', 10, 'one')
  await world.kube.apply(gated('web', gate, 10, 'two'))
  await settledAt('web', 10, 'two')
  for (const { status } of await podsOf('web')) used.add(status?.podIP ?? '')
  await world.kube.apply(gated('web', gate, 3, 'two'))
  await settledAt('web', 3, 'two')
  await propagated()
  assert.deepEqual(load.failures, [])
  assert.ok(load.sent > 20)
})

test('an address that goes to a pod of another Service brings it no requests of the first', async () => {
  const before = targets()
  // Free addresses rest for a while; here they don't.
  world.account.lastAddress.clear()
  await world.kube.apply(
    service('other', { namespace: 'shop', port: 80, targetPort: 8080 }),
    gated('other', undefined, 12, 'one'),
  )
  await settledAt('other', 12, 'one')
  const inherited = (await podsOf('other')).filter(({ status }) => used.has(status?.podIP ?? ''))
  assert.notDeepEqual(inherited, [], 'no address was used twice')
  const answers = await Promise.all(Array.from({ length: 60 }, () => world.request(hostname, '/')))
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.match(body, /"pod":\s*"web-/)
  }
  assert.deepEqual(targets(), before)
  assert.deepEqual(load.failures, [])
})

const targets = (): string[] =>
  [...world.account.targetGroups.values()].flatMap(({ targets: all }) => [...all.keys()]).sort()

test('without the sleep the same fails: targets are sent requests for as long as a change takes to arrive', async () => {
  await world.kube.apply(gated('web', gate, 3, 'three', 0))
  await settledAt('web', 3, 'three')
  await propagated()
  assert.deepEqual(load.failures, [])
  await world.kube.apply(gated('web', gate, 1, 'three', 0))
  await settledAt('web', 1, 'three')
  await propagated()
  assert.notDeepEqual(load.failures, [])
})

/** And what was under way is answered. */
const propagated = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2 * timing.propagationMs))
