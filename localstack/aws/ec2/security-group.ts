/** Security groups: create, delete, describe. */
import type {
  CreateSecurityGroupRequest,
  DeleteSecurityGroupRequest,
  DescribeSecurityGroupsRequest,
  IpPermission,
  SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { Account, SecurityGroupRecord } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { removeTags, setTags, tagsOf } from '../tag.ts'
import { groupHasInterface } from './network-interface.ts'
import { group, plainText } from './permission.ts'
import { select, type Selection } from './select.ts'
import { checkTags, specifiedTags } from './tag.ts'

const groupsPerRegion = 2500

function notFound(id: string): Fault {
  return new Fault('InvalidGroup.NotFound', `The security group '${id}' does not exist`)
}

export function groupOf(
  account: Account,
  input: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
): SecurityGroupRecord {
  const { GroupId, GroupName } = input
  if (GroupId === undefined && GroupName === undefined)
    throw new Fault('MissingParameter', 'The request must contain the parameter groupName or groupId')
  if (GroupId !== undefined && !/^sg-[0-9a-f]+$/.test(GroupId))
    throw new Fault('InvalidGroupId.Malformed', `Invalid id: "${GroupId}" (expecting "sg-...")`)
  const found =
    GroupId === undefined
      ? [...account.securityGroups.values()].find(({ wire }) => wire.GroupName === GroupName)
      : account.securityGroups.get(GroupId)
  if (!found) throw notFound(GroupId ?? GroupName ?? '')
  return found
}

export function createSecurityGroup(input: CreateSecurityGroupRequest, context: Context): unknown {
  const { account, ids, now } = context
  const { GroupName = '', Description = '', VpcId } = input
  checkTexts(GroupName, Description)
  if (VpcId === undefined) throw new Fault('VPCIdNotSpecified', 'No default VPC for this user')
  if (!account.vpcs.has(VpcId))
    throw new Fault('InvalidVpcID.NotFound', `The vpc ID '${VpcId}' does not exist`)
  const tags = specifiedTags(input.TagSpecifications, 'security-group')
  checkTags([], tags)
  const groups = [...account.securityGroups.values()]
  if (groups.some(({ wire }) => wire.VpcId === VpcId && wire.GroupName === GroupName))
    throw new Fault(
      'InvalidGroup.Duplicate',
      `The security group '${GroupName}' already exists for VPC '${VpcId}'`,
    )
  if (groups.length >= groupsPerRegion)
    throw new Fault('SecurityGroupLimitExceeded', 'The maximum number of security groups has been reached.')
  const id = `sg-${ids.hex('sg', 17)}`
  const SecurityGroupArn = `arn:aws:ec2:${account.region}:${account.id}:security-group/${id}`
  account.securityGroups.set(id, {
    id,
    wire: { GroupId: id, GroupName, Description, VpcId, OwnerId: account.id, SecurityGroupArn },
    rules: [
      {
        SecurityGroupRuleId: `sgr-${ids.hex('sgr', 17)}`,
        GroupId: id,
        GroupOwnerId: account.id,
        IsEgress: true,
        IpProtocol: '-1',
        FromPort: -1,
        ToPort: -1,
        CidrIpv4: '0.0.0.0/0',
      },
    ],
    createdAt: now,
  })
  setTags(account, id, tags)
  account.changed()
  return { GroupId: id, SecurityGroupArn, ...(tags.length > 0 ? { Tags: tagsOf(account, id) } : {}) }
}

function checkTexts(name: string, description: string): void {
  if (name.startsWith('sg-'))
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${name}' for groupName. Group names may not be in the format sg-*.`,
    )
  for (const [parameter, value] of [
    ['groupName', name],
    ['groupDescription', description],
  ] as const)
    if (value === '' || !plainText.test(value))
      throw new Fault(
        'InvalidParameterValue',
        `Invalid value '${value}' for ${parameter}. Must be 1 to 255 characters of: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*`,
      )
}

export function deleteSecurityGroup(input: DeleteSecurityGroupRequest, context: Context): unknown {
  const { account, now } = context
  const { id, wire } = groupOf(account, input)
  if (wire.GroupName === 'default')
    throw new Fault(
      'CannotDelete',
      `the specified group: "${id}" name: "default" cannot be deleted by a user`,
    )
  const referenced = [...account.securityGroups.values()].some(
    (other) =>
      other.id !== id && other.rules.some(({ ReferencedGroupInfo }) => ReferencedGroupInfo?.GroupId === id),
  )
  if (referenced || groupHasInterface(account, id, now))
    throw new Fault('DependencyViolation', `resource ${id} has a dependent object`)
  for (const rule of account.securityGroups.get(id)?.rules ?? [])
    removeTags(account, rule.SecurityGroupRuleId ?? '')
  account.securityGroups.delete(id)
  removeTags(account, id)
  account.changed()
  return { Return: true, GroupId: id }
}

function shown(account: Account, { id, wire, rules }: SecurityGroupRecord): SecurityGroup {
  return {
    ...wire,
    IpPermissions: group(rules, false),
    IpPermissionsEgress: group(rules, true),
    Tags: tagsOf(account, id),
  }
}

function permissionFields(
  prefix: string,
  of: (item: SecurityGroup) => IpPermission[] | undefined,
): Selection<SecurityGroup>['fields'] {
  const each =
    (pick: (permission: IpPermission) => readonly (string | number | undefined)[]) => (item: SecurityGroup) =>
      (of(item) ?? []).flatMap(pick).flatMap((value) => (value === undefined ? [] : [String(value)]))
  return {
    [`${prefix}.protocol`]: each(({ IpProtocol }) => [IpProtocol]),
    [`${prefix}.from-port`]: each(({ FromPort }) => [FromPort]),
    [`${prefix}.to-port`]: each(({ ToPort }) => [ToPort]),
    [`${prefix}.cidr`]: each(({ IpRanges }) => (IpRanges ?? []).map(({ CidrIp }) => CidrIp)),
    [`${prefix}.ipv6-cidr`]: each(({ Ipv6Ranges }) => (Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6)),
    [`${prefix}.group-id`]: each(({ UserIdGroupPairs }) =>
      (UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId),
    ),
    [`${prefix}.prefix-list-id`]: each(({ PrefixListIds }) =>
      (PrefixListIds ?? []).map(({ PrefixListId }) => PrefixListId),
    ),
  }
}

export function describeSecurityGroups(input: DescribeSecurityGroupsRequest, context: Context): unknown {
  const { account, now, timing } = context
  const visible = [...account.securityGroups.values()].filter(
    ({ createdAt }) => createdAt === undefined || createdAt + timing.readAfterWriteLagMs <= now,
  )
  const wires = visible.map((record) => shown(account, record))
  for (const name of input.GroupNames ?? [])
    if (!wires.some(({ GroupName }) => GroupName === name)) throw notFound(name)
  const named = input.GroupNames?.length
    ? wires.filter(({ GroupName }) => input.GroupNames?.includes(GroupName ?? ''))
    : wires
  const { page, next } = select<SecurityGroup>(
    {
      items: named,
      idOf: ({ GroupId }) => GroupId ?? '',
      tagsOf: ({ GroupId }) => tagsOf(account, GroupId ?? ''),
      absent: notFound,
      fields: {
        'group-id': ({ GroupId }) => GroupId,
        'group-name': ({ GroupName }) => GroupName,
        description: ({ Description }) => Description,
        'vpc-id': ({ VpcId }) => VpcId,
        'owner-id': ({ OwnerId }) => OwnerId,
        ...permissionFields('ip-permission', ({ IpPermissions }) => IpPermissions),
        ...permissionFields('egress.ip-permission', ({ IpPermissionsEgress }) => IpPermissionsEgress),
      },
    },
    input,
    input.GroupIds,
  )
  return { SecurityGroups: page, ...next }
}
