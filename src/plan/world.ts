/** What planning looks at, with every Ref that AWS has already named resolved to that name. */
import { sha256 } from '../lib/hash.ts'
import type { Action } from '../model/action.ts'
import type { Actual, ActualLoadBalancer, ActualTargetGroup } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import { backendSecurityGroup, isRef, refKey, type Ref } from '../model/ref.ts'
import type { Role } from '../model/role.ts'
import type { Settings } from '../model/settings.ts'
import { resourceTag } from '../model/tag.ts'
import type { TargetGroup } from '../model/target-group.ts'
import { byText, stepId } from './draft.ts'
import { idOf, type Identity, identityOf } from './identity.ts'
import type { Name } from './step.ts'

export type PlanInput = {
  /** Epoch milliseconds. */
  readonly now: number
  readonly settings: Settings
  /** Who owns a served rule, as the group's status remembers, by ARN. */
  readonly owners?: Readonly<Record<string, IngressKey>>
  /** Target groups whose binding was looked at since it was made, or should have been. Absent: nobody waits for that. */
  readonly filled?: ReadonlySet<string>
  /** The account's quotas; AWS's defaults where absent. */
  readonly quota?: { readonly rulesPerLoadBalancer?: number; readonly targetGroupsPerLoadBalancer?: number }
  /** AWS refused another load balancer a short while ago. */
  readonly noLoadBalancerMore?: boolean
  /** Host names that Ingresses of the group show in their status, in lower case. Absent: nobody looks there. */
  readonly shown?: ReadonlySet<string>
}

/** A desired target group beside the one in AWS that can be it. */
export type TargetGroupMatch = {
  readonly desired: TargetGroup
  /** As one that exists shall be named in the end, or as a new one is: `<id>+next` while another one bears the id. */
  readonly ref: Ref
  readonly actual?: ActualTargetGroup
}

/** Of which load balancer of the group a world is. */
export type Place = {
  readonly role: Role
  /** Absent: to be created. */
  readonly loadBalancer?: ActualLoadBalancer
  /** What it is called, or shall be. */
  readonly name?: string
  /** The one whose place it shall take: what members disagree on is decided by what that one serves. */
  readonly replaces?: ActualLoadBalancer
  /** Target groups that belonged to a load balancer that is gone. */
  readonly strays: ReadonlySet<string>
  /** Names that target groups of the group have, and resource ids. */
  readonly taken: ReadonlySet<string>
  readonly ids: ReadonlySet<string>
}

export type World = {
  readonly desired: Desired
  readonly actual: Actual
  readonly input: PlanInput
  /** Some member can't be built: shared things are kept. */
  readonly held: boolean
  readonly place: Place
  readonly loadBalancer?: ActualLoadBalancer
  readonly targetGroups: readonly TargetGroupMatch[]
  readonly nameOf: (name: Name) => Name
}

type Immutable = Pick<
  ActualTargetGroup,
  'targetType' | 'protocol' | 'protocolVersion' | 'ipAddressType' | 'targetControlPort'
>

/** The settings that AWS never changes on an existing target group. */
const sameIncarnation = (a: Immutable, b: Immutable): boolean =>
  a.targetType === b.targetType &&
  a.protocol === b.protocol &&
  a.protocolVersion === b.protocolVersion &&
  a.ipAddressType === b.ipAddressType &&
  (a.targetControlPort ?? 0) === (b.targetControlPort ?? 0)

export function world(desired: Desired, actual: Actual, input: PlanInput, place: Place): World {
  const { loadBalancer } = place
  const targetGroups = matchTargetGroups(desired, actual, place)
  const names = new Map<string, Name>()
  for (const { desired: wanted, ref, actual: found } of targetGroups)
    names.set(refKey(wanted.ref), found?.arn ?? ref)
  if (loadBalancer) {
    if (desired.loadBalancer) names.set(refKey(desired.loadBalancer.ref), loadBalancer.arn)
    for (const listener of desired.listeners) {
      const found = actual.listeners.find(
        ({ loadBalancerArn, port }) => loadBalancerArn === loadBalancer.arn && port === listener.port,
      )
      if (found) names.set(refKey(listener.ref), found.arn)
    }
  }
  for (const group of desired.securityGroups) {
    const found = actual.securityGroups.find(({ tags }) => tags[resourceTag] === group.ref.id)
    if (found) names.set(refKey(group.ref), found.id)
  }
  if (actual.backendSecurityGroup) names.set(refKey(backendSecurityGroup), actual.backendSecurityGroup)
  const nameOf = (name: Name): Name => (isRef(name) ? (names.get(refKey(name)) ?? name) : name)
  return {
    desired,
    actual,
    input,
    held: desired.held.length > 0,
    place,
    ...(loadBalancer ? { loadBalancer } : {}),
    targetGroups,
    nameOf,
  }
}

const turns: Readonly<Record<Identity['turn'], number>> = { now: 0, next: 1, old: 2 }

function matchTargetGroups(desired: Desired, actual: Actual, place: Place): TargetGroupMatch[] {
  const { role, strays, ids } = place
  const own = actual.targetGroups
    .filter(({ arn }) => !strays.has(arn))
    .map((one) => ({ one, identity: identityOf(one) }))
  const byBase = Map.groupBy(own, ({ identity }) => identity.base)
  const taken = new Set<string>()
  return desired.targetGroups.map((wanted) => {
    const bearers = (byBase.get(wanted.ref.id) ?? []).toSorted(
      (a, b) => turns[a.identity.turn] - turns[b.identity.turn] || byText(a.one.arn, b.one.arn),
    )
    const found = bearers.find(({ one }) => !taken.has(one.arn) && sameIncarnation(wanted, one))?.one
    const id = idOf({ base: wanted.ref.id, role, turn: 'now' })
    if (found) {
      taken.add(found.arn)
      return { desired: wanted, ref: { ...wanted.ref, id }, actual: found }
    }
    const replaces = bearers.length > 0 || ids.has(id)
    const free = replaces ? idOf({ base: wanted.ref.id, role, turn: 'next' }) : id
    return { desired: named(wanted, place), ref: { ...wanted.ref, id: free } }
  })
}

/** ALBC's hash lacks some of the settings that force a replacement, and the load balancer: its name may still be taken. */
function named(wanted: TargetGroup, { role, name: loadBalancer = '', taken }: Place): TargetGroup {
  if (role === 'current' && !taken.has(wanted.name)) return wanted
  const { targetType, protocol, protocolVersion, ipAddressType, targetControlPort } = wanted
  const settings = [targetType, protocol, protocolVersion, ipAddressType, targetControlPort ?? '']
  const salt = [wanted.name, ...settings, ...(role === 'current' ? [] : [loadBalancer])]
  const name = freeName(wanted.name, salt, taken)
  const binding = wanted.binding.name === wanted.name ? { ...wanted.binding, name } : wanted.binding
  return { ...wanted, name, binding }
}

/** A name with another hash, which nothing has yet; the same each time it is asked for. */
export function freeName(
  name: string,
  salt: readonly (string | number)[],
  taken: ReadonlySet<string>,
): string {
  for (let turn = 0; ; turn += 1) {
    const hash = sha256([...salt, ...(turn === 0 ? [] : [turn])].join('\n')).slice(0, 10)
    const free = `${name.slice(0, -10)}${hash}`
    if (!taken.has(free)) return free
  }
}

/** Actions with their target groups by ARN, where AWS has named them. */
export const resolveActions = (world: World, actions: readonly Action[]): readonly Action[] =>
  actions.map((action) =>
    action.type === 'forward'
      ? {
          ...action,
          targetGroups: action.targetGroups.map((tuple) => ({
            ...tuple,
            targetGroup: world.nameOf(tuple.targetGroup),
          })),
        }
      : action,
  )

/** The steps that must come first because they create what the names stand for. */
export const creators = (names: readonly Name[]): string[] =>
  names.filter(isRef).map((ref) => {
    switch (ref.ref) {
      case 'loadBalancer':
        return stepId('CreateLoadBalancer', refKey(ref))
      case 'listener':
        return stepId('CreateListener', refKey(ref))
      case 'targetGroup':
        return stepId('CreateTargetGroup', refKey(ref))
      case 'securityGroup':
        return stepId('CreateSecurityGroup', refKey(ref))
      case 'certificate':
        return stepId('RequestCertificate', refKey(ref))
    }
  })

export const creatorsOfActions = (actions: readonly Action[]): string[] =>
  creators(
    actions.flatMap((action) =>
      action.type === 'forward' ? action.targetGroups.map(({ targetGroup }) => targetGroup) : [],
    ),
  )
