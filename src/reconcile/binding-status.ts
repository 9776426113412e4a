/** What a binding's pass found, on the binding: events by way of the reports, and the condition Ready. */
import { applyBindingStatus } from '../kube/write.ts'
import { keyOf, type PodCondition, type TargetGroupBinding } from '../model/cluster.ts'
import { bindingRef } from '../model/endpoint.ts'
import type { PreStopReport } from '../model/pre-stop.ts'
import type { Problem } from '../model/problem.ts'
import type { Verdict } from '../watch/verdict.ts'
import type { Context } from './context.ts'
import { targetsKey } from './key.ts'
import { conditionOfPreStop, gracefulTermination } from './pre-stop.ts'
import { afterKubeError, settled } from './verdict.ts'

/** `preStop`: how its pods leave, where that was looked at. */
export async function tell(
  binding: TargetGroupBinding,
  problems: readonly Problem[],
  context: Context,
  preStop?: PreStopReport,
): Promise<Verdict> {
  context.reports.problems(targetsKey(keyOf(binding)), [...problems, ...(preStop?.problems ?? [])])
  const observedGeneration = binding.metadata.generation
  if (context.observe || observedGeneration === undefined) return settled
  const before = binding.status?.conditions ?? []
  const said = [readyOf(binding, problems), ...(preStop === undefined ? [] : [conditionOfPreStop(preStop)])]
  const conditions = said.map((one) => condition(one, before, observedGeneration))
  // Not looked at this time, unless it never is.
  const stays = preStop === undefined && context.settings.deregistrationPropagationMs > 0
  const kept = stays ? before.filter(({ type }) => type === gracefulTermination) : []
  const applied = await applyBindingStatus(context.kube, binding, {
    observedGeneration,
    conditions: [...conditions, ...kept],
  })
  if (!applied.ok) return applied.error.status === 404 ? settled : afterKubeError(applied.error)
  context.bindings.written(applied.value)
  return settled
}

const longest = 32_768

type Said = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

function readyOf(binding: TargetGroupBinding, problems: readonly Problem[]): Said {
  const own = problems.filter(
    ({ on }) => on.kind === 'TargetGroupBinding' && on.name === bindingRef(binding).name,
  )
  const first = own.find(({ level }) => level === 'error') ?? own[0]
  return {
    type: 'Ready',
    status: first?.level === 'error' ? 'False' : 'True',
    reason: first?.kind ?? 'Reconciled',
    message:
      first === undefined
        ? `the target group follows Service ${binding.spec.serviceRef.name}`
        : `${first.message}. ${first.remedy}`,
  }
}

function condition(
  { type, status, reason, message = '' }: Said,
  before: readonly PodCondition[],
  observedGeneration: number,
): PodCondition {
  const old = before.find((one) => one.type === type)
  const since =
    old?.status === status ? old.lastTransitionTime : new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    type,
    status,
    observedGeneration,
    ...(since === undefined ? {} : { lastTransitionTime: since }),
    ...(reason === undefined ? {} : { reason }),
    message: message.slice(0, longest),
  }
}
