import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import pino from 'pino'
import { createHistogram } from '../../src/lib/histogram.ts'
import { canonical, equal } from '../../src/lib/json.ts'
import { Secret } from '../../src/lib/secret.ts'

test('a secret shows itself to nobody but who asks for it', () => {
  const secret = new Secret('hunter2')
  const lines: string[] = []
  pino({}, { write: (line: string) => lines.push(line) }).info(
    { secret, nested: { secret: [secret] } },
    `the secret ${String(secret)}`,
  )
  const shown = [
    JSON.stringify({ secret }),
    String(secret),
    inspect({ deep: { secret } }),
    canonical({ secret }),
    ...lines,
  ].join('\n')
  assert.doesNotMatch(shown, /hunter2/)
  assert.match(shown, /\[redacted\]/)
  assert.equal(secret.reveal(), 'hunter2')
})

test('values are equal when their canonical texts are', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.constantFrom(undefined, null, true, 0, 1, '', 'a', 'toString'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'toString', 'constructor'), tie('value')),
    ),
  })).value
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(equal(a, b), canonical(a) === canonical(b))
      assert.ok(equal(a, structuredClone(a)))
    }),
    { numRuns: 5_000 },
  )
  assert.equal(equal({ toString: null }, { x: null }), false)
})

test('canonical text is that of JSON with sorted keys and without what is undefined', () => {
  assert.equal(
    canonical({ b: [1, undefined, { d: null, c: 'x' }], a: undefined }),
    '{"b":[1,null,{"c":"x","d":null}]}',
  )
  assert.equal(canonical(undefined), 'null')
})

test('equal values have equal text, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse())
      assert.ok(equal(value, turned))
      assert.deepEqual(JSON.parse(canonical(value)), JSON.parse(JSON.stringify(value)))
      assert.ok(!equal(value, { ...value, extra: 1, [`${Object.keys(value).join()}!`]: 2 }))
    }),
    { seed: 7, numRuns: 200 },
  )
})

test('a histogram counts what is up to the end of each bucket', () => {
  const histogram = createHistogram([1, 10])
  for (const value of [0.5, 1, 1.5, 60]) histogram.observe(value)
  assert.deepEqual(histogram.read(), {
    buckets: [
      { upTo: 1, count: 2 },
      { upTo: 10, count: 3 },
    ],
    sum: 63,
    count: 4,
  })
})
