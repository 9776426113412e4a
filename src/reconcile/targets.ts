/** One binding's pass: the Service's endpoints to targets, targets to RegisterTargets; a broken group never stops it. */
import type { Aws } from '../aws/client.ts'
import { readTargets } from '../aws/observe.ts'
import { targetGroupBindings } from '../kube/resource.ts'
import { addFinalizer } from '../kube/write.ts'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { bindingRef, problemOn, type Targets, targetsOf } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Outcome } from '../plan/outcome.ts'
import type { TargetsPlan } from '../plan/targets.ts'
import { problemOf } from '../status/event.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { complete, conflict, missing, otherVpc, rivalOf } from './binding-spec.ts'
import { tell } from './binding-status.ts'
import { stackOf } from './bindings.ts'
import { type Context, optionsOf, readerOf } from './context.ts'
import { nobody, open, want } from './endpoint-guard.ts'
import { groupKey, targetsKey } from './key.ts'
import { bindingFinalizer, leave } from './leave.ts'
import { countLeft, noteLeaving } from './leaving-targets.ts'
import { preStopOf } from './pre-stop.ts'
import { publishHealth } from './publish.ts'
import { reachOf, type Refused } from './reach.ts'
import { followHealth } from './readiness.ts'
import { learn, refusedNow } from './refused-targets.ts'
import { lookAgain, write } from './register.ts'
import { forgetGone } from './shared-targets.ts'
import { forgetBinding } from './targets-memory.ts'
import { isAlone, missingOf, planOf } from './targets-plan.ts'
import { afterAwsError, afterKubeError, again, settled, soonest } from './verdict.ts'

/** So long the cluster may fail to say where the endpoints are before anybody is told. */
const graceMs = 30_000

export async function reconcileTargets(key: string, pass: Pass, context: Context): Promise<Verdict> {
  const found = context.bindings.get(key)
  if (found === undefined) return await forget(key, pass, context)
  context.targets.orphans.delete(key)
  if (found.metadata.deletionTimestamp !== undefined) return await leave(found, pass, context)
  const whole = await complete(found, pass, context)
  if (!whole.ok) return await refused(found, whole.error, context)
  const binding = whole.value
  const rival = rivalOf(binding, context)
  if (rival !== undefined) {
    want(key, nobody, context)
    return await tell(binding, [conflict(binding, rival)], context)
  }
  if (!context.observe && binding.metadata.finalizers?.includes(bindingFinalizer) !== true) {
    const added = await addFinalizer(context.kube, targetGroupBindings, binding, bindingFinalizer)
    if (!added.ok) return afterKubeError(added.error)
    context.bindings.written(added.value)
  }
  const reach = await reachOf(binding, pass, context)
  if (!reach.ok) return await refused(binding, reach.error, context)
  return await fill(context.bindings.get(key) ?? binding, reach.value, pass, context)
}

async function forget(key: string, pass: Pass, context: Context): Promise<Verdict> {
  if (await isStillServed(key, pass, context)) return again(2_000, 'its targets get requests still')
  context.targets.orphans.delete(key)
  want(key, undefined, context)
  context.reports.problems(targetsKey(key), [])
  context.turns.drop(targetsKey(key))
  forgetBinding(context.targets, key)
  return settled
}

/** Where others build groups, nobody here sees when the target group goes, or that another binding is on its way. */
async function isStillServed(key: string, pass: Pass, context: Context): Promise<boolean> {
  const arn = context.targets.orphans.get(key)
  if (arn === undefined || context.part === 'all') return false
  const read = await readTargets(readerOf(context, pass, 'targets'), context.mirror, arn)
  return read.ok ? read.value.some(({ state }) => state !== 'draining') : read.error.kind !== 'notFound'
}

/** Nothing is done for it; what is registered and open stays, unless there is no target group that could need it. */
async function refused(
  binding: TargetGroupBinding,
  { problems, retryMs, why }: Refused,
  context: Context,
): Promise<Verdict> {
  if (problems.some(({ kind }) => kind === 'TargetGroupMissing')) want(keyOf(binding), nobody, context)
  return soonest([await tell(binding, problems, context), again(retryMs, why)])
}

async function fill(binding: TargetGroupBinding, aws: Aws, pass: Pass, context: Context): Promise<Verdict> {
  const arn = binding.spec.targetGroupARN ?? ''
  const cidrs = await cidrsFor(binding, pass, context)
  if (!cidrs.ok) return afterAwsError(cidrs.error)
  const endpoints = context.informers.endpointsOf(binding)
  const wanted = targetsOf(binding, endpoints, context.settings, cidrs.value)
  const held = [...wanted.problems, ...otherVpc(binding, context)].some(({ level }) => level === 'error')
  const alone = isAlone(binding, wanted, context)
  const sources = held ? undefined : wanted.sources
  const opened = await open(binding, { sources, alone }, pass, context)
  const planned = await planOf(binding, wanted, { held, wait: opened.wait, aws, pass, context })
  if (!planned.ok) return await refused(binding, planned.error, context)
  const plan = planned.value
  noteLeaving(binding, wanted, context)
  if (!mayWrite(plan, wanted, aws, pass, context))
    return again(15_000, 'others register first: AWS takes no more for now')
  const outcome = await write(binding, plan, { aws, pass, context })
  countLeft(binding, outcome, context)
  opened.close(isAlone(binding, wanted, context))
  if (!held && outcome.results.length > 0) await forgetGone(binding, wanted.targets, context)
  const dealtWith = learn(binding, outcome, context)
  const failures = outcome.results.flatMap((one) =>
    one.result === 'failed' && !dealtWith.includes(one) ? [one] : [],
  )
  const [failure] = failures
  const leftBy = refusedNow(binding, wanted.targets, context)
  const empty = emptiness(binding, wanted, plan, context)
  const problems = [
    ...wanted.problems,
    ...otherVpc(binding, context),
    ...opened.problems,
    ...empty.problems,
    ...leftOut(binding, wanted, plan, context),
    ...leftBy.problems,
    ...failures.map((one) =>
      one.error.kind === 'notFound' ? missing(binding) : problemOf(one, bindingRef(binding)),
    ),
  ]
  const told = await tell(binding, problems, context, preStopOf(binding, endpoints, context))
  if (failure === undefined) tellGroup(binding, outcome, context)
  // What had no room may have it now.
  const room = !held && !opened.wait && missingOf(wanted, arn, context) > 0
  const health = held ? settled : await followHealth(binding, wanted.sources, aws, pass, context)
  publishHealth(arn, context)
  return soonest([
    told,
    health,
    empty.verdict,
    leftBy.verdict,
    lookAgain(arn, plan.overDraining && outcome.results.length > 0, context),
    failure === undefined ? restOf(outcome, room) : afterAwsError(failure.error),
    dealtWith.length > 0 ? again(0, 'some targets are tried without others') : settled,
    opened.wait ? again(1_000, 'the security groups of new targets are not open yet') : settled,
  ])
}

/** `room`: for targets that are wanted and not there. */
function restOf({ results }: Outcome, room: boolean): Verdict {
  if (results.some(({ result }) => result === 'skipped')) return again(1_000, 'some targets are left')
  const done = results.some(({ result }) => result === 'done')
  return done && room ? again(0, 'some targets are left') : settled
}

/** A rule may be waiting for these targets. */
function tellGroup(binding: TargetGroupBinding, { results }: Outcome, context: Context): void {
  const { filled, queue, targets } = context
  const stack = stackOf(binding)
  const arn = binding.spec.targetGroupARN ?? ''
  const isNews = (results.length > 0 || !filled.has(arn)) && !targets.starting
  if (isNews && stack !== undefined) queue.add(groupKey(stack), 'new')
  filled.add(arn)
}

/** Kept for events, which don't wait for a read. In another account's VPC every address is one from outside, as ALBC has it. */
async function cidrsFor(
  { spec }: TargetGroupBinding,
  pass: Pass,
  context: Context,
): Promise<Result<readonly string[], AwsError>> {
  if (spec.iamRoleArnToAssume) return ok([])
  const { vpcCidrs } = context.targets
  const vpcId = spec.vpcID ?? context.settings.vpcId
  const read = context.facts.vpcCidrs(optionsOf(pass, 'facts', context), vpcId).then((cidrs) => {
    if (cidrs.ok) vpcCidrs.set(vpcId, cidrs.value)
    return cidrs
  })
  const known = vpcCidrs.get(vpcId)
  return known === undefined ? await read : ok(known)
}

/** While AWS's bucket is dry, others may come first; other accounts have buckets of their own. */
function mayWrite(
  { steps, leaving, missing: incoming }: TargetsPlan,
  { targets }: Targets,
  aws: Aws,
  { key }: Pass,
  { turns, aws: home, observe }: Context,
): boolean {
  if (steps.length === 0 || observe || aws !== home) {
    turns.drop(key)
    return true
  }
  const rank = leaving > 0 ? -1 : incoming === targets.length ? incoming : 1_000 + targets.length
  return turns.take(key, rank)
}

/** Nobody known to be there, and nobody who says so: told after a while, for slices come and go. */
function emptiness(
  binding: TargetGroupBinding,
  wanted: Targets,
  { holds }: TargetsPlan,
  { targets: { emptySince } }: Context,
): { readonly problems: readonly Problem[]; readonly verdict: Verdict } {
  const key = keyOf(binding)
  if (
    holds.length === 0 ||
    wanted.targets.length > 0 ||
    wanted.problems.some(({ level }) => level === 'error')
  ) {
    emptySince.delete(key)
    return { problems: [], verdict: settled }
  }
  const since = emptySince.get(key) ?? Date.now()
  emptySince.set(key, since)
  const left = since + graceMs - Date.now()
  if (left > 0) return { problems: [], verdict: again(left, 'endpoints may come back') }
  const { serviceRef, targetType } = binding.spec
  const problem = problemOn(binding, 'error', {
    kind: 'EndpointsUnusable',
    field: 'spec.serviceRef',
    message:
      targetType === 'instance'
        ? 'no node is known to be ready and to stay; the last registered ones are kept'
        : `Service ${serviceRef.name} has no EndpointSlice; the last registered targets stay`,
    remedy:
      targetType === 'instance'
        ? "Look at the nodes' condition Ready, and at their taints."
        : 'Look at the EndpointSlices of the Service; scale it to zero or delete the binding to take the targets out.',
  })
  return { problems: [problem], verdict: settled }
}

function leftOut(
  binding: TargetGroupBinding,
  { targets }: Targets,
  { left }: TargetsPlan,
  { settings: { maxTargetsPerTargetGroup: most } }: Context,
): readonly Problem[] {
  if (left === 0) return []
  return [
    problemOn(binding, 'warning', {
      kind: 'EndpointsUnusable',
      message: `${left} of ${targets.length} targets are left out: at most ${most} are registered`,
      remedy: 'Raise --max-targets-per-target-group, or spread the pods over more Services.',
    }),
  ]
}
