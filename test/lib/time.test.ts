// Times without a clock: the same as the runtime's own, and nothing that is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTime, parseTime } from '../../src/lib/time.ts'

test('every second from year 1 to 9998 is written and read as the runtime does', () => {
  const seconds = fc.integer({ min: Date.UTC(1, 0, 1) / 1000, max: Date.UTC(9998, 0, 1) / 1000 })
  fc.assert(
    fc.property(seconds, (at) => {
      const text = new Date(at * 1000).toISOString()
      assert.equal(formatTime(at * 1000), text.replace('.000', ''))
      assert.equal(parseTime(text), at * 1000)
    }),
    { seed: 20260817, numRuns: 2000 },
  )
})

for (const [text, same] of [
  ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
  ['2026-01-31T23:30:00-00:45', '2026-02-01T00:15:00.000Z'],
  ['2024-02-29t23:59:59z', '2024-02-29T23:59:59.000Z'],
  ['2026-01-31T12:00:00.9876Z', '2026-01-31T12:00:00.987Z'],
] as const)
  test(`${text} is ${same}`, () => assert.equal(parseTime(text), Date.parse(same)))

for (const text of [
  '',
  'tomorrow',
  '2026-01-31',
  '2026-01-31T12:00:00',
  '2026-02-29T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-13-10T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:60:00Z',
  '2026-01-31T12:00:60Z',
  '2026-01-31T12:00:00+24:00',
])
  test(`"${text}" is no time`, () => assert.equal(parseTime(text), undefined))
