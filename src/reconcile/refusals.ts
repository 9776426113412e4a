/** Refusals by AWS that still stand: told until the step was done or is wanted no more, also while its rate lets nobody try again. */
import type { Outcome, StepResult } from '../plan/outcome.ts'

export type Refused = Extract<StepResult, { result: 'failed' }>
/** By stack and step id. */
export type Refusals = Map<string, ReadonlyMap<string, Refused>>

/** Those of this outcome, and earlier ones of steps that were not tried this time. */
export function standing(stack: string, { results }: Outcome, refusals: Refusals): readonly Refused[] {
  const before = refusals.get(stack)
  const now = results.flatMap((one) => {
    if (one.result === 'failed') return [one]
    const earlier = one.result === 'skipped' ? before?.get(one.step.id) : undefined
    return earlier ? [{ ...earlier, step: one.step }] : []
  })
  if (now.length === 0) refusals.delete(stack)
  else refusals.set(stack, new Map(now.map((one) => [one.step.id, one])))
  return now
}
