/** RegisterTargets, DeregisterTargets, DescribeTargetHealth. */
import type {
  DeregisterTargetsInput,
  DeregisterTargetsOutput,
  DescribeTargetHealthInput,
  DescribeTargetHealthOutput,
  RegisterTargetsInput,
  RegisterTargetsOutput,
  TargetDescription,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { TargetGroupRecord, TargetRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { groupsOfLoadBalancer } from './association.ts'
import { seenOrMissing, targetGroupOf } from './lookup.ts'
import { quota, type QuotaName } from './quota.ts'
import { between, notEmpty, refuse } from './refuse.ts'
import { zoneOfTarget } from './target-address.ts'
import { notRegistered, registrationInProgress, settleTargets, targetHealth } from './target-state.ts'

function portOf(group: TargetGroupRecord, target: TargetDescription): number {
  return target.Port ?? group.wire.Port ?? 0
}
function keyOf(group: TargetGroupRecord, target: TargetDescription): string {
  return `${target.Id ?? ''}:${portOf(group, target)}`
}

export function registerTargets(input: RegisterTargetsInput, context: Context): RegisterTargetsOutput {
  const { account, now } = context
  const group = targetGroupOf(context, input.TargetGroupArn)
  settleTargets(group, now)
  notEmpty('targets', input.Targets)
  const added = new Map<string, TargetRecord>()
  for (const target of input.Targets ?? []) {
    between('targets.port', target.Port, 1, 65_535)
    const zone = zoneOfTarget(context, group, target)
    const key = keyOf(group, target)
    if (!reregisters(group.targets.get(key)) && group.targets.has(key)) continue
    added.set(key, {
      id: target.Id ?? '',
      port: portOf(group, target),
      ...(zone === undefined ? {} : { availabilityZone: zone }),
      registeredAt: now,
      health: registrationInProgress,
    })
  }
  checkQuotas(context, group, added)
  for (const [key, target] of added) group.targets.set(key, target)
  account.changed()
  return {}
}

/** On recollection: a target that is draining starts anew at once, although the guide says to wait. */
function reregisters(target: TargetRecord | undefined): boolean {
  return target?.drainingUntil !== undefined
}

const quotaOf: Readonly<Record<string, QuotaName>> = {
  lambda: 'lambda-targets-per-target-group',
  alb: 'alb-targets-per-target-group',
}

function checkQuotas(
  { account }: Context,
  group: TargetGroupRecord,
  added: ReadonlyMap<string, TargetRecord>,
): void {
  // That one which drains makes room for another load balancer is a recollection.
  const staying = [...group.targets].filter(
    ([, { drainingUntil }]) => group.wire.TargetType !== 'alb' || drainingUntil === undefined,
  )
  const size = new Set([...staying.map(([key]) => key), ...added.keys()]).size
  const max = quota(account, quotaOf[group.wire.TargetType ?? ''] ?? 'targets-per-target-group')
  if (size > max)
    refuse('TooManyTargets', `The maximum number of targets per target group '${max}' has been reached`)
  for (const loadBalancer of group.wire.LoadBalancerArns ?? []) {
    const others = [...groupsOfLoadBalancer(account, loadBalancer)].filter((arn) => arn !== group.arn)
    const total = others.reduce((sum, arn) => sum + (account.targetGroups.get(arn)?.targets.size ?? 0), size)
    const network = account.loadBalancers.get(loadBalancer)?.wire.Type === 'network'
    const limit = quota(
      account,
      network ? 'targets-per-network-load-balancer' : 'targets-per-application-load-balancer',
    )
    if (total > limit)
      refuse('TooManyTargets', `The maximum number of targets per load balancer '${limit}' has been reached`)
  }
}

export function deregisterTargets(input: DeregisterTargetsInput, context: Context): DeregisterTargetsOutput {
  const { account, now, timing } = context
  const group = targetGroupOf(context, input.TargetGroupArn)
  settleTargets(group, now)
  notEmpty('targets', input.Targets)
  const seconds = Number(group.attributes.get('deregistration_delay.timeout_seconds') ?? 0)
  const delay = seconds * 1000 * timing.drainScale
  for (const given of input.Targets ?? []) {
    const key = keyOf(group, given)
    const target = group.targets.get(key)
    if (!target || target.drainingUntil !== undefined) continue
    const idle = targetHealth(context, group, target).State === 'unused'
    if (idle || delay === 0) group.targets.delete(key)
    else target.drainingUntil = now + delay
  }
  account.changed()
  return {}
}

export function describeTargetHealth(
  input: DescribeTargetHealthInput,
  context: Context,
): DescribeTargetHealthOutput {
  const group = seenOrMissing(context, 'target group', targetGroupOf(context, input.TargetGroupArn))
  settleTargets(group, context.now)
  const anomalies = (input.Include ?? []).length > 0
  const describe = (target: TargetRecord): TargetHealthDescription => ({
    Target: {
      Id: target.id,
      Port: target.port,
      ...(target.availabilityZone === undefined ? {} : { AvailabilityZone: target.availabilityZone }),
    },
    HealthCheckPort: healthCheckPort(group, target.port),
    TargetHealth: targetHealth(context, group, target),
    ...(anomalies ? { AnomalyDetection: { Result: 'normal', MitigationInEffect: 'no' } } : {}),
  })
  const wanted = input.Targets
  if (!wanted?.length) return { TargetHealthDescriptions: [...group.targets.values()].map(describe) }
  return {
    TargetHealthDescriptions: wanted.map((given) => {
      const target = group.targets.get(keyOf(group, given))
      if (target) return describe(target)
      const Port = portOf(group, given)
      return {
        Target: { Id: given.Id, Port },
        HealthCheckPort: healthCheckPort(group, Port),
        TargetHealth: notRegistered,
      }
    }),
  }
}

function healthCheckPort(group: TargetGroupRecord, port: number): string {
  const own = group.wire.HealthCheckPort
  return own === undefined || own === 'traffic-port' ? String(port) : own
}
