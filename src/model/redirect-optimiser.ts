/** ALBC's rule optimiser (`albc-model` 7.7): redirects to themselves and rules shadowed by a redirect are left out. */
import type { Condition } from '../route/condition.ts'
import type { RedirectAction } from './action.ts'
import { isHeld, type Protocol, type Rule, type RuleItem } from './listener.ts'

export type ListenerPort = { readonly port: number; readonly protocol: Protocol }

export function optimise(items: readonly RuleItem[], listener: ListenerPort): readonly RuleItem[] {
  const kept: RuleItem[] = []
  const redirects: Rule[] = []
  for (const item of items) {
    if (isHeld(item)) kept.push(item)
    else if (!isLoop(item, listener) && !redirects.some((earlier) => covers(earlier, item))) {
      kept.push(item)
      if (redirectOf(item)) redirects.push(item)
    }
  }
  return kept
}

const redirectOf = (rule: Pick<Rule, 'actions'>): RedirectAction | undefined =>
  rule.actions.find((action) => action.type === 'redirect')

/** Wildcard values of one field, over all conditions of it. */
const valuesOf = (rule: Pick<Rule, 'conditions'>, field: 'host-header' | 'path-pattern'): readonly string[] =>
  rule.conditions.flatMap((condition) => (condition.field === field ? (condition.values ?? []) : []))

const hasRegexPath = ({ conditions }: Pick<Rule, 'conditions'>): boolean =>
  conditions.some(({ field, ...rest }) => field === 'path-pattern' && 'regexValues' in rest)

/** It would send whoever asks to where they are. */
export function isLoop(rule: Pick<Rule, 'conditions' | 'actions'>, listener: ListenerPort): boolean {
  const redirect = redirectOf(rule)
  if (!redirect || hasRegexPath(rule)) return false
  const differs = (value: string | undefined, same: string, now: readonly string[]): boolean =>
    value !== undefined && value !== same && !now.includes(value)
  return !(
    differs(redirect.host, '#{host}', valuesOf(rule, 'host-header')) ||
    differs(redirect.path, '/#{path}', valuesOf(rule, 'path-pattern')) ||
    differs(redirect.port, '#{port}', [String(listener.port)]) ||
    differs(redirect.protocol, '#{protocol}', [listener.protocol]) ||
    differs(redirect.query, '#{query}', [])
  )
}

function patternsOf(rule: Rule, field: 'host-header' | 'path-pattern'): readonly string[] {
  const regex = rule.conditions.flatMap((condition) =>
    condition.field === field ? (condition.regexValues ?? []) : [],
  )
  return regex.length > 0 ? regex : valuesOf(rule, field)
}
const pathsOf = (rule: Rule): readonly string[] => patternsOf(rule, 'path-pattern')
const hostsOf = (rule: Rule): readonly string[] => patternsOf(rule, 'host-header')

const isPlain = ({ field }: Condition): boolean => field === 'host-header' || field === 'path-pattern'

/** For ALBC a redirect by regex host covers any host, which takes other hosts' rules away: here it covers the same regexes. */
function covers(redirect: Rule, rule: Rule): boolean {
  if (!redirect.conditions.every(isPlain)) return false
  const within = (outer: readonly string[], inner: readonly string[]): boolean =>
    outer.length === 0 || (inner.length > 0 && inner.every((value) => outer.includes(value)))
  const paths = pathsOf(redirect)
  return within(hostsOf(redirect), hostsOf(rule)) && (paths.includes('/*') || within(paths, pathsOf(rule)))
}
