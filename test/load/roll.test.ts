/** 300 pods behind one Service, rolled at once: every gate turns True, in as few calls as 200 targets each allow. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rolledAtOnce } from './roll.ts'
import { linesOfRoll } from './told.ts'

test('300 pods are rolled', async (context) => {
  const rolled = await rolledAtOnce()
  for (const line of linesOfRoll(rolled)) context.diagnostic(line)
  // Pods that come up over some seconds of a busy machine can't all be in the same two calls.
  const most = rolled.leastCalls + Math.ceil(rolled.containersReady)
  assert.ok(rolled.registers >= rolled.leastCalls && rolled.registers <= most, `${rolled.registers} calls`)
  assert.equal(rolled.refused, 0)
  assert.ok(rolled.gatesTrue - rolled.healthy < 30, 'gates follow health')
})
