/** What of a group belongs to which of its load balancers, and what each shall be: while one replaces the other both are kept as desired. */
import { equal } from '../lib/json.ts'
import type { Actual, ActualListener, ActualLoadBalancer, ActualTargetGroup } from '../model/actual.ts'
import { type Choice, choose } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import type { Listener } from '../model/listener.ts'
import type { LoadBalancer, Scheme } from '../model/load-balancer.ts'
import { loadBalancerId, replacedTag, type Role, roleOf } from '../model/role.ts'
import { resourceTag } from '../model/tag.ts'
import type { Fleet } from './fleet.ts'
import { identityOf } from './identity.ts'
import { deletionProtection } from './load-balancer.ts'
import { named, sameActions, sameMutualAuthentication, sameSet } from './match.ts'
import { type Place, type PlanInput, resolveActions, type World, world } from './world.ts'

export type Given = {
  readonly desired: Desired
  readonly actual: Actual
  readonly input: PlanInput
  readonly fleet: Fleet
}

/** The group as a whole: for what its load balancers share, and where none is to be built. */
export function whole({ desired, actual, input, fleet: { current } }: Given): World {
  const place = { ...placeOf(actual, 'current'), ...(current ? { loadBalancer: current } : {}) }
  return world(desired, actual, input, place)
}

export type Spec = {
  readonly role: Role
  /** Absent: to be created. */
  readonly loadBalancer?: ActualLoadBalancer
  readonly name?: string
  /** It can't become what is wanted: what goes with its scheme stays. */
  readonly frozen: boolean
  /** The one whose place it shall take. */
  readonly replaces?: World
}

export function part(given: Given, spec: Spec): World {
  const { role, loadBalancer, name = loadBalancer?.name, replaces } = spec
  const { own, strays } = belongings(given, spec)
  const place: Place = {
    ...placeOf(given.actual, role),
    ...(loadBalancer ? { loadBalancer } : {}),
    ...(name === undefined ? {} : { name }),
    ...(replaces?.loadBalancer ? { replaces: replaces.loadBalancer } : {}),
    strays: new Set(strays.map(({ arn }) => arn)),
  }
  return world(
    desiredOf(given, spec),
    actualOf(given.actual, loadBalancer, [...own, ...strays]),
    given.input,
    place,
  )
}

const placeOf = ({ targetGroups }: Actual, role: Role) => ({
  role,
  strays: new Set<string>(),
  taken: new Set(targetGroups.map(({ name }) => name)),
  ids: new Set(targetGroups.map(({ tags }) => tags[resourceTag] ?? '')),
})

/** How it stands among the others, whatever its tag says: the current one, one that never was an address, or one that was. */
export const standing = (fleet: Fleet, one: ActualLoadBalancer): Role =>
  one === fleet.current ? 'current' : roleOf(one) === 'next' ? 'next' : 'old'

type Belongings = {
  readonly own: readonly ActualTargetGroup[]
  readonly strays: readonly ActualTargetGroup[]
}

/** A target group belongs to the load balancer whose rules name it; where none does, its id says to which. */
function belongings({ actual, fleet }: Given, { role, loadBalancer }: Spec): Belongings {
  const { loadBalancers, targetGroups } = actual
  if (loadBalancers.length < 2 && targetGroups.every((one) => identityOf(one).role === role))
    return { own: targetGroups, strays: [] }
  const attached = attachments(actual)
  const homeOf = (one: ActualTargetGroup): string | undefined => {
    const at = attached.get(one.arn)
    if (at !== undefined) return at
    const wants = identityOf(one).role
    // What was made for one that is still to come, or whose creation was cut off.
    if (wants === 'next' && fleet.mustReplace && !fleet.candidate) return ''
    if (wants === role && loadBalancer === undefined) return ''
    return loadBalancers.find((other) => standing(fleet, other) === wants)?.arn
  }
  const homes = targetGroups.map((one) => ({ one, home: homeOf(one) }))
  return {
    own: homes.filter(({ home }) => home === (loadBalancer?.arn ?? '')).map(({ one }) => one),
    strays: role === 'current' ? homes.filter(({ home }) => home === undefined).map(({ one }) => one) : [],
  }
}

/** Target group -> the load balancer whose rules name it: AWS allows one. */
function attachments({ listeners, rules }: Actual): ReadonlyMap<string, string> {
  const parent = new Map(listeners.map(({ arn, loadBalancerArn }) => [arn, loadBalancerArn]))
  const found = new Map<string, string>()
  for (const { defaultActions, loadBalancerArn } of listeners)
    for (const name of named(defaultActions)) found.set(name, loadBalancerArn)
  for (const { actions, listenerArn } of rules)
    for (const name of named(actions)) found.set(name, parent.get(listenerArn) ?? '')
  return found
}

function actualOf(
  actual: Actual,
  loadBalancer: ActualLoadBalancer | undefined,
  targetGroups: readonly ActualTargetGroup[],
): Actual {
  if (actual.loadBalancers.length < 2 && actual.loadBalancers[0] === loadBalancer)
    return { ...actual, targetGroups }
  const listeners = actual.listeners.filter((one) => one.loadBalancerArn === loadBalancer?.arn)
  const arns = new Set(listeners.map(({ arn }) => arn))
  return {
    ...actual,
    loadBalancers: loadBalancer ? [loadBalancer] : [],
    listeners,
    rules: actual.rules.filter(({ listenerArn }) => arns.has(listenerArn)),
    targetGroups,
  }
}

function desiredOf({ desired, fleet, input }: Given, spec: Spec): Desired {
  const { role, replaces } = spec
  const { loadBalancer, listeners } = desired
  if (!loadBalancer) return desired
  return {
    ...desired,
    loadBalancer: loadBalancerOf(loadBalancer, spec, fleet.scheme, input),
    listeners:
      role === 'current'
        ? listeners
        : listeners.map((one) => ({
            ...(replaces ? settled(one, replaces) : one),
            ref: { ...one.ref, incarnation: role },
          })),
  }
}

function loadBalancerOf(
  wanted: LoadBalancer,
  { role, loadBalancer: one, frozen }: Spec,
  scheme: Scheme | undefined,
  { shown }: PlanInput,
): LoadBalancer {
  const id = loadBalancerId(role)
  const { [deletionProtection]: _protection, ...attributes } = wanted.attributes
  const mark =
    role === 'old' && one && shown?.has(one.dnsName.toLowerCase()) !== true
      ? one.tags[replacedTag]
      : undefined
  return {
    ...wanted,
    ref: { ...wanted.ref, id },
    ...(frozen && one
      ? { scheme: { is: one.scheme }, subnets: { is: one.subnets }, ipAddressType: { is: one.ipAddressType } }
      : scheme === undefined
        ? {}
        : { scheme: { is: scheme } }),
    // Whoever lifts the protection of the old one means what he says.
    attributes: role === 'old' ? attributes : wanted.attributes,
    tags: { ...wanted.tags, [resourceTag]: id, ...(mark === undefined ? {} : { [replacedTag]: mark }) },
  }
}

/** What members disagree on is decided by what the load balancer serves whose place this one shall take. */
function settled(listener: Listener, current: World): Listener {
  const served = current.actual.listeners.find(({ port }) => port === listener.port)
  if (!served) return listener
  const decide = <T>(choice: Choice<T>, now: T | undefined, same: (a: T, b: T) => boolean): Choice<T> => {
    const chosen = choose(choice, now, same)
    return chosen === undefined ? choice : { is: chosen }
  }
  const { sslPolicy, mutualAuthentication } = listener
  return {
    ...listener,
    defaultActions: settledActions(listener, served, current),
    certificates: decide(listener.certificates, served.certificates, sameSet),
    ...(sslPolicy ? { sslPolicy: decide(sslPolicy, served.sslPolicy, equal) } : {}),
    ...(mutualAuthentication
      ? {
          mutualAuthentication: decide(
            mutualAuthentication,
            served.mutualAuthentication,
            sameMutualAuthentication,
          ),
        }
      : {}),
  }
}

/** Its target groups are others: what is kept is a member's word, not what is served. */
function settledActions(
  { defaultActions }: Listener,
  served: ActualListener,
  current: World,
): Listener['defaultActions'] {
  if (!('oneOf' in defaultActions)) return defaultActions
  const now = defaultActions.oneOf.find(({ value }) =>
    sameActions(resolveActions(current, value), served.defaultActions),
  )
  return now ? { is: now.value } : defaultActions
}
