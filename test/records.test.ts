// Secrets are found wherever a controller tells them, and then a run of the suites fails.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { marker, search } from './records.ts'

function folder(t: TestContext, text: string): string {
  const made = mkdtempSync(join(tmpdir(), 'albatross-leak-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  writeFileSync(join(made, 'log.1'), text)
  return made
}

test('a secret is found as it is, encoded at any place, and as a key', (t) => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  for (const told of [
    `{"msg":"${marker}-one"}`,
    `{"data":"${base64(`${marker}-one`)}"}`,
    `{"data":"${base64(`a${marker}-one`)}"}`,
    `{"data":"${base64(`id:${marker}-one`)}"}`,
    '-----BEGIN RSA PRIVATE KEY-----',
    'Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJhdWQiOlsiYSJdfQ.c2ln',
  ])
    assert.equal(search(folder(t, `{}\n${told}\n`)).leaks.length, 1, told)
  assert.deepEqual(search(folder(t, '{"msg":"AWS call"}\n')).leaks, [])
})

/** A run of its own, that has no part in this one. */
function run(env: Readonly<Record<string, string>>): Promise<{ code: number; out: string }> {
  const script = join(import.meta.dirname, '../scripts/test.ts')
  const fixture = join(import.meta.dirname, 'fixture-leak.ts')
  const { NODE_TEST_CONTEXT: _, ...outside } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, [script, fixture], { env: { ...outside, ...env } }, (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout }),
    )
  })
}

test('a run in which a controller told a secret fails; one in which it did not passes', async () => {
  const leaked = await run({ LEAK: '1' })
  assert.equal(leaked.code, 1, leaked.out)
  assert.match(leaked.out, /✖ a secret in log\.\d+: /)
  assert.match(leaked.out, /✖ a secret in objects\.\d+: /)
  assert.match(leaked.out, /1 passed, 1 failed/)
  const clean = await run({})
  assert.deepEqual([clean.code, clean.out], [0, '2 passed, 0 failed\n'])
})
