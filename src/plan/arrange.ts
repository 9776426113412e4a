/** How the rules of a listener become the wanted ones: which stay, change, come and go, and in which order all stand meanwhile. */
import type { ActualRule } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { isHeld, type Rule, type RuleItem } from '../model/listener.ts'
import { actionsKey, conditionsKey, statesStickiness, transformsKey } from './match.ts'
import { overlap } from './overlap.ts'
import { pin, type Entry } from './pin.ts'
import { increasing, pair } from './sequence.ts'

export type Slot =
  | { readonly kind: 'keep'; readonly rule: ActualRule; readonly wanted?: Rule }
  | { readonly kind: 'modify'; readonly rule: ActualRule; readonly wanted: Rule }
  | { readonly kind: 'create'; readonly wanted: Rule }
  | { readonly kind: 'delete'; readonly rule: ActualRule }

export type Ownership = {
  readonly ownerOf: (rule: ActualRule) => IngressKey | undefined
  readonly held: ReadonlySet<IngressKey>
  /** How many rules may be created now. */
  readonly free: number
}

/** `served` without the default and without parking rules, by priority; all names resolved. */
export function arrange(
  items: readonly RuleItem[],
  served: readonly ActualRule[],
  ownership: Ownership,
): readonly Slot[] {
  const { ownerOf, held, free } = ownership
  const isPinned = (rule: ActualRule) => held.has(ownerOf(rule) ?? '')
  const open = served.filter((rule) => !isPinned(rule))
  const wanted = items.flatMap((item) => (isHeld(item) ? [] : [item]))
  const exact = matchContent(wanted, open)
  const left = open.filter((rule) => !exact.taken.has(rule))
  const unknown = held.size > 0 ? left.filter((rule) => ownerOf(rule) === undefined) : []
  const pinned = new Set([...served.filter(isPinned), ...unknown])
  const near = matchConditions(
    wanted.filter((rule) => !exact.pairs.has(rule)),
    left.filter((rule) => !pinned.has(rule)),
  )
  const pairs = new Map([...exact.pairs, ...near.pairs])
  const entries = pin(items, pairs, pinned, ownerOf)
  return settle({ entries, pinned, exact: exact.taken, served, free, ownerOf })
}

type Pairs = { readonly pairs: ReadonlyMap<Rule, ActualRule>; readonly taken: ReadonlySet<ActualRule> }

function toPairs(wanted: readonly Rule[], served: readonly ActualRule[], found: Map<number, number>): Pairs {
  const pairs = new Map<Rule, ActualRule>()
  for (const [at, place] of found) {
    const [rule, actual] = [wanted[at], served[place]]
    if (rule && actual) pairs.set(rule, actual)
  }
  return { pairs, taken: new Set(pairs.values()) }
}

function matchContent(wanted: readonly Rule[], served: readonly ActualRule[]): Pairs {
  const key = (rule: Rule | ActualRule, desired: readonly Rule['actions'][number][]) =>
    [
      statesStickiness(desired),
      conditionsKey(rule.conditions),
      transformsKey(rule.transforms),
      actionsKey(rule.actions, desired),
    ].join('\n')
  const sticky: Rule['actions'] = [{ type: 'forward', targetGroups: [], stickiness: {} }]
  return toPairs(
    wanted,
    served,
    pair(
      wanted.map((rule) => key(rule, rule.actions)),
      served.map((rule) => [key(rule, []), key(rule, sticky)]),
    ),
  )
}

const matchConditions = (wanted: readonly Rule[], served: readonly ActualRule[]): Pairs =>
  toPairs(
    wanted,
    served,
    pair(
      wanted.map(({ conditions }) => conditionsKey(conditions)),
      served.map(({ conditions }) => [conditionsKey(conditions)]),
    ),
  )

type Matched = {
  readonly entries: readonly Entry[]
  readonly pinned: ReadonlySet<ActualRule>
  /** Served rules whose content is wanted as it is. */
  readonly exact: ReadonlySet<ActualRule>
  readonly served: readonly ActualRule[]
  readonly free: number
  readonly ownerOf: Ownership['ownerOf']
}

function settle(matched: Matched): readonly Slot[] {
  const { exact, pinned } = matched
  const staying = inOrder(matched.entries, pinned)
  // A changed rule that also moves is a new rule and a deletion: as many calls, and always safe.
  const entries = matched.entries.map((entry) =>
    entry.rule && entry.wanted && !staying.has(entry.rule) && !exact.has(entry.rule)
      ? { wanted: entry.wanted }
      : entry,
  )
  const moves = entries.filter(({ rule }) => rule && !staying.has(rule))
  if (moves.length === 0) return withoutMoves(matched, rewrite(matched, entries))
  return withMoves(matched, entries, moves) ?? copied(matched, entries, staying)
}

/** The existing rules that need not move: pinned ones always, then as many as possible. */
function inOrder(entries: readonly Entry[], pinned: ReadonlySet<ActualRule>): Set<ActualRule> {
  const placed = entries.flatMap(({ rule }, at) => (rule ? [{ rule, at }] : []))
  const fixed = placed.filter(({ rule }) => pinned.has(rule))
  const fits = placed.filter(({ rule, at }) =>
    fixed.every((one) => one.at === at || one.at < at === one.rule.priority < rule.priority),
  )
  const kept = increasing(fits.map(({ rule }) => rule.priority)).flatMap((index) => fits[index]?.rule ?? [])
  return new Set([...kept, ...pinned])
}

const leaving = (matched: Matched, entries: readonly Entry[]): ActualRule[] => {
  const used = new Set(entries.map(({ rule }) => rule))
  return matched.served.filter((rule) => !used.has(rule) && !matched.pinned.has(rule))
}

/** One ModifyRule in place of a creation and a deletion, where no other change touches the same requests. */
function rewrite(matched: Matched, entries: readonly Entry[]): readonly Entry[] {
  const result = [...entries]
  const old = leaving(matched, entries)
  const fresh = entries.filter(({ rule }) => !rule)
  const tight = fresh.length > matched.free
  const changes = changing(matched, entries)
  let from = 0
  for (const rule of old) {
    const [low, high] = gap(result, rule, from)
    const at = result.findIndex(
      ({ wanted, rule: taken }, index) =>
        index >= low &&
        index < high &&
        !taken &&
        wanted !== undefined &&
        sameOwner(matched.ownerOf(rule), wanted.owner) &&
        (tight || alone(rule, wanted, old, changes)),
    )
    const wanted = result[at]?.wanted
    if (!wanted) continue
    result[at] = { wanted, rule }
    from = at + 1
  }
  return result
}

/** What comes, and what changes in place: until it has, requests for it are served as before. */
const changing = ({ exact, pinned }: Matched, entries: readonly Entry[]): Entry[] =>
  entries.filter(({ rule }) => !rule || !(exact.has(rule) || pinned.has(rule)))

const sameOwner = (owner: IngressKey | undefined, wanted: IngressKey): boolean =>
  owner === undefined || owner === wanted

/** The places at which the rule's number is in order. */
function gap(entries: readonly Entry[], rule: ActualRule, from: number): readonly [number, number] {
  const low = entries.findLastIndex((entry) => entry.rule && entry.rule.priority < rule.priority) + 1
  const high = entries.findIndex((entry) => entry.rule && entry.rule.priority > rule.priority)
  return [Math.max(low, from), high < 0 ? entries.length : high]
}

function alone(
  rule: ActualRule,
  wanted: Rule,
  old: readonly ActualRule[],
  changes: readonly Entry[],
): boolean {
  const others = [
    ...old.filter((one) => one !== rule).map(({ conditions }) => conditions),
    ...changes.flatMap((one) => (one.wanted && one.wanted !== wanted ? [one.wanted.conditions] : [])),
  ]
  return others.every((one) => !overlap(one, rule.conditions) && !overlap(one, wanted.conditions))
}

/**
 * Old rules keep their place among those that stay, and stand before new ones in the same gap. So at any moment, with
 * new rules made from the top down, a request meets the rule that serves it today or the one that shall.
 */
function withoutMoves(matched: Matched, entries: readonly Entry[]): readonly Slot[] {
  const old = leaving(matched, entries)
  const slots: Slot[] = []
  entries.forEach((entry, at) => {
    if (at === 0 || entries[at - 1]?.rule) {
      const next = entries.slice(at).find(({ rule }) => rule)?.rule?.priority ?? Infinity
      while ((old[0]?.priority ?? Infinity) < next) slots.push(...goes(old.shift()))
    }
    slots.push(toSlot(matched, entry))
  })
  return [...slots, ...old.flatMap(goes)]
}

const goes = (rule: ActualRule | undefined): Slot[] => (rule ? [{ kind: 'delete', rule }] : [])

function toSlot({ exact }: Matched, { rule, wanted }: Entry): Slot {
  if (rule && wanted) return { kind: exact.has(rule) ? 'keep' : 'modify', rule, wanted }
  if (rule) return { kind: 'keep', rule }
  if (wanted) return { kind: 'create', wanted }
  throw new Error('an entry without a rule')
}

/** All in one SetRulePriorities, if no rule that comes or goes meets the requests of one that moves. */
function withMoves(
  matched: Matched,
  entries: readonly Entry[],
  moves: readonly Entry[],
): readonly Slot[] | undefined {
  const crossed = changing(matched, entries).some(({ wanted }) =>
    moves.some(({ rule }) => rule && wanted && overlap(rule.conditions, wanted.conditions)),
  )
  if (crossed) return undefined
  const places = new Map<number, Slot[]>()
  let from = 0
  for (const rule of leaving(matched, entries)) {
    const meets = (other: ActualRule | undefined, before: boolean) =>
      other !== undefined &&
      other.priority < rule.priority === before &&
      overlap(other.conditions, rule.conditions)
    const low = Math.max(from, entries.findLastIndex((entry) => meets(entry.rule, true)) + 1)
    const high = entries.findIndex((entry) => meets(entry.rule, false))
    if (high >= 0 && high < low) return undefined
    places.set(low, [...(places.get(low) ?? []), { kind: 'delete', rule }])
    from = low
  }
  return [
    ...entries.flatMap((entry, at) => [...(places.get(at) ?? []), toSlot(matched, entry)]),
    ...(places.get(entries.length) ?? []),
  ]
}

/** Rules that can't move safely are made anew in their new place; without room, all move and old rules go last. */
function copied(
  matched: Matched,
  entries: readonly Entry[],
  staying: ReadonlySet<ActualRule>,
): readonly Slot[] {
  const anew = entries.map((entry) =>
    entry.rule && entry.wanted && !staying.has(entry.rule) ? { wanted: entry.wanted } : entry,
  )
  if (anew.filter(({ rule }) => !rule).length <= matched.free) return withoutMoves(matched, anew)
  return [...entries.map((entry) => toSlot(matched, entry)), ...leaving(matched, entries).flatMap(goes)]
}
