// Whether one rule leaves nothing to another: what is said is true of every request, and a shelf finds what a search of all finds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Condition } from '../../src/route/condition.ts'
import { covers } from '../../src/route/cover.ts'
import { matches } from '../../src/route/match.ts'
import { shadowedBy } from '../../src/route/route.ts'

const hosts = [
  'a.example.com',
  'A.example.com',
  '*.example.com',
  '*.com',
  'b?example.com',
  '*e.com',
  '?.example.*',
]
const paths = ['/', '/*', '*', '/a', '/a/*', '/a/b', '/a/b/*', '/a*', '/a?b', '/*/b', '/A', '*b']
const some = <T>(values: readonly T[]): fc.Arbitrary<readonly T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })
const condition: fc.Arbitrary<Condition> = fc.oneof(
  some(hosts).map((values): Condition => ({ field: 'host-header', values })),
  some(['^a[.]example', 'com$']).map((regexValues): Condition => ({ field: 'host-header', regexValues })),
  some(paths).map((values): Condition => ({ field: 'path-pattern', values })),
  some(['^/a', 'b$']).map((regexValues): Condition => ({ field: 'path-pattern', regexValues })),
  fc
    .tuple(fc.constantFrom('X-Team', 'x-team', 'X-Other'), some(['a', 'A', 'a*', '*', '?']))
    .map(([httpHeaderName, values]): Condition => ({ field: 'http-header', httpHeaderName, values })),
  some(['GET', 'get', 'POST']).map((values): Condition => ({ field: 'http-request-method', values })),
  some([{ value: 'v' }, { key: 'k', value: 'v' }, { key: 'k*', value: '*' }, { key: 'k', value: '\\*' }]).map(
    (values): Condition => ({ field: 'query-string', values }),
  ),
  some(['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '::/0', '010.0.0.0/8']).map(
    (values): Condition => ({ field: 'source-ip', values }),
  ),
)
const rule = fc
  .uniqueArray(condition, { minLength: 1, maxLength: 3, selector: ({ field }) => field })
  .map((conditions) => ({ conditions }))
const request = fc.record({
  host: fc.constantFrom(
    'a.example.com',
    'a.EXAMPLE.com',
    'bxexample.com',
    'x.org',
    'e.com',
    'a.example.com:8080',
  ),
  path: fc.constantFrom('/', '/a', '/a/', '/a/b', '/a/b/c', '/axb', '/A', '/c/b', '/ab'),
  method: fc.constantFrom('GET', 'POST', 'get'),
  query: fc.constantFrom('', 'k=v', 'k=*', 'kk=w', 'K=V', 'x=v'),
  headers: fc.constantFrom([], [['x-team', 'a']], [['X-Other', 'ab']], [['X-Team', 'b']]) as fc.Arbitrary<
    readonly (readonly [string, string])[]
  >,
  sourceIp: fc.constantFrom('10.1.2.3', '10.2.0.1', '192.0.2.1', '2001:db8::1'),
  protocol: fc.constant('HTTP' as const),
  port: fc.constant(80),
})

const holds = (conditions: readonly Condition[], asked: Parameters<typeof matches>[1]): boolean =>
  conditions.every((one) => matches(one, asked))

test('who is said to be covered never answers what the other does not', () => {
  let said = 0
  fc.assert(
    fc.property(rule, rule, fc.array(request, { minLength: 5, maxLength: 30 }), (wide, narrow, requests) => {
      if (!covers(wide.conditions, narrow.conditions)) return
      said += 1
      for (const one of requests) assert.ok(!holds(narrow.conditions, one) || holds(wide.conditions, one))
    }),
    { seed: 5, numRuns: 20_000 },
  )
  assert.ok(said > 500, `only ${said} covers`)
})

test('among many rules the same is found as by looking at each', () => {
  let found = 0
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
      const shadows = shadowedBy(rules)
      found += shadows.length
      const hidden = rules.filter((one, at) =>
        rules.slice(0, at).some((by) => covers(by.conditions, one.conditions)),
      )
      assert.deepEqual(
        shadows.map((one) => one.rule),
        hidden,
      )
      for (const { rule: one, by } of shadows) assert.ok(covers(by.conditions, one.conditions))
    }),
    { seed: 6, numRuns: 2_000 },
  )
  assert.ok(found > 500, `only ${found} found`)
})

test('texts of 100 KB and rules by the thousand are compared at once', () => {
  const long = `/${'*a'.repeat(50_000)}`
  const slashes = '/a'.repeat(50_000)
  const rules = [long, slashes, long, slashes].map((value) => ({
    conditions: [{ field: 'path-pattern', values: [value] } as const],
  }))
  assert.deepEqual(shadowedBy(rules), [])
  const many = Array.from({ length: 20_000 }, (_, at) => ({
    conditions: [
      { field: 'host-header', values: [`h${at % 100}.example.com`] } as const,
      { field: 'path-pattern', values: [`/p${at}`, `/p${at}/*`] } as const,
    ],
  }))
  assert.deepEqual(shadowedBy(many), [])
})
