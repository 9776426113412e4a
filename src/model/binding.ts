/** What a TargetGroupBinding leaves out is its target group's own. */
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import type { ActualTargetGroup } from './actual.ts'
import type { TargetType } from './target-group.ts'

type Complete = 'targetGroupARN' | 'targetType' | 'ipAddressType' | 'vpcID'

/** Nothing needs to be looked up. */
export const isComplete = (
  spec: Partial<TargetGroupBindingSpec>,
): spec is TargetGroupBindingSpec & Required<Pick<TargetGroupBindingSpec, Complete>> =>
  Boolean(spec.targetGroupARN && spec.targetType && spec.ipAddressType && spec.vpcID)

/** Undefined for a group that neither pods nor nodes can be in. */
export function statedBy(
  group: Pick<ActualTargetGroup, 'arn' | 'targetType' | 'protocol' | 'ipAddressType' | 'vpcId'>,
): Partial<TargetGroupBindingSpec> | undefined {
  const { arn, targetType, protocol, ipAddressType, vpcId } = group
  if (!isTargetType(targetType)) return undefined
  return {
    targetGroupARN: arn,
    targetType,
    targetGroupProtocol: protocol,
    ipAddressType: ipAddressType ?? 'ipv4',
    vpcID: vpcId,
  }
}

/** As AWS says it, which has more types than the model. */
const isTargetType = (type: string): type is TargetType => type === 'ip' || type === 'instance'
