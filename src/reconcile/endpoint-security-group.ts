/** One security group of nodes or pods: our rules on it are what all bindings together want. The only writer of them. */
import { apply } from '../apply/apply.ts'
import { readSecurityGroups } from '../aws/observe.ts'
import { ok } from '../lib/result.ts'
import { keyOf } from '../model/cluster.ts'
import { bindingRef } from '../model/endpoint.ts'
import type { StepResult } from '../plan/outcome.ts'
import { planEndpointSecurityGroup } from '../plan/endpoint-security-group.ts'
import { problemOf } from '../status/event.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, optionsOf, readerOf } from './context.ts'
import { backendGroupKey, endpointGroupKey } from './key.ts'
import { afterAwsError, again, settled } from './verdict.ts'

/** What nobody wants any more is revoked after this, so that a backend that comes back at once finds it open. */
const revokeAfterMs = 1_500

/** Opens what is wanted at once; revokes on a later look. One at a time for each group, whoever asks. */
export function reconcileEndpointGroup(id: string, pass: Pass, context: Context): Promise<Verdict> {
  return context.endpointRules.alone(id, () => reconcile(id, pass, context))
}

async function reconcile(id: string, pass: Pass, context: Context): Promise<Verdict> {
  // A write of unknown outcome: until it is settled, nothing of no group is written.
  const ready = await context.sweeper.ready('', optionsOf(pass, 'reconcile', context))
  if (!ready.ok) return afterAwsError(ready.error)
  if (!ready.value.ready) return again(ready.value.afterMs, ready.value.why)
  if (context.mirror.securityGroups.get(id) === undefined) {
    const read = await readSecurityGroups(readerOf(context, pass, 'reconcile'), context.mirror, [id])
    if (!read.ok) return afterAwsError(read.error)
  }
  const group = context.mirror.securityGroups.get(id)
  if (group === undefined) return settled
  const wanted = context.endpointRules.on(id)
  const complete = allBindingsKnown(context)
  const quietMs = context.endpointRules.quietMs(id)
  const options = { settings: context.settings, complete: complete && quietMs >= revokeAfterMs }
  const draft = planEndpointSecurityGroup(group, wanted, options)
  if (!complete) context.endpointRules.await(id)
  const verdict =
    complete && !options.complete
      ? again(revokeAfterMs - quietMs, 'what is not wanted is revoked then')
      : settled
  if (context.observe || draft.steps.length === 0) return verdict
  const { results } = await apply(
    { stack: '', ...draft },
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
  for (const one of results) {
    if (one.result !== 'failed') continue
    const gone = isSourceGone(one)
    tell(id, gone ? { ...one, error: { ...one.error, kind: 'invalid' } } : one, context)
    if (gone) return again(60_000, 'a source group does not exist')
    // Somebody else changed it meanwhile: what we know is wrong.
    if (one.error.kind === 'notFound' || one.error.kind === 'exists') {
      await readSecurityGroups(readerOf(context, pass, 'reconcile'), context.mirror, [id])
    }
    return afterAwsError(one.error)
  }
  context.reports.problems(endpointGroupKey(id), [])
  if (results.some(({ result }) => result === 'skipped')) return again(200, 'the group changed meanwhile')
  return verdict
}

/** The binding that names it must be mended; until then looking again at once would be the same call for ever. */
const isSourceGone = ({ step, error }: Extract<StepResult, { result: 'failed' }>): boolean =>
  step.call === 'AuthorizeSecurityGroupIngress' && error.code === 'InvalidGroup.NotFound'

/** The targets of those who want something on this group are registered, and may not be reached. */
function tell(id: string, failure: Extract<StepResult, { result: 'failed' }>, context: Context): void {
  const { kind } = failure.error
  if (kind !== 'denied' && kind !== 'invalid' && kind !== 'quota') return
  const wanting = context.bindings
    .list()
    .filter((binding) => context.endpointRules.of(keyOf(binding)).has(id))
  context.reports.problems(
    endpointGroupKey(id),
    wanting.map((binding) => problemOf(failure, bindingRef(binding))),
  )
}

/** Every binding with rules to ask for has asked since we started: only then may anything be revoked. */
const allBindingsKnown = ({ bindings, endpointRules }: Context): boolean =>
  bindings
    .list()
    .every(
      (binding) =>
        binding.spec.networking === undefined ||
        binding.metadata.deletionTimestamp !== undefined ||
        endpointRules.has(keyOf(binding)),
    )
