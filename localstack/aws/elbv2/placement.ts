/** Where a load balancer stands: its subnets and security groups, checked as AWS does. */
import type { Subnet } from '@aws-sdk/client-ec2'
import type {
  AvailabilityZone,
  IpAddressType,
  LoadBalancerSchemeEnum,
  SubnetMapping,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account } from '../account.ts'
import { freeAddressCount } from '../ec2/address.ts'
import { quota } from './quota.ts'
import { invalid, refuse } from './refuse.ts'

const minFreeAddresses = 8
const ipAddressTypes: readonly string[] = ['ipv4', 'dualstack', 'dualstack-without-public-ipv4']

type Given = {
  readonly Subnets?: string[] | undefined
  readonly SubnetMappings?: SubnetMapping[] | undefined
}

export function subnetsOf(account: Account, given: Given): Subnet[] {
  const mappings = given.SubnetMappings ?? []
  if ((given.Subnets?.length ?? 0) > 0 === mappings.length > 0)
    invalid('You must specify either subnets or subnet mappings, but not both')
  if (mappings.some(({ AllocationId, PrivateIPv4Address }) => AllocationId || PrivateIPv4Address))
    invalid('Addresses cannot be specified for the subnets of an application load balancer')
  const ids = given.Subnets?.length ? given.Subnets : mappings.map(({ SubnetId }) => SubnetId ?? '')
  if (new Set(ids).size < ids.length) invalid('A subnet cannot be specified more than once')
  return ids.map(
    (id) => account.subnets.get(id) ?? refuse('SubnetNotFound', `The subnet ID '${id}' does not exist`),
  )
}

export function checkSubnets(
  account: Account,
  subnets: readonly Subnet[],
  wanted: {
    readonly scheme: LoadBalancerSchemeEnum
    readonly ipAddressType: IpAddressType
    /** Those it stands in already need no free addresses. */
    readonly standing?: readonly string[]
  },
): void {
  const vpcs = new Set(subnets.map(({ VpcId }) => VpcId))
  if (vpcs.size > 1) refuse('InvalidConfigurationRequest', 'All subnets must belong to the same VPC')
  const zones = new Set(subnets.map(({ AvailabilityZone: zone }) => zone))
  if (zones.size < subnets.length)
    refuse(
      'InvalidConfigurationRequest',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    )
  if (zones.size < 2) invalid('At least two subnets in two different Availability Zones must be specified')
  const [vpcId] = vpcs
  if (wanted.scheme === 'internet-facing' && !hasInternetGateway(account, vpcId))
    refuse('InvalidSubnet', `VPC ${vpcId ?? ''} has no internet gateway`)
  checkIpAddressType(subnets, wanted.ipAddressType)
  for (const { SubnetId = '' } of subnets)
    if (!wanted.standing?.includes(SubnetId) && freeAddressCount(account, SubnetId) < minFreeAddresses)
      refuse(
        'InvalidSubnet',
        `Not enough IP space available in ${SubnetId}. ELB requires at least ${minFreeAddresses} free IP addresses in each subnet.`,
      )
}

export function checkIpAddressType(subnets: readonly Subnet[], type: IpAddressType): void {
  if (!ipAddressTypes.includes(type)) invalid(`'${type}' is not a valid IP address type`)
  if (type === 'ipv4') return
  const bare = subnets.find(({ Ipv6CidrBlockAssociationSet: blocks }) => !blocks?.length)
  if (bare)
    refuse(
      'InvalidSubnet',
      `You must specify subnets with an associated IPv6 CIDR block: ${bare.SubnetId ?? ''}`,
    )
}

function hasInternetGateway(account: Account, vpcId: string | undefined): boolean {
  return [...account.internetGateways.values()].some(({ Attachments }) =>
    Attachments?.some((attachment) => attachment.VpcId === vpcId),
  )
}

export function zonesOf(subnets: readonly Subnet[]): AvailabilityZone[] {
  return subnets.map(({ AvailabilityZone: ZoneName, SubnetId }) => ({
    ...(ZoneName === undefined ? {} : { ZoneName }),
    ...(SubnetId === undefined ? {} : { SubnetId }),
    LoadBalancerAddresses: [],
  }))
}

/** Without any given, the VPC's default group. */
export function securityGroupsOf(
  account: Account,
  vpcId: string | undefined,
  given: readonly string[] | undefined,
): string[] {
  if (!given?.length)
    return [...account.securityGroups.values()]
      .filter(({ wire }) => wire.VpcId === vpcId && wire.GroupName === 'default')
      .map(({ id }) => id)
  const ids = [...new Set(given)]
  for (const id of ids) {
    const group = account.securityGroups.get(id)
    if (!group) refuse('InvalidSecurityGroup', `The security group '${id}' does not exist`)
    if (group.wire.VpcId !== vpcId)
      refuse(
        'InvalidConfigurationRequest',
        `The security group '${id}' does not belong to VPC '${vpcId ?? ''}'`,
      )
  }
  const max = quota(account, 'security-groups-per-network-interface')
  if (ids.length > max)
    refuse('InvalidConfigurationRequest', `A load balancer can have at most '${max}' security groups`)
  return ids
}
