/** A target group that several clusters fill: what is this cluster's is recorded in a ConfigMap before it is registered. */
import { readTargetRecord, writeTargetRecord } from '../kube/target-record.ts'
import type { KubeError } from '../kube/error.ts'
import { ok, type Result } from '../lib/result.ts'
import type { Target } from '../model/actual.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { targetKey } from '../plan/targets.ts'
import type { TargetAddress } from '../plan/step.ts'
import type { Context } from './context.ts'

type Answer<T> = Promise<Result<T, KubeError>>

/** Undefined: the target group is this binding's alone. Nothing recorded yet: nothing is ours to take out. */
export async function recordedBy(
  binding: TargetGroupBinding,
  { kube, targets }: Context,
): Answer<readonly TargetAddress[] | undefined> {
  if (binding.spec.multiClusterTargetGroup !== true) return ok(undefined)
  const known = targets.recorded.get(keyOf(binding))
  if (known !== undefined) return ok(known)
  const read = await readTargetRecord(kube, binding)
  if (!read.ok) return read
  targets.recorded.set(keyOf(binding), read.value ?? [])
  return ok(read.value ?? [])
}

/** What is wanted now, and what of ours is still registered. */
export async function record(
  binding: TargetGroupBinding,
  before: readonly TargetAddress[],
  wanted: readonly TargetAddress[],
  registered: readonly Target[],
  { kube, targets, observe }: Context,
): Answer<undefined> {
  const there = new Set(registered.filter(({ state }) => state !== 'draining').map(targetKey))
  const kept = before.filter((target) => there.has(targetKey(target)))
  const all = new Map([...wanted, ...kept].map(({ id, port }) => [targetKey({ id, port }), { id, port }]))
  const next = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
  const text = (some: readonly TargetAddress[]): string => some.map(targetKey).sort().join()
  if (observe || text(next) === text(before)) return ok(undefined)
  const written = await writeTargetRecord(kube, binding, next)
  if (written.ok) targets.recorded.set(keyOf(binding), next)
  return written
}

/** What was taken out is this cluster's no more: another one may register the same address next. */
export async function forgetGone(
  binding: TargetGroupBinding,
  wanted: readonly TargetAddress[],
  context: Context,
): Promise<void> {
  const before = context.targets.recorded.get(keyOf(binding))
  const registered = context.mirror.registrations.get(binding.spec.targetGroupARN ?? '')
  if (binding.spec.multiClusterTargetGroup !== true || before === undefined || registered === undefined)
    return
  const recorded = await record(binding, before, wanted, registered, context)
  // The next pass tries again.
  if (!recorded.ok)
    context.log.warn({ binding: keyOf(binding), reason: recorded.error.reason }, 'targets not recorded')
}
