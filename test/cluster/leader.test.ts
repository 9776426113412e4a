/**
 * Replicas on a real API server, each a process with an access key of its own: killed, paused, cut off, stopped, and lost among
 * three that share the work. Nobody calls AWS without holding the Lease for it, which the local AWS's journal and the API
 * server's own versions of the Leases prove. How long nobody worked is printed for each case.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { deployment } from '../../localstack/scenario/manifest.ts'
import { slotOf } from '../../src/reconcile/part.ts'
import { eventually } from '../world.ts'
import { assertApart, leader, prove } from './leader/proof.ts'
import { type Replica, times } from './leader/replica.ts'
import { limitMs, type Stage, startStage } from './leader/stage.ts'

let stage: Stage
let living: Replica[] = []
let failed = true
before(async () => {
  stage = await startStage()
})
afterEach(() => {
  if (failed) for (const one of stage.replicas()) say(one.words())
  failed = true
})
after(async () => {
  await stage?.end()
})

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
/** Under the chart's roles. */
const assertPermitted = (): void => assert.deepEqual(stage.refused(), [])
const say = (line: string): void => void process.stderr.write(`${line}\n`)
const callsOf = ({ key }: Replica, sinceMs: number) =>
  stage.calls.filter((call) => call.key === key && call.startMs >= sinceMs)
const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function join(key: string, ...flags: string[]): Promise<Replica> {
  const made = await stage.replica(key, ...flags)
  living.push(made)
  // Standbys are ready, too.
  await eventually(async () => assert.equal(await made.health(), 'ok\n', made.words()), limitMs)
  return made
}

const leads = async (one: Replica): Promise<boolean> => /^albatross_leader 1$/m.test(await one.metrics())

async function leading(): Promise<{ readonly lead: Replica; readonly standby: Replica }> {
  return await eventually(async () => {
    const states = await Promise.all(living.map(async (one) => ({ one, works: await leads(one) })))
    const lead = states.find(({ works }) => works)?.one
    const standby = states.find(({ works }) => !works)?.one
    assert.ok(lead && standby && stage.leases.holder(leader) === lead.identity())
    return { lead, standby }
  }, limitMs)
}

/** In the middle of its work something happens to who leads; whoever stood by ends that work. */
async function fault(prefix: string, what: (lead: Replica) => void) {
  const { lead, standby } = await leading()
  const sinceMs = performance.now()
  const added = names(prefix, 6)
  await stage.add(added)
  await eventually(() => assert.ok(callsOf(lead, sinceMs).length >= 3), limitMs)
  const faultMs = performance.now()
  what(lead)
  await eventually(() => assert.ok(callsOf(standby, faultMs).length > 0), limitMs)
  const gapMs = (callsOf(standby, faultMs)[0]?.startMs ?? NaN) - faultMs
  await stage.served(added)
  const servedMs = performance.now() - faultMs
  const lastMs = Math.max(...callsOf(lead, sinceMs).map(({ startMs }) => startMs)) - faultMs
  assertApart(stage.calls, lead.key, standby.key, sinceMs)
  return { lead, standby, sinceMs, faultMs, gapMs, servedMs, lastMs, added }
}

function tell(name: string, { gapMs, lastMs, servedMs, sinceMs }: Awaited<ReturnType<typeof fault>>): void {
  const { calls, writes, leastLeftMs } = prove(stage, sinceMs, false)
  say(
    `${name}: another works ${seconds(gapMs)} after it, the last call came ${seconds(lastMs)} after it, all is served ${seconds(servedMs)} after it; ` +
      `${calls} calls, ${writes} of them writes, each by the holder, the latest ${seconds(leastLeftMs)} before the end of its Lease`,
  )
  assert.equal(stage.system.account.loadBalancers.size, made)
  assertPermitted()
}
let made = 0

test('kill -9 of the leader', async () => {
  await join('FIRST')
  await join('SECOND')
  const happened = await fault('killed', (lead) => lead.signal('SIGKILL'))
  made += happened.added.length
  living = living.filter((one) => one !== happened.lead)
  assert.equal(await happened.lead.exited, 'SIGKILL')
  tell('kill -9', happened)
  assert.ok(happened.gapMs > times.leaseMs - times.retryMs * 2 - 500, seconds(happened.gapMs))
  failed = false
})

test('a paused leader wakes up and calls nothing', async () => {
  await join('THIRD')
  const happened = await fault('paused', (lead) => lead.signal('SIGSTOP'))
  made += happened.added.length
  const { lead, standby } = happened
  await stage.add(['while-paused'])
  made += 1
  const wokenMs = performance.now()
  lead.signal('SIGCONT')
  await stage.add(['after-it'])
  made += 1
  await stage.served(['while-paused', 'after-it'])
  // It knows all that, and stands by.
  await eventually(async () => assert.equal(await leads(lead), false), limitMs)
  await passing(2 * times.retryMs)
  assert.deepEqual(callsOf(lead, wokenMs), [])
  assert.equal(await lead.health(), 'ok\n')
  assert.equal(stage.leases.holder(leader), standby.identity())
  tell('paused', happened)
  failed = false
})

test('a leader cut off from the API server ends by itself, and stands by once it is back', async () => {
  const happened = await fault('cut', (lead) => lead.cut())
  made += happened.added.length
  const { lead, faultMs } = happened
  await passing(times.retryMs)
  const healedMs = performance.now()
  lead.heal()
  await stage.add(['after-the-cut'])
  made += 1
  await stage.served(['after-the-cut'])
  await passing(2 * times.retryMs)
  assert.deepEqual(callsOf(lead, healedMs), [])
  assert.ok(
    callsOf(lead, faultMs).every(({ startMs }) => startMs - faultMs <= times.renewDeadlineMs + 500),
    seconds(happened.lastMs),
  )
  assert.equal(await leads(lead), false)
  tell('cut off', happened)
  failed = false
})

test('SIGTERM: what is in flight ends, nothing else begins, the next one begins at once', async () => {
  const happened = await fault('stopped', (lead) => lead.signal('SIGTERM'))
  made += happened.added.length
  const { lead, faultMs, gapMs } = happened
  living = living.filter((one) => one !== lead)
  assert.equal(await lead.exited, 0)
  assert.ok(stage.calls.every(({ key, abandoned }) => key !== lead.key || !abandoned))
  const heardMs = lead.saidAt('stopping') ?? NaN
  // What left in the same turn is seen a little later, on a busy machine.
  assert.deepEqual(
    callsOf(lead, heardMs + 1_000),
    [],
    `it heard of it ${seconds(heardMs - faultMs)} after it`,
  )
  assert.ok(gapMs < times.leaseMs, seconds(gapMs))
  tell('SIGTERM', happened)
  failed = false
})

const held = async (one: Replica): Promise<string[]> =>
  [...(await one.metrics()).matchAll(/^albatross_lease_held\{lease="([^"]+)"\} 1$/gm)].map(
    ([, name = '']) => name,
  )
async function allHeld(replicas: readonly Replica[]): Promise<void> {
  await eventually(async () => {
    const all = (await Promise.all(replicas.map(held))).flat()
    assert.deepEqual([all.length, new Set(all).size], [17, 17])
  }, limitMs)
}

let sharing: Replica[] = []
let groups: readonly string[] = []
async function balanced(replicas: readonly Replica[]): Promise<void> {
  await eventually(async () => {
    const counts = await Promise.all(replicas.map(async (one) => (await held(one)).length))
    assert.ok(Math.max(...counts) <= 7 && Math.min(...counts) >= 4, counts.join())
  }, limitMs)
  await allHeld(replicas)
}

type Share = { readonly one: Replica; readonly leases: readonly string[]; readonly groups: readonly string[] }
/** Who has the most groups comes first. */
async function sharesOf(replicas: readonly Replica[]): Promise<readonly Share[]> {
  const shares = await Promise.all(
    replicas.map(async (one) => {
      const leases = await held(one)
      const isOf = (name: string): boolean => leases.includes(`${leader}-shard-${slotOf(`shop/${name}`)}`)
      return { one, leases, groups: groups.filter(isOf) }
    }),
  )
  return shares.toSorted((a, b) => b.groups.length - a.groups.length)
}

test('three replicas with four shards each, one is lost', async () => {
  for (const one of living) one.signal('SIGTERM')
  await Promise.all(living.map((one) => one.exited))
  living = []
  sharing = await Promise.all(['FOURTH', 'FIFTH', 'SIXTH'].map((key) => join(key, '--shards=4')))
  const sinceMs = performance.now()
  await balanced(sharing)
  // Those that are there: creating load balancers takes what AWS permits in a minute.
  groups = [...names('killed', 6), ...names('paused', 6)]
  await stage.add(groups)
  await stage.served(groups)
  made = Math.max(made, groups.length)
  const shares = await sharesOf(sharing)
  const [lost] = shares
  assert.ok(lost)
  const rest = sharing.filter((one) => one !== lost.one)
  const editedMs = performance.now()
  await stage.add(groups, '/edited')
  await eventually(() => assert.ok(callsOf(lost.one, editedMs).length > 0), limitMs)
  const lostMs = performance.now()
  lost.one.signal('SIGKILL')
  await stage.add(groups, '/again')
  await stage.system.kube.apply(deployment('web', { namespace: 'shop', port: 8080, replicas: 3 }))
  const others = groups.filter((name) => !lost.groups.includes(name))
  await stage.served(others, '/again')
  const othersMs = performance.now() - lostMs
  await allHeld(rest)
  const heldMs = performance.now() - lostMs
  await stage.served(lost.groups, '/again')
  const servedMs = performance.now() - lostMs
  // The slots of the others stayed with them all the time.
  for (const { one, leases } of shares.filter(({ one }) => rest.includes(one)))
    for (const lease of leases) {
      const holders = stage.leases.versions(lease).filter(({ writtenMs }) => writtenMs >= lostMs)
      assert.deepEqual([...new Set(holders.map(({ holder }) => holder))], [one.identity()], lease)
    }
  await eventually(async () => {
    const text = (await Promise.all(rest.map((one) => one.metrics()))).join('\n')
    const all = [...text.matchAll(/^albatross_aws_resources\{kind="loadBalancers"\} (\d+)$/gm)]
    assert.equal(
      all.reduce((sum, [, count]) => sum + Number(count), 0),
      made,
    )
  }, limitMs)
  await eventually(() => {
    for (const { targets } of stage.system.account.targetGroups.values())
      assert.equal([...targets.values()].filter(({ drainingUntil }) => drainingUntil === undefined).length, 3)
  }, limitMs)
  const proof = prove(stage, sinceMs, true)
  say(
    `three replicas with four shards each, one with ${lost.leases.length} Leases is lost: others hold all of them ${seconds(heldMs)} after it; ` +
      `edits of its ${lost.groups.length} groups are served ${seconds(servedMs)} after it, of the ${others.length} others ${seconds(othersMs)}; ` +
      `${proof.calls} calls, ${proof.writes} of them writes, each by the holder, the latest ${seconds(proof.leastLeftMs)} before the end of its Lease`,
  )
  assert.equal(stage.system.account.loadBalancers.size, made)
  assertPermitted()
  sharing = rest
  failed = false
})

test('of three that share one comes, is paused and wakes up: its slots go to it, away and back', async () => {
  const joinedMs = performance.now()
  sharing = [...sharing, await join('SEVENTH', '--shards=4')]
  await balanced(sharing)
  const spreadMs = performance.now() - joinedMs
  const [paused] = await sharesOf(sharing)
  assert.ok(paused)
  const rest = sharing.filter((one) => one !== paused.one)
  const editedMs = performance.now()
  await stage.add(groups, '/before')
  await eventually(() => assert.ok(callsOf(paused.one, editedMs).length > 0), limitMs)
  const pausedMs = performance.now()
  paused.one.signal('SIGSTOP')
  await stage.add(groups, '/meanwhile')
  await allHeld(rest)
  const heldMs = performance.now() - pausedMs
  await stage.served(groups, '/meanwhile')
  paused.one.signal('SIGCONT')
  await stage.add(groups, '/after')
  await stage.served(groups, '/after')
  await balanced(sharing)
  const { calls, writes, leastLeftMs } = prove(stage, joinedMs, true)
  say(
    `a third one comes: its share is its own ${seconds(spreadMs)} after it was started; paused, others hold its ${paused.leases.length} Leases ${seconds(heldMs)} after it; ` +
      `${calls} calls, ${writes} of them writes, each by the holder, the latest ${seconds(leastLeftMs)} before the end of its Lease`,
  )
  assert.equal(stage.system.account.loadBalancers.size, made)
  assertPermitted()
  failed = false
})
