/**
 * The resource id of a target group, as its tag says it: exactly one bears ALBC's own id. `+next` waits to replace it in the
 * rules of its load balancer, `+old` was replaced there; `+next-lb` and `+old-lb` belong to a load balancer that is not current.
 */
import type { ActualTargetGroup } from '../model/actual.ts'
import type { Role } from '../model/role.ts'
import { resourceTag } from '../model/tag.ts'

export type Identity = {
  /** `<ns>/<ingress>-<service>:<port>`, ALBC's. */
  readonly base: string
  readonly role: Role
  /** Within its load balancer. */
  readonly turn: 'now' | 'next' | 'old'
}

export function identityOf({ tags }: Pick<ActualTargetGroup, 'tags'>): Identity {
  const [, base = '', role, turn] =
    /^(.*?)(?:\+(next|old)-lb)?(?:\+(next|old))?$/s.exec(tags[resourceTag] ?? '') ?? []
  return { base, role: (role as Role | undefined) ?? 'current', turn: (turn as 'next' | undefined) ?? 'now' }
}

export const idOf = ({ base, role, turn }: Identity): string =>
  `${base}${role === 'current' ? '' : `+${role}-lb`}${turn === 'now' ? '' : `+${turn}`}`

/** Replaced in the rules of its load balancer, and finishing what requests it has. */
export const isSuperseded = (group: ActualTargetGroup): boolean => identityOf(group).turn === 'old'
