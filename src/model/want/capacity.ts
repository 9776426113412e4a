/** The capacity that is reserved for the load balancer (ALBC: minimum load balancer capacity). */
import { keyOf } from '../../annotation/define.ts'
import { minimumLoadBalancerCapacity as declared } from '../../annotation/load-balancer.ts'
import { goInt } from '../../annotation/parser.ts'
import { merged } from '../../annotation/read.ts'
import type { Owned } from '../load-balancer.ts'
import { agreeOwned, type Stated } from './agree.ts'
import { annotationsOf, isSound, paramsOf, refuse, type Scope, take } from './scope.ts'

const unitsKey = 'CapacityUnits'
const isOn = ({ world }: Scope): boolean => world.settings.featureGates.LBCapacityReservation

export function statedCapacity(scope: Scope): number | undefined {
  if (!isOn(scope)) return undefined
  const field = keyOf(declared)
  const remedy = `Write CapacityUnits=<number> in ${field}; 0 ends the reservation.`
  const entries = Object.entries(take(scope, merged(annotationsOf(scope), declared)) ?? {})
  let units: number | undefined
  for (const [key, value] of entries) {
    const number = goInt(value, 32)
    if (key !== unitsKey)
      refuse(scope, field, `invalid key to set the capacity: ${key}, Expected key: ${unitsKey}`, remedy)
    else if (!number.ok)
      refuse(scope, field, `invalid value to set the capacity: ${value}: ${number.error}`, remedy)
    else units = number.value
  }
  return units
}

/** IngressClassParams of the first member decide alone, as with ALBC. */
export function capacityUnits(
  views: readonly { readonly scope: Scope; readonly capacityUnits: Stated<number> }[],
): Owned<number> | undefined {
  const one = views.find(({ scope }) => isSound(scope))
  const decided =
    one && isOn(one.scope) ? paramsOf(one.scope)?.minimumLoadBalancerCapacity?.capacityUnits : undefined
  if (one && decided !== undefined) return { choice: { is: decided }, by: one.scope.member.key }
  return agreeOwned(
    views.map(({ scope, capacityUnits: units }) => ({ scope, stated: units })),
    {
      what: `capacity reservation ${unitsKey}`,
      field: keyOf(declared),
      show: (all) => all.join(' | '),
    },
    0,
  )
}
