// Seeded histories of twenty bindings: every port of a live target stays permitted, at each step and whatever fails.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './network/run.ts'

const seeds = Array.from({ length: 6 }, (_, at) => 1 + at)

for (const seed of seeds)
  test(`network ${seed}: live targets stay reachable, nothing needless stays open, nobody else's rules are touched`, async () => {
    const { violations, trace } = await run(seed)
    assert.deepEqual(violations, [], trace.slice(-60).join('\n'))
  })
