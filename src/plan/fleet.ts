/** Who is who among the load balancers of a group: the one that Ingresses show, the one that shall replace it, those that were replaced. */
import type { ActualLoadBalancer } from '../model/actual.ts'
import { choose } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import type { Scheme } from '../model/load-balancer.ts'
import { type Role, roleOf } from '../model/role.ts'
import { byText } from './draft.ts'

export type Fleet = {
  readonly current?: ActualLoadBalancer
  /** What AWS can't change on it is no longer as wanted. */
  readonly mustReplace: boolean
  /** Is as wanted where the current one is not: takes over once it is ready. */
  readonly candidate?: ActualLoadBalancer
  /** Others that were an address. */
  readonly old: readonly ActualLoadBalancer[]
  /** Never was an address, and is wanted no more. */
  readonly abandoned: readonly ActualLoadBalancer[]
  /** The scheme that is wanted, given what is served. */
  readonly scheme?: Scheme
}

/** `shown`: host names in the status of Ingresses, in lower case. */
export function fleetOf(
  desired: Desired,
  loadBalancers: readonly ActualLoadBalancer[],
  shown?: ReadonlySet<string>,
): Fleet {
  const all = [...loadBalancers].sort((a, b) => a.createdAt - b.createdAt || byText(a.arn, b.arn))
  const wish = desired.loadBalancer?.scheme
  const schemeWith = (served: Scheme | undefined): Scheme | undefined =>
    wish && choose<Scheme>(wish, served, (a, b) => a === b)
  const isAsWanted = (one: ActualLoadBalancer): boolean =>
    (schemeWith(one.scheme) ?? one.scheme) === one.scheme
  const current = currentOf(all, isAsWanted)
  const scheme = schemeWith(current?.scheme)
  const fits = (one: ActualLoadBalancer): boolean => scheme === undefined || one.scheme === scheme
  const others = all.filter((one) => one !== current)
  const wasShown = (one: ActualLoadBalancer): boolean =>
    roleOf(one) !== 'next' || shown?.has(one.dnsName.toLowerCase()) === true
  const mustReplace = current !== undefined && !fits(current)
  const candidate = mustReplace ? others.filter(fits).sort(byRole)[0] : undefined
  const rest = others.filter((one) => one !== candidate)
  return {
    ...(current ? { current } : {}),
    mustReplace,
    ...(candidate ? { candidate } : {}),
    old: rest.filter(wasShown),
    abandoned: rest.filter((one) => !wasShown(one)),
    ...(scheme ? { scheme } : {}),
  }
}

const ranks: Readonly<Record<Role, number>> = { next: 0, current: 1, old: 2 }
const byRole = (a: ActualLoadBalancer, b: ActualLoadBalancer): number => ranks[roleOf(a)] - ranks[roleOf(b)]

/** Of several that say so (they were copied, or made by hand), and where a hand-over was cut off: as wanted, then the oldest. */
function currentOf(
  all: readonly ActualLoadBalancer[],
  isAsWanted: (one: ActualLoadBalancer) => boolean,
): ActualLoadBalancer | undefined {
  const stated = all.filter((one) => roleOf(one) === 'current')
  const able = stated.length > 0 ? stated : all.toSorted(byRole)
  return able.find(isAsWanted) ?? able[0]
}
