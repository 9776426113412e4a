/** One security group of nodes or pods: our rules on it are what all bindings together want. The only writer of them. */
import { apply } from '../apply/apply.ts'
import { readTargetGroup } from '../aws/codec/target-group.ts'
import { readSecurityGroups } from '../aws/observe.ts'
import { targetGroupsByArn } from '../aws/read.ts'
import { ok } from '../lib/result.ts'
import type { ActualSecurityGroup } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { keyOf } from '../model/cluster.ts'
import { bindingRef } from '../model/endpoint.ts'
import type { Permission } from '../model/security-group.ts'
import type { Draft } from '../plan/draft.ts'
import type { StepResult } from '../plan/outcome.ts'
import type { Step } from '../plan/step.ts'
import { lacking, planEndpointSecurityGroup } from '../plan/endpoint-security-group.ts'
import { problemOf } from '../status/event.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, optionsOf, readerOf } from './context.ts'
import { backendGroupKey, endpointGroupKey } from './key.ts'
import { servedTargetGroups } from './served.ts'
import { afterAwsError, again, delayOf, settled, soonest } from './verdict.ts'

/** What nobody wants any more is revoked after this, so that a backend that comes back at once finds it open. */
const revokeAfterMs = 1_500

/** A binding that becomes known is told of at once; that a target group without one is served no more is not. */
const unknownMs = 30_000

/** Opens what is wanted at once; revokes on a later look. One at a time for each group, whoever asks. */
export function reconcileEndpointGroup(id: string, pass: Pass, context: Context): Promise<Verdict> {
  return context.endpointRules.alone(id, () => reconcile(id, pass, context))
}

async function reconcile(id: string, pass: Pass, context: Context): Promise<Verdict> {
  const { endpointRules, settings } = context
  const read = await known(id, pass, context)
  if (!read.ok) return read.verdict
  const group = read.value
  if (group === undefined) return settled
  const wanted = endpointRules.on(id)
  const whole = planEndpointSecurityGroup(group, wanted, { settings, complete: true })
  if (!whole.steps.some(({ call }) => call === 'RevokeSecurityGroupIngress'))
    return await write(id, whole, pass, context)
  const careful = (): Promise<Verdict> =>
    write(id, planEndpointSecurityGroup(group, wanted, { settings, complete: false }), pass, context)
  if (!(await allBindingsKnown(pass, context))) {
    endpointRules.await(id)
    return soonest([await careful(), again(unknownMs, 'not every binding is known: nothing is revoked')])
  }
  const leftMs = revokeAfterMs - endpointRules.quietMs(id)
  if (leftMs <= 0) return await write(id, whole, pass, context)
  return soonest([await careful(), again(leftMs, 'what is not wanted is revoked then')])
}

type Known =
  | { readonly ok: true; readonly value: ActualSecurityGroup | undefined }
  | { readonly ok: false; readonly verdict: Verdict }

/** As the mirror has it, or read if it hasn't; undefined: there is no such group. */
async function known(id: string, pass: Pass, context: Context): Promise<Known> {
  const { mirror, sweeper } = context
  // A write of unknown outcome: until it is settled, nothing of no group is written. Else nothing need be known of the account.
  if (mirror.doubt('') !== undefined) {
    const ready = await sweeper.ready('', optionsOf(pass, 'reconcile', context))
    if (!ready.ok) return { ok: false, verdict: afterAwsError(ready.error) }
    if (!ready.value.ready) return { ok: false, verdict: again(ready.value.afterMs, ready.value.why) }
  }
  if (mirror.securityGroups.get(id) === undefined) {
    const read = await readSecurityGroups(readerOf(context, pass, 'reconcile'), mirror, [id])
    if (!read.ok) return { ok: false, verdict: afterAwsError(read.error) }
  }
  return { ok: true, value: mirror.securityGroups.get(id) }
}

async function write(id: string, draft: Draft, pass: Pass, context: Context): Promise<Verdict> {
  const { steps, verdict } = withoutRefused(id, draft, context)
  if (context.observe || steps.length === 0) return verdict
  const { results } = await apply(
    { stack: '', ...draft, steps },
    {
      aws: context.aws,
      mirror: context.mirror,
      stillLeader: context.stillLeader,
      writeBinding: async () => ok(undefined),
      options: optionsOf(pass, 'reconcile', context),
    },
  )
  // A rule that named the shared group was what kept it.
  context.queue.add(backendGroupKey, 'resync')
  const failures = results.flatMap((one) => (one.result === 'failed' ? [one] : []))
  const verdicts = [verdict, ...failures.map((one) => failed(id, one, context))]
  // Somebody else changed it meanwhile: what we know is wrong.
  if (failures.some(({ error: { kind } }) => kind === 'notFound' || kind === 'exists'))
    await readSecurityGroups(readerOf(context, pass, 'reconcile'), context.mirror, [id])
  if (failures.length === 0) context.reports.problems(endpointGroupKey(id), [])
  if (results.some(({ result }) => result === 'skipped'))
    verdicts.push(again(200, 'the group changed meanwhile'))
  return soonest(verdicts)
}

/** What AWS refused a moment ago is not asked for again yet, and nothing is revoked meanwhile. */
function withoutRefused(
  id: string,
  { steps }: Draft,
  { endpointRules }: Context,
): { readonly steps: readonly Step[]; readonly verdict: Verdict } {
  const untilMs = (step: Step): number =>
    step.call === 'AuthorizeSecurityGroupIngress'
      ? Math.max(0, ...step.permissions.map(({ source }) => endpointRules.refused(id, source)?.untilMs ?? 0))
      : 0
  const latest = Math.max(0, ...steps.map(untilMs))
  if (latest === 0) return { steps, verdict: settled }
  return {
    steps: steps.filter((step) => step.call === 'AuthorizeSecurityGroupIngress' && untilMs(step) === 0),
    verdict: again(Math.max(0, latest - Date.now()), 'AWS refused it a moment ago'),
  }
}

function failed(id: string, failure: Failure, context: Context): Verdict {
  const { step, error } = failure
  const gone = isSourceGone(failure)
  tell(id, gone ? { ...failure, error: { ...error, kind: 'invalid' } } : failure, context)
  const lasting = gone || isLasting(error)
  const afterMs = lasting ? 60_000 : delayOf(error)
  if (step.call === 'AuthorizeSecurityGroupIngress')
    for (const { source } of step.permissions)
      context.endpointRules.refuse(id, source, { untilMs: Date.now() + afterMs, lasting })
  return gone ? again(afterMs, 'a source group does not exist') : afterAwsError(error)
}

/** What of this is not let in, as far as is known; a group of which nothing is known lets nobody in. */
export function closedTo(id: string, wanted: readonly Permission[], context: Context): readonly Permission[] {
  const group = context.mirror.securityGroups.get(id)
  return group === undefined ? wanted : lacking(group, wanted)
}

type Failure = Extract<StepResult, { result: 'failed' }>

/** The binding that names it must be mended; until then looking again at once would be the same call for ever. */
const isSourceGone = ({ step, error }: Failure): boolean =>
  step.call === 'AuthorizeSecurityGroupIngress' && error.code === 'InvalidGroup.NotFound'

const isLasting = ({ kind }: AwsError): boolean => kind === 'denied' || kind === 'invalid' || kind === 'quota'

/** The targets of those who want something on this group are registered, and may not be reached. */
function tell(id: string, failure: Failure, context: Context): void {
  if (!isLasting(failure.error)) return
  const wanting = context.bindings
    .list()
    .filter((binding) => context.endpointRules.of(keyOf(binding)).has(id))
  context.reports.problems(
    endpointGroupKey(id),
    wanting.map((binding) => problemOf(failure, bindingRef(binding))),
  )
}

/**
 * Every binding with rules to ask for has asked since we started, and every target group that is served has its binding,
 * which somebody may have deleted while the targets stayed: only then may anything be revoked.
 */
async function allBindingsKnown(pass: Pass, context: Context): Promise<boolean> {
  const { bindings, endpointRules, mirror, part } = context
  const known = bindings
    .list()
    .every((binding) => binding.spec.networking === undefined || endpointRules.has(keyOf(binding)))
  if (!known || mirror.indexedAt === undefined) return false
  const unbound = (): string[] =>
    servedTargetGroups(mirror).filter((arn) => bindings.of('', [arn]).length === 0)
  const before = unbound()
  if (part === 'all' || before.length === 0) return before.length === 0
  // Others delete target groups: what is known of them may be old.
  const beganAt = Date.now()
  const read = await targetGroupsByArn(readerOf(context, pass, 'reconcile'), before)
  if (!read.ok) return false
  const found = read.value.map((wire) =>
    readTargetGroup(wire, mirror.targetGroups.get(wire.TargetGroupArn ?? '')?.tags ?? {}),
  )
  mirror.targetGroups.read(found, { scope: ({ arn }) => before.includes(arn), beganAt })
  return unbound().length === 0
}
