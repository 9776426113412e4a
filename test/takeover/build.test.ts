/** Built by us from nothing: the same as ALBC built, in no more writes; a second look writes nothing; nothing outlives the Ingresses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../world.ts'
import { contentOf, differences } from './account.ts'
import { counter } from './count.ts'
import { unwanted } from './deliberate.ts'
import { caseNames, loadCase } from './load.ts'
import { patienceMs, startRecordedWorld } from './world.ts'

const count = counter('built')

/** Most of a case's time is waiting: for revocations, which come a little later. */
describe('what we build', { concurrency: 8 }, () => {
  for (const name of caseNames()) {
    test(`${name} is built as ALBC built it`, async () => {
      const recorded = loadCase(name)
      const albc = await startRecordedWorld(recorded, 'as ALBC left it')
      const world = await startRecordedWorld(recorded, 'before')
      try {
        const controller = world.controller()
        await world.quiet()
        await eventually(
          () =>
            assert.deepEqual(
              unwanted(name, 'built', differences(contentOf(world.account), contentOf(albc.account))),
              [],
            ),
          patienceMs,
        )
        const made = world.writes().map(({ action }) => action)
        const albcMade = recorded.calls.map(({ action }) => action)
        assert.ok(
          made.length <= albcMade.length,
          `${made.sort().join(' ')}\nALBC: ${albcMade.sort().join(' ')}`,
        )
        count(name, made.length, albcMade.length)
        await controller.stop()
        world.controller()
        await world.quiet()
        assert.deepEqual(
          world
            .writes()
            .slice(made.length)
            .map(({ action, input }) => ({ action, input })),
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
