/** From what the local AWS was asked and what the API server says of Leases: whoever called had the right to, and nobody else had. */
import assert from 'node:assert/strict'
import { slotOf } from '../../../src/reconcile/part.ts'
import type { Call, Stage } from './stage.ts'

export const leader = 'albatross-leader'

/** The Lease without which nothing of this stack, or of the network, may be written. */
const leaseOf = (of: string, shared: boolean): string =>
  shared ? `${leader}-${of === 'network' ? of : `shard-${slotOf(of)}`}` : leader

export type Proof = {
  readonly calls: number
  readonly writes: number
  /** Of all calls, the one that came latest in its Lease: milliseconds before its end. */
  readonly leastLeftMs: number
}

/** `shared`: replicas share the work by slots. */
export function prove(stage: Stage, sinceMs: number, shared: boolean): Proof {
  const identities = new Map(stage.replicas().map((one) => [one.key, one.identity()]))
  const left = (lease: string, key: string, atMs: number): number =>
    stage.leases.leftAt(lease, identities.get(key) ?? 'nobody', atMs) ?? -Infinity
  // At its start each replica reads the VPC once: whether AWS answers it is part of its being ready.
  const starts = new Set([...identities.keys()].map((key) => stage.calls.find((call) => call.key === key)))
  const calls = stage.calls.filter((call) => call.startMs >= sinceMs && !starts.has(call))
  const rights = calls.map(({ key, startMs }) => {
    const most = Math.max(...stage.leases.names().map((lease) => left(lease, key, startMs)))
    assert.ok(most > 0, `a call of ${key} at ${startMs} without a Lease: ${story(stage)}`)
    return most
  })
  stage.owners.learn()
  // The journal's times are of the same process.
  const offsetMs = Date.now() - performance.now()
  const keys = new Set(identities.keys())
  const writes = stage.system.cloud.journal
    .since()
    .filter(({ write, at, accessKey }) => write && keys.has(accessKey) && at - offsetMs >= sinceMs)
  for (const entry of writes) {
    const of = stage.owners.of(entry)
    assert.doesNotMatch(of, /^unknown/)
    const lease = leaseOf(of, shared)
    const atMs = entry.at - offsetMs
    assert.ok(
      left(lease, entry.accessKey, atMs) > 0,
      `${entry.action} of ${of} by ${entry.accessKey} at ${atMs} without ${lease}: ${story(stage)}`,
    )
  }
  return { calls: calls.length, writes: writes.length, leastLeftMs: Math.round(Math.min(...rights)) }
}

/** None of the one was under way when the other's first came. */
export function assertApart(calls: readonly Call[], before: string, after: string, sinceMs: number): void {
  const first = calls.find(({ key, startMs }) => key === after && startMs >= sinceMs)
  assert.ok(first, `${after} called nothing`)
  for (const { key, startMs, endMs } of calls)
    if (key === before && startMs < first.startMs)
      assert.ok(endMs <= first.startMs, `a call of ${before} was under way when ${after} began`)
}

const story = ({ leases }: Stage): string =>
  JSON.stringify(leases.names().map((name) => [name, leases.versions(name).slice(-4)]))
