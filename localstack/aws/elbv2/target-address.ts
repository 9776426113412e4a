/** Whether something may be a target of a group, and in which zone it is. */
import { BlockList, isIP } from 'node:net'
import type { TargetDescription } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account, TargetGroupRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { invalid, refuse } from './refuse.ts'
import { checkLoadBalancerTarget } from './target-load-balancer.ts'

/** Peered networks and those on premises may be targets too. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']

function contains(cidr: string, address: string): boolean {
  const [base = '', bits = ''] = cidr.split('/')
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(address) !== (family === 'ipv6' ? 6 : 4)) return false
  const list = new BlockList()
  list.addSubnet(base, Number(bits), family)
  return list.check(address, family)
}

export function zoneOfTarget(
  context: Pick<Context, 'account' | 'now'>,
  group: TargetGroupRecord,
  target: TargetDescription,
): string | undefined {
  const id = target.Id ?? ''
  const { account } = context
  switch (group.wire.TargetType) {
    case 'instance':
      return zoneOfInstance(account, group, id)
    case 'ip':
      return zoneOfAddress(account, group, target)
    case 'lambda':
      if (!/^arn:[\w-]+:lambda:/.test(id)) invalid(`'${id}' is not a valid Lambda function ARN`)
      return undefined
    default:
      checkLoadBalancerTarget(context, group, target)
      return undefined
  }
}

function zoneOfInstance(account: Account, group: TargetGroupRecord, id: string): undefined {
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) invalid(`Instance ID '${id}' is not valid`)
  const instance = account.instances.get(id)
  if (instance?.State?.Name !== 'running')
    refuse(
      'InvalidTarget',
      `The following targets are not in a running state and cannot be registered: '${id}'`,
    )
  if (instance.VpcId !== undefined && instance.VpcId !== group.wire.VpcId)
    refuse(
      'InvalidTarget',
      `The following targets are not in the target group VPC '${group.wire.VpcId}': '${id}'`,
    )
  return undefined
}

function zoneOfAddress(
  account: Account,
  group: TargetGroupRecord,
  { Id = '', AvailabilityZone }: TargetDescription,
): string {
  const family = group.wire.IpAddressType === 'ipv6' ? 6 : 4
  if (isIP(Id) !== family) invalid(`The IP address '${Id}' is not a valid IPv${family} address`)
  const subnet = [...account.subnets.values()].find(
    ({ VpcId, CidrBlock, Ipv6CidrBlockAssociationSet: blocks }) =>
      VpcId === group.wire.VpcId &&
      [CidrBlock, ...(blocks ?? []).map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)].some(
        (cidr) => cidr !== undefined && contains(cidr, Id),
      ),
  )
  const inVpc = subnet !== undefined || vpcContains(account, group.wire.VpcId, Id)
  if (!inVpc && family === 4 && !privateRanges.some((cidr) => contains(cidr, Id)))
    refuse(
      'InvalidTarget',
      `The IP address '${Id}' is neither in the CIDR blocks of VPC '${group.wire.VpcId}' nor private`,
    )
  if (AvailabilityZone === 'all') return 'all'
  if (subnet?.AvailabilityZone) return subnet.AvailabilityZone
  if (inVpc) return AvailabilityZone ?? 'all'
  return invalid(`You must specify the Availability Zone 'all' for '${Id}', which is outside the VPC`)
}

function vpcContains(account: Account, vpcId: string | undefined, address: string): boolean {
  const vpc = account.vpcs.get(vpcId ?? '')
  return [
    vpc?.CidrBlock,
    ...(vpc?.CidrBlockAssociationSet ?? []).map(({ CidrBlock }) => CidrBlock),
    ...(vpc?.Ipv6CidrBlockAssociationSet ?? []).map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  ].some((cidr) => cidr !== undefined && contains(cidr, address))
}
