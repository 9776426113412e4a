/** A play as a test: what it measured is said, and nothing was to fail. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Started } from './bindings-start.ts'
import type { Figures } from './play.ts'
import type { Rolled } from './roll.ts'

export const line = ({ what, requests, failures, seconds, more }: Figures): string =>
  `${what}: ${requests} requests, ${failures.length} failed, ${seconds.toFixed(0)} s${more === '' ? '' : `; ${more}`}`

export const told =
  (play: () => Promise<Figures>) =>
  async (context: TestContext): Promise<void> => {
    const figures = await play()
    context.diagnostic(line(figures))
    assert.deepEqual(figures.failures, [])
    assert.ok(figures.requests > 100, `${figures.requests} requests`)
  }

const counted = (calls: ReadonlyMap<string, number>): string =>
  [...calls].map(([action, count]) => `${action} ${count}`).join(', ')

export function linesOf(many: number, started: Started): readonly string[] {
  const { nothingChanged, changed, whileDownSeconds, whileReadingSeconds } = started
  const all = ({ seconds, heapMb, calls }: Started['changed']): string =>
    `all looked at after ${seconds.toFixed(0)} s of AWS's time, heap ${heapMb} MB more: ${counted(calls)}`
  return [
    `a start among ${many} bindings, nothing changed: ${all(nothingChanged)}`,
    `  2 of them changed: ${all(changed)}`,
    `  changed while down: served after ${whileDownSeconds.toFixed(2)} s`,
    `  changed while all are read: served after ${whileReadingSeconds.toFixed(2)} s`,
  ]
}

export const linesOfRoll = (rolled: Rolled): readonly string[] => [
  `${rolled.pods} pods rolled at once, with readiness gates: seconds until`,
  `  ${rolled.containersReady.toFixed(1)}  all containers are ready`,
  `  ${rolled.registered.toFixed(1)}  the last call of RegisterTargets`,
  `  ${rolled.healthy.toFixed(1)}  all targets are healthy: 5 s of propagation and a health check`,
  `  ${rolled.gatesTrue.toFixed(1)}  all gates are True`,
  `  ${rolled.registers} RegisterTargets, ${rolled.deregisters} DeregisterTargets (at the least ${rolled.leastCalls} of each), ${rolled.describes} DescribeTargetHealth, ${rolled.refused} refused`,
]
