/** Watches on a real API server that restarts, forgets or refuses: what changed meanwhile is served, AWS is left alone, nobody is asked in a loop. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../world.ts'
import { requests } from './requests.ts'
import { type ClusterWorld, ingressPath, limitMs, member, startClusterWorld } from './world.ts'

let world: ClusterWorld
const paths = ['/first']
before(async () => {
  world = await startClusterWorld()
  await world.kube.apply(member('first', paths))
  await world.served('first')
  await world.controller.idle()
})
after(() => world?.end())

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const bounce = async (): Promise<void> => {
  await world.cluster.killApiServer()
  await world.cluster.startApiServer()
}
/** One more path of the same backend; how it is served is the reward. */
async function addPath(path: string): Promise<void> {
  paths.push(path)
  await world.kube.apply(member('first', paths))
}

/** Since then: one more rule and no other write, and requests as few as waits that double leave room for. */
async function restsAfter(since: { readonly call: number; readonly tries: number; readonly at: number }) {
  await world.controller.idle()
  // What takes an empty cache for an empty cluster would do its harm at once.
  await pause(1_000)
  await world.controller.idle()
  assert.deepEqual(world.writes(since.call), ['CreateRule'])
  const perKind = 4 * (2 + Math.log2(1 + (Date.now() - since.at) / 800))
  const [asked, most] = [world.tries() - since.tries, Math.round(11 * perKind + 60)]
  assert.ok(asked < most, `${asked} requests, ${most} at most`)
}
const now = () => ({ call: world.now(), tries: world.tries(), at: Date.now() })

test('the API server is killed and starts again: an Ingress changed before the watches are back is served', async () => {
  const since = now()
  await world.cluster.killApiServer()
  await pause(4_000)
  await world.cluster.startApiServer()
  await addPath('/after-restart')
  await world.served('first', '/after-restart')
  await restsAfter(since)
})

test('etcd forgets its history while no watch is open: 410, and what changed is served', async () => {
  const [since, before] = [now(), requests(world.cluster).length]
  await world.cluster.killApiServer()
  await world.cluster.startApiServer()
  await addPath('/after-compaction')
  // Revisions that nobody saw, and then nothing is left of them: the next server begins its caches after them.
  for (let i = 0; i < 50; i += 1)
    await world.kube.patch('/api/v1/namespaces/shop', { metadata: { annotations: { round: String(i) } } })
  await world.cluster.compact()
  await bounce()
  await world.served('first', '/after-compaction')
  await restsAfter(since)
  // The 410 is an event in the stream; what follows it is a look at everything.
  const relists = requests(world.cluster)
    .slice(before)
    .filter(({ requestURI }) => requestURI.includes('sendInitialEvents=true'))
  assert.ok(relists.length > 0, 'a watch from a version that is gone begins anew')
})

test('the token ends before there is a new one: then that is used, also for what could not be written', async () => {
  // The old one is void with its account, once the API server has forgotten that it looked at it; the next lasts for moments.
  await world.user.remake()
  await pause(cachedMs)
  await world.user.renewFor(25)
  await addPath('/with-short-token')
  await eventually(async () => assert.equal(await lag(), 0), limitMs)
  await pause(25_000 + cachedMs)
  const since = now()
  await addPath('/after-token')
  await world.served('first', '/after-token')
  await pause(3_000)
  assert.ok((await lag()) > 0, 'nothing can be written with a token that has ended')
  await world.user.renew()
  await eventually(async () => assert.equal(await lag(), 0), limitMs)
  await restsAfter(since)
})

/** So long a token counts that was just looked at. */
const cachedMs = 11_000
/** How many generations its report is behind the Ingress. */
async function lag(): Promise<number> {
  type Seen = { metadata: { generation: number }; status?: { observedGeneration?: number } }
  const ingress = await world.kube.get<Seen>(ingressPath('first'))
  const report = await world.kube.get<Seen>(
    '/apis/albatross.dev/v1alpha1/namespaces/shop/ingressreports/first',
  )
  return (ingress?.metadata.generation ?? 0) - (report?.status?.observedGeneration ?? 0)
}

test('its rights are taken away and given back: what changed meanwhile is served', async () => {
  await world.user.allowed(false)
  const [since, before] = [now(), requests(world.cluster).length]
  // A watch that is open goes on; a restart ends all, and what comes back finds its rights gone.
  await bounce()
  await addPath('/after-rights')
  await eventually(() => {
    const refused = requests(world.cluster)
      .slice(before)
      .filter(({ permitted, verb }) => !permitted && ['watch', 'list'].includes(verb))
    const collections = new Set(refused.map(({ requestURI }) => requestURI.split('?')[0]))
    assert.equal(collections.size, 11, [...collections].join())
  }, limitMs)
  assert.deepEqual(world.writes(since.call), [])
  await world.user.allowed(true)
  await world.served('first', '/after-rights')
  await restsAfter(since)
})
