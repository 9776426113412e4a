/**
 * What of a plan may run now (D5): observing writes nothing, nothing is deleted without a witness, deletion protection
 * stops, so do many deletions at once, and what costs an outage waits for an approval.
 */
import type { Actual } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import type { ObjectRef, Problem } from '../model/problem.ts'
import { approvalHash, approved, howToApprove } from './approval.ts'
import { deletionProtection } from './load-balancer.ts'
import type { Plan, Step } from './step.ts'

/** Ingresses that leave their groups for one kind of reason. */
export type Leaving = {
  /** Of this group. */
  readonly here: readonly IngressKey[]
  /** How many others: those that were let go within the window and, if only inferred, all that seem to leave now. */
  readonly others: number
}

export type GuardPolicy = {
  readonly mode: 'apply' | 'observe'
  readonly stack: string
  /** A live Ingress bears the finalizer of this group, so that somebody says what shall be. */
  readonly witnessed: boolean
  /** Load balancers with the attribute `deletion_protection.enabled` are never deleted. */
  readonly loadBalancers: Actual['loadBalancers']
  /** Nobody deleted them: only a class, a selector, parameters, an annotation or a flag says that they leave. */
  readonly inferred: Leaving
  /** Deleted, as the API server itself confirmed. */
  readonly explicit: Leaving
  /** How many Ingresses we serve in all, with those let go within the window. */
  readonly owned: number
  /** On whom a stop is told: the members of the group. */
  readonly members: readonly ObjectRef[]
  /** The IngressGroup, whose annotation may approve a stop. */
  readonly group: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  /** Epoch milliseconds. */
  readonly now: number
}

export function guard(plan: Plan, policy: GuardPolicy): Plan {
  if (policy.mode === 'observe') return { ...plan, steps: [] }
  return rules.reduce((left, rule) => rule(left, policy), plan)
}

type Rule = (plan: Plan, policy: GuardPolicy) => Plan

const deletes = ({ impact }: Step): boolean => impact === 'deletes' || impact === 'replaces'

const needWitness: Rule = (plan, policy) =>
  policy.witnessed ? plan : without(plan, plan.steps.filter(deletes))

const spareProtected: Rule = (plan, policy) => {
  const kept = new Set(
    policy.loadBalancers
      .filter(({ attributes }) => attributes?.[deletionProtection] === 'true')
      .map(({ arn }) => arn),
  )
  for (const one of plan.steps)
    if (one.call === 'ModifyLoadBalancerAttributes' && one.attributes[deletionProtection] === 'false')
      kept.delete(typeof one.loadBalancer === 'string' ? one.loadBalancer : '')
  const stopped = plan.steps.flatMap((step) =>
    step.call === 'DeleteLoadBalancer' && kept.has(step.loadBalancer) ? [step] : [],
  )
  const [first] = stopped
  if (first === undefined) return plan
  const { name = first.loadBalancer } =
    policy.loadBalancers.find(({ arn }) => arn === first.loadBalancer) ?? {}
  return told(without(plan, stopped), policy, {
    kind: 'DeletionProtected',
    message: `load balancer ${name} has deletion protection, so nothing of it is deleted`,
    remedy: `Write ${deletionProtection}=false in the load-balancer-attributes of the Ingress that is deleted, or set it so in AWS.`,
  })
}

/** More than two, and more than a tenth: likelier a mistake about many than a wish about each. */
export const inferredLimit = (owned: number): number => Math.max(2, Math.floor(owned / 10))
/** Who deletes an Ingress means it; whoever deletes most of them may have meant another cluster. */
export const explicitLimit = (owned: number): number => Math.max(50, Math.floor(owned / 2))

export const isWithin = ({ here, others }: Leaving, limit: number): boolean => here.length + others <= limit

const limitInferred: Rule = (plan, policy) => {
  const { inferred, owned } = policy
  const limit = inferredLimit(owned)
  if (inferred.here.length === 0 || isWithin(inferred, limit)) return plan
  return unlessApproved(plan, policy, {
    change: ['leave', inferred.here],
    steps: plan.steps.filter((step) => takesAway(step) && isOf(inferred.here, step)),
    message: `${inferred.here.length + inferred.others} Ingresses leave though nobody deleted them; more than ${limit} in ten minutes are kept as they are`,
    remedy: 'Undo the change of class, selector, parameters, annotations or flags; or delete the Ingresses',
  })
}

const limitExplicit: Rule = (plan, policy) => {
  const { explicit, owned } = policy
  const limit = explicitLimit(owned)
  if (explicit.here.length === 0 || isWithin(explicit, limit)) return plan
  return unlessApproved(plan, policy, {
    change: ['delete', explicit.here],
    steps: plan.steps.filter((step) => takesAway(step) && isOf(explicit.here, step)),
    message: `${explicit.here.length + explicit.others} Ingresses were deleted; of more than ${limit} in ten minutes the rest waits`,
    remedy: 'Wait: the next are let go ten minutes after the first',
  })
}

/** Of those who leave, or of nobody in particular; what another member takes back is its own affair. */
const isOf = (leaving: readonly IngressKey[], { owner }: Step): boolean =>
  owner === 'group' || leaving.includes(owner)
const takesAway = (step: Step): boolean =>
  deletes(step) || step.call === 'RemoveListenerCertificates' || step.call === 'RevokeSecurityGroupIngress'

/** What can't be replaced without an outage: planning says why, an approval lets it happen. */
const limitOutages: Rule = (plan, policy) => {
  const steps = plan.steps.filter(({ impact }) => impact === 'replaces')
  if (steps.length === 0) return plan
  const others = plan.problems.filter(({ kind }) => kind !== 'ReplacementImpossible')
  const [why] = plan.problems.filter(({ kind }) => kind === 'ReplacementImpossible')
  return unlessApproved({ ...plan, problems: others }, policy, {
    kind: 'ReplacementImpossible',
    change: ['replace', steps.map(({ id }) => id)],
    steps,
    message: why?.message ?? 'the load balancer can only be replaced with an outage',
    remedy: (why?.remedy ?? '').replace(/\.$/, ''),
  })
}

const rules: readonly Rule[] = [needWitness, spareProtected, limitInferred, limitExplicit, limitOutages]

type Stop = {
  readonly kind?: Problem['kind']
  /** What is approved or not: stays the same while its steps are done one after the other. */
  readonly change: unknown
  readonly steps: readonly Step[]
  readonly message: string
  /** Without its full stop. */
  readonly remedy: string
}

function unlessApproved(plan: Plan, policy: GuardPolicy, stop: Stop): Plan {
  const { group, now, stack } = policy
  const hash = approvalHash([stack, stop.change])
  const verdict = approved(group.annotations, hash, now)
  if (verdict.approved) return plan
  return told(
    {
      ...without(plan, stop.steps),
      guarded: { hash, steps: [...(plan.guarded?.steps ?? []), ...stop.steps] },
    },
    policy,
    {
      kind: stop.kind ?? 'Guarded',
      message: stop.message,
      remedy: `${stop.remedy}; or, to let it happen, ${howToApprove(group.name, hash, verdict)}.`,
    },
  )
}

const told = (plan: Plan, { members }: GuardPolicy, problem: Omit<Problem, 'on' | 'level'>): Plan => ({
  ...plan,
  problems: [...plan.problems, ...members.map((on): Problem => ({ ...problem, on, level: 'error' }))],
})

/** With what comes after it. */
function without(plan: Plan, stopped: readonly Step[]): Plan {
  const gone = new Set(stopped.map(({ id }) => id))
  let before = -1
  while (gone.size !== before) {
    before = gone.size
    for (const { id, after } of plan.steps) if (after.some((one) => gone.has(one))) gone.add(id)
  }
  return { ...plan, steps: plan.steps.filter(({ id }) => !gone.has(id)) }
}
