/** What ALBC built is taken over and then edited: it becomes what ALBC made of that edit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../world.ts'
import { contentOf, differences } from './account.ts'
import { counter } from './count.ts'
import { dearer, renamed, unwanted } from './deliberate.ts'
import { caseNames, hasEdit, loadCase } from './load.ts'
import { patienceMs, startRecordedWorld } from './world.ts'

const count = counter('edited')

describe('what an edit makes of it', { concurrency: 8 }, () => {
  for (const name of caseNames().filter((one) => hasEdit(one)))
    test(`${name} becomes what ALBC made of it`, async () => {
      const by = renamed.has(name) ? 'id' : 'name'
      const recorded = loadCase(name)
      const edited = loadCase(name, undefined, 2)
      const albc = await startRecordedWorld(recorded, 'as ALBC left it')
      const world = await startRecordedWorld(recorded, 'as ALBC left it')
      try {
        for (const call of edited.calls) if (call.error === undefined) await albc.replay(call)
        const controller = world.controller()
        await world.quiet()
        await world.become(edited.objects)
        await eventually(
          () =>
            assert.deepEqual(
              unwanted(
                name,
                'edited',
                differences(contentOf(world.account, by), contentOf(albc.account, by)),
              ),
              [],
            ),
          patienceMs,
        )
        await world.quiet()
        const made = world.writes().map(({ action }) => action)
        const albcMade = edited.calls.map(({ action }) => action)
        assert.ok(
          made.length <= albcMade.length + (dearer[name]?.writes ?? 0),
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
})
