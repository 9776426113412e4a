/** Which rule answers a request and why, and which rules can never answer one. */
import type { Condition } from './condition.ts'
import { cidrContains } from './cidr.ts'
import { matchingValue } from './match.ts'
import type { Request } from './request.ts'
import { coversWildcard } from './wildcard.ts'

type Conditional = { readonly conditions: readonly Condition[] }

/** One rule looked at: the values by which all its conditions held, or the first condition that did not. */
type Trial<R> =
  | { readonly rule: R; readonly matched: true; readonly by: readonly string[] }
  | { readonly rule: R; readonly matched: false; readonly failed: Condition }

/** Without `rule`, the listener's default answers. `why` ends with the rule that answered. */
export type Routed<R> = { readonly rule?: R; readonly why: readonly Trial<R>[] }

function attempt<R extends Conditional>(request: Request, rule: R): Trial<R> {
  const by: string[] = []
  for (const condition of rule.conditions) {
    const value = matchingValue(condition, request)
    if (value === undefined) return { rule, matched: false, failed: condition }
    by.push(value)
  }
  return { rule, matched: true, by }
}

/** `rules` in the order of their priority. */
export function route<R extends Conditional>(request: Request, rules: readonly R[]): Routed<R> {
  const why: Trial<R>[] = []
  for (const rule of rules) {
    const trial = attempt(request, rule)
    why.push(trial)
    if (trial.matched) return { rule, why }
  }
  return { why }
}

export type Shadow<R> = { readonly rule: R; readonly by: R }

/**
 * Rules that never match because one earlier rule matches all that they do. Says nothing untrue, but not everything:
 * a rule that only several earlier ones cover together isn't found.
 */
export function shadowedBy<R extends Conditional>(rules: readonly R[]): readonly Shadow<R>[] {
  return rules.flatMap((rule, index) => {
    const by = rules.slice(0, index).find((earlier) => covers(earlier, rule))
    return by === undefined ? [] : [{ rule, by }]
  })
}

const covers = (wide: Conditional, narrow: Conditional): boolean =>
  wide.conditions.every((outer) => narrow.conditions.some((inner) => coversCondition(outer, inner)))

function coversCondition(wide: Condition, narrow: Condition): boolean {
  switch (wide.field) {
    case 'host-header':
    case 'path-pattern':
      return wide.field === narrow.field && coversPatterns(wide, narrow, wide.field === 'host-header')
    case 'http-header':
      return (
        narrow.field === 'http-header' &&
        wide.httpHeaderName.toLowerCase() === narrow.httpHeaderName.toLowerCase() &&
        coversPatterns(wide, narrow, true)
      )
    case 'http-request-method':
      return narrow.field === wide.field && narrow.values.every((value) => wide.values.includes(value))
    case 'source-ip':
      return (
        narrow.field === wide.field &&
        narrow.values.every((value) => wide.values.some((outer) => cidrContains(outer, value)))
      )
    case 'query-string':
      return (
        narrow.field === wide.field &&
        narrow.values.every((inner) =>
          wide.values.some(
            (outer) =>
              coversWildcard((outer.key ?? '*').toLowerCase(), (inner.key ?? '*').toLowerCase(), true) &&
              coversWildcard(outer.value.toLowerCase(), inner.value.toLowerCase(), true),
          ),
        )
      )
    default:
      return wide satisfies never
  }
}

type Patterned = {
  readonly field: string
  readonly values?: readonly string[]
  readonly regexValues?: readonly string[]
}

function coversPatterns(wide: Patterned, narrow: Patterned, fold: boolean): boolean {
  const text = (value: string): string => (fold ? value.toLowerCase() : value)
  const outer = (wide.values ?? []).map(text)
  const everything = outer.some((value) => value === '*' || (value === '/*' && wide.field === 'path-pattern'))
  if (everything) return true
  const wildcards = (narrow.values ?? []).every((inner) =>
    outer.some((value) => coversWildcard(value, text(inner))),
  )
  const regexes = (narrow.regexValues ?? []).every((inner) => (wide.regexValues ?? []).includes(inner))
  return wildcards && regexes
}
