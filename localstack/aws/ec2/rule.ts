/** Rules of a security group: authorize and revoke (each all or nothing), describe. */
import type {
  AuthorizeSecurityGroupIngressRequest,
  DescribeSecurityGroupRulesRequest,
  IpPermission,
  RevokeSecurityGroupIngressRequest,
  SecurityGroupRule,
} from '@aws-sdk/client-ec2'
import { Fault, type Context } from '../service.ts'
import { removeTags, setTags, tagsOf } from '../tag.ts'
import { expand, permissionKey, type Permission } from './permission.ts'
import { groupOf } from './security-group.ts'
import { select } from './select.ts'
import { checkTags, specifiedTags } from './tag.ts'

const rulesPerDirection = 60

/** The older form of the request has one permission spread over its own members. */
function permissionsOf(
  input: AuthorizeSecurityGroupIngressRequest | RevokeSecurityGroupIngressRequest,
): IpPermission[] {
  if (input.IpPermissions?.length || input.CidrIp === undefined) return input.IpPermissions ?? []
  return [
    {
      IpProtocol: input.IpProtocol ?? '-1',
      ...(input.FromPort === undefined ? {} : { FromPort: input.FromPort }),
      ...(input.ToPort === undefined ? {} : { ToPort: input.ToPort }),
      IpRanges: [{ CidrIp: input.CidrIp }],
    },
  ]
}

export function authorizeSecurityGroupIngress(
  input: AuthorizeSecurityGroupIngressRequest,
  context: Context,
): unknown {
  const { account, ids } = context
  const record = groupOf(account, input)
  const wanted = expand(account, permissionsOf(input))
  const tags = specifiedTags(input.TagSpecifications, 'security-group-rule')
  checkTags([], tags)
  const ingress = record.rules.filter(({ IsEgress }) => !IsEgress)
  const present = new Set(ingress.map(permissionKey))
  for (const permission of wanted) if (present.has(permissionKey(permission))) throw duplicate(permission)
  checkRuleCount([...ingress, ...wanted])
  const added = wanted.map((permission): SecurityGroupRule => {
    const id = `sgr-${ids.hex('sgr', 17)}`
    setTags(account, id, tags)
    return {
      SecurityGroupRuleId: id,
      GroupId: record.id,
      GroupOwnerId: account.id,
      IsEgress: false,
      ...permission,
    }
  })
  record.rules = [...record.rules, ...added]
  account.changed()
  return { Return: true, SecurityGroupRules: added.map((rule) => shown(context, rule)) }
}

/** A rule that names a group or a prefix list counts for IPv4 and for IPv6. */
function checkRuleCount(rules: readonly Permission[]): void {
  const counts = [
    rules.filter(({ CidrIpv6 }) => CidrIpv6 === undefined).length,
    rules.filter(({ CidrIpv4 }) => CidrIpv4 === undefined).length,
  ]
  if (counts.some((count) => count > rulesPerDirection))
    throw new Fault(
      'RulesPerSecurityGroupLimitExceeded',
      'The maximum number of rules per security group has been reached.',
    )
}

function duplicate(rule: Permission): Fault {
  const peer = rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId
  const protocol = rule.IpProtocol === '-1' ? 'ALL' : rule.IpProtocol?.toUpperCase()
  const ports = rule.IpProtocol === '-1' ? '' : `, from port: ${rule.FromPort}, to port: ${rule.ToPort}`
  return new Fault(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${peer}, ${protocol}${ports}, ALLOW" already exists`,
  )
}

export function revokeSecurityGroupIngress(
  input: RevokeSecurityGroupIngressRequest,
  context: Context,
): unknown {
  const { account } = context
  const record = groupOf(account, input)
  const ingress = record.rules.filter(({ IsEgress }) => !IsEgress)
  const revoked = input.SecurityGroupRuleIds?.length
    ? input.SecurityGroupRuleIds.map((id) => {
        const rule = ingress.find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id)
        if (!rule) throw absentRule(id)
        return rule
      })
    : expand(account, permissionsOf(input)).map((permission) => {
        const key = permissionKey(permission)
        const rule = ingress.find((candidate) => permissionKey(candidate) === key)
        if (!rule)
          throw new Fault(
            'InvalidPermission.NotFound',
            'The specified rule does not exist in this security group.',
          )
        return rule
      })
  record.rules = record.rules.filter((rule) => !revoked.includes(rule))
  for (const { SecurityGroupRuleId } of revoked) removeTags(account, SecurityGroupRuleId ?? '')
  account.changed()
  return {
    Return: true,
    RevokedSecurityGroupRules: revoked.map(({ ReferencedGroupInfo, GroupOwnerId: _owner, ...rule }) => ({
      ...rule,
      ...(ReferencedGroupInfo?.GroupId === undefined
        ? {}
        : { ReferencedGroupId: ReferencedGroupInfo.GroupId }),
    })),
  }
}

function absentRule(id: string): Fault {
  return new Fault('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`)
}

function shown({ account }: Context, rule: SecurityGroupRule): SecurityGroupRule {
  const id = rule.SecurityGroupRuleId ?? ''
  return {
    ...rule,
    SecurityGroupRuleArn: `arn:aws:ec2:${account.region}:${account.id}:security-group-rule/${id}`,
    Tags: tagsOf(account, id),
  }
}

export function describeSecurityGroupRules(
  input: DescribeSecurityGroupRulesRequest,
  context: Context,
): unknown {
  const { account } = context
  const rules = [...account.securityGroups.values()].flatMap((record) => record.rules)
  const { page, next } = select<SecurityGroupRule>(
    {
      items: rules,
      idOf: ({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? '',
      tagsOf: ({ SecurityGroupRuleId }) => tagsOf(account, SecurityGroupRuleId ?? ''),
      absent: absentRule,
      fields: {
        'group-id': ({ GroupId }) => GroupId,
        'security-group-rule-id': ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
      },
    },
    input,
    input.SecurityGroupRuleIds,
  )
  return { SecurityGroupRules: page.map((rule) => shown(context, rule)), ...next }
}
