// What AWS answers becomes a problem that names the call, AWS's own words and a remedy.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AwsError } from '../../src/model/aws-error.ts'
import { refusal } from '../../src/status/event.ts'

const on = { kind: 'Ingress', namespace: 'shop', name: 'web' } as const
const answer = (kind: AwsError['kind'], code: string, message: string): AwsError =>
  ({ kind, call: 'elbv2:CreateRule', code, message }) as AwsError

for (const [kind, code, told] of [
  ['invalid', 'ValidationError', 'AwsRefused'],
  ['quota', 'TooManyRules', 'AwsRefused'],
  ['denied', 'AccessDenied', 'AwsDenied'],
] as const)
  test(`${code} is told as ${told}`, () => {
    const problem = refusal(answer(kind, code, 'no such thing'), on)
    assert.equal(problem.kind, told)
    assert.match(problem.message, /elbv2:CreateRule/)
    assert.match(problem.message, /no such thing/)
    assert.ok(problem.remedy.endsWith('.'), problem.remedy)
    assert.deepEqual(problem.on, on)
  })
