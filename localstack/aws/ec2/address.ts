/** IPv4 addresses of a subnet: which are in use, which is given next. */
import type { Account } from '../account.ts'

function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}

export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

export function cidrRange(cidr: string): { readonly first: number; readonly size: number } {
  const [base = '0.0.0.0', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  return { first: Math.floor(ipv4Number(base) / size) * size, size }
}

function usedAddresses(account: Account, subnetId: string): Set<number> {
  const used = new Set<number>()
  for (const { wire } of account.networkInterfaces.values()) {
    if (wire.SubnetId !== subnetId) continue
    if (wire.PrivateIpAddress) used.add(ipv4Number(wire.PrivateIpAddress))
    for (const { PrivateIpAddress } of wire.PrivateIpAddresses ?? [])
      if (PrivateIpAddress) used.add(ipv4Number(PrivateIpAddress))
  }
  return used
}

/** AWS keeps the first four addresses of a subnet and the last one for itself. */
const reserved = { low: 4, high: 1 }

export function freeAddressCount(account: Account, subnetId: string): number {
  const subnet = account.subnets.get(subnetId)
  if (!subnet?.CidrBlock) return 0
  const usable = cidrRange(subnet.CidrBlock).size - reserved.low - reserved.high
  return Math.max(0, usable - usedAddresses(account, subnetId).size)
}

/** The next free address after the last one given, so that a released one rests; undefined when the subnet is full. */
export function nextAddress(account: Account, subnetId: string): string | undefined {
  const cidr = account.subnets.get(subnetId)?.CidrBlock
  if (!cidr) return undefined
  const { first, size } = cidrRange(cidr)
  const usable = size - reserved.low - reserved.high
  const used = usedAddresses(account, subnetId)
  const start = (account.lastAddress.get(subnetId) ?? first + reserved.low - 1) + 1 - first - reserved.low
  for (let step = 0; step < usable; step += 1) {
    const candidate = first + reserved.low + ((start + step) % usable)
    if (used.has(candidate)) continue
    account.lastAddress.set(subnetId, candidate)
    return ipv4Text(candidate)
  }
  return undefined
}
