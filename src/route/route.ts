/** Which rule answers a request and why, and which rules can never answer one. */
import type { Condition } from './condition.ts'
import { matchingValue } from './match.ts'
import type { Request } from './request.ts'
import { createShelf } from './shelf.ts'

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
  const earlier = createShelf<R>()
  return rules.flatMap((rule) => {
    const by = earlier.coverOf(rule.conditions)
    // What covers a rule covers all that the rule does.
    if (by === undefined) earlier.add(rule.conditions, rule)
    return by === undefined ? [] : [{ rule, by }]
  })
}
