/** Where a load balancer stands while one replaces the other: its own tags say so, so that a crash at any call forgets nothing. */
import { resourceTag, type Tags } from './tag.ts'

export type Role =
  /** Its address is what Ingresses show. */
  | 'current'
  /** Being built to take over; never was an address. */
  | 'next'
  /** Its address was shown, and resolvers may remember it for a while. */
  | 'old'

const suffixes: Readonly<Record<Role, string>> = { current: '', next: '+next', old: '+old' }

/** ALBC's resource id, for whoever is current. */
export const loadBalancerId = (role: Role): string => `LoadBalancer${suffixes[role]}`

export function roleOf({ tags }: { readonly tags: Tags }): Role {
  const id = tags[resourceTag]
  return id === loadBalancerId('next') ? 'next' : id === loadBalancerId('old') ? 'old' : 'current'
}

/** On an old one: since when no Ingress shows its address, as RFC 3339. */
export const replacedTag = 'albatross.dev/replaced'
