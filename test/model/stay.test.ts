// ADR 11: an Ingress that is another group's by now, and served here alone, is held here as it is served.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from '../../src/model/build.ts'
import { isHeld } from '../../src/model/listener.ts'
import { clusterOf, factsOf, ingress, path, rule, settingsOf } from './fixture.ts'

const finalizers = ['group.ingress.k8s.aws/g']
const member = (name: string, annotations: Readonly<Record<string, string>>) =>
  ingress(`n/${name}`, {
    annotations,
    metadata: { finalizers },
    spec: { rules: [rule(path(`/${name}`, name))] },
  })
const desiredOf = (list: Parameters<typeof clusterOf>[0], staying: readonly string[]) =>
  build('g', clusterOf(list), factsOf(), settingsOf({ defaultTargetType: 'ip' }), new Set(staying))

const good = member('good', { 'group.name': 'g', 'group.order': '5' })
const moving = member('moving', { 'group.name': 'other', 'listen-ports': '[{"HTTP": 9}]' })

test('its rules stand in their place, its edits count for nothing, and its mistakes are told elsewhere', () => {
  const bad = member('moving', { 'group.name': 'other', 'target-type': 'pod', scheme: 'internet-facing' })
  for (const one of [moving, bad]) {
    const { desired, problems } = desiredOf([good, one], ['n/moving'])
    assert.deepEqual(desired.held, ['n/moving'])
    assert.deepEqual(
      desired.listeners.map(({ port, rules }) => [
        port,
        rules.map((item) => (isHeld(item) ? item.held : item.owner)),
      ]),
      [[80, ['n/moving', 'n/good']]],
    )
    assert.deepEqual(
      problems.filter(({ on }) => on.name === 'moving'),
      [],
    )
    assert.ok(desired.loadBalancer && 'keep' in desired.loadBalancer.scheme)
  }
})

test('the last member too: nothing of the group goes', () => {
  const { desired } = desiredOf([moving], ['n/moving'])
  assert.deepEqual([desired.gone, desired.held], [false, ['n/moving']])
  assert.equal(desiredOf([moving], []).desired.gone, true)
})

test('who is deleted, or no member of another group, does not stay', () => {
  const deleted = { ...moving, metadata: { ...moving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  assert.deepEqual(desiredOf([good, deleted], []).desired.held, [])
  assert.deepEqual(desiredOf([good], ['n/moving']).desired.held, [])
})
