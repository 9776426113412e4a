/** Who can't be had is refused in one line. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

function contract(args: readonly string[], env: Readonly<Record<string, string>>) {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
}

test('LocalStack needs a token, and an endpoint', () => {
  const bare = contract(['--require=localstack', 'localstack'], {})
  assert.equal(bare.status, 1)
  assert.equal(
    bare.stderr,
    'localstack is required: LOCALSTACK_AUTH_TOKEN is not set; it has load balancers with a token alone\n',
  )
  const nowhere = contract(['--require=localstack', 'localstack'], { LOCALSTACK_AUTH_TOKEN: 'token' })
  assert.equal(nowhere.status, 1)
  assert.match(nowhere.stderr, /^localstack is required: LOCALSTACK_ENDPOINT must be .*\n$/)
})

test('an unknown provider is told with those that there are', () => {
  const { status, stderr } = contract(['azure'], {})
  assert.equal(status, 2)
  assert.equal(stderr, 'unknown: azure; there are embedded, moto, localstack\n')
})
