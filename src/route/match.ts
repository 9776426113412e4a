/** Whether one condition holds for a request, and by which of its values (`aws-facts` 4.1, 4.2). */
import { cidrContains } from './cidr.ts'
import type { Condition, QueryStringPair } from './condition.ts'
import { regexOf } from './regex.ts'
import { type Request, hostName } from './request.ts'
import { matchesWildcard } from './wildcard.ts'

/** Values are OR. The one that matched, as the condition writes it; undefined when none did. */
export function matchingValue(condition: Condition, request: Request): string | undefined {
  switch (condition.field) {
    case 'host-header':
      return matchingPattern(condition, [hostName(request.host)], true)
    case 'path-pattern':
      return matchingPattern(condition, [request.path], false)
    case 'http-header':
      return matchingPattern(condition, headerValues(request, condition.httpHeaderName), true)
    case 'http-request-method':
      return condition.values.find((value) => value === request.method)
    case 'source-ip':
      return condition.values.find((value) => cidrContains(value, request.sourceIp))
    case 'query-string': {
      const pairs = queryPairs(request.query)
      const found = condition.values.find((value) => pairs.some((pair) => matchesPair(value, pair)))
      return found && pairText(found)
    }
    default:
      return condition satisfies never
  }
}

export const matches = (condition: Condition, request: Request): boolean =>
  matchingValue(condition, request) !== undefined

const headerValues = (request: Request, name: string): readonly string[] =>
  request.headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value)

function matchingPattern(
  condition: { readonly values?: readonly string[]; readonly regexValues?: readonly string[] },
  texts: readonly string[],
  fold: boolean,
): string | undefined {
  const seen = fold ? texts.map((text) => text.toLowerCase()) : texts
  const wildcard = condition.values?.find((value) =>
    seen.some((text) => matchesWildcard(fold ? value.toLowerCase() : value, text)),
  )
  return (
    wildcard ?? condition.regexValues?.find((value) => texts.some((text) => matchesRegex(value, text, fold)))
  )
}

/** AWS doesn't say whether regexes heed case: taken to be as for the field's wildcards [R]. Unanchored, as its examples imply. */
function matchesRegex(source: string, text: string, fold: boolean): boolean {
  const regex = regexOf(source, fold)
  return regex.ok && regex.value.exec(text) !== undefined
}

const pairText = (pair: QueryStringPair): string =>
  pair.key === undefined ? pair.value : `${pair.key}=${pair.value}`

type Parameter = { readonly key: string; readonly value: string }

/** Raw text in lower case, without percent-decoding [R]. */
function queryPairs(query: string): readonly Parameter[] {
  if (query === '') return []
  return query
    .toLowerCase()
    .split('&')
    .map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? { key: part, value: '' } : { key: part.slice(0, at), value: part.slice(at + 1) }
    })
}

function matchesPair(wanted: QueryStringPair, pair: Parameter): boolean {
  const keyFits = wanted.key === undefined || matchesWildcard(wanted.key.toLowerCase(), pair.key, true)
  return keyFits && matchesWildcard(wanted.value.toLowerCase(), pair.value, true)
}
