/** The last plan of a group, short enough for its status. */
import type { IngressGroupStatus } from '../kind/ingress-group.ts'
import { sha256 } from '../lib/hash.ts'
import { canonical } from '../lib/json.ts'
import type { Step } from '../plan/step.ts'
import type { Passed } from './passed.ts'

type Told = NonNullable<IngressGroupStatus['plan']>

const mostSteps = 50
const longest = 300

/** Equal for plans that do the same. */
const planHash = (steps: readonly Step[]): string => sha256(canonical(steps)).slice(0, 16)

/** What is left to do, or else what was done; a plan that was told stays told until there is another. */
export function lastPlan(
  { proposed, plan, outcome, written }: Passed,
  {
    before,
    observe,
    now,
  }: { readonly before: Told | undefined; readonly observe: boolean; readonly now: string },
): Told | undefined {
  const left = proposed.steps.length > 0
  const steps = left ? proposed.steps : written
  // Nothing to do is a plan, too, where plans are all that is made.
  if (steps.length === 0 && !observe) return before
  const hash = planHash(steps)
  const results = new Map(outcome.results.map(({ step, result }) => [step.id, result]))
  const allowed = new Set(plan.steps.map(({ id }) => id))
  const resultOf = ({ id }: Step): string => {
    if (observe) return 'planned'
    if (!left) return 'done'
    return allowed.has(id) ? (results.get(id) ?? 'skipped') : 'stopped'
  }
  const told = steps.slice(0, mostSteps).map((step) => ({
    id: step.id.slice(0, longest),
    impact: step.impact,
    owner: step.owner,
    reason: step.reason.slice(0, longest),
    result: resultOf(step),
  }))
  const same = before?.hash === hash
  return {
    hash,
    ...(plan.guarded === undefined ? {} : { approve: plan.guarded.hash }),
    time: same && before.time !== undefined ? before.time : now,
    total: steps.length,
    steps: told,
  }
}
