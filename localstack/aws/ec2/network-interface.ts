/**
 * Network interfaces of load balancers: elbv2 creates, regroups and releases them by owner (`app/<name>/<id>`).
 * They keep a security group in use, and linger after their owner as AWS's do.
 */
import type { GroupIdentifier } from '@aws-sdk/client-ec2'
import type { Account, NetworkInterfaceRecord } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { nextAddress } from './address.ts'

const description = (owner: string): string => `ELB ${owner}`

/** Drops the interfaces and group uses whose time is over; whatever looks at interfaces calls it first. */
export function settleInterfaces(account: Account, now: number): void {
  for (const record of account.networkInterfaces.values()) {
    if (record.gone !== undefined && record.gone <= now) account.networkInterfaces.delete(record.id)
    if (record.former && record.former.until <= now) delete record.former
  }
}

/** Those of a living owner. */
export function interfacesOf(account: Account, owner: string): NetworkInterfaceRecord[] {
  return [...account.networkInterfaces.values()].filter(
    (record) => record.wire.Description === description(owner) && record.gone === undefined,
  )
}

/** Whether an interface, be it a lingering one, keeps the group from being deleted. */
export function groupHasInterface(account: Account, groupId: string, now: number): boolean {
  settleInterfaces(account, now)
  return [...account.networkInterfaces.values()].some(
    ({ wire, former }) =>
      wire.Groups?.some((group) => group.GroupId === groupId) || former?.groups.includes(groupId),
  )
}

export function groupIdentifiers(account: Account, groups: readonly string[]): GroupIdentifier[] {
  return groups.map((GroupId) => {
    const name = account.securityGroups.get(GroupId)?.wire.GroupName
    return name === undefined ? { GroupId } : { GroupId, GroupName: name }
  })
}

/** One per subnet, each with a free address of it. */
export function createInterfaces(
  context: Context,
  load: { readonly owner: string; readonly subnets: readonly string[]; readonly groups: readonly string[] },
): void {
  const { account } = context
  settleInterfaces(account, context.now)
  for (const subnetId of load.subnets) {
    const address = nextAddress(account, subnetId)
    if (address === undefined)
      throw new Fault(
        'InvalidSubnet',
        `Not enough IP space available in ${subnetId}. ELB requires at least 8 free IP addresses in each subnet.`,
      )
    const id = `eni-${context.ids.hex('eni', 17)}`
    account.networkInterfaces.set(id, {
      id,
      wire: loadBalancerInterface(account, id, subnetId, address, load),
    })
  }
  account.changed()
}

function loadBalancerInterface(
  account: Account,
  id: string,
  subnetId: string,
  address: string,
  load: { readonly owner: string; readonly groups: readonly string[] },
): NetworkInterfaceRecord['wire'] {
  const subnet = account.subnets.get(subnetId)
  return {
    NetworkInterfaceId: id,
    Description: description(load.owner),
    RequesterId: 'amazon-elb',
    RequesterManaged: true,
    InterfaceType: load.owner.startsWith('net/') ? 'network_load_balancer' : 'interface',
    Status: 'in-use',
    OwnerId: account.id,
    SubnetId: subnetId,
    ...(subnet?.VpcId === undefined ? {} : { VpcId: subnet.VpcId }),
    ...(subnet?.AvailabilityZone === undefined ? {} : { AvailabilityZone: subnet.AvailabilityZone }),
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: address }],
    Groups: groupIdentifiers(account, load.groups),
    SourceDestCheck: true,
  }
}

/** Groups taken off still count as used for a while, as after SetSecurityGroups on AWS. */
export function setGroups(context: Context, owner: string, groups: readonly string[]): void {
  const { account, now, timing } = context
  settleInterfaces(account, now)
  for (const record of interfacesOf(account, owner)) {
    const before = (record.wire.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])
    const left = [...before, ...(record.former?.groups ?? [])].filter((group) => !groups.includes(group))
    record.wire = { ...record.wire, Groups: groupIdentifiers(account, groups) }
    if (left.length > 0 && timing.networkInterfaceLingerMs > 0)
      record.former = { groups: left, until: now + timing.networkInterfaceLingerMs }
  }
  account.changed()
}

/** Of the whole owner, or only those in `subnets` (SetSubnets). */
export function releaseInterfaces(context: Context, owner: string, subnets?: readonly string[]): void {
  for (const record of interfacesOf(context.account, owner)) {
    if (subnets && !subnets.includes(record.wire.SubnetId ?? '')) continue
    record.gone = context.now + context.timing.networkInterfaceLingerMs
  }
  settleInterfaces(context.account, context.now)
  context.account.changed()
}
