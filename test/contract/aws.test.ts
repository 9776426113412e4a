/** `npm run test:aws`, rehearsed on the local AWS: it refuses, it is killed in the middle and started again, and leaves nothing. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { keepHostsFile } from '../../localstack/alb/hosts-file.ts'
import { timings } from '../../localstack/timing.ts'
import { runTag } from './bench.ts'
import { unasked } from './probe/probe.ts'
import { startLocal } from './provider/embedded.ts'

type Ended = { readonly code: number | null; readonly out: string; readonly errors: string }
type Started = { readonly child: ChildProcess; readonly ended: Promise<Ended>; said(): string }
type Local = Awaited<ReturnType<typeof startLocal>>

const folder = mkdtempSync(join(tmpdir(), 'albatross-contract-'))
const hosts = join(folder, 'hosts')
const report = join(folder, 'report.md')
let local: Local
let hostsFile: ReturnType<typeof keepHostsFile>
before(async () => {
  local = await startLocal()
  hostsFile = keepHostsFile(hosts, local.plane)
})
after(async () => {
  await hostsFile.stop()
  await local.stop()
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[], on: Pick<Local, 'url' | 'region'> = local): Started {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'aws.ts'), ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      AWS_REGION: on.region,
      AWS_ACCESS_KEY_ID: '123456789012',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
  })
  let out = ''
  let errors = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, out, errors })))
  return { child, ended, said: () => out }
}
const onLocal = (...more: readonly string[]): Started =>
  start([
    '--account=123456789012',
    `--endpoint=${local.url}`,
    `--hosts-file=${hosts}`,
    `--report=${report}`,
    `--bundle=s3://${local.bundle.bucket}/${local.bundle.key}`,
    ...more,
  ])

async function killWhen(run: Started, ripe: () => boolean): Promise<void> {
  const end = Date.now() + 200_000
  while (!ripe()) {
    assert.equal(run.child.exitCode, null, `it ended too early: ${run.said()}`)
    assert.ok(Date.now() < end, run.said())
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  run.child.kill('SIGKILL')
  await run.ended
}

const tagged = (): number => [...local.account.tags.values()].filter((tags) => tags.has(runTag)).length
const quietly = async (): Promise<void> => {
  for (let before = -1, now = local.cloud.journal.since().length; before !== now; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    ;[before, now] = [now, local.cloud.journal.since().length]
  }
}

describe('npm run test:aws', { concurrency: false }, () => {
  it('does not start without the number of an account, nor on another one', async () => {
    const calls = local.cloud.journal.since().length
    const without = await start([`--endpoint=${local.url}`]).ended
    assert.equal(without.code, 2)
    assert.match(without.errors, /^name the account that may be written to: --account=<12 digits>/)
    const other = await start(['--account=210987654321', `--endpoint=${local.url}`]).ended
    assert.equal(other.code, 2)
    assert.equal(
      other.errors,
      'these credentials are of account 123456789012, not of 210987654321: nothing was touched\n',
    )
    const made = local.cloud.journal.since().slice(calls)
    assert.deepEqual(
      made.map(({ action }) => action),
      ['GetCallerIdentity'],
    )
  })

  it('killed while its controller works, and while it checks: the next run removes what it left', async () => {
    const state = local.cloud.state()
    const played = onLocal('--only=workshop')
    await killWhen(played, () => local.account.rules.size > 2)
    // The controller dies with it.
    await quietly()
    const left = tagged()
    assert.ok(left >= 8, `${left} resources are left`)
    assert.ok(
      [...local.account.loadBalancers.values()].some(({ wire }) => wire.LoadBalancerName?.startsWith('k8s-')),
    )
    const checked = onLocal('--only=l')
    await killWhen(checked, () => checked.said().includes('load-balancer/protected'))
    assert.match(checked.said(), /^removed arn:.*:loadbalancer\/app\/k8s-/m)
    assert.ok(tagged() > 0)
    const swept = await onLocal('--sweep').ended
    assert.deepEqual([swept.code, swept.errors], [0, ''], swept.out)
    assert.equal(tagged(), 0)
    assert.equal(local.cloud.state(), state)
  })

  it('passes here, and writes what it found; all that it makes bears the tag, and nothing is left', {
    skip: process.platform !== 'linux' && 'load balancers have addresses of their own on Linux alone',
  }, async () => {
    const state = local.cloud.state()
    const from = local.cloud.journal.since().at(-1)?.n ?? 0
    const { code, out, errors } = await onLocal().ended
    assert.deepEqual([code, errors], [0, ''], out)
    const text = readFileSync(report, 'utf8')
    assert.match(text, / 0 fail, 1 were not asked\./)
    assert.match(text, /\| Weights that are all 0 choose nobody: 503\. \| 503 \| 503 \| holds \|/)
    for (const { fact } of unasked) assert.ok(text.includes(fact.replaceAll('|', '\\|')))
    assert.match(text, /An earlier run had left 0, this one's checks 0;/)
    assert.equal(local.cloud.state(), state)
    const bare = local.cloud.journal
      .since(from)
      .filter(({ action, error }) => /^(Create|Import|Request)/.test(action) && error === undefined)
      .filter(({ action }) => action !== 'CreateTags')
      .filter(({ input }) => !JSON.stringify(input).includes(runTag))
    // A certificate that is imported again has its tags.
    assert.deepEqual(
      bare
        .filter(({ input }) => !('CertificateArn' in (input as object)))
        .map(({ action, input }) => ({ action, input })),
      [],
    )
  })

  it('asks how AWS throttles, where it may', async () => {
    const throttled = await startLocal({ ...timings.instant, throttle: true })
    try {
      const args = ['--account=123456789012', `--endpoint=${throttled.url}`, `--report=${report}`]
      const { code, out } = await start([...args, '--only=fact/throttled', '--throttle'], throttled).ended
      assert.equal(code, 0, out)
      assert.match(out, /^ok {4}fact\/throttled/m)
    } finally {
      await throttled.stop()
    }
  })
})
