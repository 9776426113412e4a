/** IpPermissions (many sources each) to and from security group rules (one source each), checked as EC2 checks them. */
import type {
  IpPermission,
  IpRange,
  Ipv6Range,
  PrefixListId,
  SecurityGroupRule,
  UserIdGroupPair,
} from '@aws-sdk/client-ec2'
import ipaddr from 'ipaddr.js'
import type { Account } from '../account.ts'
import { Fault } from '../service.ts'

/** A rule before it has an id. */
export type Permission = Pick<
  SecurityGroupRule,
  | 'IpProtocol'
  | 'FromPort'
  | 'ToPort'
  | 'CidrIpv4'
  | 'CidrIpv6'
  | 'PrefixListId'
  | 'ReferencedGroupInfo'
  | 'Description'
>

/** What makes two rules the same: all but the description. */
export function permissionKey(rule: Permission): string {
  const source = rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? `${rule.ReferencedGroupInfo?.GroupId}`
  return `${rule.IpProtocol} ${rule.FromPort} ${rule.ToPort} ${source}`
}

export function expand(account: Account, permissions: readonly IpPermission[]): Permission[] {
  const expanded = permissions.flatMap((permission) => {
    const ports = portRange(permission)
    const sources = sourcesOf(account, permission)
    if (sources.length === 0) throw new Fault('MissingParameter', 'Source group ID missing.')
    return sources.map((source) => ({ ...ports, ...source }))
  })
  if (expanded.length === 0)
    throw new Fault(
      'MissingParameter',
      "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.",
    )
  if (new Set(expanded.map(permissionKey)).size < expanded.length)
    throw new Fault('InvalidParameterValue', 'The same permission must not appear multiple times')
  return expanded
}

function sourcesOf(account: Account, permission: IpPermission): Permission[] {
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({
      CidrIpv4: canonicalCidr(CidrIp ?? '', 'ipv4'),
      ...described(Description),
    })),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({
      CidrIpv6: canonicalCidr(CidrIpv6 ?? '', 'ipv6'),
      ...described(Description),
    })),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId, Description }) => ({
      PrefixListId: prefixList(PrefixListId ?? ''),
      ...described(Description),
    })),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId, GroupName, UserId, Description }) => ({
      ReferencedGroupInfo: {
        GroupId: referencedGroup(account, GroupId, GroupName),
        UserId: UserId ?? account.id,
      },
      ...described(Description),
    })),
  ]
}

function referencedGroup(account: Account, id: string | undefined, name: string | undefined): string {
  const found = [...account.securityGroups.values()].find(
    (group) => group.id === id || (id === undefined && group.wire.GroupName === name),
  )
  if (!found) throw new Fault('InvalidGroup.NotFound', `The security group '${id ?? name}' does not exist`)
  return found.id
}

const protocols: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6' }

function portRange({ IpProtocol, FromPort, ToPort }: IpPermission): Permission {
  const protocol = protocols[IpProtocol ?? ''] ?? IpProtocol?.toLowerCase() ?? ''
  if (protocol === 'tcp' || protocol === 'udp') return { IpProtocol: protocol, ...tcpPorts(FromPort, ToPort) }
  if (protocol === 'icmp' || protocol === 'icmpv6')
    return { IpProtocol: protocol, FromPort: FromPort ?? -1, ToPort: ToPort ?? -1 }
  if (protocol === '-1' || (/^\d+$/.test(protocol) && Number(protocol) <= 255))
    return { IpProtocol: protocol, FromPort: -1, ToPort: -1 }
  throw new Fault(
    'InvalidParameterValue',
    `Invalid value '${IpProtocol ?? ''}' for IP protocol. Unknown protocol.`,
  )
}

function tcpPorts(from: number | undefined, to: number | undefined): { FromPort: number; ToPort: number } {
  if (from === undefined || to === undefined)
    throw new Fault(
      'InvalidParameterValue',
      "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
    )
  const valid = [from, to].every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535)
  if (!valid || from > to)
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${from}-${to}' for portRange. TCP/UDP port range`,
    )
  return { FromPort: from, ToPort: to }
}

/** [R] EC2 stores the network of a CIDR that has host bits, and refuses what isn't a CIDR. */
function canonicalCidr(cidr: string, kind: 'ipv4' | 'ipv6'): string {
  if (ipaddr.isValidCIDR(cidr) && ipaddr.parseCIDR(cidr)[0].kind() === kind) {
    const bits = ipaddr.parseCIDR(cidr)[1]
    const network =
      kind === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr)
    return `${network.toString()}/${bits}`
  }
  throw new Fault('InvalidParameterValue', `CIDR block ${cidr} is malformed`)
}

function prefixList(id: string): string {
  if (!/^pl-[0-9a-f]+$/.test(id))
    throw new Fault('InvalidPrefixListID.Malformed', `The prefix list ID '${id}' is malformed`)
  return id
}

export const plainText = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/

function described(description: string | undefined): { Description?: string } {
  if (!description) return {}
  if (!plainText.test(description))
    throw new Fault(
      'InvalidParameterValue',
      'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
    )
  return { Description: description }
}

type Grouped = IpPermission & {
  readonly IpRanges: IpRange[]
  readonly Ipv6Ranges: Ipv6Range[]
  readonly PrefixListIds: PrefixListId[]
  readonly UserIdGroupPairs: UserIdGroupPair[]
}

/** Grouped by protocol and ports, as DescribeSecurityGroups shows them. */
export function group(rules: readonly SecurityGroupRule[], egress: boolean): IpPermission[] {
  const grouped = new Map<string, Grouped>()
  for (const rule of rules) {
    if ((rule.IsEgress ?? false) !== egress) continue
    const key = `${rule.IpProtocol} ${rule.FromPort} ${rule.ToPort}`
    const permission: Grouped = grouped.get(key) ?? {
      IpProtocol: rule.IpProtocol ?? '-1',
      ...(rule.IpProtocol === '-1' ? {} : { FromPort: rule.FromPort ?? -1, ToPort: rule.ToPort ?? -1 }),
      IpRanges: [],
      Ipv6Ranges: [],
      PrefixListIds: [],
      UserIdGroupPairs: [],
    }
    grouped.set(key, permission)
    const about = rule.Description === undefined ? {} : { Description: rule.Description }
    if (rule.CidrIpv4) permission.IpRanges.push({ CidrIp: rule.CidrIpv4, ...about })
    else if (rule.CidrIpv6) permission.Ipv6Ranges.push({ CidrIpv6: rule.CidrIpv6, ...about })
    else if (rule.PrefixListId) permission.PrefixListIds.push({ PrefixListId: rule.PrefixListId, ...about })
    else permission.UserIdGroupPairs.push({ ...referenced(rule), ...about })
  }
  return [...grouped.values()]
}

function referenced({ ReferencedGroupInfo }: SecurityGroupRule): { UserId?: string; GroupId?: string } {
  const { UserId, GroupId } = ReferencedGroupInfo ?? {}
  return { ...(UserId === undefined ? {} : { UserId }), ...(GroupId === undefined ? {} : { GroupId }) }
}
