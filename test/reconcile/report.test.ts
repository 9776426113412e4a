/** Problems are told once, whoever has them; what found no room is told the next time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventNote } from '../../src/kube/event-body.ts'
import type { Problem } from '../../src/model/problem.ts'
import { createReports } from '../../src/reconcile/report.ts'

const problem = (message: string, more: Partial<Problem> = {}): Problem => ({
  kind: 'InvalidAnnotation',
  level: 'error',
  on: { kind: 'Ingress', namespace: 'shop', name: 'web' },
  message,
  remedy: 'Mend it.',
  ...more,
})

function world() {
  const said: EventNote[] = []
  const state = { room: true, found: true }
  const reports = createReports(
    {
      record: (note) => {
        if (state.room) said.push(note)
        return state.room
      },
    },
    () => (state.found ? { metadata: { namespace: 'shop', name: 'web', uid: 'u' } } : undefined),
  )
  return { reports, state, messages: () => said.map(({ message }) => message), said }
}

test('once, and again after it was gone', () => {
  const { reports, messages } = world()
  for (const problems of [[problem('A')], [problem('A')], [problem('A'), problem('B')], [], [problem('A')]])
    reports.problems('key', problems)
  assert.deepEqual(messages(), ['A. Mend it.', 'B. Mend it.', 'A. Mend it.'])
})

test('one that goes from key to key is no news; when the last has lost it, it is', () => {
  const { reports, messages } = world()
  reports.problems('one', [problem('A')])
  reports.problems('two', [problem('A')])
  reports.problems('one', [])
  reports.problems('one', [problem('A')])
  assert.equal(messages().length, 1)
  reports.problems('one', [])
  reports.problems('two', [])
  reports.problems('two', [problem('A')])
  assert.equal(messages().length, 2)
})

test('without room, or an object to put it on, it is told the next time', () => {
  const { reports, state, messages } = world()
  state.room = false
  reports.problems('key', [problem('A')])
  state.room = true
  state.found = false
  reports.problems('key', [problem('A')])
  assert.deepEqual(messages(), [])
  state.found = true
  reports.problems('key', [problem('A')])
  reports.problems('key', [problem('A')])
  assert.deepEqual(messages(), ['A. Mend it.'])
})

test('how pods leave can wait', () => {
  const { reports, said } = world()
  reports.problems('key', [problem('A'), problem('B', { kind: 'PreStopTooShort', level: 'warning' })])
  assert.deepEqual(
    said.map(({ patient }) => patient),
    [undefined, true],
  )
})
