/** Whether what a member states is what AWS serves, and if not, what is in the way. */
import type { IngressKey } from '../model/choice.ts'
import { isFrontend } from '../model/ref.ts'
import { isAddOnCall } from '../plan/add-on.ts'
import type { Outcome } from '../plan/outcome.ts'
import type { Plan, Step, Wait } from '../plan/step.ts'
import type { Passed } from './passed.ts'

/** What must come before the rules of somebody. */
const before: ReadonlySet<Wait['for']> = new Set([
  'backendSecurityGroup',
  'targetsRegistered',
  'certificateIssued',
])
/** What comes after everything is served, or is told otherwise. */
const after: ReadonlySet<Wait['for']> = new Set(['draining', 'bindingGone', 'grace', 'readRefused'])

/** Steps that were to be done, and were not. */
export function undoneOf({ steps }: Plan, { results }: Outcome): readonly Step[] {
  const done = new Set(results.flatMap(({ step, result }) => (result === 'done' ? [step.id] : [])))
  return steps.filter(({ id }) => !done.has(id))
}

/** Of its own, or what makes something that all need. */
const isIts = (key: IngressKey, { owner, call }: Step): boolean =>
  owner === key || (owner === 'group' && call.startsWith('Create'))

/** The load balancer answers without the one in front of it. */
const inFront = (step: Step): boolean => 'ref' in step && isFrontend(step.ref)

/** Some rule of it, or the default action that it states, is served: no step of its own is left but what is only attached. */
export function isServed(key: IngressKey, { built, plan, outcome }: Passed): boolean {
  if (built.desired.held.includes(key)) return false
  if (plan.waits.some((wait) => before.has(wait.for) && (wait.owner ?? key) === key)) return false
  return !undoneOf(plan, outcome).some(
    (step) => isIts(key, step) && !isAddOnCall(step) && (step.owner === key || !inFront(step)),
  )
}

/** Sentences on what is still to come before all that the member states is served. */
export function pendingOf(key: IngressKey, { plan }: Passed, undone: readonly Step[]): readonly string[] {
  const steps = undone.filter((step) => isIts(key, step)).map(({ call, reason }) => `${call}: ${reason}`)
  const waits = plan.waits
    .filter((wait) => !after.has(wait.for) && (wait.owner ?? key) === key)
    .map(({ why }) => why)
  return [...new Set([...waits, ...steps])]
}
