/** From what is wanted and what is registered to a binding's plan; what the cluster fails to say takes nobody out. */
import type { Aws } from '../aws/client.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { Target } from '../model/actual.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import type { Targets } from '../model/endpoint.ts'
import { planTargets, targetKey, type TargetsInput, type TargetsPlan } from '../plan/targets.ts'
import type { Pass } from '../watch/queue.ts'
import { missing } from './binding-spec.ts'
import type { Context } from './context.ts'
import { type Refused, refusedAs } from './reach.ts'
import { refusedOf } from './refused-targets.ts'
import { registeredIn } from './register.ts'
import { record, recordedBy } from './shared-targets.ts'

export async function planOf(
  binding: TargetGroupBinding,
  wanted: Targets,
  {
    held,
    wait,
    aws,
    pass,
    context,
  }: {
    readonly held: boolean
    /** New targets could not be reached yet. */
    readonly wait: boolean
    readonly aws: Aws
    readonly pass: Pass
    readonly context: Context
  },
): Promise<Result<TargetsPlan, Refused>> {
  const arn = binding.spec.targetGroupARN ?? ''
  const ours = await recordedBy(binding, context)
  if (!ours.ok) return fail({ problems: [], retryMs: 1_000, why: ours.error.message })
  const registered = await registeredIn(arn, aws, pass, context)
  if (!registered.ok) {
    const { error } = registered
    return fail(
      error.kind === 'notFound'
        ? { problems: [missing(binding)], retryMs: 60_000, why: 'the target group is gone' }
        : refusedAs(binding, error),
    )
  }
  const common = {
    targetGroup: arn,
    binding: keyOf(binding),
    registered: registered.value,
    ...(ours.value === undefined ? {} : { ours: ours.value }),
  }
  if (held || (wanted.targets.length === 0 && !wanted.emptyObeyed)) {
    context.targets.held.add(keyOf(binding))
    const { staying, gone } = stayingOf(binding, registered.value, context)
    const plan = planTargets({ ...common, wanted: staying, emptyObeyed: gone > 0 })
    return ok(held || gone > 0 ? plan : planTargets({ ...common, wanted: [], emptyObeyed: false }))
  }
  context.targets.held.delete(keyOf(binding))
  rememberPods(binding, wanted, context)
  if (ours.value !== undefined) {
    const recorded = await record(binding, ours.value, wanted.targets, registered.value, context)
    if (!recorded.ok) return fail({ problems: [], retryMs: 1_000, why: recorded.error.message })
  }
  if (wait) return ok(planTargets({ ...common, ...withoutNew(wanted, registered.value) }))
  return ok(
    planTargets({
      ...common,
      wanted: wanted.targets,
      emptyObeyed: wanted.emptyObeyed,
      leaving: wanted.leaving,
      unsure: wanted.unsure,
      most: context.settings.maxTargetsPerTargetGroup,
      ...refusedOf(binding, context),
    }),
  )
}

/** None comes in, and of the others only those leave who are on their way out. */
function withoutNew(
  { targets, leaving }: Targets,
  registered: readonly Target[],
): Pick<TargetsInput, 'wanted' | 'leaving' | 'unsure' | 'emptyObeyed'> {
  const there = new Set(registered.filter(({ state }) => state !== 'draining').map(targetKey))
  const out = new Set(leaving.map(targetKey))
  return {
    wanted: targets.filter((target) => there.has(targetKey(target))),
    leaving,
    unsure: registered.filter((target) => !out.has(targetKey(target))),
    emptyObeyed: false,
  }
}

function rememberPods(binding: TargetGroupBinding, { sources }: Targets, { targets }: Context): void {
  const pods = sources.flatMap(({ target, pod }) =>
    pod === undefined ? [] : [[targetKey(target), { key: keyOf(pod), uid: pod.metadata.uid }] as const],
  )
  targets.pods.set(keyOf(binding), new Map(pods))
}

/** Whatever the cluster fails to say of the Service: a pod that is gone is no target, its address may be another's soon. */
function stayingOf(
  binding: TargetGroupBinding,
  registered: readonly Target[],
  { targets, informers }: Context,
): { readonly staying: readonly Target[]; readonly gone: number } {
  const known = targets.pods.get(keyOf(binding))
  const present = registered.filter(({ state }) => state !== 'draining')
  const staying = present.filter((target) => {
    const pod = known?.get(targetKey(target))
    return pod === undefined || informers.stores.pods.get(pod.key)?.metadata.uid === pod.uid
  })
  return { staying, gone: present.length - staying.length }
}

/** Nobody is registered who is no target any more, as far as that is this binding's to say. */
export function isAlone(
  binding: TargetGroupBinding,
  { targets }: Targets,
  { mirror, targets: memory }: Context,
): boolean {
  const registered = mirror.registrations.get(binding.spec.targetGroupARN ?? '')
  const wanted = new Set(targets.map(targetKey))
  const ours =
    binding.spec.multiClusterTargetGroup === true
      ? new Set((memory.recorded.get(keyOf(binding)) ?? []).map(targetKey))
      : undefined
  return (
    registered?.every(
      (target) =>
        target.state === 'draining' ||
        wanted.has(targetKey(target)) ||
        ours?.has(targetKey(target)) === false,
    ) ?? false
  )
}

/** Those that are wanted and, after this pass' writes, still not registered. */
export function missingOf({ targets }: Targets, arn: string, { mirror, observe }: Context): number {
  const there = new Set(
    (mirror.registrations.get(arn) ?? []).flatMap(({ id, port, state }) =>
      state === 'draining' ? [] : [`${id}:${port}`],
    ),
  )
  return observe ? 0 : targets.filter(({ id, port }) => !there.has(`${id}:${port}`)).length
}
