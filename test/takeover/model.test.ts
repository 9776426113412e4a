/** For each recording: the model that we build, rendered as ALBC prints its own, is the one that ALBC built. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonical } from '../../src/lib/json.ts'
import { build } from '../../src/model/build.ts'
import { groupsOf } from '../../src/model/group.ts'
import { caseNames, loadCase, type RecordedModel } from './load.ts'
import { render } from './render.ts'

/** Lists that ALBC prints in random order, or that AWS takes as sets. */
const unordered = new Set([
  'ingress',
  'subnetMapping',
  'loadBalancerAttributes',
  'targetGroupAttributes',
  'listenerAttributes',
])

function inOneOrder(value: unknown, name = '', inside = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => inOneOrder(item))
    const sortIt = unordered.has(name) && inside !== 'networking'
    return sortIt ? items.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : items
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, inOneOrder(member, key, name)]),
  )
}
const byId = (a: RecordedModel, b: RecordedModel): number => (a.id < b.id ? -1 : 1)

for (const name of caseNames())
  test(`the model of ${name} is ALBC's`, () => {
    const { cluster, facts, settings, models, backendSecurityGroup } = loadCase(name)
    const built = [...groupsOf(cluster, settings).groups.keys()].map((stack) =>
      build(stack, cluster, facts, settings),
    )
    const errors = built.flatMap(({ problems }) => problems.filter(({ level }) => level === 'error'))
    if (models.length === 0 && built.length > 0) {
      assert.notDeepEqual(errors, [])
      assert.ok(built.every(({ desired }) => desired.loadBalancer === undefined && !desired.gone))
      return
    }
    assert.deepEqual(errors, [])
    const ours = built.map(({ desired }) => render(desired, { vpcId: facts.vpcId, backendSecurityGroup }))
    assert.deepEqual(inOneOrder(ours.sort(byId)), inOneOrder(models.toSorted(byId)))
  })
