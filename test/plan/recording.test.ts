// The groups of the recordings, built by the model: planned from nothing they come to rest, and ALBC's ways change nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from '../../src/model/build.ts'
import { groupsOf } from '../../src/model/group.ts'
import { ownerTag, resourceTag } from '../../src/model/tag.ts'
import { plan } from '../../src/plan/plan.ts'
import { caseNames, loadCase } from '../takeover/load.ts'
import { converge } from './fixture.ts'
import { empty, settle, simOf, type Sim } from './simulate.ts'

/** ALBC numbers from 1, bears no owner, and AWS adds what we didn't send. */
function asAlbcLeavesIt({ actual }: Sim): Sim {
  const rules = actual.rules
    .toSorted((a, b) => a.priority - b.priority)
    .map((rule, at) => {
      const { [ownerTag]: _owner, ...tags } = rule.tags
      const port = (tags[resourceTag] ?? '').split(':')[0] ?? ''
      return {
        ...rule,
        priority: at + 1,
        tags: { ...tags, [resourceTag]: `${port}:${at + 1}` },
        actions: rule.actions.map((action) =>
          action.type === 'forward'
            ? {
                ...action,
                targetGroups: action.targetGroups.map((tuple) => ({ weight: 1, ...tuple })),
                stickiness: action.stickiness ?? { enabled: false },
              }
            : action,
        ),
      }
    })
  return settle(simOf({ ...actual, rules }))
}

for (const name of caseNames())
  test(`${name}: built from nothing it comes to rest, also as ALBC leaves it`, () => {
    const { cluster, facts, settings } = loadCase(name)
    const input = { now: 0, settings }
    for (const stack of groupsOf(cluster, settings).groups.keys()) {
      const { desired } = build(stack, cluster, facts, settings)
      const start = simOf({ ...empty, stack })
      if (!desired.loadBalancer) {
        assert.deepEqual(plan(desired, start.actual, input).steps, [])
        continue
      }
      const { sim } = converge(desired, start, input)
      const again = plan(desired, asAlbcLeavesIt(sim).actual, input)
      assert.deepEqual([again.steps, again.waits], [[], []])
    }
  })
