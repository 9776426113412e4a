/** Calls on what is attached to load balancers. WAF's and Shield's modules are loaded with the first of them. */
import { ModifyCapacityReservationCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Mirror } from '../../aws/mirror.ts'
import { type AddOnCall, partOf } from '../../plan/add-on.ts'
import type { Call } from '../../plan/step.ts'
import { type NameOf, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function addOnCall(call: AddOnCall, nameOf: NameOf, mirror: Mirror): Request[] {
  const arn = nameOf(call.loadBalancer)
  const wrote = (webAcl: string): void =>
    mirror.addOns.wrote(arn, partOf(call) === 'webAcl' ? 'webAcl' : 'classicWebAcl', { value: webAcl })
  switch (call.call) {
    case 'ModifyCapacityReservation': {
      const { capacityUnits } = call
      const wanted =
        capacityUnits === 0
          ? { ResetCapacityReservation: true }
          : { MinimumLoadBalancerCapacity: { CapacityUnits: capacityUnits } }
      return [
        request(new ModifyCapacityReservationCommand({ LoadBalancerArn: arn, ...wanted }), () =>
          mirror.addOns.wrote(arn, 'capacityUnits', { value: capacityUnits }),
        ),
      ]
    }
    case 'AssociateWebACL':
      return [associate(call, arn, () => wrote(call.webAcl))]
    case 'DisassociateWebACL':
      return [disassociate(call, arn, () => wrote(''))]
    case 'CreateProtection':
      return [
        request(
          async () => {
            const { CreateProtectionCommand } = await import('@aws-sdk/client-shield')
            return new CreateProtectionCommand({ Name: call.name, ResourceArn: arn })
          },
          ({ ProtectionId: id = '' }) =>
            mirror.addOns.wrote(arn, 'protection', { value: { id, name: call.name } }),
        ),
      ]
    case 'DeleteProtection':
      return [
        request(
          async () => {
            const { DeleteProtectionCommand } = await import('@aws-sdk/client-shield')
            return new DeleteProtectionCommand({ ProtectionId: call.protection })
          },
          () => mirror.addOns.wrote(arn, 'protection', { value: 'none' }),
        ),
      ]
  }
}

const associate = ({ service, webAcl }: Of<'AssociateWebACL'>, arn: string, learn: () => void): Request =>
  service === 'wafv2'
    ? request(async () => {
        const { AssociateWebACLCommand } = await import('@aws-sdk/client-wafv2')
        return new AssociateWebACLCommand({ ResourceArn: arn, WebACLArn: webAcl })
      }, learn)
    : request(async () => {
        const { AssociateWebACLCommand } = await import('../../aws/waf-regional.ts')
        return new AssociateWebACLCommand({ ResourceArn: arn, WebACLId: webAcl })
      }, learn)

const disassociate = ({ service }: Of<'DisassociateWebACL'>, arn: string, learn: () => void): Request =>
  service === 'wafv2'
    ? request(async () => {
        const { DisassociateWebACLCommand } = await import('@aws-sdk/client-wafv2')
        return new DisassociateWebACLCommand({ ResourceArn: arn })
      }, learn)
    : request(async () => {
        const { DisassociateWebACLCommand } = await import('../../aws/waf-regional.ts')
        return new DisassociateWebACLCommand({ ResourceArn: arn })
      }, learn)
