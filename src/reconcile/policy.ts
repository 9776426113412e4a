/** What the guard must know of a group's pass (D5): who leaves and how, and how many we serve. */
import { type Actual, everyLoadBalancer } from '../model/actual.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { type Group, groupsOf, stacksHolding } from '../model/group.ts'
import type { ObjectRef } from '../model/problem.ts'
import { explicitLimit, type GuardPolicy, inferredLimit, isWithin, type Leaving } from '../plan/guard.ts'
import { groupName } from '../status/name.ts'
import type { Context } from './context.ts'
import { stayersOf } from './move.ts'

const isDeleted = ({ metadata }: Ingress): boolean => metadata.deletionTimestamp !== undefined

export function policyOf(group: Group, actual: Actual, context: Context): GuardPolicy {
  const { stack, leaving, members, finalizer } = group
  const { departures } = context
  const now = Date.now()
  // Asked only where somebody leaves: it takes a look at every Ingress there is.
  const owned = leaving.length === 0 ? 0 : ownedBy(context, now)
  const staying = stayersOf(group, context)
  const here = {
    inferred: leaving.filter((one) => !isDeleted(one) && !staying.has(keyOf(one))),
    explicit: leaving.filter(isDeleted),
  }
  const inferred = leavingOf(here.inferred, departures.inferred, now, lostElsewhere(here.inferred, context))
  const explicit = leavingOf(here.explicit, departures.explicit, now, 0)
  if (isWithin(inferred, inferredLimit(owned))) departures.inferred.note(inferred.here, now)
  if (isWithin(explicit, explicitLimit(owned))) departures.explicit.note(explicit.here, now)
  const everyone = [...members.map(({ ingress }) => ingress), ...leaving]
  return {
    mode: context.observe ? 'observe' : 'apply',
    stack,
    // Members got it before this pass, if not before the last look at them.
    witnessed: members.length > 0 || leaving.some(({ metadata }) => metadata.finalizers?.includes(finalizer)),
    loadBalancers: everyLoadBalancer(actual),
    inferred,
    explicit,
    owned,
    members: everyone.map(refOf),
    group: approvalOf(groupName(stack), context),
    now,
  }
}

function approvalOf(name: string, { informers }: Context): GuardPolicy['group'] {
  const annotations = informers.stores.ingressGroups.get(name)?.metadata.annotations
  return { name, ...(annotations ? { annotations } : {}) }
}

const leavingOf = (here: readonly Ingress[], log: Departed, now: number, pending: number): Leaving => {
  const keys = here.map(keyOf).sort()
  return { here: keys, others: log.others(keys, now) + pending }
}

function ownedBy({ informers, settings, departures }: Context, now: number): number {
  const bearing = informers.stores.ingresses.list().filter((one) => stacksHolding(one, settings).length > 0)
  const keys = bearing.map(keyOf)
  return bearing.length + departures.inferred.others(keys, now) + departures.explicit.others(keys, now)
}

/** Of other groups, whom no group takes in: one wrong edit of a class is seen as a whole, before its first deletion. */
function lostElsewhere(here: readonly Ingress[], { informers, settings }: Context): number {
  if (here.length === 0) return 0
  const { groups, stackOf } = groupsOf(informers.snapshot(), settings)
  const lost = [...groups.values()].flatMap(({ leaving }) =>
    leaving.filter((one) => !isDeleted(one) && !stackOf.has(keyOf(one))).map(keyOf),
  )
  const own = new Set(here.map(keyOf))
  return new Set(lost.filter((key) => !own.has(key))).size
}

export const refOf = ({ metadata: { namespace, name } }: Ingress): ObjectRef => ({
  kind: 'Ingress',
  ...(namespace === undefined ? {} : { namespace }),
  name,
})

/** What happened within the window, by name. */
export type Departed = {
  note(names: readonly string[], nowMs: number): void
  has(name: string, nowMs: number): boolean
  /** How many but these. */
  others(names: readonly string[], nowMs: number): number
}
export type Departures = {
  /** Ingresses that were let go though nobody deleted them. */
  readonly inferred: Departed
  /** Ingresses that were let go because they are deleted. */
  readonly explicit: Departed
  /** Uids of Ingresses of which the API server itself said that they are being deleted: nothing takes that back. */
  readonly confirmed: Departed
}

const windowMs = 10 * 60_000

export const createDepartures = (): Departures => ({
  inferred: createDeparted(),
  explicit: createDeparted(),
  confirmed: createDeparted(),
})

function createDeparted(): Departed {
  const noted = new Map<string, number>()
  const forget = (nowMs: number): void => {
    for (const [name, at] of noted) if (nowMs - at >= windowMs) noted.delete(name)
  }
  return {
    note: (names, nowMs) => {
      for (const name of names) if (!noted.has(name)) noted.set(name, nowMs)
    },
    has: (name, nowMs) => {
      forget(nowMs)
      return noted.has(name)
    },
    others: (names, nowMs) => {
      forget(nowMs)
      const known = new Set(names)
      return [...noted.keys()].filter((name) => !known.has(name)).length
    },
  }
}
