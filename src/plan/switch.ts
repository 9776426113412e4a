/**
 * Make before break: whether requests may be sent to other target groups now. A new target group waits, parked in a
 * rule that never matches (AWS checks the health of any group that a rule names), until a target of it is healthy or
 * two minutes have passed; the parking rule itself bears that moment, so nothing need be remembered.
 */
import type { Action } from '../model/action.ts'
import type { ActualRule } from '../model/actual.ts'
import { isRef } from '../model/ref.ts'
import type { Condition } from '../route/condition.ts'
import { keyOfName } from './draft.ts'
import { named, served } from './match.ts'
import type { Name, Wait } from './step.ts'
import type { World } from './world.ts'

const patienceMs = 120_000
const parkedHeader = 'x-albatross-parked-until'

/** No request has the limited broadcast's neighbour as its source. */
export const parkedConditions = (now: number): readonly Condition[] => [
  { field: 'source-ip', values: ['255.255.255.254/32'] },
  { field: 'http-header', httpHeaderName: parkedHeader, values: [String(now + patienceMs)] },
]

export const parkedUntil = (rule: { readonly conditions: readonly Condition[] }): number | undefined => {
  const mark = rule.conditions.find(
    (one) => one.field === 'http-header' && one.httpHeaderName.toLowerCase() === parkedHeader,
  )
  return mark?.field === 'http-header' ? Number(mark.values?.[0] ?? 0) : undefined
}

export type Gate =
  | { readonly open: true }
  | {
      readonly open: false
      readonly waits: readonly Wait[]
      /** Target groups that something waits for; all stay parked. */
      readonly pending: readonly Name[]
      /** Those that no rule names yet. */
      readonly park: readonly Name[]
    }

export function gate(
  world: World,
  parked: readonly ActualRule[],
  wanted: readonly Action[],
  now: readonly Action[],
): Gate {
  const fresh = served(wanted)
    .map(({ targetGroup }) => targetGroup)
    .filter((name) => !named(now).includes(keyOfName(name)))
  if (fresh.length === 0 || world.loadBalancer?.state === 'provisioning') return { open: true }
  const old = served(now).map(({ targetGroup }) => keyOfName(targetGroup))
  const usable = old.map((arn) => isUsable(world, arn))
  if (usable.every((one) => one === 'no')) return { open: true }
  const unread = old.filter((_, at) => usable[at] === 'unread')
  const states = fresh.map((name) => ({ name, ...readiness(world, parked, name) }))
  const room = hasRoom(world)
  // Without a free rule there is no place to be checked in: being registered must do.
  const pending = states.filter(
    ({ wait, park, name }) => wait && (!park || room || isUnregistered(world, name)),
  )
  if (pending.length === 0) return { open: true }
  if (unread.length > 0 && !usable.includes('yes'))
    return { open: false, waits: unread.map(targetsRead), pending: pending.map(({ name }) => name), park: [] }
  return {
    open: false,
    waits: pending.flatMap(({ wait }) => wait ?? []),
    pending: pending.map(({ name }) => name),
    park: room ? pending.filter(({ park }) => park).map(({ name }) => name) : [],
  }
}

const isUnregistered = (world: World, name: Name): boolean =>
  isRef(name) || (world.actual.targets[name] ?? []).length === 0

function hasRoom({ actual, input }: World): boolean {
  const { rulesPerLoadBalancer = 100, targetGroupsPerLoadBalancer = 100 } = input.quota ?? {}
  return (
    actual.rules.length < rulesPerLoadBalancer && actual.targetGroups.length < targetGroupsPerLoadBalancer
  )
}

const targetsRead = (arn: string): Wait => ({
  for: 'targetsRead',
  on: arn,
  afterMs: 0,
  why: 'whether a switch must wait depends on its targets',
})

const isOurs = (world: World, arn: string): boolean =>
  world.actual.targetGroups.some((group) => group.arn === arn)

/** Whether it answers requests now. A group of the user's own is trusted. */
export function isUsable(world: World, arn: string): 'yes' | 'no' | 'unread' {
  if (!isOurs(world, arn)) return 'yes'
  const targets = world.actual.targets[arn]
  if (!targets) return 'unread'
  const able = ['healthy', 'unknown', 'initial', 'unavailable']
  return targets.some(({ state }) => able.includes(state)) ? 'yes' : 'no'
}

function readiness(
  world: World,
  parked: readonly ActualRule[],
  name: Name,
): { readonly wait?: Wait; readonly park: boolean } {
  if (isRef(name)) {
    const created = world.targetGroups.some(
      ({ ref, actual }) => !actual && keyOfName(ref) === keyOfName(name),
    )
    return created ? { wait: health(keyOfName(name), 5_000), park: true } : { park: false }
  }
  if (!isOurs(world, name)) return { park: false }
  const targets = world.actual.targets[name]
  if (targets?.some(({ state }) => state === 'healthy' || state === 'unavailable')) return { park: false }
  const place = parked.find(({ actions }) => named(actions).includes(name))
  if (place) {
    const left = (parkedUntil(place) ?? 0) - world.input.now
    return left > 0 ? { wait: health(name, Math.min(left, 5_000)), park: false } : { park: false }
  }
  return targets ? { wait: health(name, 5_000), park: true } : { wait: targetsRead(name), park: false }
}

const health = (on: string, afterMs: number): Wait => ({
  for: 'targetHealth',
  on,
  afterMs,
  why: 'the new target group has no healthy target yet',
})
