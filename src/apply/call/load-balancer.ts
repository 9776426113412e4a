/** Calls on load balancers. */
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  ModifyIpPoolsCommand,
  ModifyLoadBalancerAttributesCommand,
  SetIpAddressTypeCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
  type SubnetMapping,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { readLoadBalancer, readSubnets } from '../../aws/codec/load-balancer.ts'
import { tagsMember } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import { chunks } from '../../lib/chunks.ts'
import type { Call } from '../../plan/step.ts'
import { attributeList, type NameOf, type Request, request, withAttributes } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

/** AWS takes no more in one call, and has 23. */
const attributesPerCall = 20
/** Signatures fail where clocks differ by more. */
const newMs = 5 * 60_000

const subnetMappings = ({
  subnets,
  addresses,
}: Pick<Of<'CreateLoadBalancer'>, 'subnets' | 'addresses'>): SubnetMapping[] =>
  subnets.map((SubnetId) => {
    const AllocationId = addresses?.[SubnetId]
    return { SubnetId, ...(AllocationId === undefined ? {} : { AllocationId }) }
  })

export const createLoadBalancer = (
  call: Of<'CreateLoadBalancer'>,
  nameOf: NameOf,
  mirror: Mirror,
): Request[] => [
  request(
    new CreateLoadBalancerCommand({
      Name: call.name,
      Type: call.type ?? 'application',
      Scheme: call.scheme,
      IpAddressType: call.ipAddressType,
      SubnetMappings: subnetMappings(call),
      ...(call.securityGroups.length === 0 ? {} : { SecurityGroups: call.securityGroups.map(nameOf) }),
      ...(call.customerOwnedIpv4Pool === undefined
        ? {}
        : { CustomerOwnedIpv4Pool: call.customerOwnedIpv4Pool }),
      ...(call.ipamPool === undefined ? {} : { IpamPools: { Ipv4IpamPoolId: call.ipamPool } }),
      ...tagsMember(call.tags),
    }),
    ({ LoadBalancers }) => {
      const wire = LoadBalancers?.[0]
      if (wire === undefined) return
      const made = readLoadBalancer(wire, call.tags)
      mirror.loadBalancers.wrote(made)
      mirror.made(call.ref, made.arn)
      // Creating is idempotent: only one that is new has no listeners.
      const isNew = Date.now() - made.createdAt < newMs
      if (isNew && mirror.contentReadAt(made.arn) === undefined) mirror.contentRead(made.arn, Date.now())
    },
  ),
]

type Change = Of<
  | 'SetSecurityGroups'
  | 'SetSubnets'
  | 'SetIpAddressType'
  | 'ModifyLoadBalancerAttributes'
  | 'ModifyIpPools'
  | 'DeleteLoadBalancer'
>

export function loadBalancerCall(call: Change, nameOf: NameOf, mirror: Mirror): Request[] {
  const arn = nameOf(call.loadBalancer)
  const { loadBalancers } = mirror
  switch (call.call) {
    case 'SetSecurityGroups': {
      const groups = call.securityGroups.map(nameOf)
      return [
        request(
          new SetSecurityGroupsCommand({ LoadBalancerArn: arn, SecurityGroups: groups }),
          ({ SecurityGroupIds = groups }) =>
            loadBalancers.patch(arn, (one) => ({ ...one, securityGroups: [...SecurityGroupIds].sort() })),
        ),
      ]
    }
    case 'SetSubnets':
      return [
        request(
          new SetSubnetsCommand({
            LoadBalancerArn: arn,
            SubnetMappings: subnetMappings(call),
          }),
          ({ AvailabilityZones: zones }) =>
            loadBalancers.patch(arn, (one) => ({
              ...one,
              subnets: zones === undefined ? [...call.subnets].sort() : readSubnets(zones),
            })),
        ),
      ]
    case 'SetIpAddressType':
      return [
        request(
          new SetIpAddressTypeCommand({ LoadBalancerArn: arn, IpAddressType: call.ipAddressType }),
          ({ IpAddressType: ipAddressType = call.ipAddressType }) =>
            loadBalancers.patch(arn, (one) => ({ ...one, ipAddressType })),
        ),
      ]
    case 'ModifyLoadBalancerAttributes':
      return chunks(Object.entries(call.attributes), attributesPerCall).map((some) => {
        const attributes = Object.fromEntries(some)
        return request(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn: arn,
            Attributes: attributeList(attributes),
          }),
          () => loadBalancers.patch(arn, (one) => withAttributes(one, attributes)),
        )
      })
    case 'ModifyIpPools':
      return [modifyIpPools(call, arn, mirror)]
    case 'DeleteLoadBalancer':
      return [
        request(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }), () =>
          mirror.loadBalancerDeleted(arn),
        ),
      ]
  }
}

const modifyIpPools = ({ ipamPool }: Of<'ModifyIpPools'>, arn: string, mirror: Mirror): Request =>
  request(
    new ModifyIpPoolsCommand({
      LoadBalancerArn: arn,
      ...(ipamPool === '' ? { RemoveIpamPools: ['ipv4'] } : { IpamPools: { Ipv4IpamPoolId: ipamPool } }),
    }),
    () =>
      mirror.loadBalancers.patch(arn, ({ ipamPool: _before, ...one }) =>
        ipamPool === '' ? one : { ...one, ipamPool },
      ),
  )
