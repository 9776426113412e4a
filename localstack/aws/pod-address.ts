/** Pods' addresses: secondary private IPs of their node's network interface, as the VPC CNI gives them. */
import type { Account, NetworkInterfaceRecord } from './account.ts'
import { nextAddress } from './ec2/address.ts'
import { Fault } from './service.ts'

export function assignPodIp(account: Account, instanceId: string): string {
  const record = [...account.networkInterfaces.values()].find(
    ({ wire }) => wire.Attachment?.InstanceId === instanceId,
  )
  if (!record) throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${instanceId}' does not exist`)
  const address = nextAddress(account, record.wire.SubnetId ?? '')
  if (address === undefined)
    throw new Fault('InsufficientFreeAddressesInSubnet', `${record.wire.SubnetId} has no free address`)
  setAddresses(record, [
    ...(record.wire.PrivateIpAddresses ?? []),
    { Primary: false, PrivateIpAddress: address },
  ])
  account.changed()
  return address
}

/** Nothing happens if no interface has it; a node's own address stays. */
export function releasePodIp(account: Account, address: string): void {
  for (const record of account.networkInterfaces.values()) {
    const addresses = record.wire.PrivateIpAddresses ?? []
    const left = addresses.filter(({ Primary, PrivateIpAddress }) => Primary || PrivateIpAddress !== address)
    if (left.length === addresses.length) continue
    setAddresses(record, left)
    account.changed()
  }
}

function setAddresses(
  record: NetworkInterfaceRecord,
  PrivateIpAddresses: NonNullable<NetworkInterfaceRecord['wire']['PrivateIpAddresses']>,
): void {
  record.wire = { ...record.wire, PrivateIpAddresses }
}
