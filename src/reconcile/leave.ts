/** A binding that is being deleted: takes its targets out, closes what only it opened, and lets go of the object. */
import { targetGroupsByArn } from '../aws/read.ts'
import { targetGroupBindings } from '../kube/resource.ts'
import { deleteTargetRecord } from '../kube/target-record.ts'
import { removeFinalizer } from '../kube/write.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { releasedConditions } from '../model/readiness.ts'
import { planTargets } from '../plan/targets.ts'
import { problemOf } from '../status/event.ts'
import { bindingRef } from '../model/endpoint.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { rivalOf } from './binding-spec.ts'
import { stackOf } from './bindings.ts'
import { tell } from './binding-status.ts'
import { type Context, optionsOf } from './context.ts'
import { nobody, want } from './endpoint-guard.ts'
import { reachOf } from './reach.ts'
import { registeredIn, write } from './register.ts'
import { writeConditions } from './readiness.ts'
import { recordedBy } from './shared-targets.ts'
import { namedTargetGroups } from './served.ts'
import { forgetBinding } from './targets-memory.ts'
import { afterAwsError, afterKubeError, again, settled } from './verdict.ts'

/** On every binding whose targets we register (`albc-runtime` 3.2). */
export const bindingFinalizer = 'elbv2.k8s.aws/resources'

export async function leave(binding: TargetGroupBinding, pass: Pass, context: Context): Promise<Verdict> {
  if (context.observe || binding.metadata.finalizers?.includes(bindingFinalizer) !== true) return settled
  const takenUp = await isTakenUp(binding, pass, context)
  if (!takenUp.ok) return takenUp.verdict
  const stays = takenUp.value
  if (stays)
    context.reports.happened({
      on: bindingRef(binding),
      type: 'Warning',
      reason: 'BindingDeleted',
      message:
        'It was deleted while its target group gets requests: the targets stay, and it is made again. To be rid of it, take the path out of the Ingress.',
    })
  if (!stays) context.filled.delete(binding.spec.targetGroupARN ?? '')
  const emptied = stays ? settled : await empty(binding, pass, context)
  if (emptied.verdict !== 'settled') return emptied
  if (binding.spec.multiClusterTargetGroup === true) {
    const deleted = await deleteTargetRecord(context.kube, binding)
    if (!deleted.ok) return afterKubeError(deleted.error)
  }
  const { pods } = context.informers.endpointsOf(binding)
  const released = pods.flatMap((pod) =>
    releasedConditions(binding, pod).map((condition) => ({ pod, condition })),
  )
  await writeConditions(released, context)
  // What targets that stay need is open until the next binding asks for it.
  if (stays) context.targets.orphans.set(keyOf(binding), binding.spec.targetGroupARN ?? '')
  else want(keyOf(binding), nobody, context)
  forgetBinding(context.targets, keyOf(binding), binding.spec.targetGroupARN)
  const removed = await removeFinalizer(context.kube, targetGroupBindings, binding, bindingFinalizer)
  return removed.ok ? settled : afterKubeError(removed.error)
}

async function empty(binding: TargetGroupBinding, pass: Pass, context: Context): Promise<Verdict> {
  const arn = binding.spec.targetGroupARN
  if (arn === undefined || rivalOf(binding, context) !== undefined) return settled
  const reach = await reachOf(binding, pass, context)
  if (!reach.ok) {
    await tell(binding, reach.error.problems, context)
    return again(reach.error.retryMs, reach.error.why)
  }
  const ours = await recordedBy(binding, context)
  if (!ours.ok) return afterKubeError(ours.error)
  const registered = await registeredIn(arn, reach.value, pass, context)
  if (!registered.ok) return registered.error.kind === 'notFound' ? settled : afterAwsError(registered.error)
  const draft = planTargets({
    targetGroup: arn,
    binding: keyOf(binding),
    wanted: [],
    registered: registered.value,
    emptyObeyed: true,
    ...(ours.value === undefined ? {} : { ours: ours.value }),
  })
  const { results } = await write(binding, draft, { aws: reach.value, pass, context })
  const failed = results.find((one) => one.result === 'failed' && one.error.kind !== 'notFound')
  if (failed?.result === 'failed') {
    await tell(binding, [problemOf(failed, bindingRef(binding))], context)
    return afterAwsError(failed.error)
  }
  return results.some(({ result }) => result === 'skipped')
    ? again(500, 'targets are still registered')
    : settled
}

type Known =
  | { readonly ok: true; readonly value: boolean }
  | { readonly ok: false; readonly verdict: Verdict }

/** Deleted by hand while rules send requests there: the group makes the binding anew, and nobody is cut off meanwhile. */
async function isTakenUp(binding: TargetGroupBinding, pass: Pass, context: Context): Promise<Known> {
  const stack = stackOf(binding)
  const arn = binding.spec.targetGroupARN
  if (stack === undefined || arn === undefined) return { ok: true, value: false }
  const { mirror, sweeper, aws, part } = context
  const options = optionsOf(pass, 'reconcile', context)
  if (part !== 'all') {
    // Others write the rules.
    const read = await targetGroupsByArn({ aws, options }, [arn])
    if (!read.ok) return { ok: false, verdict: afterAwsError(read.error) }
    return { ok: true, value: read.value.some(({ LoadBalancerArns = [] }) => LoadBalancerArns.length > 0) }
  }
  const ready = await sweeper.ready(stack, options)
  if (!ready.ok) return { ok: false, verdict: afterAwsError(ready.error) }
  if (!ready.value.ready) return { ok: false, verdict: again(ready.value.afterMs, ready.value.why) }
  return { ok: true, value: namedTargetGroups(mirror).has(arn) }
}
