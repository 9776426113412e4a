/** localstack/compose.yaml without Docker: what it names is there, its ports are on loopback, and its commands do what they say. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'
import { eventually } from '../world.ts'
import { buildImage } from './image.ts'

type Service = {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly image?: string
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly profiles?: readonly string[]
}

const root = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'albatross-compose-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const { services } = parse(readFileSync(join(root, 'localstack/compose.yaml'), 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>
}

test('it has the local AWS, moto and LocalStack; what it builds is there; ports are on loopback alone', () => {
  assert.deepEqual(Object.keys(services), ['aws', 'account', 'moto', 'localstack'])
  for (const [name, { build, image, ports = [], depends_on = {} }] of Object.entries(services)) {
    assert.ok((build === undefined) !== (image === undefined), name)
    if (build) {
      const context = join(root, 'localstack', build.context)
      assert.ok(existsSync(join(context, build.dockerfile)), `${name}: ${build.dockerfile}`)
    }
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name)
    for (const needed of Object.keys(depends_on)) assert.ok(needed in services, name)
  }
  const published = Object.values(services).flatMap(({ ports = [] }) => ports.map((one) => one.split(':')[1]))
  assert.equal(new Set(published).size, published.length)
  // The default is the local AWS alone.
  assert.deepEqual(
    Object.entries(services).flatMap(([name, { profiles = [] }]) => (profiles.length > 0 ? [] : [name])),
    ['aws'],
  )
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

test('the image of the local AWS, its command, its health check, and the scenario played on it', async (t) => {
  const context = join(folder, 'context')
  const cloned = spawnSync('git', ['clone', '--quiet', root, context], { encoding: 'utf8' })
  assert.equal(cloned.status, 0, cloned.stderr)
  const { aws, account } = services
  const { workdir } = buildImage(context, folder, aws?.build?.dockerfile)
  const port = await freePort()
  const here = (words: readonly string[] = []): readonly string[] =>
    words.map((word) =>
      word
        .replace('0.0.0.0', '127.0.0.1')
        .replace('4566', String(port))
        .replace(/\$\{AWS_ENDPOINT:-http:\/\/aws:(\d+)\}/, 'http://127.0.0.1:$1'),
    )
  const env = { HOME: folder, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  const [program = '', ...args] = here(aws?.command)
  const server: ChildProcess = spawn(program, args, {
    cwd: workdir,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    const ended = new Promise((done) => server.once('exit', done))
    server.kill('SIGTERM')
    assert.equal(await ended, 0, 'SIGTERM ends it')
  })
  const [kind, probe = '', ...probeArgs] = here(aws?.healthcheck?.test)
  assert.equal(kind, 'CMD')
  await eventually(async () => assert.equal(spawnSync(probe, probeArgs, { env }).status, 0), 30_000)
  const [play = '', ...playArgs] = here(account?.command)
  const played = await new Promise<string>((done) => {
    const child = spawn(play, playArgs, { cwd: workdir, env })
    let out = ''
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.stderr.on('data', (text: Buffer) => (out += text.toString()))
    child.on('close', (code) => done(`${out}\nexit ${code}`))
  })
  assert.match(played, /account: 10 passed, 0 failed/)
  assert.match(played, /exit 0$/)
})
