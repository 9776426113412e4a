/** Calls on target groups. */
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  type ProtocolEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { tagsMember } from '../../aws/codec/tag.ts'
import { readTargetGroup, wireHealthCheck } from '../../aws/codec/target-group.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Call } from '../../plan/step.ts'
import { attributeList, type NameOf, type Request, request, withAttributes } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function targetGroupCall(
  call: Of<'CreateTargetGroup' | 'ModifyTargetGroup' | 'ModifyTargetGroupAttributes' | 'DeleteTargetGroup'>,
  nameOf: NameOf,
  mirror: Mirror,
): Request[] {
  if (call.call === 'CreateTargetGroup') return [create(call, mirror)]
  const arn = nameOf(call.targetGroup)
  switch (call.call) {
    case 'ModifyTargetGroup':
      return [
        request(
          new ModifyTargetGroupCommand({ TargetGroupArn: arn, ...wireHealthCheck(call.healthCheck) }),
          ({ TargetGroups }) =>
            mirror.targetGroups.patch(arn, (one) => ({
              ...one,
              healthCheck:
                TargetGroups?.[0] === undefined
                  ? call.healthCheck
                  : readTargetGroup(TargetGroups[0], {}).healthCheck,
            })),
        ),
      ]
    case 'ModifyTargetGroupAttributes':
      return [
        request(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: arn,
            Attributes: attributeList(call.attributes),
          }),
          () => mirror.targetGroups.patch(arn, (one) => withAttributes(one, call.attributes)),
        ),
      ]
    case 'DeleteTargetGroup':
      return [
        request(new DeleteTargetGroupCommand({ TargetGroupArn: arn }), () => mirror.targetGroupDeleted(arn)),
      ]
  }
}

const create = (call: Of<'CreateTargetGroup'>, mirror: Mirror): Request =>
  request(
    new CreateTargetGroupCommand({
      Name: call.name,
      TargetType: call.targetType,
      Protocol: call.protocol as ProtocolEnum,
      ProtocolVersion: call.protocolVersion,
      Port: call.port,
      VpcId: call.vpcId,
      // As ALBC: said only where it is not AWS's default.
      ...(call.ipAddressType === 'ipv6' ? { IpAddressType: 'ipv6' as const } : {}),
      ...(call.targetControlPort === undefined ? {} : { TargetControlPort: call.targetControlPort }),
      ...wireHealthCheck(call.healthCheck),
      ...tagsMember(call.tags),
    }),
    ({ TargetGroups }) => {
      const wire = TargetGroups?.[0]
      if (wire === undefined) return
      const made = readTargetGroup(wire, call.tags)
      mirror.targetGroups.wrote(made)
      mirror.made(call.ref, made.arn)
      // Creating is idempotent: one that is attached is not new, and may have targets.
      if (made.loadBalancerArns.length === 0 && mirror.registrations.get(made.arn) === undefined)
        mirror.registrations.read(made.arn, [], Date.now())
    },
  )
