// A path that asks for more than five values: what ALB takes stays one rule, the rest are rules that say the same together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { split } from '../../src/model/want/split.ts'
import type { Condition } from '../../src/route/condition.ts'
import { matches } from '../../src/route/match.ts'

const addresses = (count: number): Condition => ({
  field: 'source-ip',
  values: Array.from({ length: count }, (_, at) => `10.${at}.0.0/16`),
})
const paths = (...values: readonly string[]): Condition => ({ field: 'path-pattern', values })
const sizes = (conditions: readonly Condition[]): readonly (readonly number[])[] | undefined =>
  split(conditions)?.map((rule) => rule.map((one) => (one.values ?? one.regexValues ?? []).length))

const fits: readonly (readonly Condition[])[] = [
  [addresses(5)],
  [addresses(4), paths('/*')],
  [addresses(3), paths('/a', '/a/*')],
  [paths('/*/*/*', '/a', '/b', '/c', '/d/*')],
  // ALB counts each; what ALBC sends is sent.
  [paths('/a', '/a', '/a', '/a', '/a')],
]
for (const conditions of fits)
  test(`one rule, as it was written: ${JSON.stringify(conditions)}`, () => {
    assert.equal(split(conditions)?.length, 1)
    assert.equal(split(conditions)?.[0], conditions)
  })

const tables: readonly (readonly [string, readonly Condition[], ReturnType<typeof sizes>])[] = [
  ['six ranges', [addresses(6)], [[5], [1]]],
  [
    'seven ranges and a path',
    [addresses(7), paths('/*')],
    [
      [4, 1],
      [3, 1],
    ],
  ],
  ['six times the same', [paths('/a', '/a', '/a', '/a', '/a', '/a')], [[1]]],
  ['six conditions at once', ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => header(name)), undefined],
  ['hundreds of rules', [addresses(40), { field: 'path-pattern', regexValues: regexes(40) }], undefined],
  ['six wildcards in one value', [paths('/*/*/*/*/*/*')], [[1]]],
  ['six wildcards in two', [paths('/*/*/*', '/a/*/*/*')], [[1], [1]]],
]
function header(httpHeaderName: string): Condition {
  return { field: 'http-header', httpHeaderName, values: ['x'] }
}
function regexes(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `^/${at}$`)
}
for (const [what, conditions, expected] of tables)
  test(`shared out: ${what}`, () => assert.deepEqual(sizes(conditions), expected))

const values = (letters: readonly string[], most: number): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: most })
const rule = fc
  .tuple(
    fc.option(
      values(['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/23', '10.0.0.7/32', '10.1.0.0/16', '10.2.0.0/16'], 8),
    ),
    fc.option(values(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'], 4)),
    fc.option(values(['/a', '/a/*', '/*/b', '/?', '/*/*/c', '/d*', '/*'], 8)),
    fc.option(values(['a', 'b', 'c', 'd*'], 4)),
  )
  .map(([ranges, methods, patterns, teams]): readonly Condition[] => [
    ...(ranges ? [{ field: 'source-ip', values: ranges } as const] : []),
    ...(methods ? [{ field: 'http-request-method', values: methods } as const] : []),
    ...(teams ? [{ field: 'http-header', httpHeaderName: 'x-team', values: teams } as const] : []),
    ...(patterns ? [paths(...patterns)] : [paths('/*')]),
  ])
const request = fc.record({
  host: fc.constant('a.example.com'),
  path: fc.constantFrom('/a', '/a/b', '/x/b', '/x', '/x/y/c', '/dd', '/z/z'),
  method: fc.constantFrom('GET', 'PUT', 'HEAD', 'OPTIONS'),
  query: fc.constant(''),
  headers: fc.constantFrom('a', 'd1', 'z').map((team) => [['X-Team', team]] as const),
  sourceIp: fc.constantFrom('10.0.0.7', '10.0.1.1', '10.0.3.1', '10.2.3.4', '192.0.2.1'),
  protocol: fc.constant('HTTP' as const),
  port: fc.constant(80),
})
const wildcards = (conditions: readonly Condition[]): number =>
  conditions
    .flatMap((one) => (one.values ?? []).map((value) => JSON.stringify(value).match(/[*?]/g)?.length ?? 0))
    .reduce((a, b) => a + b, 0)

test('rules that a path becomes answer what the one would have, with five values and wildcards each', () => {
  let several = 0
  fc.assert(
    fc.property(rule, fc.array(request, { minLength: 10, maxLength: 20 }), (conditions, requests) => {
      const rules = split(conditions)
      // Hundreds of rules are refused.
      if (!rules) return
      if (rules.length > 1) several += 1
      for (const one of rules) {
        assert.ok(one.flatMap(({ values: own = [] }) => own as readonly unknown[]).length <= 5)
        assert.ok(wildcards(one) <= 5)
      }
      for (const asked of requests)
        assert.equal(
          rules.some((one) => one.every((condition) => matches(condition, asked))),
          conditions.every((condition) => matches(condition, asked)),
        )
    }),
    { seed: 7, numRuns: 1_000 },
  )
  assert.ok(several > 100, `only ${several} were split`)
})
