/** CreateTargetGroup, DescribeTargetGroups, ModifyTargetGroup, DeleteTargetGroup. */
import type {
  CreateTargetGroupInput,
  CreateTargetGroupOutput,
  DeleteTargetGroupInput,
  DeleteTargetGroupOutput,
  DescribeTargetGroupsInput,
  DescribeTargetGroupsOutput,
  ModifyTargetGroupInput,
  ModifyTargetGroupOutput,
  TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account, TargetGroupRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { removeTags, setTags } from '../tag.ts'
import { checkArn, targetGroupArn } from './arn.ts'
import { inUse } from './association.ts'
import { compact } from './compact.ts'
import { healthCheck, isHttp } from './health-check.ts'
import { loadBalancerOf, missing, seen, seenOrMissing, targetGroupOf } from './lookup.ts'
import { checkTargetGroupName } from './name.ts'
import { page } from './page.ts'
import { quota } from './quota.ts'
import { among, between, invalid, refuse } from './refuse.ts'
import { checkTags } from './tag.ts'
import { newTargetGroupAttributes } from './target-group-attribute.ts'

const maxArns = 20
const protocols = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP']

export function createTargetGroup(input: CreateTargetGroupInput, context: Context): CreateTargetGroupOutput {
  const { account, ids, now } = context
  const wanted = wantedTargetGroup(input, account)
  checkTags(context, input.Tags)
  const name = input.Name ?? ''
  const existing = named(account, name)
  if (existing) {
    if (!sameTargetGroup(existing.wire, wanted))
      refuse(
        'DuplicateTargetGroupName',
        `A target group with the same name '${name}' exists, but with different settings`,
      )
    return { TargetGroups: [existing.wire] }
  }
  if (account.targetGroups.size >= quota(account, 'target-groups'))
    refuse('TooManyTargetGroups', 'The maximum number of target groups has been reached')
  const arn = targetGroupArn(account, name, ids.hex('targetgroup', 16))
  const record: TargetGroupRecord = {
    arn,
    wire: { TargetGroupArn: arn, ...wanted, LoadBalancerArns: [] },
    attributes: newTargetGroupAttributes(input.TargetType ?? 'instance', input.Protocol),
    targets: new Map(),
    createdAt: now,
  }
  account.targetGroups.set(arn, record)
  setTags(account, arn, input.Tags)
  account.changed()
  return { TargetGroups: [record.wire] }
}

function wantedTargetGroup(input: CreateTargetGroupInput, account: Account): TargetGroup {
  checkTargetGroupName(input.Name)
  const { TargetType = 'instance' } = input
  among('targetType', TargetType, ['instance', 'ip', 'lambda', 'alb'])
  const place = TargetType === 'lambda' ? lambdaPlace(input) : serverPlace(input, account)
  return compact<TargetGroup>({
    TargetGroupName: input.Name,
    TargetType,
    ...place,
    ...healthCheck(input, { ...place, TargetType }),
    TargetControlPort: input.TargetControlPort,
  })
}

function lambdaPlace({ Protocol, Port, VpcId }: CreateTargetGroupInput): TargetGroup {
  if (Protocol || Port || VpcId)
    invalid("Protocol, port and VPC cannot be specified for target groups with target type 'lambda'")
  return { IpAddressType: 'ipv4' }
}

function serverPlace(input: CreateTargetGroupInput, account: Account): TargetGroup {
  const { Protocol, Port, VpcId, ProtocolVersion, IpAddressType = 'ipv4' } = input
  if (!Protocol) invalid('A protocol must be specified')
  among('protocol', Protocol, protocols)
  if (Port === undefined) invalid('A port must be specified')
  between('port', Port, 1, 65_535)
  between('targetControlPort', input.TargetControlPort, 1, 65_535)
  if (!VpcId) invalid('A VPC ID must be specified')
  if (!account.vpcs.has(VpcId)) invalid(`The VPC ID '${VpcId}' is not found`)
  among('ipAddressType', IpAddressType, ['ipv4', 'ipv6'])
  if (IpAddressType === 'ipv6' && input.TargetType !== 'ip')
    invalid("Target groups of IP address type 'ipv6' must have target type 'ip'")
  among('protocolVersion', ProtocolVersion, ['HTTP1', 'HTTP2', 'GRPC'])
  if (input.TargetType === 'alb' && Protocol !== 'TCP')
    invalid(`Protocol '${Protocol}' is not supported for target groups with target type 'alb'`)
  if (ProtocolVersion && !isHttp(Protocol))
    invalid(`Protocol version cannot be specified for target groups with protocol '${Protocol}'`)
  return compact<TargetGroup>({
    Protocol,
    ProtocolVersion: isHttp(Protocol) ? (ProtocolVersion ?? 'HTTP1') : undefined,
    Port,
    VpcId,
    IpAddressType,
  })
}

function sameTargetGroup(a: TargetGroup, b: TargetGroup): boolean {
  const apart = ['TargetGroupArn', 'LoadBalancerArns', 'Matcher']
  const settings = (wire: TargetGroup): string =>
    JSON.stringify(
      [...Object.entries(wire), ...Object.entries(wire.Matcher ?? {})]
        .filter(([key]) => !apart.includes(key))
        .sort(([one], [other]) => one.localeCompare(other)),
    )
  return settings(a) === settings(b)
}

function named(account: Account, name: string): TargetGroupRecord | undefined {
  return [...account.targetGroups.values()].find(({ wire }) => wire.TargetGroupName === name)
}

export function describeTargetGroups(
  input: DescribeTargetGroupsInput,
  context: Context,
): DescribeTargetGroupsOutput {
  const { items, NextMarker } = page(selected(input, context), input, ({ arn }) => arn)
  return { TargetGroups: items.map(({ wire }) => wire), NextMarker }
}

function selected(input: DescribeTargetGroupsInput, context: Context): TargetGroupRecord[] {
  const { account } = context
  const { LoadBalancerArn, TargetGroupArns: arns = [], Names: names = [] } = input
  if ([LoadBalancerArn ?? '', ...arns.slice(0, 1), ...names.slice(0, 1)].filter(Boolean).length > 1)
    invalid('Target group ARNs, target group names and a load balancer ARN cannot be specified together')
  if (Math.max(arns.length, names.length) > maxArns)
    invalid(`You cannot describe more than '${maxArns}' target groups at a time`)
  if (arns.length > 0)
    return arns.map((arn) => seenOrMissing(context, 'target group', targetGroupOf(context, arn)))
  if (names.length > 0)
    return names.map((name) =>
      seenOrMissing(context, 'target group', named(account, name) ?? missing('target group')),
    )
  const all = [...account.targetGroups.values()].filter((record) => seen(context, record))
  if (!LoadBalancerArn) return all
  const { arn } = loadBalancerOf(context, LoadBalancerArn)
  return all.filter(({ wire }) => wire.LoadBalancerArns?.includes(arn))
}

export function modifyTargetGroup(input: ModifyTargetGroupInput, context: Context): ModifyTargetGroupOutput {
  const record = targetGroupOf(context, input.TargetGroupArn)
  record.wire = { ...record.wire, ...healthCheck(input, record.wire, healthCheckOf(record.wire)) }
  context.account.changed()
  return { TargetGroups: [record.wire] }
}

function healthCheckOf(wire: TargetGroup): TargetGroup {
  return compact<TargetGroup>({
    HealthCheckEnabled: wire.HealthCheckEnabled,
    HealthCheckProtocol: wire.HealthCheckProtocol,
    HealthCheckPort: wire.HealthCheckPort,
    HealthCheckPath: wire.HealthCheckPath,
    HealthCheckIntervalSeconds: wire.HealthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds: wire.HealthCheckTimeoutSeconds,
    HealthyThresholdCount: wire.HealthyThresholdCount,
    UnhealthyThresholdCount: wire.UnhealthyThresholdCount,
    Matcher: wire.Matcher,
  })
}

export function deleteTargetGroup(input: DeleteTargetGroupInput, context: Context): DeleteTargetGroupOutput {
  const { account } = context
  const record = account.targetGroups.get(checkArn('target group', input.TargetGroupArn))
  if (!record) return {}
  if (inUse(context, record))
    refuse('ResourceInUse', `Target group '${record.arn}' is currently in use by a listener or a rule`)
  account.targetGroups.delete(record.arn)
  removeTags(account, record.arn)
  account.changed()
  return {}
}
