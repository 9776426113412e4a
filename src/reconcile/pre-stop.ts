/** Which pods of a binding would fail requests when they leave: told on their Service, and in the binding's conditions. */
import { type Endpoints, keyOf, type PodCondition, type TargetGroupBinding } from '../model/cluster.ts'
import { lintPreStop, type PreStopReport } from '../model/pre-stop.ts'
import type { Context } from './context.ts'

/** Undefined: nobody wants to know. */
export function preStopOf(
  binding: TargetGroupBinding,
  { service, pods }: Endpoints,
  { mirror, settings, targets }: Context,
): PreStopReport | undefined {
  if (settings.deregistrationPropagationMs === 0) return undefined
  const { serviceRef, targetGroupARN = '' } = binding.spec
  const { attributes } = mirror.targetGroups.get(targetGroupARN) ?? {}
  const report =
    service === undefined
      ? { failing: [], problems: [] }
      : lintPreStop({ service, port: serviceRef.port, pods, attributes }, settings)
  if (report.failing.length === 0) targets.leavingTooSoon.delete(keyOf(binding))
  else targets.leavingTooSoon.set(keyOf(binding), new Set(report.failing.map(({ metadata }) => metadata.uid)))
  return report
}

export const gracefulTermination = 'GracefulTermination'

export const conditionOfPreStop = ({
  problems,
}: PreStopReport): Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'> =>
  problems.length === 0
    ? {
        type: gracefulTermination,
        status: 'True',
        reason: 'PreStopLongEnough',
        message: 'no pod is known to end before the load balancer has let go of it',
      }
    : {
        type: gracefulTermination,
        status: 'False',
        reason: 'PreStopTooShort',
        message: problems.map(({ message, remedy }) => `${message}. ${remedy}`).join(' '),
      }
