/** Pods come and go under load through the data plane; with readiness gates and a preStop sleep nobody is cut off. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Load, startLoad } from '../../localstack/scenario/load.ts'
import { service } from '../../localstack/scenario/manifest.ts'
import { webShop } from '../web.ts'
import type { Running } from '../../src/start.ts'
import { timings } from '../../localstack/timing.ts'
import { startTestWorld, type TestWorld } from '../world.ts'
import { type App, app, gateOf, hostnameOf, podsOf, settledAt } from './pods-fixture.ts'

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
  await world.kube.apply(...webShop())
})
after(async () => {
  await load.stop()
  await world.end()
})

const web = (replicas: number, version: string, preStop = 1): App => ({
  replicas,
  version,
  preStop,
  gate,
  maxSurge: '100%',
})
/** Applied, and waited for. */
async function bring(name: string, wanted: App): Promise<void> {
  await world.kube.apply(app(name, wanted))
  await settledAt(world.kube, name, wanted, limitMs)
}

let gate = ''
test('a gate is True once the target is healthy, with nothing left of what it said before', async () => {
  gate = await gateOf(world.kube, 'web', limitMs)
  await bring('web', web(3, 'one'))
  for (const { status } of await podsOf(world.kube, 'web')) {
    const condition = status?.conditions?.find(({ type }) => type === gate)
    assert.deepEqual([condition?.status, condition?.reason], ['True', undefined])
  }
  const metrics = controller.metrics()
  assert.match(metrics, /^albatross_readiness_gate_seconds_bucket\{le="\+Inf"\} 3$/m)
  // Each waited for one propagation and one health check at the least.
  const seconds = Number(/^albatross_readiness_gate_seconds_sum (.+)$/m.exec(metrics)?.[1])
  assert.ok(seconds > (3 * timing.propagationMs) / 1000 && seconds < 60, `${seconds} s`)
  hostname = await hostnameOf(world, 'web', '/', limitMs)
})

const used = new Set<string>()
test('rolled and scaled under load: no request fails', async () => {
  const address = world.addressOf(hostname, 80)
  load = startLoad({ address, host: hostname, path: '/', perSecond: 50, expect: (status) => status === 200 })
  await bring('web', web(10, 'one'))
  await bring('web', web(10, 'two'))
  for (const { status } of await podsOf(world.kube, 'web')) used.add(status?.podIP ?? '')
  await bring('web', web(3, 'two'))
  await propagated()
  assert.deepEqual(load.failures, [])
  assert.ok(load.sent > 20)
})

test('an address that goes to a pod of another Service brings it no requests of the first', async () => {
  const before = targets()
  // Free addresses rest for a while; here they don't.
  world.account.lastAddress.clear()
  await world.kube.apply(service('other', { namespace: 'shop', port: 80, targetPort: 8080 }))
  await bring('other', { replicas: 12, version: 'one', preStop: 1 })
  const inherited = (await podsOf(world.kube, 'other')).filter(({ status }) => used.has(status?.podIP ?? ''))
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
  await bring('web', web(3, 'three', 0))
  await propagated()
  assert.deepEqual(load.failures, [])
  // A busy machine may send none in that time.
  for (let tries = 0; tries < 5 && load.failures.length === 0; tries += 1) {
    await bring('web', web(1, 'three', 0))
    await propagated()
    if (load.failures.length === 0) await bring('web', web(3, 'three', 0))
  }
  assert.notDeepEqual(load.failures, [])
})

/** And what was under way is answered. */
const propagated = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2 * timing.propagationMs))
