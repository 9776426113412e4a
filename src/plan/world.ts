/** What planning looks at, with every Ref that AWS has already named resolved to that name. */
import { sha256 } from '../lib/hash.ts'
import type { Action } from '../model/action.ts'
import type { Actual, ActualLoadBalancer, ActualTargetGroup } from '../model/actual.ts'
import { choose, type IngressKey } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import { backendSecurityGroup, isRef, refKey, type Ref } from '../model/ref.ts'
import type { Settings } from '../model/settings.ts'
import { resourceTag } from '../model/tag.ts'
import type { TargetGroup } from '../model/target-group.ts'
import { byText, stepId } from './draft.ts'
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
}

/** A desired target group beside the one in AWS that can be it. */
export type TargetGroupMatch = {
  readonly desired: TargetGroup
  /** As it has to be named from here on: `<id>+next` while another one bears the id. */
  readonly ref: Ref
  readonly actual?: ActualTargetGroup
}

export type World = {
  readonly desired: Desired
  readonly actual: Actual
  readonly input: PlanInput
  /** Some member can't be built: shared things are kept. */
  readonly held: boolean
  readonly loadBalancer?: ActualLoadBalancer
  readonly targetGroups: readonly TargetGroupMatch[]
  readonly nameOf: (name: Name) => Name
}

const nextSuffix = '+next'
const oldSuffix = '+old'

/** The resource id without what says where a replacement stands. */
export const baseId = (id: string): string => id.replace(/\+(?:next|old)$/, '')
export const isSuperseded = (group: ActualTargetGroup): boolean =>
  group.tags[resourceTag]?.endsWith(oldSuffix) === true
export const supersededId = (id: string): string => `${baseId(id)}${oldSuffix}`

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

export function world(desired: Desired, actual: Actual, input: PlanInput): World {
  const targetGroups = matchTargetGroups(desired, actual)
  const loadBalancer = servingLoadBalancer(desired, actual)
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
    ...(loadBalancer ? { loadBalancer } : {}),
    targetGroups,
    nameOf,
  }
}

/** Of several (a crash, a replacement): the one of the wanted scheme, then the oldest. */
function servingLoadBalancer(desired: Desired, actual: Actual): ActualLoadBalancer | undefined {
  const ordered = [...actual.loadBalancers].sort((a, b) => a.createdAt - b.createdAt || byText(a.arn, b.arn))
  const scheme = desired.loadBalancer?.scheme
  if (!scheme) return ordered[0]
  return ordered.find((one) => choose(scheme, one.scheme, (a, b) => a === b) === one.scheme) ?? ordered[0]
}

function matchTargetGroups(desired: Desired, actual: Actual): TargetGroupMatch[] {
  const names = new Set(actual.targetGroups.map(({ name }) => name))
  const byId = Map.groupBy(actual.targetGroups, ({ tags }) => tags[resourceTag])
  const taken = new Set<string>()
  return desired.targetGroups.map((wanted) => {
    const id = wanted.ref.id
    const bearers = [id, `${id}${nextSuffix}`, supersededId(id)].flatMap((tag) =>
      (byId.get(tag) ?? []).toSorted((a, b) => byText(a.arn, b.arn)),
    )
    const found = bearers.find((one) => !taken.has(one.arn) && sameIncarnation(wanted, one))
    if (found) {
      taken.add(found.arn)
      return { desired: wanted, ref: wanted.ref, actual: found }
    }
    const replaces = bearers.length > 0
    const ref = replaces ? { ...wanted.ref, id: `${id}${nextSuffix}` } : wanted.ref
    return { desired: names.has(wanted.name) ? salted(wanted) : wanted, ref }
  })
}

/** ALBC's hash lacks some of the settings that force a replacement, so its name may still be taken. */
function salted(wanted: TargetGroup): TargetGroup {
  const { targetType, protocol, protocolVersion, ipAddressType, targetControlPort } = wanted
  const salt = sha256(
    [wanted.name, targetType, protocol, protocolVersion, ipAddressType, targetControlPort ?? ''].join('\n'),
  )
  const name = `${wanted.name.slice(0, -10)}${salt.slice(0, 10)}`
  const binding = wanted.binding.name === wanted.name ? { ...wanted.binding, name } : wanted.binding
  return { ...wanted, name, binding }
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
    }
  })

export const creatorsOfActions = (actions: readonly Action[]): string[] =>
  creators(
    actions.flatMap((action) =>
      action.type === 'forward' ? action.targetGroups.map(({ targetGroup }) => targetGroup) : [],
    ),
  )
