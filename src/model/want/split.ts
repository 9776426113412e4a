/** A path that asks for more values than ALB takes in one rule, as several rules: the values of a condition are alternatives. */
import type { Condition } from '../../route/condition.ts'
import { keyOf } from '../../annotation/define.ts'
import { conditions as conditionsAnnotation } from '../../annotation/rule.ts'
import { fault, type Scope } from './scope.ts'

/** AWS: condition values per rule; neither can be raised. Its pages say 5 wildcards here and 6 there. */
const mostValues = 5
const mostWildcards = 5
/** As many rules as a load balancer has where nobody raised the quota. */
const mostRules = 100

const mostStated = 10 * mostRules * mostValues

type Values = readonly { readonly wildcards: number }[]
/** How many values of each condition stand in one rule. */
type Sizes = readonly number[]

/** Undefined where it can't be said in rules, or not in less than a hundred. */
export function split(conditions: readonly Condition[]): readonly (readonly Condition[])[] | undefined {
  // Nobody means more; and each path would look through them.
  if (count(conditions) > mostStated) return undefined
  if (fits(conditions.map(weighed))) return [conditions]
  const distinct = conditions.map(withoutRepetition)
  const values = distinct.map(weighed)
  const best = sizesOf(values.length)
    .map((sizes) => ({
      sizes,
      rules: values.reduce((n, { length }, at) => n * pieces(length, sizes[at]), 1),
    }))
    .filter(({ sizes, rules }) => rules <= mostRules && isLight(values, sizes))
    .toSorted((a, b) => a.rules - b.rules)[0]
  if (best) return product(distinct.map((condition, at) => chunks(condition, best.sizes[at] ?? 1)))
  // Whether AWS takes that many wildcards is for AWS to say.
  return values.flat().length <= mostValues ? [distinct] : undefined
}

export function refuseTooMany(scope: Scope, service: string, conditions: readonly Condition[]): void {
  const key = keyOf(conditionsAnnotation, service)
  const why =
    conditions.length > mostValues
      ? `${conditions.length} conditions hold at once`
      : `that would be more than ${mostRules} rules`
  fault(scope, 'TooManyValues', {
    field: key,
    message: `a rule takes ${mostValues} values, and ${key} with its path asks for ${count(conditions)}: ${why}`,
    remedy: `Leave out some of ${key}, or spread them over several paths or Ingresses.`,
  })
}

const count = (conditions: readonly Condition[]): number =>
  conditions.reduce((sum, one) => sum + (one.values ?? one.regexValues).length, 0)

const fits = (values: readonly Values[]): boolean =>
  values.flat().length <= mostValues && wildcardsIn(values.flat()) <= mostWildcards

const wildcardsIn = (values: Values): number => values.reduce((sum, { wildcards }) => sum + wildcards, 0)

const pieces = (length: number, size = 1): number => Math.ceil(length / size)

/** All ways to share a rule's values among its conditions, generous ones first. */
function sizesOf(conditions: number): readonly Sizes[] {
  const ways = (left: number, places: number): readonly Sizes[] => {
    if (places === 0) return [[]]
    const most = left - places + 1
    return Array.from({ length: Math.max(0, most) }, (_, at) => most - at).flatMap((size) =>
      ways(left - size, places - 1).map((rest) => [size, ...rest]),
    )
  }
  return ways(mostValues, conditions)
}

/** The heaviest pieces of all conditions may meet in one rule. */
const isLight = (values: readonly Values[], sizes: Sizes): boolean =>
  values.reduce((sum, one, at) => sum + Math.max(0, ...sliced(one, sizes[at]).map(wildcardsIn)), 0) <=
  mostWildcards

const sliced = <T>(values: readonly T[], size = 1): readonly (readonly T[])[] =>
  Array.from({ length: pieces(values.length, size) }, (_, at) => values.slice(at * size, (at + 1) * size))

function weighed(condition: Condition): Values {
  const { field } = condition
  if ('regexValues' in condition && condition.regexValues)
    return condition.regexValues.map(() => ({ wildcards: 0 }))
  if (field === 'query-string')
    return condition.values.map(({ key = '', value }) => ({ wildcards: wildcards(key) + wildcards(value) }))
  const literal = field === 'source-ip' || field === 'http-request-method'
  return (condition.values ?? []).map((value) => ({ wildcards: literal ? 0 : wildcards(value) }))
}

const wildcards = (text: string): number =>
  /[*?]/.test(text) ? (text.replace(/\\[*?]/g, '').match(/[*?]/g)?.length ?? 0) : 0

const mapValues = (
  condition: Condition,
  apply: <T>(values: readonly T[]) => readonly (readonly T[])[],
): readonly Condition[] => {
  if ('regexValues' in condition && condition.regexValues)
    return apply(condition.regexValues).map((regexValues) => ({ ...condition, regexValues }))
  if (condition.field === 'query-string')
    return apply(condition.values).map((values) => ({ ...condition, values }))
  return apply(condition.values ?? []).map((values) => ({ ...condition, values }))
}

const chunks = (condition: Condition, size: number): readonly Condition[] =>
  mapValues(condition, (values) => sliced(values, size))

const withoutRepetition = (condition: Condition): Condition =>
  mapValues(condition, (values) => [
    [...new Map(values.map((value) => [JSON.stringify(value), value])).values()],
  ])[0] ?? condition

const product = (parts: readonly (readonly Condition[])[]): readonly (readonly Condition[])[] =>
  parts.reduce<readonly (readonly Condition[])[]>(
    (rules, choices) => rules.flatMap((rule) => choices.map((choice) => [...rule, choice])),
    [[]],
  )
