import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import { createKube } from '../../src/kube/client.ts'
import { leases } from '../../src/kube/resource.ts'
import { type Clock, installClock } from '../simulation/clock.ts'
import {
  callMs,
  type Candidate,
  createCandidate,
  leads,
  leasePath,
  type Network,
  readLease,
} from './candidate.ts'

type World = { readonly clock: Clock; readonly api: ApiServer; candidate(name: string): Candidate }

async function inTime(seed: number, run: (world: World) => Promise<void>): Promise<void> {
  const clock = installClock(seed)
  const api = createApiServer({})
  const candidates: Candidate[] = []
  try {
    await run({
      clock,
      api,
      candidate: (name) => {
        const made = createCandidate(name, api.handle)
        candidates.push(made)
        return made
      },
    })
  } finally {
    const stopping = candidates.map(({ election }) => election.stop())
    await clock.advance(30_000)
    await Promise.all(stopping)
    api.stop()
    clock.uninstall()
  }
}

const holder = async ({ api }: World) => (await readLease(api.handle))?.spec?.holderIdentity

test('the first takes the Lease as client-go writes it, and renews it; the second stands by', async () => {
  await inTime(1, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    assert.equal(leads(a), true)
    const first = (await readLease(world.api.handle))?.spec
    assert.match(first?.renewTime ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    assert.deepEqual(first, {
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: first?.renewTime,
      renewTime: first?.renewTime,
      leaseTransitions: 0,
    })
    const b = world.candidate('b')
    await world.clock.advance(120_000)
    assert.deepEqual([leads(a), leads(b)], [true, false])
    const later = (await readLease(world.api.handle))?.spec
    assert.equal(later?.acquireTime, first?.acquireTime)
    assert.ok(Date.now() - Date.parse(later?.renewTime ?? '') <= 2_100)
    assert.deepEqual([a.story, b.story], [['led'], []])
  })
})

test('after a kill the second leads once the record was the same for the lease, and counts the change', async () => {
  await inTime(2, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    const b = world.candidate('b')
    await world.clock.advance(10_000)
    a.dead = true
    const killedAt = Date.now()
    await world.clock.advance(12_900)
    assert.equal(leads(b), false)
    while (!leads(b) && Date.now() - killedAt < 60_000) await world.clock.advance(100)
    // It sees the last renewal up to 2.2 retry periods late, and tries as much after the end of the lease.
    assert.ok(Date.now() - killedAt <= 15_000 + 2 * 4_400)
    assert.equal((await readLease(world.api.handle))?.spec?.leaseTransitions, 1)
  })
})

test('a stop gives the Lease up when what runs has ended, and the second leads with its next try', async () => {
  await inTime(3, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    const b = world.candidate('b')
    await world.clock.advance(5_000)
    a.busyUntilMs = Date.now() + 3_000
    const stopped = a.election.stop()
    assert.equal(leads(a), false, 'at once, nothing is started any more')
    await world.clock.advance(2_900)
    assert.equal(await holder(world), 'a', 'a call is in flight')
    assert.equal(leads(b), false)
    await world.clock.advance(200)
    await stopped
    assert.notEqual(await holder(world), 'a')
    await world.clock.advance(4_500)
    assert.equal(leads(b), true)
    assert.deepEqual(a.story, ['led', 'lost: stopping'])
  })
})

test('a leader cut off from the API server leads until its deadline and not longer, then stands by', async () => {
  await inTime(4, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    const b = world.candidate('b')
    await world.clock.advance(4_000)
    const renewed = Date.parse((await readLease(world.api.handle))?.spec?.renewTime ?? '')
    a.network = 'cut'
    await world.clock.advance(renewed + 9_990 - Date.now())
    assert.equal(leads(a), true)
    await world.clock.advance(20)
    assert.equal(leads(a), false)
    assert.equal(leads(b), false, 'calls of the first may be in flight')
    await world.clock.advance(20_000)
    assert.equal(leads(b), true)
    a.network = 'good'
    await world.clock.advance(30_000)
    assert.deepEqual([leads(a), leads(b)], [false, true])
    assert.deepEqual(a.story, ['led', 'lost: the Lease could not be renewed for 10000 ms'])
  })
})

test('a renewal counts from when it was sent, however late its answer comes', async () => {
  await inTime(7, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    const before = Date.now()
    a.network = 'slow'
    await world.clock.advance(2_000)
    const sent = Date.parse((await readLease(world.api.handle))?.spec?.renewTime ?? '')
    assert.ok(sent > before)
    await world.clock.advance(4_000)
    a.network = 'cut'
    await world.clock.advance(sent + 9_990 - Date.now())
    assert.equal(leads(a), true)
    await world.clock.advance(20)
    assert.equal(leads(a), false)
  })
})

test('a leader that was paused knows it before anything else runs, and leaves the Lease to the other', async () => {
  await inTime(5, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(5_000)
    assert.equal(leads(a), true)
    const running = performance.now.bind(performance)
    try {
      // Its timers did not run, the machine's clock did; meanwhile another took the Lease.
      performance.now = () => running() + 20_000
      assert.equal(leads(a), false)
      await kubeOf(world.api.handle).patch(leasePath, {
        spec: { holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 15 },
      })
      await world.clock.advance(10_000)
      assert.equal(leads(a), false)
      assert.equal(await holder(world), 'b')
      assert.equal(a.story.length, 2)
    } finally {
      performance.now = running
    }
  })
})

test('a Lease that somebody deletes is not taken before its holder can know', async () => {
  await inTime(6, async (world) => {
    const a = world.candidate('a')
    await world.clock.advance(100)
    const b = world.candidate('b')
    await world.clock.advance(6_000)
    a.network = 'cut'
    await createKube(world.api.handle).delete(leases, { namespace: 'kube-system', name: 'albatross-leader' })
    assert.equal(await holder(world), undefined)
    await world.clock.advance(7_000)
    assert.deepEqual([leads(a), leads(b)], [true, false])
    await world.clock.advance(15_000)
    assert.deepEqual([leads(a), leads(b)], [false, true])
  })
})

/** Lives of two replicas: killed, stopped, cut off, slowed, restarted; answers with how often one took over. */
async function history(world: World): Promise<number> {
  const networks: readonly Network[] = ['good', 'cut', 'slow', 'lossy', 'lossy']
  const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T
  const all: Candidate[] = []
  const living: (Candidate | undefined)[] = [undefined, undefined]
  const born = (slot: number): void => {
    const made = world.candidate(`replica-${slot}-${all.length}`)
    all.push(made)
    living[slot] = made
  }
  let leader: Candidate | undefined
  let changes = 0
  const look = (): void => {
    const leading = all.filter(leads)
    assert.ok(leading.length <= 1, `${leading.map(({ name }) => name).join(' and ')} lead at once`)
    const [now] = leading
    if (now === undefined) return
    if (leader !== now) {
      changes += 1
      for (const other of all)
        if (other !== now) assert.ok(other.busyUntilMs <= Date.now(), `a call of ${other.name} is in flight`)
    }
    leader = now
    // The worst: it starts a call whenever it may.
    now.busyUntilMs = Date.now() + callMs
  }
  const act = (): void => {
    const slot = pick([0, 1])
    const one = living[slot]
    if (one === undefined) return born(slot)
    const what = pick(['network', 'network', 'network', 'kill', 'stop'])
    if (what === 'network') one.network = pick(networks)
    else {
      living[slot] = undefined
      if (what === 'kill') one.dead = true
      else void one.election.stop()
    }
  }
  for (let end = Date.now() + 100_000; Date.now() < end; ) {
    act()
    const until = Date.now() + 500 + Math.random() * 9_000
    while (Date.now() < until) {
      await world.clock.advance(50)
      look()
    }
  }
  for (const slot of [0, 1]) if (living[slot] === undefined) born(slot)
  for (const one of living) if (one !== undefined) one.network = 'good'
  for (let step = 0; step < 600; step += 1) {
    await world.clock.advance(50)
    look()
  }
  assert.equal(living.filter((one) => one !== undefined && leads(one)).length, 1, 'in the end one leads')
  return changes
}

test('no two of them lead at once, nor while a call of the other is in flight, in 50 histories', async () => {
  let changes = 0
  for (let seed = 1; seed <= 50; seed += 1)
    await inTime(seed, async (world) => {
      try {
        changes += await history(world)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    })
  assert.ok(changes > 100, `only ${changes} changes of leader: the histories exercise nothing`)
})
