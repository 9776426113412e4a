/** How long those on their way out stay registered: what pods must wait for besides the load balancer. */
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import type { Targets } from '../model/endpoint.ts'
import type { Outcome } from '../plan/outcome.ts'
import { targetKey } from '../plan/targets.ts'
import type { Context } from './context.ts'

/** Notes who is registered and leaves, since when. */
export function noteLeaving(
  binding: TargetGroupBinding,
  { leaving }: Targets,
  { mirror, targets: { leavingSince } }: Context,
): void {
  const registered = mirror.registrations.get(binding.spec.targetGroupARN ?? '') ?? []
  const there = new Set(registered.flatMap((one) => (one.state === 'draining' ? [] : targetKey(one))))
  const before = leavingSince.get(keyOf(binding))
  const keys = leaving.map(targetKey).filter((key) => there.has(key))
  if (keys.length === 0) leavingSince.delete(keyOf(binding))
  else leavingSince.set(keyOf(binding), new Map(keys.map((key) => [key, before?.get(key) ?? Date.now()])))
}

/** After the writes of a pass. */
export function countLeft(
  binding: TargetGroupBinding,
  { results }: Outcome,
  { targets: { leavingSince, leftSeconds } }: Context,
): void {
  const since = leavingSince.get(keyOf(binding))
  for (const { step, result } of since === undefined ? [] : results) {
    if (step.call !== 'DeregisterTargets' || result !== 'done') continue
    for (const key of step.targets.map(targetKey)) {
      const from = since?.get(key)
      if (from !== undefined) leftSeconds.observe((Date.now() - from) / 1000)
    }
  }
}
