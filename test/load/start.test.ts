/** A start among 5,000 bindings: nothing is registered or taken out without a reason, and what changed does not wait for the rest. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startedAmong } from './bindings-start.ts'
import { linesOf } from './told.ts'

const many = 5_000
const isWrite = (action: string): boolean =>
  /^(Register|Deregister|Authorize|Revoke|Create|Delete|Modify|Set|Add|Remove)/.test(action)

test('a start among 5,000 bindings', async (context) => {
  const started = await startedAmong(many)
  for (const line of linesOf(many, started)) context.diagnostic(line)
  const { nothingChanged, changed, whileDownSeconds, whileReadingSeconds } = started
  assert.equal(nothingChanged.calls.get('DescribeTargetHealth'), many)
  assert.deepEqual([...nothingChanged.calls.keys()].filter(isWrite), [])
  assert.deepEqual(
    [...changed.calls].filter(([action]) => isWrite(action)),
    [['DeregisterTargets', 2]],
  )
  assert.ok(whileDownSeconds < 1, `changed while down: ${whileDownSeconds} s`)
  assert.ok(whileReadingSeconds < 1, `changed while all are read: ${whileReadingSeconds} s`)
})
