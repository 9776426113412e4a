/** What a binding's pass found, on the binding: events by way of the reports, and the condition Ready. */
import { applyBindingStatus } from '../kube/write.ts'
import { keyOf, type PodCondition, type TargetGroupBinding } from '../model/cluster.ts'
import { bindingRef } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import type { Verdict } from '../watch/verdict.ts'
import type { Context } from './context.ts'
import { targetsKey } from './key.ts'
import { afterKubeError, settled } from './verdict.ts'

/** `acted`: this generation was brought about, or is being. */
export async function tell(
  binding: TargetGroupBinding,
  problems: readonly Problem[],
  context: Context,
): Promise<Verdict> {
  context.reports.problems(targetsKey(keyOf(binding)), problems)
  const observedGeneration = binding.metadata.generation
  if (context.observe || observedGeneration === undefined) return settled
  const condition = conditionOf(binding, observedGeneration, problems)
  const applied = await applyBindingStatus(context.kube, binding, {
    observedGeneration,
    conditions: [condition],
  })
  if (!applied.ok) return applied.error.status === 404 ? settled : afterKubeError(applied.error)
  context.bindings.written(applied.value)
  return settled
}

const longest = 32_768

function conditionOf(
  binding: TargetGroupBinding,
  observedGeneration: number,
  problems: readonly Problem[],
): PodCondition {
  const own = problems.filter(
    ({ on }) => on.kind === 'TargetGroupBinding' && on.name === bindingRef(binding).name,
  )
  const first = own.find(({ level }) => level === 'error') ?? own[0]
  const status = first?.level === 'error' ? 'False' : 'True'
  const old = binding.status?.conditions?.find(({ type }) => type === 'Ready')
  const since =
    old?.status === status ? old.lastTransitionTime : new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    type: 'Ready',
    status,
    observedGeneration,
    ...(since === undefined ? {} : { lastTransitionTime: since }),
    reason: first?.kind ?? 'Reconciled',
    message:
      first === undefined
        ? `the target group follows Service ${binding.spec.serviceRef.name}`
        : `${first.message}. ${first.remedy}`.slice(0, longest),
  }
}
