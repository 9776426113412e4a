/** What of a plan may run now (D5): deletion protection stops, inferred deletions are few, observing writes nothing. */
import type { Actual } from '../model/actual.ts'
import type { ObjectRef, Problem } from '../model/problem.ts'
import type { Plan, Step } from './step.ts'

export type GuardPolicy = {
  readonly mode: 'apply' | 'observe'
  /** Load balancers with the attribute `deletion_protection.enabled` are never deleted. */
  readonly loadBalancers: Actual['loadBalancers']
  /** No object with our finalizer is being deleted: the deletions follow only from what something else says. */
  readonly inferred: boolean
  /** How many resources we own in all, and how many inferred deletions were done within the window. */
  readonly owned: number
  readonly deletedInWindow: number
  /** On whom a stop is told: the members of the group. */
  readonly members: readonly ObjectRef[]
}

export function guard(plan: Plan, policy: GuardPolicy): Plan {
  if (policy.mode === 'observe') return { ...plan, steps: [] }
  return limitInferred(sparesProtected(plan, policy), policy)
}

const protection = 'deletion_protection.enabled'

function sparesProtected(plan: Plan, policy: GuardPolicy): Plan {
  const protectedArns = new Set(
    policy.loadBalancers
      .filter(({ attributes }) => attributes?.[protection] === 'true')
      .map(({ arn }) => arn),
  )
  const stopped = plan.steps.filter(
    (step) => step.call === 'DeleteLoadBalancer' && protectedArns.has(step.loadBalancer),
  )
  if (stopped.length === 0) return plan
  return stop(plan, stopped, policy, {
    kind: 'DeletionProtected',
    message: 'the load balancer has deletion protection, so nothing of it is deleted',
    remedy: `Set the load balancer attribute ${protection} to false, then delete again.`,
  })
}

/** Resources whose loss is felt; rules come and go with every edit. */
const counted = new Set<Step['call']>(['DeleteLoadBalancer', 'DeleteListener', 'DeleteTargetGroup'])

function limitInferred(plan: Plan, policy: GuardPolicy): Plan {
  if (!policy.inferred) return plan
  const deletions = plan.steps.filter(({ call }) => counted.has(call))
  const limit = Math.max(2, Math.floor(policy.owned / 10))
  if (deletions.length === 0 || policy.deletedInWindow + deletions.length <= limit) return plan
  const stopped = plan.steps.filter(({ impact }) => impact === 'deletes')
  return stop(plan, stopped, policy, {
    kind: 'Guarded',
    message: `${deletions.length} deletions that no deleted object asks for exceed the limit of ${limit}`,
    remedy:
      'Undo the change of class, selector, parameters or flags, or approve the plan on the IngressGroup.',
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
