/** Built by us from nothing: the same as ALBC built, in no more writes; a second look writes nothing; nothing outlives the Ingresses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../world.ts'
import { contentOf } from './account.ts'
import { caseNames, loadCase } from './load.ts'
import { startRecordedWorld } from './world.ts'

for (const name of caseNames()) {
  test(`${name} is built as ALBC built it`, async () => {
    const recorded = loadCase(name)
    const albc = await startRecordedWorld(recorded, 'as ALBC left it')
    const world = await startRecordedWorld(recorded, 'before')
    try {
      const controller = world.controller()
      await world.quiet()
      await eventually(() => assert.deepEqual(contentOf(world.account), contentOf(albc.account)), 20_000)
      const made = world.writes().map(({ action }) => action)
      const albcMade = recorded.calls.map(({ action }) => action)
      assert.ok(made.length <= albcMade.length, `${made.sort().join(' ')}\nALBC: ${albcMade.sort().join(' ')}`)
      await controller.stop()
      world.controller()
      await world.quiet()
      assert.deepEqual(
        world.writes().slice(made.length).map(({ action, input }) => ({ action, input })),
        [],
      )
      assert.deepEqual(world.complaints, [])
    } finally {
      await world.end()
      await albc.end()
    }
  })

  test(`${name} built by us is deleted whole`, async () => {
    const recorded = loadCase(name)
    const untouched = await startRecordedWorld(recorded, 'before')
    const world = await startRecordedWorld(recorded, 'before')
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
