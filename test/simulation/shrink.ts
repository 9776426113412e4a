/** The shortest history found that still goes wrong in the same way. */
import type { Op } from './history.ts'
import type { Outcome } from './run.ts'

/** What kind of violation it is: the invariant, without what it was about. */
const kindOf = ({ violations: [first = ''] }: Outcome): string => /^(?:\w+)/.exec(first)?.[0] ?? ''

export async function shrink(
  failed: Outcome,
  ops: readonly Op[],
  run: (seed: number, ops: readonly Op[]) => Promise<Outcome>,
  mostRuns = 150,
): Promise<Outcome> {
  let best = failed
  let shortest = ops
  let runs = 0
  const attempt = async (shorter: readonly Op[]): Promise<boolean> => {
    runs += 1
    const outcome = await run(failed.seed, shorter)
    if (outcome.violations.length === 0 || kindOf(outcome) !== kindOf(failed)) return false
    best = outcome
    shortest = shorter
    return true
  }
  for (let size = Math.ceil(ops.length / 2); size >= 1 && runs < mostRuns; size = Math.floor(size / 2))
    for (let at = 0; at < shortest.length && runs < mostRuns; )
      if (!(await attempt(shortest.toSpliced(at, size)))) at += size
  return best
}
