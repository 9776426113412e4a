/** Many Ingresses of one group at AWS's own rates, in fake time: they are served one by one, and an edit does not wait for all of them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { timings } from '../../localstack/timing.ts'
import { type Clock, done, installClock } from '../simulation/clock.ts'
import { createWorld, startController, type World } from '../simulation/world.ts'

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(2, '0')}`)
const member = (name: string, path = `/${name}`) =>
  ingress(name, {
    namespace: 'shop',
    class: 'alb',
    annotations: { 'group.name': 'large', 'target-type': 'ip', scheme: 'internet-facing' },
    paths: [{ path, service: name, port: 80 }],
  })

let clock: Clock
before(() => {
  clock = installClock(1)
})
after(() => clock.uninstall())

async function begin(): Promise<World> {
  const world = await done(clock, createWorld({ ...timings.instant, throttle: true }))
  await done(clock, world.kube.apply(namespace('shop'), ingressClass('alb')))
  return world
}

async function add(world: World, all: readonly string[]): Promise<void> {
  for (const name of all)
    await done(
      clock,
      world.kube.apply(service(name, { namespace: 'shop', port: 80, targetPort: 8080 }), member(name)),
    )
}

type Addressed = {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly unknown[] } }
}
/** Seconds from now until each had an address, ascending. */
async function addressed(world: World, all: readonly string[]): Promise<readonly number[]> {
  const from = clock.now()
  const at = new Map<string, number>()
  while (at.size < all.length) {
    assert.ok(clock.now() - from < 600_000, `${at.size} of ${all.length} have an address`)
    await clock.advance(250)
    const found = await done(clock, world.kube.list<Addressed>('/apis/networking.k8s.io/v1/ingresses'))
    for (const { metadata, status } of found)
      if (status?.loadBalancer?.ingress?.[0] !== undefined && all.includes(metadata.name))
        at.set(metadata.name, at.get(metadata.name) ?? (clock.now() - from) / 1000)
  }
  return [...at.values()].sort((a, b) => a - b)
}

test('of 60 new Ingresses the first are served long before the last', async (t) => {
  const world = await begin()
  await add(world, names('app', 60))
  const { running } = startController(world)
  const seconds = await addressed(world, names('app', 60))
  await done(clock, running.stop())
  world.api.stop()
  const [first = 0, middle = 0, last = 0] = [seconds[0], seconds[30], seconds[59]]
  t.diagnostic(`the first after ${first} s, half after ${middle} s, the last after ${last} s of AWS's time`)
  // 122 writes, of which 18 go at once and 2.7 a second after them.
  assert.ok(last > 35 && last < 60, `${last}`)
  assert.ok(first < last / 2, `${first} of ${last}`)
  assert.ok(middle < last * 0.75, `${middle} of ${last}`)
})

test('while 60 more are being made, an edit and a deletion of those that are served take seconds', async (t) => {
  const world = await begin()
  await add(world, names('old', 3))
  const { running } = startController(world)
  await addressed(world, names('old', 3))
  await clock.advance(60_000)
  await add(world, names('new', 60))
  await clock.advance(4_000)
  const from = clock.now()
  await done(clock, world.kube.apply(member('old01', '/edited')))
  await done(clock, world.kube.remove({ kind: 'Ingress', metadata: { namespace: 'shop', name: 'old02' } }))
  const since = world.cloud.journal.since().at(-1)?.n ?? 0
  const seconds = await addressed(world, names('new', 60))
  await done(clock, running.stop())
  world.api.stop()
  assert.ok((seconds.at(-1) ?? 0) > 30)
  for (const action of ['ModifyRule', 'DeleteRule']) {
    const call = world.cloud.journal.since(since).find((one) => one.action === action)
    assert.ok(call !== undefined, action)
    const took = (call.at - from) / 1000
    t.diagnostic(`${action} after ${took} s, of ${seconds.at(-1)} s that the others take`)
    assert.ok(took < 8, `${action}: ${took}`)
  }
})
