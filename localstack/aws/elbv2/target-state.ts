/** The state of one target as DescribeTargetHealth gives it: derived from use and time, else what the checks said. */
import type { TargetHealth } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account, TargetGroupRecord, TargetRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { healthIsAutomatic } from './automatic-health.ts'

export const registrationInProgress: TargetHealth = {
  State: 'initial',
  Reason: 'Elb.RegistrationInProgress',
  Description: 'Target registration is in progress',
}
export const notRegistered: TargetHealth = {
  State: 'unused',
  Reason: 'Target.NotRegistered',
  Description: 'Target is not registered to the target group',
}
const draining: TargetHealth = {
  State: 'draining',
  Reason: 'Target.DeregistrationInProgress',
  Description: 'Target deregistration is in progress',
}
const notInUse = (why: string): TargetHealth => ({
  State: 'unused',
  Reason: 'Target.NotInUse',
  Description: why,
})

/** What health checks found; nobody is told (no change of configuration), so a waiter asks again. */
export function setTargetHealth(
  account: Account,
  targetGroupArn: string,
  key: string,
  health: TargetHealth,
): void {
  const target = account.targetGroups.get(targetGroupArn)?.targets.get(key)
  if (target) target.health = health
}

/** Drained targets vanish; whatever looks at the targets of a group calls it first. */
export function settleTargets(group: TargetGroupRecord, now: number): void {
  for (const [key, target] of group.targets)
    if (target.drainingUntil !== undefined && target.drainingUntil <= now) group.targets.delete(key)
}

type Moment = Pick<Context, 'account' | 'timing' | 'now'>

export function targetHealth(moment: Moment, group: TargetGroupRecord, target: TargetRecord): TargetHealth {
  if (target.drainingUntil !== undefined) return draining
  return unused(moment.account, group, target) ?? checked(moment, group, target)
}

function unused(account: Account, group: TargetGroupRecord, target: TargetRecord): TargetHealth | undefined {
  const loadBalancers = (group.wire.LoadBalancerArns ?? []).flatMap(
    (arn) => account.loadBalancers.get(arn) ?? [],
  )
  if (loadBalancers.length === 0)
    return notInUse('Target group is not configured to receive traffic from the load balancer')
  const instance = account.instances.get(target.id)
  const state = instance?.State?.Name
  if (group.wire.TargetType === 'instance' && state !== 'running')
    return {
      State: 'unused',
      Reason: 'Target.InvalidState',
      Description: `Target is in the ${state ?? 'terminated'} state`,
    }
  const zone = target.availabilityZone ?? instance?.Placement?.AvailabilityZone
  const zones = loadBalancers.flatMap(({ wire }) => wire.AvailabilityZones ?? [])
  if (zone && zone !== 'all' && !zones.some(({ ZoneName }) => ZoneName === zone))
    return notInUse('Target is in an Availability Zone that is not enabled for the load balancer')
  return undefined
}

function checked(
  { account, timing, now }: Moment,
  group: TargetGroupRecord,
  target: TargetRecord,
): TargetHealth {
  if (group.wire.HealthCheckEnabled === false)
    return {
      State: 'unavailable',
      Reason: 'Target.HealthCheckDisabled',
      Description: 'Health checks are disabled',
    }
  if (target.health.State !== 'initial' || !healthIsAutomatic(account)) return target.health
  const [arn = ''] = group.wire.LoadBalancerArns ?? []
  const active = account.loadBalancers.get(arn)?.activeAt ?? 0
  const from = Math.max(target.registeredAt, group.inUseSince ?? 0, active)
  return now >= from + timing.firstHealthCheckMs ? { State: 'healthy' } : target.health
}
