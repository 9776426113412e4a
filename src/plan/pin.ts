/** The wanted order with the rules of held members, and those of unknown owners, in their places. */
import type { ActualRule } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { isHeld, type Rule, type RuleItem } from '../model/listener.ts'

/** A wanted rule, the served rule that becomes or is it, or both. */
export type Entry = { readonly wanted?: Rule; readonly rule?: ActualRule }

export function pin(
  items: readonly RuleItem[],
  pairs: ReadonlyMap<Rule, ActualRule>,
  pinned: ReadonlySet<ActualRule>,
  ownerOf: (rule: ActualRule) => IngressKey | undefined,
): readonly Entry[] {
  const byPriority = [...pinned].sort((a, b) => a.priority - b.priority)
  const marks = new Set(items.flatMap((item) => (isHeld(item) ? [item.held] : [])))
  const marked = byPriority.filter((rule) => marks.has(ownerOf(rule) ?? ''))
  // Pinned rules never move among themselves: the marks say how many stand where.
  const counts = new Map<IngressKey, number>()
  for (const rule of marked) counts.set(ownerOf(rule) ?? '', (counts.get(ownerOf(rule) ?? '') ?? 0) + 1)
  const queue = [...marked]
  const entries: Entry[] = items.flatMap((item): Entry[] => {
    if (isHeld(item)) {
      const count = counts.get(item.held) ?? 0
      counts.delete(item.held)
      return queue.splice(0, count).map((rule) => ({ rule }))
    }
    const rule = pairs.get(item)
    return [rule ? { wanted: item, rule } : { wanted: item }]
  })
  const strays = byPriority.filter((rule) => !marks.has(ownerOf(rule) ?? ''))
  return strays.reduce((all, rule) => insert(all, rule, pinned), entries)
}

/** Of a host and nothing else: whatever comes new for that host belongs before it. */
const isCatchAll = ({ conditions }: ActualRule): boolean =>
  conditions.every(({ field }) => field === 'host-header')

/** Where fewest served rules would have to pass it, between the pinned rules that it stands between now. */
function insert(entries: readonly Entry[], rule: ActualRule, pinned: ReadonlySet<ActualRule>): Entry[] {
  const isPinned = (entry: Entry): entry is { rule: ActualRule } =>
    entry.rule !== undefined && pinned.has(entry.rule)
  const low = entries.findLastIndex((entry) => isPinned(entry) && entry.rule.priority < rule.priority) + 1
  const next = entries.findIndex((entry) => isPinned(entry) && entry.rule.priority > rule.priority)
  const high = next < 0 ? entries.length : next
  let best = low
  let cost = Infinity
  for (let at = low; at <= high; at += 1) {
    const passes = entries.filter(
      (entry, index) => entry.rule && index < at === entry.rule.priority > rule.priority,
    ).length
    if (passes < cost || (passes === cost && isCatchAll(rule))) [best, cost] = [at, passes]
  }
  return [...entries.slice(0, best), { rule }, ...entries.slice(best)]
}
