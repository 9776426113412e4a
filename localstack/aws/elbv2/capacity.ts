/** DescribeCapacityReservation, ModifyCapacityReservation. */
import type {
  DescribeCapacityReservationInput,
  DescribeCapacityReservationOutput,
  ModifyCapacityReservationInput,
  ModifyCapacityReservationOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { LoadBalancerRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { loadBalancerOf, seenOrMissing } from './lookup.ts'
import { quota } from './quota.ts'
import { invalid, refuse } from './refuse.ts'

const decreasesPerDay = 2

function reservation({ capacity, wire }: LoadBalancerRecord): DescribeCapacityReservationOutput {
  const DecreaseRequestsRemaining = capacity?.decreasesLeft ?? decreasesPerDay
  if (!capacity?.units) return { DecreaseRequestsRemaining, CapacityReservationState: [] }
  const zones = wire.AvailabilityZones ?? []
  return {
    LastModifiedTime: new Date(capacity.modifiedAt),
    DecreaseRequestsRemaining,
    MinimumLoadBalancerCapacity: { CapacityUnits: capacity.units },
    CapacityReservationState: zones.map(({ ZoneName }) => ({
      State: { Code: 'provisioned' },
      AvailabilityZone: ZoneName,
      EffectiveCapacityUnits: capacity.units / zones.length,
    })),
  }
}

export function describeCapacityReservation(
  input: DescribeCapacityReservationInput,
  context: Context,
): DescribeCapacityReservationOutput {
  return reservation(seenOrMissing(context, 'load balancer', loadBalancerOf(context, input.LoadBalancerArn)))
}

export function modifyCapacityReservation(
  input: ModifyCapacityReservationInput,
  context: Context,
): ModifyCapacityReservationOutput {
  const { account, now } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  if (now < record.activeAt)
    refuse('OperationNotPermitted', `Load balancer '${record.arn}' must be in the active state`)
  const units = unitsOf(input)
  const before = record.capacity?.units ?? 0
  const left = record.capacity?.decreasesLeft ?? decreasesPerDay
  if (units < before && left === 0)
    refuse('CapacityDecreaseRequestLimitExceeded', 'No more decreases are possible today')
  checkQuotas(context, record, units)
  record.capacity = { units, modifiedAt: now, decreasesLeft: units < before ? left - 1 : left }
  account.changed()
  return reservation(record)
}

function unitsOf({
  MinimumLoadBalancerCapacity,
  ResetCapacityReservation,
}: ModifyCapacityReservationInput): number {
  const units = MinimumLoadBalancerCapacity?.CapacityUnits
  if ((units !== undefined) === Boolean(ResetCapacityReservation))
    invalid('Specify either the minimum capacity or that it is to be reset')
  if (units !== undefined && units < 1) invalid('The minimum capacity must be at least 1')
  return units ?? 0
}

function checkQuotas({ account }: Context, record: LoadBalancerRecord, units: number): void {
  const others = [...account.loadBalancers.values()].filter((other) => other !== record)
  const total = others.reduce((sum, { capacity }) => sum + (capacity?.units ?? 0), units)
  if (units > 0 && units > quota(account, 'capacity-units-per-application-load-balancer'))
    refuse('CapacityUnitsLimitExceeded', 'The capacity units limit per load balancer has been exceeded')
  if (units > 0 && total > quota(account, 'capacity-units-per-region'))
    refuse('CapacityUnitsLimitExceeded', 'The capacity units limit of the region has been exceeded')
}
