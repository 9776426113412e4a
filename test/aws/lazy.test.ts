// What few clusters use is not loaded for all: the modules of WAF, Shield, ACM and STS come with their first call.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const program = `
import { registerHooks } from 'node:module'
const loaded = new Set()
registerHooks({ load: (url, context, next) => (loaded.add(/@aws-sdk\\/(client-[\\w-]+)/.exec(url)?.[1]), next(url, context)) })
const { start } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/start.ts'))})
loaded.delete(undefined)
console.log(JSON.stringify([typeof start, ...[...loaded].sort()]))
`

test('a controller starts with the clients of load balancing and EC2 alone', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  assert.deepEqual(JSON.parse(stdout), ['function', 'client-ec2', 'client-elastic-load-balancing-v2'])
})
