/** What the guard must know of a group's pass (D5): who leaves without being deleted, and how many we serve. */
import { type Actual, everyLoadBalancer } from '../model/actual.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { type Group, stacksHolding } from '../model/group.ts'
import type { ObjectRef } from '../model/problem.ts'
import { type GuardPolicy, inferredLimit } from '../plan/guard.ts'
import type { Context } from './context.ts'

export function policyOf({ leaving, members }: Group, actual: Actual, context: Context): GuardPolicy {
  const { informers, settings, departures } = context
  const inferred = leaving.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(keyOf)
  // Asked only where somebody leaves: it takes a look at every Ingress there is.
  const owned =
    inferred.length === 0
      ? 0
      : informers.stores.ingresses.list().filter((one) => stacksHolding(one, settings).length > 0).length
  const leftInWindow = departures.others(inferred, Date.now())
  if (leftInWindow + inferred.length <= inferredLimit(owned)) departures.note(inferred, Date.now())
  return {
    mode: context.observe ? 'observe' : 'apply',
    loadBalancers: everyLoadBalancer(actual),
    inferred: inferred.length,
    owned,
    leftInWindow,
    members: [...members.map(({ ingress }) => ingress), ...leaving].map(refOf),
  }
}

export const refOf = ({ metadata: { namespace, name } }: Ingress): ObjectRef => ({
  kind: 'Ingress',
  ...(namespace === undefined ? {} : { namespace }),
  name,
})

/** Ingresses that were let go, within the window, though nobody deleted them. */
export type Departures = {
  note(ingresses: readonly string[], nowMs: number): void
  /** How many but these. */
  others(ingresses: readonly string[], nowMs: number): number
}

const windowMs = 10 * 60_000

export function createDepartures(): Departures {
  const noted = new Map<string, number>()
  return {
    note: (ingresses, nowMs) => {
      for (const key of ingresses) if (!noted.has(key)) noted.set(key, nowMs)
    },
    others: (ingresses, nowMs) => {
      for (const [key, at] of noted) if (nowMs - at >= windowMs) noted.delete(key)
      return [...noted.keys()].filter((key) => !ingresses.includes(key)).length
    },
  }
}
