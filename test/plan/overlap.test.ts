import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globsMeet, overlap } from '../../src/plan/overlap.ts'

for (const [a, b, meet] of [
  ['/a', '/a', true],
  ['/a', '/b', false],
  ['/a*', '/ab', true],
  ['/a*', '/b*', false],
  ['*', '', true],
  ['', '/a', false],
  ['/a*z', '/*b', false],
  ['/a*', '*z', true],
  ['/?x', '/a?', true],
  ['/?x', '/ay', false],
  ['/a/*', '/a', false],
  ['**', 'a*b', true],
] as const)
  test(`${a || 'nothing'} and ${b || 'nothing'} ${meet ? 'can' : "can't"} match one text`, () => {
    assert.equal(globsMeet(a, b), meet)
    assert.equal(globsMeet(b, a), meet)
  })

test('hosts are compared without case, and a condition that can not be judged counts as overlap', () => {
  assert.equal(
    overlap([{ field: 'host-header', values: ['A.com'] }], [{ field: 'host-header', values: ['a.COM'] }]),
    true,
  )
  assert.equal(
    overlap([{ field: 'host-header', values: ['a.com'] }], [{ field: 'host-header', values: ['b.com'] }]),
    false,
  )
  assert.equal(
    overlap([{ field: 'path-pattern', regexValues: ['^/a$'] }], [{ field: 'path-pattern', values: ['/b'] }]),
    true,
  )
})
