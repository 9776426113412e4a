/** CreateNetworkInterface, DeleteNetworkInterface: interfaces of a user's own, which nothing is attached to. */
import type {
  CreateNetworkInterfaceRequest,
  DeleteNetworkInterfaceRequest,
  NetworkInterface,
} from '@aws-sdk/client-ec2'
import type { Account } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { removeTags, setTags, tagsOf } from '../tag.ts'
import { freeAddressCount, nextAddress } from './address.ts'
import { groupIdentifiers, settleInterfaces } from './network-interface.ts'
import { checkTags, specifiedTags } from './tag.ts'

export function createNetworkInterface(input: CreateNetworkInterfaceRequest, context: Context): unknown {
  const { account, ids, now } = context
  settleInterfaces(account, now)
  const { SubnetId = '', Description = '', SecondaryPrivateIpAddressCount = 0 } = input
  const subnet = account.subnets.get(SubnetId)
  if (!subnet) throw new Fault('InvalidSubnetID.NotFound', `The subnet ID '${SubnetId}' does not exist`)
  const tags = specifiedTags(input.TagSpecifications, 'network-interface')
  checkTags([], tags)
  const groups = groupsFor(account, subnet.VpcId ?? '', input.Groups)
  const count = 1 + SecondaryPrivateIpAddressCount
  if (freeAddressCount(account, SubnetId) < count)
    throw new Fault(
      'InsufficientFreeAddressesInSubnet',
      `The specified subnet does not have enough free addresses to satisfy the request.`,
    )
  const id = `eni-${ids.hex('eni', 17)}`
  const wire: NetworkInterface = {
    NetworkInterfaceId: id,
    Description,
    SubnetId,
    VpcId: subnet.VpcId,
    AvailabilityZone: subnet.AvailabilityZone,
    OwnerId: account.id,
    InterfaceType: 'interface',
    RequesterManaged: false,
    SourceDestCheck: true,
    Status: 'available',
    Groups: groupIdentifiers(account, groups),
  }
  const record = { id, wire }
  // In the account at once, so that each of its addresses is taken when the next one is looked for.
  account.networkInterfaces.set(id, record)
  for (let at = 0; at < count; at += 1) {
    const PrivateIpAddress = nextAddress(account, SubnetId) ?? ''
    const PrivateIpAddresses = [
      ...(record.wire.PrivateIpAddresses ?? []),
      { Primary: at === 0, PrivateIpAddress },
    ]
    record.wire = {
      ...record.wire,
      PrivateIpAddress: PrivateIpAddresses[0]?.PrivateIpAddress,
      PrivateIpAddresses,
    }
  }
  setTags(account, id, tags)
  account.changed()
  return { NetworkInterface: { ...record.wire, TagSet: tagsOf(account, id) } }
}

/** Without any, the VPC's default one. */
function groupsFor(account: Account, vpcId: string, wanted: readonly string[] = []): readonly string[] {
  for (const id of wanted) {
    const group = account.securityGroups.get(id)
    if (group?.wire.VpcId !== vpcId)
      throw new Fault('InvalidGroup.NotFound', `The security group '${id}' does not exist in VPC '${vpcId}'`)
  }
  if (wanted.length > 0) return wanted
  const inVpc = [...account.securityGroups.values()].filter(({ wire }) => wire.VpcId === vpcId)
  return inVpc.flatMap(({ id, wire }) => (wire.GroupName === 'default' ? [id] : []))
}

export function deleteNetworkInterface(
  { NetworkInterfaceId: id = '' }: DeleteNetworkInterfaceRequest,
  { account, now }: Context,
): object {
  settleInterfaces(account, now)
  const wire = account.networkInterfaces.get(id)?.wire
  if (!wire)
    throw new Fault('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`)
  if (wire.RequesterManaged === true)
    throw new Fault('OperationNotPermitted', `You do not have permission to delete network interface '${id}'`)
  if (wire.Attachment)
    throw new Fault('InvalidNetworkInterface.InUse', `Network interface '${id}' is currently in use.`)
  account.networkInterfaces.delete(id)
  removeTags(account, id)
  account.changed()
  return {}
}
