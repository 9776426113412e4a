/** What ALBC built is taken over without a write, and goes without a trace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../world.ts'
import { contentOf } from './account.ts'
import { caseNames, loadCase } from './load.ts'
import { startRecordedWorld } from './world.ts'

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
      for (const ingress of world.objects('Ingress')) await world.remove(ingress)
      await eventually(() => {
        assert.deepEqual(world.objects('Ingress'), [])
        assert.deepEqual(world.objects('TargetGroupBinding'), [])
        assert.deepEqual(contentOf(world.account), contentOf(untouched.account))
      }, 20_000)
    } finally {
      await world.end()
      await untouched.end()
    }
  })
}
