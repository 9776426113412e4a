/** What of a plan may run now (D5): deletion protection stops, inferred deletions are few, observing writes nothing. */
import type { Actual } from '../model/actual.ts'
import type { ObjectRef, Problem } from '../model/problem.ts'
import { deletionProtection } from './load-balancer.ts'
import type { Plan, Step } from './step.ts'

export type GuardPolicy = {
  readonly mode: 'apply' | 'observe'
  /** Load balancers with the attribute `deletion_protection.enabled` are never deleted. */
  readonly loadBalancers: Actual['loadBalancers']
  /** Ingresses that leave without being deleted: only a class, a selector, parameters or a flag says so. */
  readonly inferred: number
  /** How many Ingresses we serve in all, and how many others left so within the window. */
  readonly owned: number
  readonly leftInWindow: number
  /** On whom a stop is told: the members of the group. */
  readonly members: readonly ObjectRef[]
}

export function guard(plan: Plan, policy: GuardPolicy): Plan {
  if (policy.mode === 'observe') return { ...plan, steps: [] }
  return limitInferred(sparesProtected(plan, policy), policy)
}

function sparesProtected(plan: Plan, policy: GuardPolicy): Plan {
  const protectedArns = new Set(
    policy.loadBalancers
      .filter(({ attributes }) => attributes?.[deletionProtection] === 'true')
      .map(({ arn }) => arn),
  )
  for (const one of plan.steps)
    if (one.call === 'ModifyLoadBalancerAttributes' && one.attributes[deletionProtection] === 'false')
      protectedArns.delete(typeof one.loadBalancer === 'string' ? one.loadBalancer : '')
  const stopped = plan.steps.filter(
    (step) => step.call === 'DeleteLoadBalancer' && protectedArns.has(step.loadBalancer),
  )
  if (stopped.length === 0) return plan
  return stop(plan, stopped, policy, {
    kind: 'DeletionProtected',
    message: 'the load balancer has deletion protection, so nothing of it is deleted',
    remedy: `Write ${deletionProtection}=false in the load-balancer-attributes of the Ingress that is deleted, or set it so in AWS.`,
  })
}

/** More than two, and more than a tenth: likelier a mistake about many than a wish about each. */
export const inferredLimit = (owned: number): number => Math.max(2, Math.floor(owned / 10))

function limitInferred(plan: Plan, policy: GuardPolicy): Plan {
  const { inferred, owned, leftInWindow } = policy
  const limit = inferredLimit(owned)
  const stopped = plan.steps.filter(({ impact }) => impact === 'deletes')
  if (inferred === 0 || stopped.length === 0 || leftInWindow + inferred <= limit) return plan
  return stop(plan, stopped, policy, {
    kind: 'Guarded',
    message: `${leftInWindow + inferred} Ingresses leave though nobody deleted them; more than ${limit} at a time are kept as they are`,
    remedy:
      'Undo the change of class, selector, parameters or flags; or delete the Ingresses; the next may leave ten minutes after the last.',
  })
}

function stop(
  plan: Plan,
  stopped: readonly Step[],
  policy: GuardPolicy,
  told: Pick<Problem, 'kind' | 'message' | 'remedy'>,
): Plan {
  const gone = new Set(stopped.map(({ id }) => id))
  let before = -1
  while (gone.size !== before) {
    before = gone.size
    for (const { id, after } of plan.steps) if (after.some((one) => gone.has(one))) gone.add(id)
  }
  return {
    ...plan,
    steps: plan.steps.filter(({ id }) => !gone.has(id)),
    problems: [...plan.problems, ...policy.members.map((on): Problem => ({ ...told, on, level: 'error' }))],
  }
}
