/** One pass of a group, and what became of it: types, and the load balancer that it is about. */
import type { Actual, ActualLoadBalancer } from '../model/actual.ts'
import type { Built } from '../model/desired.ts'
import type { Outcome } from '../plan/outcome.ts'
import type { Plan, Step } from '../plan/step.ts'

export type Passed = {
  readonly built: Built
  /** What should be done now. */
  readonly proposed: Plan
  /** What of it may be done: a guard stops the rest. */
  readonly plan: Plan
  readonly outcome: Outcome
  readonly actual: Actual
  /** Steps that were done in all rounds of the pass. */
  readonly written: readonly Step[]
}

/** The one that the statuses show; there are two while one replaces the other. */
export const servingOf = ({ actual, plan }: Passed): ActualLoadBalancer | undefined =>
  actual.loadBalancers.find(({ arn }) => arn === plan.address)
