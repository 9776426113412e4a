/** Readiness gates: which conditions of a pod a binding sets, and what the health of its target makes of them. */
import type { Target } from './actual.ts'
import type { Pod, PodCondition, TargetGroupBinding } from './cluster.ts'
import type { TargetSource } from './endpoint.ts'

/** Namespaces with this label ask for the gates of their new pods to be added. */
export const injectLabel = { key: 'elbv2.k8s.aws/pod-readiness-gate-inject', value: 'enabled' }

const prefix = 'target-health.elbv2.k8s.aws/'
/** What pods of an older controller still list. */
const legacyPrefix = 'target-health.alb.ingress.k8s.aws/'
const prefixes = [prefix, legacyPrefix]

export const gateOf = ({ metadata }: TargetGroupBinding): string => `${prefix}${metadata.name}`
export const isLegacyGate = (conditionType: string): boolean => conditionType.startsWith(legacyPrefix)

export type GateCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>

/** Names of this binding's gates that the pod lists. */
export const gatesOf = ({ metadata }: TargetGroupBinding, { spec }: Pod): readonly string[] => {
  const names = prefixes.map((start) => `${start}${metadata.name}`)
  return (spec.readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter((type) => names.includes(type))
}

const find = ({ target: { id, port } }: TargetSource, registered: readonly Target[] | undefined) =>
  registered?.find((target) => target.id === id && target.port === port)

/**
 * Reason and message are AWS's own words; what we registered and did not ask for yet is still being registered.
 * A pod that was ready once is not taken back for a target that is only being checked again.
 */
export function gateConditions(
  binding: TargetGroupBinding,
  pod: Pod,
  source: TargetSource,
  registered: readonly Target[] | undefined,
): readonly GateCondition[] {
  const target = find(source, registered)
  const fresh = target?.state === 'unknown'
  const status = target === undefined ? 'Unknown' : target.state === 'healthy' ? 'True' : 'False'
  const sick = target?.state === 'unhealthy' || target?.state === 'unavailable'
  const reason = fresh ? 'Elb.RegistrationInProgress' : target?.reason
  const message = fresh ? 'Target registration is in progress' : target?.description
  return gatesOf(binding, pod)
    .filter((gate) => status === 'True' || sick || !isTrue(pod, gate))
    .map((type) => ({
      type,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    }))
}

export const isTrue = ({ status }: Pod, gate: string): boolean =>
  (status?.conditions ?? []).some(({ type, status: value }) => type === gate && value === 'True')

/** Nobody is left to wait for. */
export const releasedConditions = (binding: TargetGroupBinding, pod: Pod): readonly GateCondition[] =>
  gatesOf(binding, pod).map((type) => ({ type, status: 'True', message: 'Target Group Binding is deleted' }))

const firstMs = 2_000
const mostMs = 15_000

/**
 * When the health of a target group is to be read: 2 s after the first pod began to wait, then again and again, the slower the
 * longer the newest one has been waiting. `since`: when each began; `readAt`: of the last read. Milliseconds, all of them.
 */
export function nextLookAt(since: readonly number[], readAt: number, now: number): number {
  const newest = since.reduce((a, b) => Math.max(a, b), 0)
  const oldest = since.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const intervalMs = Math.min(mostMs, Math.max(firstMs, (now - newest) / 8))
  return Math.max(oldest, readAt) + intervalMs
}
