/** localstack/compose.yaml's moto: its image's step is what the suite installs, its command and health check do what they say. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { eventually } from '../world.ts'

const localstack = join(import.meta.dirname, '../../localstack')
const python = process.env['MOTO_PYTHON']
type Service = {
  readonly command: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
}

test('moto by docker compose', {
  skip: python === undefined && 'npm run test:contract installs moto',
}, async (t) => {
  const { services } = parse(readFileSync(join(localstack, 'compose.yaml'), 'utf8')) as {
    readonly services: { readonly moto: Service }
  }
  const { command, healthcheck } = services.moto
  assert.match(
    readFileSync(join(localstack, 'moto.Dockerfile'), 'utf8'),
    /^RUN pip install .*--no-deps --require-hashes --requirement moto\.txt$/m,
  )
  const bin = dirname(python ?? '')
  const port = String(20_000 + (process.pid % 9_000))
  const here = (words: readonly string[]): string[] =>
    words.map((word) => word.replace('0.0.0.0', '127.0.0.1').replace('5000', port))
  const [program = '', ...args] = here(command)
  // With its virtual environment's programs first, as the image has.
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  const server = spawn(join(bin, program), args, { env, stdio: 'ignore' })
  t.after(() => server.kill('SIGKILL'))
  const [kind, probe = '', ...probeArgs] = here(healthcheck.test)
  assert.equal(kind, 'CMD')
  await eventually(async () => {
    assert.equal(server.exitCode, null)
    assert.equal(spawnSync(join(bin, probe), probeArgs, { env }).status, 0)
  }, 60_000)
})
