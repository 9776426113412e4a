/** Security groups and their ingress permissions, one source each: wire <-> model. */
import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2'
import { canonical } from '../../lib/json.ts'
import type { ActualSecurityGroup } from '../../model/actual.ts'
import type { Ref } from '../../model/ref.ts'
import type { Permission, PermissionSource } from '../../model/security-group.ts'
import { present, textOrAbsent } from './compact.ts'
import { readTags } from './tag.ts'

export const readSecurityGroup = (wire: SecurityGroup): ActualSecurityGroup => ({
  id: wire.GroupId ?? '',
  name: wire.GroupName ?? '',
  vpcId: wire.VpcId ?? '',
  tags: readTags(wire.Tags),
  ingress: readPermissions(wire.IpPermissions),
})

/** AWS merges the sources of equal ports into one permission; here each stands alone, sorted. */
export const readPermissions = (permissions: readonly IpPermission[] | undefined): readonly Permission[] =>
  (permissions ?? []).flatMap(readPermission).sort(byPermission)

function readPermission(wire: IpPermission): Permission[] {
  const protocol = wire.IpProtocol ?? '-1'
  const ports = protocol === '-1' ? {} : { fromPort: wire.FromPort, toPort: wire.ToPort }
  const one = (source: PermissionSource, description: string | undefined): Permission =>
    present({ protocol, ...ports, source, description: textOrAbsent(description) })
  return [
    ...(wire.IpRanges ?? []).map((range) => one({ cidr: range.CidrIp ?? '' }, range.Description)),
    ...(wire.Ipv6Ranges ?? []).map((range) => one({ cidrV6: range.CidrIpv6 ?? '' }, range.Description)),
    ...(wire.PrefixListIds ?? []).map((list) =>
      one({ prefixListId: list.PrefixListId ?? '' }, list.Description),
    ),
    ...(wire.UserIdGroupPairs ?? []).map((pair) =>
      one({ securityGroup: pair.GroupId ?? '' }, pair.Description),
    ),
  ]
}

/** What makes a permission the same for EC2: everything but its description. */
export const permissionKey = (permission: Permission): string =>
  canonical({ ...permission, description: undefined })

export const byPermission = (a: Permission, b: Permission): number =>
  permissionKey(a) < permissionKey(b) ? -1 : 1

export const permissionList = (
  permissions: readonly Permission[],
  idOf: (name: string | Ref) => string,
): IpPermission[] =>
  permissions.map(({ protocol, fromPort, toPort, source, description }) => ({
    IpProtocol: protocol,
    FromPort: fromPort,
    ToPort: toPort,
    // ALBC sends an empty one too: a group that it and we write reads the same.
    ...wireSource(source, description ?? '', idOf),
  }))

function wireSource(
  source: PermissionSource,
  Description: string,
  idOf: (name: string | Ref) => string,
): IpPermission {
  if ('cidr' in source) return { IpRanges: [{ CidrIp: source.cidr, Description }] }
  if ('cidrV6' in source) return { Ipv6Ranges: [{ CidrIpv6: source.cidrV6, Description }] }
  if ('prefixListId' in source) return { PrefixListIds: [{ PrefixListId: source.prefixListId, Description }] }
  return { UserIdGroupPairs: [{ GroupId: idOf(source.securityGroup), Description }] }
}
