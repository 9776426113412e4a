// The program as it is started: one line for what is wrong with how it was started, signals, and what it serves.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { freePort } from '../localstack/scenario/controller.ts'
import { listenKube, writeKubeconfig } from '../localstack/kube/listen.ts'
import { createApiServer } from '../localstack/kube/server.ts'
import { eventually } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'albatross-main-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const main = join(import.meta.dirname, '../src/main.ts')
const guard = join(import.meta.dirname, '../localstack/scenario/guard.ts')
const required = ['--cluster-name=demo', '--aws-region=eu-west-1', '--aws-vpc-id=vpc-0a1b2c3d4e5f60718']
const quiet = ['--metrics-bind-addr=0', '--health-probe-bind-addr=0', '--crds=none']

function started(t: TestContext, flags: readonly string[], out: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, ['--import', guard, main, ...required, ...flags], {
    stdio: ['pipe', out, 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    },
  })
  t.after(() => child.kill('SIGKILL'))
  const told = { out: '', error: '' }
  child.stdout?.on('data', (data) => (told.out += String(data)))
  child.stderr?.on('data', (data) => (told.error += String(data)))
  const ended = once(child, 'exit').then(([code]) => code as number)
  return { child, told, ended }
}

async function oneLine(t: TestContext, flags: readonly string[], line: RegExp): Promise<void> {
  const { told, ended } = started(t, flags)
  assert.equal(await ended, 1)
  assert.match(told.error, line)
  assert.equal(told.error.trim().split('\n').length, 1, told.error)
}

test('a kubeconfig that is missing or no YAML', async (t) => {
  await oneLine(
    t,
    [...quiet, '--kubeconfig=/nowhere/config'],
    /^albatross: --kubeconfig=\/nowhere\/config: ENOENT/,
  )
  const bad = join(folder, 'bad')
  writeFileSync(bad, 'clusters: [')
  await oneLine(t, [...quiet, `--kubeconfig=${bad}`], /^albatross: --kubeconfig=.*bad: Flow sequence/)
})

test('a port in use', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const config = join(folder, 'unreachable')
  writeKubeconfig(config, 'http://127.0.0.1:1')
  await oneLine(
    t,
    [`--kubeconfig=${config}`, `--metrics-bind-addr=127.0.0.1:${port}`, '--health-probe-bind-addr=0'],
    /^albatross: --metrics-bind-addr=127\.0\.0\.1:\d+: listen EADDRINUSE/,
  )
})

test('SIGUSR2 turns debug on and off, SIGTERM ends it with 0', async (t) => {
  const server = await listenKube(createApiServer({}).handle)
  t.after(() => server.close())
  const config = join(folder, 'config')
  writeKubeconfig(config, server.url)
  const { child, told, ended } = started(t, [...quiet, `--kubeconfig=${config}`, '--log-level=warn'])
  // The definitions are missing there, which is told: it runs.
  await eventually(() => assert.match(told.out, /watch failed/), 20_000)
  child.kill('SIGUSR2')
  await eventually(() => assert.match(told.out, /"level":"debug"/), 20_000)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.doesNotMatch(told.error, /./)
})

/** An API server without definitions: that is logged, and the controller runs. */
async function cluster(t: TestContext): Promise<string> {
  const server = await listenKube(createApiServer({}).handle)
  t.after(() => server.close())
  const config = join(folder, `config-${server.url.split(':').at(-1)}`)
  writeKubeconfig(config, server.url)
  return `--kubeconfig=${config}`
}

async function healthAt(): Promise<{ flag: string; ok(): Promise<void> }> {
  const port = await freePort()
  return {
    flag: `--health-probe-bind-addr=127.0.0.1:${port}`,
    ok: () =>
      eventually(
        async () => assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200),
        20_000,
      ),
  }
}

test('lines of text, for people', async (t) => {
  const { child, told, ended } = started(t, [...quiet, await cluster(t), '--log-format=text'])
  await eventually(
    () =>
      assert.match(told.out, /^\d{4}-[\d-]+T[\d:.]+Z WARN {2}watch failed resource=\w+ reason=NotFound /m),
    20_000,
  )
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})

test('a full disk under the log costs lines, and is told once', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const health = await healthAt()
  const flags = [await cluster(t), '--metrics-bind-addr=0', '--crds=none', health.flag, '--log-level=debug']
  const { child, told, ended } = started(t, flags, full)
  await health.ok()
  await eventually(() => assert.match(told.error, /log lines are lost/), 20_000)
  child.kill('SIGUSR2')
  await health.ok()
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.equal(
    told.error,
    'albatross: log lines are lost: standard output: ENOSPC: no space left on device, write\n',
  )
})

test('a reader of the log that is gone costs lines', async (t) => {
  const health = await healthAt()
  const flags = [await cluster(t), '--metrics-bind-addr=0', '--crds=none', health.flag, '--log-level=debug']
  const { child, ended } = started(t, flags)
  await health.ok()
  child.stdout?.destroy()
  for (let times = 0; times < 3; times += 1) {
    child.kill('SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await health.ok()
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})
