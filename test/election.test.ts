// What is logged of a Lease that can't be had.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { failuresOf } from '../src/election.ts'
import type { KubeError } from '../src/kube/error.ts'

test('the same failure is told once for each Lease, and again after one was won', () => {
  const lines: string[] = []
  const failures = failuresOf(pino({}, { write: (line: string) => lines.push(line) }))
  const away = { status: 0, reason: 'Unreachable', message: 'connect ECONNREFUSED' } as KubeError
  for (const lease of ['one', 'one', 'two', 'two']) failures.tell({ lease }, away)
  assert.equal(lines.length, 2)
  failures.tell({ lease: 'one' }, { ...away, message: 'socket hang up' })
  assert.equal(lines.length, 3)
  failures.forget()
  failures.tell({ lease: 'two' }, away)
  assert.equal(lines.length, 4)
})
