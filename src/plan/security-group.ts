/** The managed security groups of a load balancer: we own all their ingress rules. */
import type { ActualSecurityGroup } from '../model/actual.ts'
import { refKey } from '../model/ref.ts'
import type { Permission, SecurityGroup } from '../model/security-group.ts'
import { resourceTag } from '../model/tag.ts'
import { byText, draft, join, keyOfName, step, stepId, type Draft } from './draft.ts'
import { permissionKey } from './match.ts'
import type { Name, Step } from './step.ts'
import { tagChange } from './tag.ts'
import { creators, type World } from './world.ts'
import type { Settings } from '../model/settings.ts'

export function planSecurityGroups(world: World): Draft {
  const { desired, actual, input } = world
  return join(
    desired.securityGroups.map((wanted) => {
      const found = actual.securityGroups.find(({ tags }) => tags[resourceTag] === wanted.ref.id)
      const permissions = wanted.ingress.map((permission) => resolved(world, permission))
      if (!found) return createSecurityGroup(wanted, permissions, input.settings.vpcId)
      return join([
        securityGroupTags(wanted, found, input.settings, world.held),
        world.held
          ? planHeldPermissions(wanted, permissions, found)
          : planPermissions(found.id, permissions, found.ingress, { keepSurplus: false }),
      ])
    }),
  )
}

/** Ports that no sound member wants, and those that a held one may narrow, stay as they are; the others are as wanted. */
function planHeldPermissions(
  { unsure = [] }: SecurityGroup,
  permissions: readonly Permission[],
  found: ActualSecurityGroup,
): Draft {
  const opened = new Set(found.ingress.map(({ fromPort }) => fromPort))
  const mayChange = ({ fromPort = 0 }: Permission): boolean =>
    !unsure.includes(fromPort) || !opened.has(fromPort)
  const wanted = permissions.filter(mayChange)
  const ports = new Set(wanted.map(({ fromPort }) => fromPort))
  const served = found.ingress.filter(({ fromPort }) => ports.has(fromPort))
  return planPermissions(found.id, wanted, served, { keepSurplus: false })
}

/** Deletes what no member wants; `after`: what takes it off the load balancer. */
export function planSurplusSecurityGroups(world: World, after: readonly string[]): Draft {
  if (world.held) return draft({})
  const wanted = new Set(world.desired.securityGroups.map(({ ref }) => ref.id))
  const surplus = world.actual.securityGroups.filter(({ tags }) => !wanted.has(tags[resourceTag] ?? ''))
  return draft({ steps: surplus.map((group) => deleteSecurityGroup(group, after)) })
}

export const deleteSecurityGroup = (group: ActualSecurityGroup, after: readonly string[]): Step =>
  step(
    { call: 'DeleteSecurityGroup', group: group.id },
    { key: group.id, reason: 'no member wants it', impact: 'deletes', after },
  )

export function createSecurityGroup(
  wanted: SecurityGroup,
  permissions: readonly Permission[],
  vpcId: string,
): Draft {
  const { ref, name, description, tags } = wanted
  return join([
    draft({
      steps: [
        step(
          { call: 'CreateSecurityGroup', ref, name, description, vpcId, tags },
          { key: refKey(ref), reason: 'missing', impact: 'none' },
        ),
      ],
    }),
    planPermissions(ref, permissions, [], { keepSurplus: true }),
  ])
}

export function securityGroupTags(
  wanted: SecurityGroup,
  found: ActualSecurityGroup,
  settings: Settings,
  keepSurplus: boolean,
): Draft {
  const { add, remove } = tagChange(wanted.tags, found.tags, settings, 'spare legacy')
  const why = { key: found.id, reason: 'tags changed', impact: 'in place' } as const
  return draft({
    steps: [
      ...(Object.keys(add).length > 0 ? [step({ call: 'CreateTags', group: found.id, tags: add }, why)] : []),
      ...(remove.length > 0 && !keepSurplus
        ? [step({ call: 'DeleteTags', group: found.id, keys: remove }, why)]
        : []),
    ],
  })
}

/** Authorises what is missing, then revokes what is surplus: a wanted port is open at every moment. */
export function planPermissions(
  group: Name,
  wanted: readonly Permission[],
  served: readonly Permission[],
  options: { readonly keepSurplus: boolean; readonly owner?: string },
): Draft {
  const missing = difference(wanted, served)
  const surplus = options.keepSurplus ? [] : difference(served, wanted)
  const key = keyOfName(group)
  const owner = options.owner === undefined ? {} : { owner: options.owner }
  const authorize = stepId('AuthorizeSecurityGroupIngress', key)
  const sources = missing.flatMap(({ source }) => ('securityGroup' in source ? [source.securityGroup] : []))
  const steps: Step[] = []
  if (missing.length > 0)
    steps.push(
      step(
        { call: 'AuthorizeSecurityGroupIngress', group, permissions: missing },
        {
          key,
          reason: 'not permitted yet',
          impact: 'in place',
          after: creators([group, ...sources]),
          ...owner,
        },
      ),
    )
  if (surplus.length > 0)
    steps.push(
      step(
        { call: 'RevokeSecurityGroupIngress', group, permissions: surplus },
        {
          key,
          reason: 'no longer wanted',
          impact: 'in place',
          after: missing.length > 0 ? [authorize] : [],
          ...owner,
        },
      ),
    )
  return draft({ steps })
}

/** Those of `all` that have no equal in `others`, each once, sorted. */
function difference(all: readonly Permission[], others: readonly Permission[]): Permission[] {
  const known = new Set(others.map(permissionKey))
  const left = new Map(all.map((permission) => [permissionKey(permission), permission]))
  return [...left]
    .filter(([key]) => !known.has(key))
    .sort(([a], [b]) => byText(a, b))
    .map(([, permission]) => permission)
}

const resolved = (world: World, permission: Permission): Permission =>
  'securityGroup' in permission.source
    ? { ...permission, source: { securityGroup: world.nameOf(permission.source.securityGroup) } }
    : permission
