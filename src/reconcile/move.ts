/** Ingresses on their way from one group to another: the old one serves them until the new one does (ADR 11). */
import type { IngressKey } from '../model/choice.ts'
import { equal } from '../lib/json.ts'
import { type Ingress, keyOf } from '../model/cluster.ts'
import { type Group, groupsOf } from '../model/group.ts'
import { hostNamesOf } from '../status/ingress.ts'
import type { Context } from './context.ts'

/** Of those who leave, the members of other groups that still show this one's address: no other serves them yet. */
export function stayersOf(
  { stack, leaving }: Group,
  { informers, settings, mirror }: Pick<Context, 'informers' | 'settings' | 'mirror'>,
): ReadonlySet<IngressKey> {
  if (leaving.length === 0) return new Set()
  const { stackOf } = groupsOf(informers.snapshot(), settings)
  const own = new Set(
    mirror
      .loadBalancersOf(stack)
      .flat()
      .map(({ dnsName }) => dnsName.toLowerCase()),
  )
  return new Set(
    leaving
      .filter((one) => one.metadata.deletionTimestamp === undefined && stackOf.has(keyOf(one)))
      .filter((one) => hostNamesOf(one).some((name) => own.has(name)))
      .map(keyOf),
  )
}

/** Who joins, leaves or is deleted meanwhile is another group's business, or needs to be confirmed: a new pass begins. */
export function isSame(group: Group, now: Group | undefined): boolean {
  // Of one snapshot: nothing has changed at all.
  if (now === group) return true
  const uids = (list: readonly Ingress[]): string =>
    list
      .map(({ metadata }) => metadata.uid)
      .sort()
      .join()
  const texts = ({ members, leaving }: Group): readonly string[] => [
    uids(members.map(({ ingress }) => ingress)),
    uids(leaving),
    uids(leaving.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)),
  ]
  return now !== undefined && equal(texts(group), texts(now))
}
