/** The rules of one listener: identity by content, order by comparison, numbers only as they must be. */
import type { ActualListener, ActualRule } from '../model/actual.ts'
import { isHeld, type Listener, type RuleItem } from '../model/listener.ts'
import { ownerTag, resourceTag } from '../model/tag.ts'
import { arrange, type Slot } from './arrange.ts'
import { byText, draft, join, type Draft } from './draft.ts'
import { ownerOf } from './owner.ts'
import { park } from './park.ts'
import { assignPriorities } from './priority.ts'
import { changeRules, freeRules } from './rule-change.ts'
import type { Name } from './step.ts'
import { parkedUntil, type Gate } from './switch.ts'
import { tagChange, tagSteps } from './tag.ts'
import { resolveActions, type World } from './world.ts'

/** A gate that some other part of the listener (its default) waits at. */
export type RuleContext = {
  readonly world: World
  readonly listener: Listener
  /** Absent: created in this plan. */
  readonly served: ActualListener | undefined
  readonly otherGates: readonly Gate[]
}

export const rulesOf = (world: World, listener: ActualListener): ActualRule[] =>
  world.actual.rules
    .filter(({ listenerArn }) => listenerArn === listener.arn)
    .sort((a, b) => a.priority - b.priority)

/** A redirect to HTTPS that nobody sound asks for, and perhaps a held member does. */
export const keepsRedirect = ({ maybeRedirected }: Listener, served: ActualListener | undefined): boolean =>
  maybeRedirected === true &&
  served?.defaultActions.some(
    ({ type, ...one }) => type === 'redirect' && 'protocol' in one && one.protocol === 'HTTPS',
  ) === true

export function planRules(context: RuleContext): Draft {
  const { world, listener, served } = context
  if (keepsRedirect(listener, served)) return draft({})
  const all = served ? rulesOf(world, served) : []
  const parked = all.filter((rule) => parkedUntil(rule) !== undefined)
  const open = all.filter((rule) => parkedUntil(rule) === undefined)
  const items = listener.rules.map(
    (item): RuleItem => (isHeld(item) ? item : { ...item, actions: resolveActions(world, item.actions) }),
  )
  const held = new Set(world.desired.held)
  const slots = arrange(items, open, {
    ownerOf: (rule) => ownerOf(rule, world.input.owners),
    held,
    free: freeRules(world),
  })
  const numbers = assignPriorities(
    slots.map((slot) => ({
      ...('rule' in slot ? { priority: slot.rule.priority } : {}),
      pinned: slot.kind === 'keep' && !slot.wanted,
    })),
    new Set(parked.map(({ priority }) => priority)),
  )
  const placed = slots.map((slot, at) => ({ ...slot, priority: numbers[at] ?? 0 }))
  const name: Name = served?.arn ?? listener.ref
  const changes = changeRules({ world, listener, name, placed, parked })
  const gates = [...changes.gates, ...context.otherGates]
  return join([
    changes.draft,
    park({ world, listener, name, parked, gates, changes: changes.draft.steps }),
    ruleTags(world, slots),
    draft({ holds: holds(world, slots, listener.port), owned: owned(world, slots) }),
  ])
}

/** The position tag is left as it is; the owner tag is put right only where it is. */
function ruleTags(world: World, slots: readonly Slot[]): Draft {
  if (!world.input.settings.featureGates.ListenerRulesTagging) return draft({})
  const changes = slots.flatMap((slot) => {
    if ((slot.kind !== 'keep' && slot.kind !== 'modify') || !slot.wanted) return []
    const { rule, wanted } = slot
    const { [resourceTag]: _now, ...now } = rule.tags
    const { [resourceTag]: _wanted, ...tags } = wanted.tags
    const owner = now[ownerTag] === undefined ? {} : { [ownerTag]: wanted.owner }
    const change = tagChange({ ...tags, ...owner }, now, world.input.settings, 'own legacy')
    return [{ resource: rule.arn, owner: wanted.owner, ...change }]
  })
  return tagSteps(changes, { keepSurplus: false })
}

/** What is wanted as it stands, or becomes what is wanted, is the wanting member's, whoever it was made for. */
const owned = (world: World, slots: readonly Slot[]): Draft['owned'] =>
  slots.flatMap((slot) => {
    if (slot.kind === 'create' || slot.kind === 'delete') return []
    const owner = slot.wanted?.owner ?? ownerOf(slot.rule, world.input.owners)
    return owner === undefined ? [] : [{ rule: slot.rule.arn, owner }]
  })

function holds(world: World, slots: readonly Slot[], port: number): Draft['holds'] {
  const kept = slots.flatMap((slot) => (slot.kind === 'keep' && !slot.wanted ? [slot.rule] : []))
  const owners = [...new Set(kept.map((rule) => ownerOf(rule, world.input.owners) ?? 'unknown'))].sort(byText)
  return owners.map((ingress) => {
    const { length } = kept.filter((rule) => (ownerOf(rule, world.input.owners) ?? 'unknown') === ingress)
    return { ingress, what: `${length} ${length === 1 ? 'rule' : 'rules'} on port ${port}` }
  })
}
