/** Whether one rule leaves nothing to another: every request that satisfies the second satisfies the first. A false may be wrong; a true never is. */
import { cidrContains } from './cidr.ts'
import type { Condition, QueryStringPair } from './condition.ts'
import { coversWildcard } from './wildcard.ts'

export const covers = (wide: readonly Condition[], narrow: readonly Condition[]): boolean =>
  wide.every((one) => takesAll(one) || narrow.some((other) => within(one, other)))

/** Every request has a path. */
const takesAll = (one: Condition): boolean =>
  one.field === 'path-pattern' && (one.values ?? []).some((value) => value === '/*' || value === '*')

function within(wide: Condition, narrow: Condition): boolean {
  switch (wide.field) {
    case 'host-header':
      return narrow.field === 'host-header' && patterns(wide, narrow, true)
    case 'path-pattern':
      return narrow.field === 'path-pattern' && patterns(wide, narrow, false)
    case 'http-header':
      return (
        narrow.field === 'http-header' &&
        narrow.httpHeaderName.toLowerCase() === wide.httpHeaderName.toLowerCase() &&
        patterns(wide, narrow, true)
      )
    case 'http-request-method':
      return narrow.field === 'http-request-method' && each(wide.values, narrow.values, (a, b) => a === b)
    case 'source-ip':
      return narrow.field === 'source-ip' && each(wide.values, narrow.values, cidrContains)
    case 'query-string':
      return narrow.field === 'query-string' && each(wide.values, narrow.values, coversPair)
    default:
      return wide satisfies never
  }
}

const each = <T>(wide: readonly T[], narrow: readonly T[], holds: (a: T, b: T) => boolean): boolean =>
  narrow.every((value) => wide.some((one) => holds(one, value)))

type Patterns = { readonly values?: readonly string[]; readonly regexValues?: readonly string[] }

function patterns(wide: Patterns, narrow: Patterns, ignoreCase: boolean): boolean {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text)
  const same = (a: string, b: string): boolean => a === b
  if (narrow.regexValues) return each(wide.regexValues ?? [], narrow.regexValues, same)
  const [outer, inner] = [(wide.values ?? []).map(fold), (narrow.values ?? []).map(fold)]
  return each(outer, inner, coversText)
}

/** Longer ones no ALB takes; to compare them would take long. */
const longest = 256

/** Nearly always told apart by their beginnings, at once. */
function coversText(wide: string, narrow: string): boolean {
  if (wide.length > longest || narrow.length > longest) return false
  const head = wide.search(/[*?]/)
  if (head < 0) return wide === narrow
  return narrow.startsWith(wide.slice(0, head)) && coversWildcard(wide, narrow)
}

function coversPair(wide: QueryStringPair, narrow: QueryStringPair): boolean {
  const glob = (a: string, b: string): boolean =>
    a.length <= longest && b.length <= longest && coversWildcard(a.toLowerCase(), b.toLowerCase(), true)
  const key = wide.key === undefined || (narrow.key !== undefined && glob(wide.key, narrow.key))
  return key && glob(wide.value, narrow.value)
}
