// Seeded histories of edits, churn, faults and crashes: what must always hold holds, and one seed is one history.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './run.ts'

/** Each went wrong once; what it found is fixed. */
const regressions = [1, 3, 15, 21, 29, 51, 88, 145, 237, 294, 3019, 3050]
const others = Array.from({ length: 6 }, (_, at) => 2001 + at)

for (const seed of [...regressions, ...others])
  test(`history ${seed}: every invariant holds, and it ends as it began`, async () => {
    const { violations, trace } = await run(seed)
    assert.deepEqual(violations, [], trace.slice(-40).join('\n'))
  })

test('one seed is one history: the same calls at the same time', async () => {
  const [first, second] = [await run(7), await run(7)]
  assert.ok(first.calls > 50)
  assert.deepEqual(second.trace, first.trace)
})
