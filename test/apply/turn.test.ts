// Whose turn it is while AWS takes few calls at a time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstOfLanes, turnsOf } from '../../src/apply/turn.ts'
import type { Step } from '../../src/plan/step.ts'

/** No more of a step than is looked at. */
const step = (call: Step['call'], id: string, after: readonly string[] = []): Step =>
  ({ call, id, after }) as unknown as Step
const ordered = (steps: readonly Step[]): readonly string[] => {
  const turns = turnsOf(steps)
  return steps.map(({ id }) => id).toSorted((a, b) => (turns.get(a) ?? 0) - (turns.get(b) ?? 0))
}

test('what stands goes first, then new rules, then what they need, then what nobody waits for', () => {
  const steps = [
    step('CreateTargetGroup', 'target group'),
    step('CreateTargetGroupBinding', 'binding', ['target group']),
    step('CreateRule', 'rule', ['target group']),
    step('AddTags', 'tags'),
    step('DeleteTargetGroup', 'unused'),
    step('DeleteRule', 'taken away'),
    step('ModifyRule', 'edit'),
    step('CreateLoadBalancer', 'load balancer'),
  ]
  assert.deepEqual(ordered(steps), [
    'binding',
    'taken away',
    'edit',
    'load balancer',
    'rule',
    'target group',
    'tags',
    'unused',
  ])
})

test('target groups come in the order of the rules that lead to them, the default of a listener before', () => {
  const steps = [
    step('CreateTargetGroup', 'of the last'),
    step('CreateTargetGroup', 'of nobody'),
    step('CreateTargetGroup', 'of the first'),
    step('CreateTargetGroup', 'of the default'),
    step('CreateListener', 'listener', ['of the default']),
    step('CreateRule', 'first', ['listener', 'of the first']),
    step('CreateRule', 'last', ['listener', 'of the last']),
  ]
  assert.deepEqual(ordered(steps).slice(3), ['of the default', 'of the first', 'of the last', 'of nobody'])
})

const lanes: Readonly<Record<string, string>> = { create: 'a', create2: 'a', edit: 'a', old: 'a', other: 'b' }
const first = (steps: readonly Step[], busy: readonly string[] = []): readonly string[] =>
  firstOfLanes(steps, ({ id }) => lanes[id] ?? '', new Set(busy)).map(({ id }) => id)

test('of a lane the first may begin, and a change or the end of a rule before new ones; nothing while one runs', () => {
  const create = step('CreateRule', 'create')
  const create2 = step('CreateRule', 'create2')
  const edit = step('ModifyRule', 'edit')
  const old = step('DeleteRule', 'old')
  const other = step('CreateListener', 'other')
  assert.deepEqual(first([create, create2, other]), ['create', 'other'])
  assert.deepEqual(first([create, create2, old, other]), ['create', 'old', 'other'])
  assert.deepEqual(first([create, create2, edit, old]), ['create', 'edit'])
  assert.deepEqual(first([edit, create, old]), ['edit'])
  assert.deepEqual(first([old, edit]), ['old'])
  assert.deepEqual(first([create, edit, other], ['a']), ['other'])
})
