/** One group's pass: cluster and facts to model, model and mirror to plan, plan to AWS, outcome to what the user sees. */
import { apply } from '../apply/apply.ts'
import { ingresses } from '../kube/resource.ts'
import type { Actual } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Built } from '../model/desired.ts'
import { type Group, groupsOf } from '../model/group.ts'
import type { Outcome, StepResult } from '../plan/outcome.ts'
import { guard } from '../plan/guard.ts'
import { plan } from '../plan/plan.ts'
import { project } from '../plan/project.ts'
import type { Plan, Step } from '../plan/step.ts'
import type { PlanInput } from '../plan/world.ts'
import { refusal } from '../status/event.ts'
import { hostNamesOf } from '../status/ingress.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { writeBinding } from './binding.ts'
import { type Context, optionsOf } from './context.ts'
import { credentialsOf, markOutdated } from './credentials.ts'
import { backendGroupKey, groupKey } from './key.ts'
import { isSame } from './move.ts'
import { policyOf, refOf } from './policy.ts'
import { claim, finish, noteUntold, type Passed } from './member.ts'
import { model } from './modelled.ts'
import { publishUnread, recordedOwners, unpublishGroup } from './publish.ts'
import { afterAwsError, again, delayOf, settled, soonest } from './verdict.ts'
import { satisfy } from './wait.ts'

/** A plan says what is safe now; a pass goes on until nothing more is, or this often. */
const mostRounds = 12
/** So long a pass begins new steps: then it tells what has come about, and goes on with whatever was edited meanwhile. */
const turnMs = 2_000

export async function reconcileGroup(stack: string, pass: Pass, context: Context): Promise<Verdict> {
  const group = groupsOf(context.informers.snapshot(), context.settings).groups.get(stack)
  // Nothing is deleted without a live object that bears our finalizer and says so (D5).
  if (group === undefined) return forget(stack, context)
  const ready = await context.sweeper.ready(stack, optionsOf(pass, 'reconcile', context))
  if (!ready.ok) return refused(group, ready.error, context)
  if (!ready.value.ready) return again(ready.value.afterMs, ready.value.why)
  if (!(await areLeaving(group, context))) return again(1_000, 'the cache is behind the API server')
  const claimed = await claim(group, context)
  if (!claimed.ok) return claimed.verdict
  const passed = await converge(group, pass, context)
  if (passed === 'changed') return again(1, 'who is in the group has changed')
  if (!passed.ok) return refused(group, passed.error, context)
  context.reports.problems(readsOf(stack), [])
  return await finish(group, passed.value, { pass, context })
}

/** Apart from what was found wrong before: none of that is known to be mended. */
const readsOf = (stack: string): string => `${groupKey(stack)} reads`

/** Nothing can be said of the group while AWS does not let us look: its members are told what is missing. */
function refused(group: Group, error: AwsError, context: Context): Verdict {
  const lasting = error.kind === 'denied' || error.kind === 'invalid'
  const everyone = [...group.members.map(({ ingress }) => ingress), ...group.leaving]
  if (lasting) {
    const problems = everyone.map((ingress) => refusal(error, refOf(ingress)))
    context.reports.problems(readsOf(group.stack), problems)
    publishUnread(group, problems, delayOf(error) / 1000, context)
  }
  return afterAwsError(error)
}

/** What is deleted because an Ingress is, is deleted only once the API server itself says so: a cache may be wrong. */
async function areLeaving({ leaving }: Group, { kube, mirror, departures }: Context): Promise<boolean> {
  for (const { metadata } of leaving) {
    const { name, namespace = '', uid, deletionTimestamp } = metadata
    if (deletionTimestamp === undefined || mirror.stacks().length === 0) continue
    if (departures.confirmed.has(uid, Date.now())) continue
    const now = await kube.get(ingresses, { name, namespace })
    if (!now.ok || now.value.metadata.uid !== uid || now.value.metadata.deletionTimestamp === undefined)
      return false
    departures.confirmed.note([uid], Date.now())
  }
  return true
}

function forget(stack: string, context: Context): Verdict {
  const { reports, full, backendUsers, refusals, secrets } = context
  secrets.use(stack, [])
  unpublishGroup(stack, context)
  reports.problems(groupKey(stack), [])
  reports.problems(readsOf(stack), [])
  backendUsers.delete(stack)
  refusals.delete(stack)
  full.delete(stack)
  return settled
}

type Converged =
  | { readonly ok: true; readonly value: Passed }
  | { readonly ok: false; readonly error: AwsError }

async function converge(group: Group, pass: Pass, context: Context): Promise<Converged | 'changed'> {
  const written: Step[] = []
  const until = Date.now() + turnMs
  let wait: Verdict = settled
  for (let round = 0; ; round += 1) {
    const { groups } = groupsOf(context.informers.snapshot(), context.settings)
    if (!isSame(group, groups.get(group.stack))) {
      noteUntold(group.stack, written, context)
      return 'changed'
    }
    const modelled = await model(group, pass, context)
    if (!modelled.ok) return modelled
    const { planned, proposed: next } = planOf(group, modelled.value, context)
    const outcome = await run(planned, { pass, until }, context)
    noteFull(outcome, group.stack, context)
    written.push(...outcome.results.flatMap(({ step, result }) => (result === 'done' ? [step] : [])))
    const stuck = outcome.results.length > 0 && !outcome.results.some(({ result }) => result === 'done')
    if (planned.steps.length === 0 || stuck) {
      const waited = await satisfy(planned.waits, pass, context)
      wait = waited.verdict
      if (waited.progress && round < mostRounds) continue
      // Nobody refused it and it was not done: AWS' rate, a doubt or another's change stood in the way.
      if (outcome.results.some((one) => isAble(one, outcome)))
        wait = soonest([wait, again(1_000, 'some steps are left')])
    } else if (round < mostRounds && outcome.results.every(({ result }) => result === 'done')) continue
    else
      wait = soonest([
        (await satisfy(planned.waits, pass, context)).verdict,
        again(500, 'some steps are left'),
      ])
    const actual = actualOf(modelled.value, context)
    if (modelled.value.needs.secrets) wait = soonest([wait, again(2_000, 'a Secret cannot be read now')])
    const built = modelled.value
    const proposed = context.observe ? observed(group, built, context) : next
    return { ok: true, value: { built, proposed, plan: planned, outcome, actual, written, wait } }
  }
}

/** Skipped, though nothing that comes before it failed. */
function isAble({ step, result }: StepResult, { results }: Outcome): boolean {
  if (result !== 'skipped') return false
  const before = results.filter((one) => step.after.includes(one.step.id))
  return before.every((one) => one.result === 'done')
}

type Planned = { readonly proposed: Plan; readonly planned: Plan }

function planOf(group: Group, built: Built, context: Context): Planned {
  const actual = actualOf(built, context)
  const proposed = plan(built.desired, actual, inputOf(group, actual, context))
  return { proposed, planned: guard(proposed, policyOf(group, actual, context)) }
}

/** The whole way, published: what would be done, one stage after the other. */
function observed(group: Group, built: Built, context: Context): Plan {
  const actual = actualOf(built, context)
  const policy = { ...policyOf(group, actual, context), mode: 'apply', witnessed: true } as const
  const way = project(built.desired, actual, inputOf(group, actual, context), {
    allow: (one) => guard(one, policy),
  })
  context.observed.tell(group.stack, way.stages, way.plan.holds)
  return way.plan
}

const inputOf = (group: Group, actual: Actual, context: Context): PlanInput => ({
  now: Date.now(),
  settings: context.settings,
  filled: filledOf(actual, context),
  shown: shownBy(group),
  noLoadBalancerMore: isFull(group.stack, context),
  owners: recordedOwners(group, actual, context),
})

const shownBy = ({ members, leaving }: Group): ReadonlySet<string> =>
  new Set([...members.map(({ ingress }) => ingress), ...leaving].flatMap(hostNamesOf))

/** AWS is asked again after this long whether there is room for another load balancer. */
const fullMs = 10 * 60_000
const isFull = (stack: string, { full }: Context): boolean =>
  Date.now() < (full.get(stack) ?? -Infinity) + fullMs

function noteFull({ results }: Outcome, stack: string, { full }: Context): void {
  for (const one of results)
    if (one.step.call === 'CreateLoadBalancer' && one.result === 'failed' && one.error.kind === 'quota')
      full.set(stack, Date.now())
}

/** A binding that nobody has looked at by then keeps its rule waiting no longer. */
const fillPatienceMs = 5_000

function filledOf({ bindings }: Actual, { filled }: Context): ReadonlySet<string> {
  // One that is being deleted empties its target group: what comes back to that waits for the next binding.
  const ending = new Set(
    bindings.flatMap(({ metadata, spec }) =>
      metadata.deletionTimestamp === undefined ? [] : [spec.targetGroupARN ?? ''],
    ),
  )
  const old = bindings.flatMap(({ metadata, spec, status }) => {
    const age = Date.now() - Date.parse(metadata.creationTimestamp ?? '')
    // Its status tells where another part looks at it.
    const isDone = age > fillPatienceMs || status?.observedGeneration !== undefined
    return spec.targetGroupARN !== undefined && isDone ? [spec.targetGroupARN] : []
  })
  return new Set([...filled, ...old].filter((arn) => !ending.has(arn)))
}

async function run(
  planned: Plan,
  { pass, until }: { readonly pass: Pass; readonly until: number },
  context: Context,
): Promise<Outcome> {
  if (planned.waits.some((wait) => wait.for === 'backendSecurityGroup')) {
    context.backendUsers.set(planned.stack, 'needs')
    context.queue.add(backendGroupKey)
  }
  if (planned.steps.length === 0) return { results: [] }
  return await apply(planned, {
    aws: context.aws,
    mirror: context.mirror,
    sweeper: context.sweeper,
    stillLeader: context.stillLeader,
    until,
    ...(context.leaderSince === undefined ? {} : { leaderSince: context.leaderSince }),
    credentialsOf: credentialsOf(context),
    writeBinding: writeBinding(context),
    options: optionsOf(pass, 'reconcile', context),
  })
}

/** Bindings are found by the target groups of the same look at the mirror. */
function actualOf({ desired }: Built, context: Context): Actual {
  const { bindings, mirror } = context
  const actual = mirror.actual(desired.stack, [])
  const arns = actual.targetGroups.map(({ arn }) => arn)
  return { ...markOutdated(actual, desired, context), bindings: bindings.of(desired.stack, arns) }
}
