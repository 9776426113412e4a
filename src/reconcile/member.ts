/** What the members of a group get: finalizers before anything is built, then status, events, and leave when nothing is left. */
import { leftover } from '../aws/leftover.ts'
import { ingresses } from '../kube/resource.ts'
import { addFinalizer, applyIngressStatus, removeFinalizer } from '../kube/write.ts'
import { everyLoadBalancer, everyTargetGroup } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { type Group, groupsOf, type Member } from '../model/group.ts'
import { frontendNlbName, loadBalancerName } from '../model/name.ts'
import type { Problem } from '../model/problem.ts'
import type { Step } from '../plan/step.ts'
import { problemOf, reconciled } from '../status/event.ts'
import { targetGroupsOf } from '../status/health.ts'
import { hostNamesOf, statusIsCurrent, statusOf, statusWithout } from '../status/ingress.ts'
import type { Passed as Done } from '../status/passed.ts'
import { isServed, undoneOf } from '../status/progress.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, readerOf } from './context.ts'
import { backendGroupKey, groupKey } from './key.ts'
import { refOf } from './policy.ts'
import { publish, unpublishIngress } from './publish.ts'
import { type Refused, standing } from './refusals.ts'
import { afterAwsError, afterKubeError, again, refusedAgainMs, settled, soonest } from './verdict.ts'

export type Passed = Done & { readonly wait: Verdict }
type Claimed = { readonly ok: true } | { readonly ok: false; readonly verdict: Verdict }

/** Nothing is built for an Ingress that could go without our noticing: every active member bears the finalizer first. */
export async function claim({ members, finalizer }: Group, { kube, observe }: Context): Promise<Claimed> {
  if (observe) return { ok: true }
  for (const { ingress } of members) {
    if (ingress.metadata.finalizers?.includes(finalizer)) continue
    const added = await addFinalizer(kube, ingresses, ingress, finalizer)
    if (!added.ok && added.error.status !== 404) return { ok: false, verdict: afterKubeError(added.error) }
  }
  return { ok: true }
}

export async function finish(group: Group, passed: Passed, { pass, context }: Finishing): Promise<Verdict> {
  const failures = standing(group.stack, passed.outcome, context.refusals)
  const found = [...passed.built.problems, ...passed.plan.problems]
  const refusals = chargedTo(group, failures)
  const problems = [...found, ...refusals]
  context.reports.problems(groupKey(group.stack), problems)
  noteBackendUse(group, passed, context)
  const faulty = new Set(
    problems.filter(({ level }) => level === 'error').map(({ on }) => `${on.namespace}/${on.name}`),
  )
  const written = untoldWith(group.stack, passed.written, context)
  const quiet = passed.wait.verdict === 'settled'
  if (written.size === 0 || quiet) context.untold.delete(group.stack)
  else context.untold.set(group.stack, written)
  const told = quiet ? written : new Set<IngressKey>()
  const verdicts: Verdict[] = [passed.wait, ...failuresOf(passed).map(({ error }) => afterAwsError(error))]
  if (problems.some(isAboutFacts)) verdicts.push(lookAgain(context))
  for (const member of group.members) verdicts.push(await tell(member, passed, { context, faulty, told }))
  publish(group, passed, { problems: found, refusals, retrySeconds: retryOf }, context)
  for (const ingress of group.leaving) verdicts.push(await release(ingress, group, { passed, pass, context }))
  return soonest(verdicts)
}

/** Mended in AWS, where no watch tells of it. */
const aboutFacts: ReadonlySet<Problem['kind']> = new Set([
  'SubnetsNotFound',
  'SecurityGroupsNotFound',
  'CertificateNotFound',
  'TrustStoreNotFound',
  'NamedTargetGroupNotFound',
  'WebAclNotFound',
])
const isAboutFacts = ({ kind, level }: Problem): boolean => level === 'error' && aboutFacts.has(kind)

const factsAgainMs = 60_000

function lookAgain({ facts }: Context): Verdict {
  facts.forget(30_000)
  return again(factsAgainMs, 'something that was missing in the account may be there then')
}

/** In seconds; undefined for what only an edit mends. */
function retryOf(problem: Problem): number | undefined {
  if (isAboutFacts(problem)) return factsAgainMs / 1_000
  return problem.kind === 'AwsDenied' || problem.kind === 'AwsRefused' ? refusedAgainMs / 1_000 : undefined
}

const failuresOf = ({ outcome }: Passed) =>
  outcome.results.flatMap((one) => (one.result === 'failed' ? [one] : []))

/** A refusal belongs to the member whose step it was; what serves all is told to all. */
function chargedTo(group: Group, failures: readonly Refused[]): readonly Problem[] {
  const everyone = [...group.members.map(({ ingress }) => ingress), ...group.leaving]
  return failures
    .filter(({ error }) => error.kind === 'denied' || error.kind === 'invalid' || error.kind === 'quota')
    .flatMap((failure) => {
      const owner = everyone.filter((ingress) => keyOf(ingress) === failure.step.owner)
      return (owner.length > 0 ? owner : everyone).map((ingress) => problemOf(failure, refOf(ingress)))
    })
}

type Finishing = { readonly pass: Pass; readonly context: Context }
type Releasing = Finishing & { readonly passed: Passed }
type Telling = {
  readonly context: Context
  readonly faulty: ReadonlySet<IngressKey>
  /** Whose steps were done; `group`: what serves all. */
  readonly told: ReadonlySet<IngressKey>
}

/** A pass that was cut off: the next one tells. */
export function noteUntold(stack: string, written: readonly Step[], context: Context): void {
  const owners = untoldWith(stack, written, context)
  if (owners.size > 0) context.untold.set(stack, owners)
}

const untoldWith = (stack: string, written: readonly Step[], { untold }: Context): ReadonlySet<IngressKey> =>
  new Set([...(untold.get(stack) ?? []), ...ownersOf(written)])

/** Those for whom this pass wrote something; what only took away concerns nobody else. */
const ownersOf = (written: readonly Step[]): readonly IngressKey[] =>
  written.flatMap(({ owner, call }) =>
    owner === 'group' && /^(Delete|Revoke|Remove)/.test(call) ? [] : [owner],
  )

/** Status first, then the event: whoever waits for the event finds the address. */
async function tell(
  { ingress, key }: Member,
  passed: Passed,
  { context, faulty, told }: Telling,
): Promise<Verdict> {
  const { actual, plan } = passed
  const loadBalancer = actual.loadBalancers.find(({ arn }) => arn === plan.address)
  const programmed = isServed(key, passed) || showsAnother(ingress, passed)
  const wanted = statusOf(actual, { loadBalancer, programmed })
  const current = wanted === undefined || statusIsCurrent(ingress, wanted)
  if (!current && !context.observe) {
    const applied = await applyIngressStatus(context.kube, ingress, wanted)
    if (!applied.ok && applied.error.status !== 404) return afterKubeError(applied.error)
  }
  const news = !current || told.has(key) || told.has('group')
  if (wanted !== undefined && news && !faulty.has(key) && !context.observe)
    context.reports.happened(reconciled(refOf(ingress)))
  return settled
}

/** Its rules were on the load balancer that took over before that became current. */
const showsAnother = (ingress: Ingress, { actual, plan }: Passed): boolean =>
  actual.loadBalancers.some(
    ({ arn, dnsName }) => arn !== plan.address && hostNamesOf(ingress).includes(dnsName.toLowerCase()),
  )

/** A member that leaves keeps its finalizer until nothing of it is left in AWS; then its status loses our address. */
async function release(
  ingress: Ingress,
  group: Group,
  { passed, pass, context }: Releasing,
): Promise<Verdict> {
  if (context.observe || isHeldBack(ingress, passed)) return settled
  if (remains(ingress, group, passed)) return again(1_000, 'something of it is left in AWS')
  if (ingress.metadata.deletionTimestamp === undefined && !isMember(ingress, context)) {
    const others = statusWithout(
      ingress,
      new Set(everyLoadBalancer(passed.actual).map(({ dnsName }) => dnsName.toLowerCase())),
    )
    const applied = others === undefined ? undefined : await applyIngressStatus(context.kube, ingress, others)
    if (applied?.ok === false && applied.error.status !== 404) return afterKubeError(applied.error)
  }
  const last = group.members.length === 0 ? await isLeft(group, { passed, pass, context }) : settled
  if (last.verdict !== 'settled') return last
  const removed = await removeFinalizer(context.kube, ingresses, ingress, group.finalizer)
  if (!isMember(ingress, context)) unpublishIngress(keyOf(ingress), context)
  return removed.ok || removed.error.status === 404 ? settled : afterKubeError(removed.error)
}

/** With the last finalizer goes the last witness: AWS itself is asked before, by tag and by name. */
async function isLeft({ stack }: Group, { passed, pass, context }: Releasing): Promise<Verdict> {
  const { clusterName, vpcId } = context.settings
  const names = (['internal', 'internet-facing'] as const).flatMap((scheme) => {
    const name = loadBalancerName(clusterName, stack, scheme)
    return [name, frontendNlbName(name)]
  })
  const reader = readerOf(context, pass, 'reconcile')
  const left = await leftover(reader, context.mirror, {
    stack,
    names,
    clusterName,
    vpcId,
    groupsAreGone: passed.written.some(({ call }) => call === 'DeleteSecurityGroup'),
  })
  if (!left.ok) return afterAwsError(left.error)
  return left.value ? again(500, 'something of it turned up in AWS') : settled
}

/** Of another group by now, which will write its own address over ours: meanwhile the status is never empty. */
const isMember = (ingress: Ingress, { informers, settings }: Context): boolean =>
  groupsOf(informers.snapshot(), settings).stackOf.has(keyOf(ingress))

const isHeldBack = (ingress: Ingress, { built }: Passed): boolean =>
  built.desired.held.includes(keyOf(ingress))

function remains(ingress: Ingress, group: Group, { actual, plan, outcome }: Passed): boolean {
  if (group.members.length === 0) {
    return (
      everyLoadBalancer(actual).length +
        everyTargetGroup(actual).length +
        actual.securityGroups.length +
        (actual.certificates ?? []).length +
        actual.bindings.length >
      0
    )
  }
  const everyone = new Set([...group.members.map(({ key }) => key), ...group.leaving.map(keyOf)])
  return (
    plan.waits.some((wait) => wait.for === 'bindingGone') ||
    targetGroupsOf(actual, everyone).has(keyOf(ingress)) ||
    actual.rules.some(({ tags }) => tags['albatross.dev/ingress'] === keyOf(ingress)) ||
    undoneOf(plan, outcome).some(({ owner }) => owner === keyOf(ingress))
  )
}

/** Whether the group names the shared backend security group; the loop that owns it looks when that changes. */
function noteBackendUse({ stack }: Group, { built, plan, actual }: Passed, context: Context): void {
  const text = JSON.stringify([
    built.desired.loadBalancer?.securityGroups,
    built.desired.targetGroups.map(({ binding }) => binding.networking),
  ])
  const held =
    built.desired.held.length > 0 || (!built.desired.gone && built.desired.loadBalancer === undefined)
  const building = actual.loadBalancers.length > 0 || plan.steps.length + plan.waits.length > 0
  const needs = (building && text.includes('"backend-sg"')) || (held && actual.loadBalancers.length > 0)
  const use = needs ? 'needs' : held ? 'may need' : 'does without'
  const before = context.backendUsers.get(stack)
  if (built.desired.gone) context.backendUsers.delete(stack)
  else context.backendUsers.set(stack, use)
  if (before !== use || built.desired.gone) context.queue.add(backendGroupKey, 'resync')
}
