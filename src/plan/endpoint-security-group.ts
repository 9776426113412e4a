/** Our rules on the security groups of nodes and pods, known by their description; all others are never touched. */
import type { ActualSecurityGroup } from '../model/actual.ts'
import { collapse, sharedDescription } from '../model/endpoint-permission.ts'
import type { Permission } from '../model/security-group.ts'
import type { Settings } from '../model/settings.ts'
import { canonical } from '../lib/json.ts'
import type { Step } from './step.ts'
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
  const foreign = new Set(group.ingress.filter((one) => !isEndpointRule(one)).map(permissionKey))
  const ours = group.ingress.filter(isEndpointRule)
  // While others may still ask for more, what a wider rule lets in needs no rule of its own.
  const isOpen = (permission: Permission) =>
    !options.complete && ours.some((wide) => covers(wide, permission))
  const planned = planPermissions(
    group.id,
    // AWS takes no second rule that differs only in its description.
    labelled.filter((permission) => !foreign.has(permissionKey(permission)) && !isOpen(permission)),
    ours,
    { keepSurplus: !options.complete },
  )
  return { ...planned, steps: planned.steps.flatMap((one) => bySource(one, planned.steps)) }
}

/** One call for each source: AWS refuses a call whole for one source that is gone, and one binding must not shut out others. */
function bySource(one: Step, all: readonly Step[]): readonly Step[] {
  const parts = (step: Step): readonly Step[] => {
    if (step.call !== 'AuthorizeSecurityGroupIngress') return [step]
    const sources = Map.groupBy(step.permissions, ({ source }) => canonical(source))
    if (sources.size < 2) return [step]
    return [...sources].map(([source, permissions]) => ({ ...step, id: `${step.id}#${source}`, permissions }))
  }
  const before = all
    .filter(({ id }) => one.after.includes(id))
    .flatMap((step) => parts(step).map(({ id }) => id))
  const others = one.after.filter((id) => !all.some((step) => step.id === id))
  return parts(one).map((part) => ({ ...part, after: [...others, ...before] }))
}

const covers = (wide: Permission, narrow: Permission): boolean =>
  wide.fromPort !== undefined &&
  wide.toPort !== undefined &&
  narrow.fromPort !== undefined &&
  narrow.toPort !== undefined &&
  wide.fromPort <= narrow.fromPort &&
  wide.toPort >= narrow.toPort &&
  permissionKey({ ...wide, fromPort: narrow.fromPort, toPort: narrow.toPort }) === permissionKey(narrow)

/** Those that no rule of the group lets in, whoever wrote it. */
export const lacking = (
  { ingress }: Pick<ActualSecurityGroup, 'ingress'>,
  wanted: readonly Permission[],
): readonly Permission[] => wanted.filter((permission) => !ingress.some((rule) => covers(rule, permission)))

/** With our label: the only ones that are ever revoked. */
export const isEndpointRule = ({ description }: Permission): boolean =>
  (description ?? '')
    .split(',')
    .map((part) => part.trim())
    .includes(sharedDescription)
