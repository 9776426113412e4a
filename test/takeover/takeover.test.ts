/** What ALBC built is taken over without a write, and goes without a trace. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../world.ts'
import { contentOf, differences } from './account.ts'
import { unwanted } from './deliberate.ts'
import { caseNames, loadCase } from './load.ts'
import { patienceMs, startRecordedWorld } from './world.ts'

/** Most of a case's time is waiting: for revocations, which come a little later. */
describe('what ALBC built', { concurrency: 8 }, () => {
  for (const name of caseNames()) {
    test(`${name} is taken over without a write`, async () => {
      const world = await startRecordedWorld(loadCase(name), 'as ALBC left it')
      try {
        world.controller()
        await world.quiet()
        assert.deepEqual(
          world.writes().map(({ action, input }) => ({ action, input })),
          [],
        )
        assert.deepEqual(world.changes(), [])
        assert.deepEqual(world.complaints, [])
      } finally {
        await world.end()
      }
    })

    test(`${name} as ALBC left it is deleted whole`, async () => {
      const recorded = loadCase(name)
      const untouched = await startRecordedWorld(recorded, 'before')
      const world = await startRecordedWorld(recorded, 'as ALBC left it')
      try {
        world.controller()
        await world.quiet()
        await world.removeAll()
        await eventually(() => {
          assert.deepEqual(world.objects('Ingress'), [])
          assert.deepEqual(world.objects('TargetGroupBinding'), [])
          assert.deepEqual(
            unwanted(name, 'deleted', differences(contentOf(world.account), contentOf(untouched.account))),
            [],
          )
        }, patienceMs)
      } finally {
        await world.end()
        await untouched.end()
      }
    })
  }
})
