/** Forward actions: which target groups a rule of this load balancer may name. */
import type {
  Action,
  ForwardActionConfig,
  TargetGroupStickinessConfig,
  TargetGroupTuple,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { TargetGroupRecord } from '../account.ts'
import type { Context } from '../service.ts'
import type { Holder } from './action.ts'
import { groupsOfLoadBalancer } from './association.ts'
import { isHttp } from './health-check.ts'
import { checkNetworkGroup, isNetwork } from './listener-protocol.ts'
import { targetGroupOf } from './lookup.ts'
import { quota } from './quota.ts'
import { between, invalid, refuse } from './refuse.ts'

export function forwardOut(context: Context, holder: Holder, action: Action): Partial<Action> {
  const { account } = context
  const tuples = tuplesOf(action)
  const network = isNetwork(holder.loadBalancer)
  const max = quota(
    account,
    network
      ? 'target-groups-per-action-on-network-load-balancer'
      : 'target-groups-per-action-on-application-load-balancer',
  )
  if (tuples.length > max)
    refuse('TooManyTargetGroups', `The maximum number of target groups per action '${max}' has been reached`)
  const arns = tuples.map(({ TargetGroupArn }) => TargetGroupArn ?? '')
  if (new Set(arns).size < arns.length) invalid('A target group cannot be specified more than once')
  for (const { Weight } of tuples) between('weight', Weight, 0, 999)
  const groups = arns.map((arn) => targetGroupOf(context, arn))
  for (const group of groups) checkGroup(group, holder)
  checkAssociations(groups, holder)
  if (!network) checkLoadBalancerQuotas(context, groups, holder)
  const stickiness = stickinessOut(action.ForwardConfig, groups)
  const [only] = arns
  return {
    ...(arns.length === 1 && only !== undefined ? { TargetGroupArn: only } : {}),
    ForwardConfig: {
      TargetGroups: tuples.map(({ TargetGroupArn, Weight = 1 }) => ({ TargetGroupArn, Weight })),
      TargetGroupStickinessConfig: stickiness,
    },
  }
}

function tuplesOf({ TargetGroupArn, ForwardConfig }: Action): TargetGroupTuple[] {
  const tuples = ForwardConfig?.TargetGroups ?? []
  if (!TargetGroupArn && tuples.length === 0) invalid('A target group ARN must be specified')
  if (!TargetGroupArn) return tuples
  const [first, ...more] = tuples
  if (more.length > 0 || (first && first.TargetGroupArn !== TargetGroupArn))
    invalid('The target group ARN must be that of the one target group of the forward configuration')
  return first ? [first] : [{ TargetGroupArn }]
}

function stickinessOut(
  config: ForwardActionConfig | undefined,
  groups: readonly TargetGroupRecord[],
): TargetGroupStickinessConfig {
  const { Enabled = false, DurationSeconds } = config?.TargetGroupStickinessConfig ?? {}
  between('durationSeconds', DurationSeconds, 1, 604_800)
  if (Enabled && DurationSeconds === undefined)
    invalid('A duration must be specified when target group stickiness is enabled')
  if (!Enabled && groups.length > 1 && groups.some((g) => g.attributes.get('stickiness.enabled') === 'true'))
    refuse(
      'InvalidConfigurationRequest',
      'You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups',
    )
  return { Enabled, ...(DurationSeconds === undefined ? {} : { DurationSeconds }) }
}

function checkGroup(group: TargetGroupRecord, { loadBalancer, protocol }: Holder): void {
  const { arn, wire } = group
  if (isNetwork(loadBalancer)) checkNetworkGroup(group, protocol)
  else if (wire.TargetType !== 'lambda' && !isHttp(wire.Protocol))
    refuse(
      'IncompatibleProtocols',
      `The protocol '${wire.Protocol ?? ''}' of target group '${arn}' is not compatible with listener protocol '${protocol}'`,
    )
  if (protocol === 'HTTP' && (wire.ProtocolVersion === 'GRPC' || wire.ProtocolVersion === 'HTTP2'))
    refuse(
      'InvalidConfigurationRequest',
      `Listener protocol '${protocol}' is not supported with a target group with the protocol-version '${wire.ProtocolVersion}'`,
    )
  if (wire.VpcId !== undefined && wire.VpcId !== loadBalancer.wire.VpcId)
    refuse(
      'InvalidConfigurationRequest',
      `Target group '${arn}' and load balancer '${loadBalancer.arn}' must be in the same VPC`,
    )
  if (wire.IpAddressType === 'ipv6' && loadBalancer.wire.IpAddressType === 'ipv4')
    refuse(
      'InvalidConfigurationRequest',
      `Target group '${arn}' of IP address type 'ipv6' requires a dualstack load balancer`,
    )
}

function checkAssociations(groups: readonly TargetGroupRecord[], { loadBalancer }: Holder): void {
  const taken = groups.filter(({ wire }) => wire.LoadBalancerArns?.some((arn) => arn !== loadBalancer.arn))
  if (taken.length > 0)
    refuse(
      'TargetGroupAssociationLimit',
      `The following target groups cannot be associated with more than one load balancer: ${taken.map(({ arn }) => arn).join(', ')}`,
    )
}

function checkLoadBalancerQuotas(
  { account }: Context,
  groups: readonly TargetGroupRecord[],
  { arn, loadBalancer }: Holder,
): void {
  if (groups.every(({ wire }) => wire.LoadBalancerArns?.includes(loadBalancer.arn))) return
  const named = groupsOfLoadBalancer(account, loadBalancer.arn, arn)
  for (const group of groups) named.add(group.arn)
  const max = quota(account, 'target-groups-per-application-load-balancer')
  if (named.size > max)
    refuse(
      'TooManyUniqueTargetGroupsPerLoadBalancer',
      `You have reached the maximum number of unique target groups that you can associate with a load balancer of type 'application': [${max}]`,
    )
  const targets = [...named].map((name) => account.targetGroups.get(name)?.targets.size ?? 0)
  const maxTargets = quota(account, 'targets-per-application-load-balancer')
  if (targets.reduce((sum, size) => sum + size, 0) > maxTargets)
    refuse(
      'TooManyTargets',
      `The maximum number of targets per load balancer '${maxTargets}' has been reached`,
    )
}
