/** Where a load balancer stands: its subnets and security groups, checked as AWS does. */
import type { Subnet } from '@aws-sdk/client-ec2'
import type {
  CreateLoadBalancerInput,
  AvailabilityZone,
  IpAddressType,
  LoadBalancerAddress,
  LoadBalancerSchemeEnum,
  LoadBalancerTypeEnum,
  SubnetMapping,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account } from '../account.ts'
import { freeAddressCount } from '../ec2/address.ts'
import { compact } from './compact.ts'
import { quota } from './quota.ts'
import { invalid, refuse } from './refuse.ts'

const minFreeAddresses = 8
const ipAddressTypes: Readonly<Record<string, readonly string[]>> = {
  application: ['ipv4', 'dualstack', 'dualstack-without-public-ipv4'],
  network: ['ipv4', 'dualstack'],
}

type Given = {
  readonly Subnets?: string[] | undefined
  readonly SubnetMappings?: SubnetMapping[] | undefined
}

type Kind = {
  readonly type: LoadBalancerTypeEnum | undefined
  readonly scheme: LoadBalancerSchemeEnum | undefined
}

export function subnetsOf(account: Account, given: Given, kind: Kind): Subnet[] {
  const mappings = given.SubnetMappings ?? []
  if ((given.Subnets?.length ?? 0) > 0 === mappings.length > 0)
    invalid('You must specify either subnets or subnet mappings, but not both')
  checkAddresses(account, mappings, kind)
  const ids = given.Subnets?.length ? given.Subnets : mappings.map(({ SubnetId }) => SubnetId ?? '')
  if (new Set(ids).size < ids.length) invalid('A subnet cannot be specified more than once')
  return ids.map(
    (id) => account.subnets.get(id) ?? refuse('SubnetNotFound', `The subnet ID '${id}' does not exist`),
  )
}

/** Only a network load balancer takes addresses of the user's own; elastic ones where it faces the internet. */
function checkAddresses(account: Account, mappings: readonly SubnetMapping[], { type, scheme }: Kind): void {
  const stated = mappings.some(({ AllocationId, PrivateIPv4Address }) => AllocationId || PrivateIPv4Address)
  if (!stated) return
  if (type !== 'network')
    invalid('Addresses cannot be specified for the subnets of an application load balancer')
  for (const { AllocationId: id } of mappings) {
    if (id === undefined) continue
    if (scheme !== 'internet-facing')
      refuse(
        'InvalidConfigurationRequest',
        'Allocation IDs can be specified for internet-facing load balancers only',
      )
    if (!account.addresses.has(id)) refuse('AllocationIdNotFound', `The allocation IDs '${id}' do not exist`)
  }
  const ids = mappings.flatMap(({ AllocationId }) => AllocationId ?? [])
  if (new Set(ids).size < ids.length) invalid('An allocation ID cannot be specified more than once')
}

export function checkSubnets(
  account: Account,
  subnets: readonly Subnet[],
  wanted: {
    readonly type: LoadBalancerTypeEnum | undefined
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
  // On an Outpost there is but one place.
  const outposts = new Set(subnets.map(({ OutpostArn }) => OutpostArn))
  if (outposts.size > 1)
    refuse('InvalidConfigurationRequest', 'All subnets must be in the same Outpost, or in none')
  if (wanted.type !== 'network' && zones.size < 2 && outposts.has(undefined))
    invalid('At least two subnets in two different Availability Zones must be specified')
  const [vpcId] = vpcs
  if (wanted.scheme === 'internet-facing' && !hasInternetGateway(account, vpcId))
    refuse('InvalidSubnet', `VPC ${vpcId ?? ''} has no internet gateway`)
  checkIpAddressType(subnets, wanted.ipAddressType, wanted.type)
  for (const { SubnetId = '' } of subnets)
    if (!wanted.standing?.includes(SubnetId) && freeAddressCount(account, SubnetId) < minFreeAddresses)
      refuse(
        'InvalidSubnet',
        `Not enough IP space available in ${SubnetId}. ELB requires at least ${minFreeAddresses} free IP addresses in each subnet.`,
      )
}

/** From recollection: what AWS answers where a pool can't be used. */
export function checkPools(
  { IpamPools, CustomerOwnedIpv4Pool: customerOwned }: CreateLoadBalancerInput,
  subnets: readonly Subnet[],
  scheme: LoadBalancerSchemeEnum,
): void {
  checkIpamPool(IpamPools?.Ipv4IpamPoolId, scheme)
  if (customerOwned === undefined) return
  if (!/^ipv4pool-coip-[a-zA-Z0-9]+$/.test(customerOwned))
    invalid(`'${customerOwned}' is not a valid customer-owned address pool ID`)
  if (subnets.some(({ OutpostArn }) => OutpostArn === undefined))
    refuse('InvalidConfigurationRequest', 'Customer-owned address pools are for load balancers on Outposts')
}

export function checkIpamPool(pool: string | undefined, scheme: LoadBalancerSchemeEnum): void {
  if (pool === undefined) return
  if (!/^ipam-pool-[a-zA-Z0-9]+$/.test(pool)) invalid(`'${pool}' is not a valid IPAM pool ID`)
  if (scheme === 'internal')
    refuse('InvalidConfigurationRequest', 'IPAM pools are for internet-facing load balancers')
}

export function checkIpAddressType(
  subnets: readonly Subnet[],
  type: IpAddressType,
  loadBalancerType: LoadBalancerTypeEnum | undefined = 'application',
): void {
  if (!ipAddressTypes[loadBalancerType]?.includes(type)) invalid(`'${type}' is not a valid IP address type`)
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

export function zonesOf(
  account: Account,
  subnets: readonly Subnet[],
  mappings: readonly SubnetMapping[] = [],
): AvailabilityZone[] {
  return subnets.map(({ AvailabilityZone: ZoneName, SubnetId }) => {
    const { AllocationId, PrivateIPv4Address } = mappings.find((one) => one.SubnetId === SubnetId) ?? {}
    const IpAddress = account.addresses.get(AllocationId ?? '')?.PublicIp
    return {
      ...(ZoneName === undefined ? {} : { ZoneName }),
      ...(SubnetId === undefined ? {} : { SubnetId }),
      LoadBalancerAddresses: [
        ...(AllocationId === undefined ? [] : [compact<LoadBalancerAddress>({ IpAddress, AllocationId })]),
        ...(PrivateIPv4Address === undefined ? [] : [{ PrivateIPv4Address }]),
      ],
    }
  })
}

/** Without any given, the VPC's default group; none for a network load balancer. */
export function securityGroupsOf(
  account: Account,
  vpcId: string | undefined,
  given: readonly string[] | undefined,
  type: LoadBalancerTypeEnum | undefined,
): string[] {
  if (!given?.length && type === 'network') return []
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
