/** Our rules on the security groups of nodes and pods, known by their description; all others are never touched. */
import type { ActualSecurityGroup } from '../model/actual.ts'
import { collapse, sharedDescription } from '../model/endpoint-permission.ts'
import type { Permission } from '../model/security-group.ts'
import type { Settings } from '../model/settings.ts'
import type { Draft } from './draft.ts'
import { permissionKey } from './match.ts'
import { planPermissions } from './security-group.ts'

export type EndpointOptions = {
  readonly settings: Settings
  /** Every binding of the cluster has been computed: what none wants may be revoked. */
  readonly complete: boolean
}

/** `wanted`: of all bindings whose endpoints stand behind this group. */
export function planEndpointSecurityGroup(
  group: ActualSecurityGroup,
  wanted: readonly Permission[],
  options: EndpointOptions,
): Draft {
  const { disableRestrictedSecurityGroupRules: all, exactBackendPorts: exact } = options.settings
  const ranges = all || exact ? wanted : collapse(wanted)
  const labelled = ranges.map((permission) => ({ ...permission, description: sharedDescription }))
  const foreign = new Set(group.ingress.filter((one) => !isOurs(one)).map(permissionKey))
  const ours = group.ingress.filter(isOurs)
  // While others may still ask for more, what a wider rule lets in needs no rule of its own.
  const isOpen = (permission: Permission) =>
    !options.complete && ours.some((wide) => covers(wide, permission))
  return planPermissions(
    group.id,
    // AWS takes no second rule that differs only in its description.
    labelled.filter((permission) => !foreign.has(permissionKey(permission)) && !isOpen(permission)),
    ours,
    { keepSurplus: !options.complete },
  )
}

const covers = (wide: Permission, narrow: Permission): boolean =>
  wide.fromPort !== undefined &&
  wide.toPort !== undefined &&
  narrow.fromPort !== undefined &&
  narrow.toPort !== undefined &&
  wide.fromPort <= narrow.fromPort &&
  wide.toPort >= narrow.toPort &&
  permissionKey({ ...wide, fromPort: narrow.fromPort, toPort: narrow.toPort }) === permissionKey(narrow)

const isOurs = ({ description }: Permission): boolean =>
  (description ?? '')
    .split(',')
    .map((part) => part.trim())
    .includes(sharedDescription)
