/** What security groups let through: some rule must allow the port from where the connection comes. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2'
import { cidrContains } from '../../src/route/cidr.ts'
import type { Account } from '../aws/account.ts'

/** A peer is known by its addresses and, inside the VPC, by the groups of its network interface. */
export type Peer = { readonly ips: readonly string[]; readonly groups: readonly string[] }

export function permits(rules: readonly SecurityGroupRule[], port: number, from: Peer): boolean {
  return rules.some((rule) => !rule.IsEgress && coversPort(rule, port) && comesFrom(rule, from))
}

function coversPort(rule: SecurityGroupRule, port: number): boolean {
  if (rule.IpProtocol === '-1') return true
  if (rule.IpProtocol !== 'tcp' && rule.IpProtocol !== '6') return false
  const low = rule.FromPort ?? 0
  const high = rule.ToPort ?? 65_535
  return low === -1 || (port >= low && port <= high)
}

function comesFrom(rule: SecurityGroupRule, from: Peer): boolean {
  const group = rule.ReferencedGroupInfo?.GroupId
  if (group !== undefined) return from.groups.includes(group)
  const cidr = rule.CidrIpv4 ?? rule.CidrIpv6
  return cidr !== undefined && from.ips.some((ip) => cidrContains(cidr, ip))
}

export function rulesOfGroups(account: Account, groups: readonly string[]): readonly SecurityGroupRule[] {
  return groups.flatMap((id) => account.securityGroups.get(id)?.rules ?? [])
}

/** The security groups of the living network interface at each address of the VPC. */
export function groupsByAddress(account: Account): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const { wire, gone } of account.networkInterfaces.values()) {
    if (gone !== undefined) continue
    const groups = (wire.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])
    const ips = [wire.PrivateIpAddress, ...(wire.PrivateIpAddresses ?? []).map((one) => one.PrivateIpAddress)]
    for (const ip of ips) if (ip !== undefined) found.set(ip, groups)
    for (const { Ipv6Address } of wire.Ipv6Addresses ?? []) if (Ipv6Address) found.set(Ipv6Address, groups)
  }
  return found
}
