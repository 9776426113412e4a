/**
 * A load balancer takes the place of another (ADR 4): it is built beside it, takes over its identity once it is ready, the
 * Ingresses then show its address, and the old one goes when resolvers have forgotten it.
 */
import { formatTime, parseTime } from '../lib/time.ts'
import type { ActualLoadBalancer } from '../model/actual.ts'
import type { Problem } from '../model/problem.ts'
import { loadBalancerId, replacedTag, roleOf } from '../model/role.ts'
import { resourceTag } from '../model/tag.ts'
import { bindingOf } from './binding.ts'
import { byText, draft, step, type Draft } from './draft.ts'
import { identityOf } from './identity.ts'
import { attributesRead, deletionProtection } from './load-balancer.ts'
import { served } from './match.ts'
import type { Given } from './part.ts'
import type { Step, Wait } from './step.ts'
import { isUsable } from './switch.ts'
import { freeName, type World } from './world.ts'

export type Part = { readonly world: World; readonly draft: Draft }

/** What the new one may be called; undefined: nothing, since the name that a user wants is taken. */
export function nameOfNext({ desired, actual, fleet }: Given): string | undefined {
  const { loadBalancer } = desired
  const { scheme } = fleet
  if (!loadBalancer || !scheme) return undefined
  const name = loadBalancer.name[scheme]
  const taken = new Set(actual.loadBalancers.map((one) => one.name))
  if (!taken.has(name)) return name
  const explicit = loadBalancer.name.internal === loadBalancer.name['internet-facing']
  return explicit ? undefined : freeName(name, [name, scheme], taken)
}

/** Tags first: from then on they say who is current, whatever happens next. */
export function takeOver(given: Given, current: Part, candidate: Part, shared: Draft): Draft {
  const [from, to] = [current.world.loadBalancer, candidate.world.loadBalancer]
  if (!from || !to) return draft({})
  const waits = waitsBefore(given, current, candidate, shared)
  if (waits === undefined || waits.length > 0) return draft({ waits: waits ?? [] })
  const sure = unhealthy(current.world, candidate.world).length === 0
  const reason = sure
    ? 'another load balancer is ready to take over'
    : 'another load balancer takes over; not all of its targets were seen healthy in time'
  const why = { reason, impact: 'in place' } as const
  const leave = step(
    {
      call: 'AddTags',
      resources: [from.arn],
      // A time from when it was replaced before, and came back, means nothing now.
      tags: {
        [resourceTag]: loadBalancerId('old'),
        ...(from.tags[replacedTag] === undefined ? {} : { [replacedTag]: '' }),
      },
    },
    { key: `${from.arn}:${resourceTag}`, ...why },
  )
  const take = step(
    { call: 'AddTags', resources: [to.arn], tags: { [resourceTag]: loadBalancerId('current') } },
    { key: `${to.arn}:${resourceTag}`, ...why, after: [leave.id] },
  )
  return draft({ steps: [leave, take] })
}

/** Undefined: its own plan goes on first, and says itself what it waits for. */
function waitsBefore(
  given: Given,
  current: Part,
  candidate: Part,
  shared: Draft,
): readonly Wait[] | undefined {
  const { world, draft: own } = candidate
  if (world.held) return [heldWait(world)]
  if (world.loadBalancer?.state !== 'active' && world.loadBalancer?.state !== 'active_impaired')
    return undefined
  if (shared.steps.some(builds) || isBehind(current.draft, own)) return undefined
  const elsewhere = new Set(current.draft.waits.map((wait) => wait.for))
  if (own.waits.some((wait) => holdsUp(wait) && !(wait.for === 'readRefused' && elsewhere.has(wait.for))))
    return undefined
  return healthWaits(given, current.world, world)
}

export const heldWait = ({ loadBalancer, desired }: World): Wait => ({
  for: 'heldMember',
  on: loadBalancer?.arn ?? desired.stack,
  afterMs: 60_000,
  why: `a load balancer is replaced once no member is held: ${desired.held.join(', ')}`,
})

const holdsUp = (wait: Wait): boolean => wait.for !== 'bindingGone' && wait.for !== 'draining'

/** What is only cleaned up can be so later. */
const builds = ({ call }: Step): boolean =>
  !/^(?:DeleteTargetGroup|DeleteTargetGroupBinding|DeleteSecurityGroup|RevokeSecurityGroupIngress|AddTags|RemoveTags|CreateTags|DeleteTags)$/.test(
    call,
  )

/** Something is still to be done that is done on the current one. What AWS refuses on both keeps nobody waiting. */
function isBehind(current: Draft, candidate: Draft): boolean {
  const count = ({ steps }: Draft): Map<string, number> => {
    const counts = new Map<string, number>()
    for (const { call, owner } of steps.filter(builds))
      counts.set(`${call} ${owner}`, (counts.get(`${call} ${owner}`) ?? 0) + 1)
    return counts
  }
  const left = count(current)
  return [...count(candidate)].some(([key, many]) => many > (left.get(key) ?? 0))
}

/**
 * Its targets have this long from its creation, or since it was last replaced itself; those that came later, because a member was
 * held or is new, since they were bound.
 */
function healthWaits({ input }: Given, current: World, candidate: World): readonly Wait[] {
  const { createdAt = 0, tags = {} } = candidate.loadBalancer ?? {}
  const since = Math.max(createdAt, parseTime(tags[replacedTag] ?? '') ?? 0)
  const boundAt = (arn: string): number =>
    parseTime(bindingOf(candidate, arn)?.metadata.creationTimestamp ?? '') ?? 0
  const inTime = (arn: string): boolean =>
    input.now < Math.max(since, boundAt(arn)) + input.settings.replacement.patienceMs
  return unhealthy(current, candidate, inTime)
}

/** Where the current one answers, and this one may not. */
const unhealthy = (
  current: World,
  candidate: World,
  counts: (arn: string) => boolean = () => true,
): readonly Wait[] =>
  unverified(candidate).flatMap((arn): Wait[] => {
    if (!counts(arn)) return []
    const before = counterpart(current, candidate, arn)
    if (before === undefined) return []
    const usable = isUsable(current, before)
    if (usable === 'no') return []
    if (usable === 'unread') return [read(before)]
    if (candidate.actual.targets[arn] === undefined) return [read(arn)]
    return [
      {
        for: 'targetHealth',
        on: arn,
        afterMs: 5_000,
        why: 'the new load balancer takes over once its targets are healthy',
      },
    ]
  })

const read = (on: string): Wait => ({
  for: 'targetsRead',
  on,
  afterMs: 0,
  why: 'whether another load balancer may take over depends on its targets',
})

/** Target groups that get requests, and of which no target is known to be healthy. */
function unverified({ actual, targetGroups }: World): string[] {
  const arns = new Set(targetGroups.flatMap((match) => match.actual?.arn ?? []))
  const serving = [
    ...actual.rules.map(({ actions }) => actions),
    ...actual.listeners.map(({ defaultActions }) => defaultActions),
  ].flatMap((actions) => served(actions).map(({ targetGroup }) => targetGroup))
  const healthy = (arn: string): boolean =>
    actual.targets[arn]?.some(({ state }) => state === 'healthy' || state === 'unavailable') === true
  return [...new Set(serving)].flatMap((name) =>
    typeof name === 'string' && arns.has(name) && !healthy(name) ? [name] : [],
  )
}

/** The target group of the same Service on the other load balancer. */
function counterpart(current: World, candidate: World, arn: string): string | undefined {
  const match = candidate.targetGroups.find(({ actual }) => actual?.arn === arn)
  const base = match?.actual && identityOf(match.actual).base
  return current.targetGroups.find(({ actual }) => actual && identityOf(actual).base === base)?.actual?.arn
}

/** What keeps an old one: undefined once nothing does. */
export function reasonToStay({ input }: Given, one: ActualLoadBalancer): Draft | undefined {
  const { graceMs } = input.settings.replacement
  const wait = (what: Omit<Wait, 'on'>): Draft => draft({ waits: [{ on: one.arn, ...what }] })
  if (input.shown?.has(one.dnsName.toLowerCase()))
    return wait({
      for: 'statusMoved',
      afterMs: 2_000,
      why: 'an Ingress still shows the address of the old load balancer',
    })
  const since = roleOf(one) === 'old' ? parseTime(one.tags[replacedTag] ?? '') : undefined
  // Clocks differ a little; what lies further ahead is nobody's word.
  const known = since !== undefined && since <= input.now + graceMs + 60_000
  if (!known) return draft({ steps: [mark(one, input.now)] })
  const left = since + graceMs - input.now
  if (left > 0)
    return wait({
      for: 'grace',
      afterMs: left,
      why: 'resolvers may remember the address of the old load balancer',
    })
  const why = 'whether it is protected from deletion is not read yet'
  if (one.attributes === undefined) return draft({ waits: [{ ...attributesRead(one.arn), why }] })
  return undefined
}

export const isProtected = ({ attributes }: ActualLoadBalancer): boolean =>
  attributes?.[deletionProtection] === 'true'

const mark = ({ arn }: ActualLoadBalancer, now: number): Step =>
  step(
    {
      call: 'AddTags',
      resources: [arn],
      // Up to the next second: never less than the whole grace.
      tags: { [resourceTag]: loadBalancerId('old'), [replacedTag]: formatTime(now + 999) },
    },
    { key: `${arn}:${replacedTag}`, reason: 'no Ingress shows its address any more', impact: 'in place' },
  )

export const remove = ({ arn }: ActualLoadBalancer, reason: string): Step =>
  step({ call: 'DeleteLoadBalancer', loadBalancer: arn }, { key: arn, reason, impact: 'deletes' })

/** There is no place for two: said to everybody, and done with an outage where somebody approves. */
export function impossible(given: Given, { loadBalancer }: World): Draft {
  if (!loadBalancer) return draft({})
  const outage = step(
    { call: 'DeleteLoadBalancer', loadBalancer: loadBalancer.arn },
    {
      key: loadBalancer.arn,
      reason: 'another can only be built once it is gone',
      impact: 'replaces',
    },
  )
  return draft({ steps: [outage], problems: problems(given, loadBalancer) })
}

function problems({ desired, fleet, input }: Given, { name, scheme }: ActualLoadBalancer): Problem[] {
  const full = input.noLoadBalancerMore === true
  const members = new Set([
    ...desired.targetGroups.map(({ owner }) => owner),
    ...desired.listeners.flatMap(({ rules }) =>
      rules.flatMap((item) => ('held' in item ? [] : [item.owner])),
    ),
    ...(desired.loadBalancer && 'oneOf' in desired.loadBalancer.scheme
      ? desired.loadBalancer.scheme.oneOf.map(({ by }) => by)
      : []),
  ])
  const why = full
    ? 'AWS allows no further load balancer in this region'
    : `the one that replaces it can't have its name while it is there`
  const way = full
    ? 'raise the quota of Application Load Balancers'
    : 'write another load-balancer-name, or none'
  return [...members].sort(byText).map((member) => {
    const [namespace = '', ingress = ''] = member.split('/')
    return {
      kind: 'ReplacementImpossible',
      on: { kind: 'Ingress', namespace, name: ingress },
      level: 'error',
      message: `load balancer ${name} is ${scheme}, ${fleet.scheme} is wanted, AWS can't change that, and ${why}`,
      remedy: `Set the scheme back to ${scheme}, ${way}, or move the Ingress to another group.`,
    }
  })
}
