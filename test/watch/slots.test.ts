import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { createKube } from '../../src/kube/client.ts'
import { allSlots, contendForSlots, type Slot, type Slots } from '../../src/watch/slots.ts'
import { type Clock, installClock } from '../simulation/clock.ts'
import {
  callMs,
  type Candidate,
  createCandidate,
  lease,
  leads,
  type Network,
  over,
  passing,
  times,
} from './candidate.ts'

type Replica = {
  readonly name: string
  readonly slots: Slots
  network: Network
  dead: boolean
  stopped: boolean
  /** When the last call that it may have started for a slot has ended. */
  readonly busyUntilMs: Map<Slot, number>
  holders: number
}

function createReplica(name: string, api: ApiServer, most: number): Replica {
  const replica: { -readonly [K in keyof Replica]: Replica[K] } = {
    name,
    network: 'good',
    dead: false,
    stopped: false,
    busyUntilMs: new Map(),
    holders: 0,
    slots: undefined as unknown as Slots,
  }
  replica.slots = contendForSlots({
    kube: createKube(
      over(api.handle, () => replica),
      { timeoutMs: times.renewDeadlineMs / 2 },
    ),
    lease,
    identity: name,
    times,
    most,
    onGain: () => undefined,
    // Calls in flight end, each within its limit.
    onLost: async (slot) => passing(Math.max(0, (replica.busyUntilMs.get(slot) ?? 0) - Date.now())),
    onHolders: (count) => {
      replica.holders = count
    },
  })
  return replica
}

type World = {
  readonly clock: Clock
  readonly replicas: Replica[]
  readonly alone: Candidate[]
  readonly replica: (most?: number) => Replica
  /** One that does everything. */
  readonly allInOne: () => Candidate
  /** Time passes; at each step no slot has two, and none begins while a call of another one is under way. */
  readonly pass: (ms: number) => Promise<void>
}

async function inTime(seed: number, run: (world: World) => Promise<void>): Promise<void> {
  const clock = installClock(seed)
  const api = createApiServer({})
  const replicas: Replica[] = []
  const alone: Candidate[] = []
  const lastHolder = new Map<Slot, Replica>()
  const look = (): void => {
    const now = Date.now()
    const leading = alone.filter(leads)
    for (const slot of allSlots) {
      const holding = replicas.filter((one) => !one.dead && one.slots.holds(slot))
      const names = [...holding, ...leading].map(({ name }) => name)
      assert.ok(names.length <= 1, `${names.join(' and ')} work for slot ${slot}`)
      const [holder] = holding
      if (holder === undefined) continue
      const last = lastHolder.get(slot)
      if (last !== undefined && last !== holder)
        assert.ok((last.busyUntilMs.get(slot) ?? 0) <= now, `a call of ${last.name} for ${slot} is under way`)
      for (const one of alone) assert.ok(one.busyUntilMs <= now, `a call of ${one.name} is under way`)
      lastHolder.set(slot, holder)
      // The worst: it starts a call whenever it may.
      holder.busyUntilMs.set(slot, now + callMs)
    }
    for (const one of leading) {
      for (const replica of replicas)
        for (const [slot, until] of replica.busyUntilMs)
          assert.ok(until <= now, `a call of ${replica.name} for ${slot} is under way`)
      one.busyUntilMs = now + callMs
    }
  }
  const pass = async (ms: number): Promise<void> => {
    for (const end = Date.now() + ms; Date.now() < end; ) {
      await clock.advance(100)
      look()
    }
  }
  try {
    await run({
      clock,
      replicas,
      alone,
      pass,
      replica: (most = 4) => {
        const made = createReplica(`replica-${replicas.length}`, api, most)
        replicas.push(made)
        return made
      },
      allInOne: () => {
        const made = createCandidate(`alone-${alone.length}`, api.handle)
        alone.push(made)
        return made
      },
    })
  } finally {
    const stopping = [...replicas.map(({ slots }) => slots), ...alone.map(({ election }) => election)]
    const stopped = stopping.map((one) => one.stop())
    await clock.advance(60_000)
    await Promise.all(stopped)
    api.stop()
    clock.uninstall()
  }
}

const counts = (replicas: readonly Replica[]): number[] =>
  replicas.map(({ slots }) => slots.held().filter((slot) => slot !== 'network').length).sort((a, b) => b - a)
const held = (replicas: readonly Replica[]): Slot[] =>
  replicas.flatMap(({ dead, slots }) => (dead ? [] : slots.held()))

test('one replica takes all; with each that comes the slots are spread, and none is left alone', async () => {
  await inTime(1, async ({ replica, pass, replicas }) => {
    const first = replica()
    await pass(5_000)
    assert.deepEqual(first.slots.held(), allSlots)
    replica()
    await pass(30_000)
    assert.deepEqual(counts(replicas), [8, 8])
    replica()
    await pass(30_000)
    assert.deepEqual(counts(replicas), [6, 6, 4])
    assert.equal(held(replicas).length, allSlots.length)
    assert.deepEqual(
      replicas.map(({ holders }) => holders),
      [3, 3, 3],
    )
  })
})

test('three that start together take their share at once: nothing is handed over', async () => {
  await inTime(2, async ({ replica, pass, replicas }) => {
    for (let at = 0; at < 3; at += 1) replica()
    await pass(4_000)
    const early = replicas.map(({ slots }) => slots.held())
    await pass(60_000)
    assert.equal(held(replicas).length, allSlots.length)
    for (const [at, slots] of early.entries())
      assert.deepEqual(
        slots.filter((slot) => replicas[at]?.slots.holds(slot)),
        slots,
      )
  })
})

test('three replicas, one is killed: the others take its slots, and keep their own meanwhile', async () => {
  await inTime(3, async ({ replica, pass, replicas }) => {
    const [first, second, third] = [replica(), replica(), replica()]
    await pass(40_000)
    const lost = third.slots.held()
    const kept = [first, second].map(({ slots }) => slots.held())
    third.dead = true
    const killedAt = Date.now()
    while (held(replicas).length < allSlots.length && Date.now() - killedAt < 60_000) await pass(100)
    assert.ok(lost.length > 0)
    assert.ok(Date.now() - killedAt <= 30_000, `${Date.now() - killedAt} ms`)
    for (const [at, slots] of kept.entries())
      assert.deepEqual(
        slots.filter((slot) => [first, second][at]?.slots.holds(slot)),
        slots,
      )
  })
})

test('a stop hands every slot over within seconds', async () => {
  await inTime(4, async ({ replica, pass, replicas }) => {
    const [first] = [replica(), replica(), replica()]
    await pass(40_000)
    const stopped = first.slots.stop()
    first.stopped = true
    assert.deepEqual(first.slots.held(), [])
    const stoppedAt = Date.now()
    while (held(replicas).length < allSlots.length && Date.now() - stoppedAt < 60_000) await pass(100)
    await stopped
    assert.ok(Date.now() - stoppedAt <= 25_000, `${Date.now() - stoppedAt} ms`)
  })
})

test('from one that does everything to shards and back: never both', async () => {
  await inTime(5, async ({ replica, allInOne, pass, replicas }) => {
    const old = allInOne()
    await pass(5_000)
    replica()
    replica()
    await pass(60_000)
    assert.equal(leads(old), true)
    assert.deepEqual(held(replicas), [])
    void old.election.stop()
    await pass(30_000)
    assert.equal(held(replicas).length, allSlots.length)
    const next = allInOne()
    await pass(30_000)
    assert.equal(leads(next), false)
    for (const { slots } of replicas) void slots.stop()
    await pass(60_000)
    assert.equal(leads(next), true)
  })
})

/** Lives of three replicas with four slots each: killed, stopped, cut off, slowed, started anew; and of one that does everything. */
async function history({ replica, allInOne, pass, replicas, alone }: World): Promise<number> {
  const networks: readonly Network[] = ['good', 'cut', 'slow', 'lossy', 'lossy']
  const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T
  const living: (Replica | undefined)[] = [replica(), replica(), replica()]
  await pass(20_000)
  let gone = 0
  for (let step = 0; step < 10; step += 1) {
    const at = Math.floor(Math.random() * 3)
    const one = living[at]
    const what = pick(['network', 'network', 'kill', 'stop', 'alone'])
    if (one === undefined) living[at] = replica()
    else if (what === 'network') one.network = pick(networks)
    else if (what === 'alone') allInOne()
    else {
      living[at] = undefined
      gone += 1
      if (what === 'kill') one.dead = true
      else {
        one.stopped = true
        void one.slots.stop()
      }
    }
    await pass(500 + Math.random() * 12_000)
  }
  for (const one of alone) void one.election.stop()
  for (const [at, one] of living.entries()) living[at] = one ?? replica()
  for (const one of living) if (one !== undefined) one.network = 'good'
  await pass(90_000)
  const there = living.filter((one) => one !== undefined)
  assert.deepEqual(
    [held(there).length, Math.max(...counts(there)) <= 6],
    [allSlots.length, true],
    counts(there).join(),
  )
  assert.equal(held(replicas.filter((one) => one.stopped)).length, 0)
  return gone
}

test('no slot is worked for by two at once, nor while a call of the other is under way, in 3 histories', async () => {
  let gone = 0
  for (let seed = 1; seed <= 3; seed += 1)
    await inTime(seed, async (world) => {
      try {
        gone += await history(world)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    })
  assert.ok(gone > 4, `only ${gone} replicas went: the histories exercise nothing`)
})
