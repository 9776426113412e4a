// What can be wrong with a start, and is told in one line, never by a stack trace.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { type Cloud, createCloud } from '../localstack/aws/cloud.ts'
import { type Listening, listen } from '../localstack/aws/listen.ts'
import { seedVpc } from '../localstack/aws/seed.ts'
import { listenKube, writeKubeconfig } from '../localstack/kube/listen.ts'
import { createApiServer } from '../localstack/kube/server.ts'
import { freePort } from '../localstack/scenario/controller.ts'
import { timings } from '../localstack/timing.ts'
import { startMain } from './process.ts'
import { eventually } from './world.ts'

const region = 'eu-west-1'
const limitMs = 30_000
const folder = mkdtempSync(join(tmpdir(), 'albatross-bad-start-'))
const api = createApiServer({})
const denied = new Set<string>()

let cloud: Cloud
let aws: Listening
let kube: Awaited<ReturnType<typeof listenKube>>
let vpcId = ''
const kubeconfig = join(folder, 'config')
before(async () => {
  cloud = createCloud({
    timing: timings.instant,
    signatureAgeMs: 300_000,
    seed: (account) => {
      if (account.region === region) seedVpc(account, { clusterName: 'demo', region })
    },
    policiesOf: (key) => (denied.has(key) ? [] : undefined),
  })
  vpcId = [...cloud.account('123456789012', region).vpcs.keys()][0] ?? ''
  aws = await listen(cloud.handle)
  kube = await listenKube(api.handle)
  writeKubeconfig(kubeconfig, kube.url)
})
after(async () => {
  await aws.close()
  await kube.close()
  api.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Given = {
  readonly flags?: readonly string[]
  /** In place of those that every start needs; null for none. */
  readonly where?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly preload?: string
}

async function started(t: TestContext, { flags = [], where, env = {}, preload }: Given) {
  const port = await freePort()
  const needed = where ?? ['--cluster-name=demo', `--aws-region=${region}`, `--aws-vpc-id=${vpcId}`]
  const mine = flags.some((one) => one.startsWith('--kubeconfig=')) ? [] : [`--kubeconfig=${kubeconfig}`]
  const { child, told, ended } = startMain(t, {
    args: [
      ...needed,
      ...mine,
      '--metrics-bind-addr=0',
      `--health-probe-bind-addr=127.0.0.1:${port}`,
      ...flags,
    ],
    env: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: 'CONTROLLER',
      AWS_SECRET_ACCESS_KEY: 'hush-local',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
    preload,
  })
  const ready = async (): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
    return `${answer.status} ${await answer.text()}`
  }
  return { child, told, ended, ready }
}

/** It ends, and says one line. */
async function refused(t: TestContext, given: Given, line: RegExp, code = 2): Promise<void> {
  const { told, ended } = await started(t, given)
  assert.equal(await ended, code, told.error)
  assert.match(told.error, line)
  assert.equal(told.error.trim().split('\n').length, 1, told.error)
  assert.equal(told.out, '')
}

/** It stays, says at `/readyz` what is wrong, and logs that once above info; then it ends when it is told to. */
async function degraded(t: TestContext, given: Given, line: RegExp): Promise<void> {
  const { child, told, ended, ready } = await started(t, given)
  const lines = (): string[] =>
    told.out.split('\n').filter((one) => /"level":[456]0/.test(one) && line.test(one))
  await eventually(() => assert.equal(lines().length, 1, `${told.out}${told.error}.`), limitMs)
  await eventually(async () => assert.match(await ready(), /^503 /), limitMs)
  assert.doesNotMatch(lines()[0] ?? '', /"stack"|\\n +at /)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
  assert.equal(told.error, '')
}

test('an unknown flag', (t) =>
  refused(
    t,
    { flags: ['--cluster-nam=x'] },
    /^albatross: --cluster-nam=x: unknown flag; did you mean --cluster-name\?$/m,
  ))

test('flags that contradict each other', (t) =>
  refused(
    t,
    { flags: ['--enable-manage-backend-security-group-rules', '--enable-backend-security-group=false'] },
    /^albatross: --enable-manage-backend-security-group-rules needs --enable-backend-security-group$/m,
  ))

test('no region', (t) =>
  refused(
    t,
    { where: ['--cluster-name=demo', '--aws-vpc-id=vpc-0a1b2c3d4e5f60718'] },
    /^albatross: --aws-region is /m,
  ))

test('an API server that does not answer', async (t) => {
  const nobody = join(folder, 'nobody')
  writeKubeconfig(nobody, `http://127.0.0.1:${await freePort()}`)
  await degraded(t, { flags: [`--kubeconfig=${nobody}`] }, /the API server does not answer/)
})

test('a VPC that is not there', (t) =>
  degraded(
    t,
    { where: ['--cluster-name=demo', `--aws-region=${region}`, '--aws-vpc-id=vpc-0a1b2c3d4e5f60718'] },
    /--aws-vpc-id=vpc-0a1b2c3d4e5f60718: there is no such VPC in eu-west-1/,
  ))

test('no permission', (t) => {
  denied.add('POOR')
  return degraded(
    t,
    { env: { AWS_ACCESS_KEY_ID: 'POOR' } },
    /AWS denied ec2:DescribeVpcs .*: allow ec2:DescribeVpcs in the role's policy/,
  )
})

test('no credentials', (t) =>
  degraded(
    t,
    { env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOME: folder } },
    /no AWS credentials: .*: give the pod a role/,
  ))

test('AWS out of reach', async (t) =>
  degraded(
    t,
    { env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` } },
    /AWS in eu-west-1 can't be asked \(ec2:DescribeVpcs: ECONNREFUSED/,
  ))

/** The program with a clock that is an hour ahead. */
function anHourAhead(): string {
  const file = join(folder, 'ahead.mjs')
  writeFileSync(
    file,
    `const Real = Date
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length === 0 ? [Real.now() + 3_600_000] : given)) }
  static now() { return Real.now() + 3_600_000 }
}
`,
  )
  return file
}

test('a clock that differs: told, and set right for AWS calls', async (t) => {
  const { child, told, ended, ready } = await started(t, { preload: anHourAhead() })
  await eventually(async () => assert.match(await ready(), /^200 /, told.out), limitMs)
  assert.match(told.out, /the clock differs from that of AWS: set right for AWS calls/)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})

test('a clock that may not be set right', (t) =>
  degraded(
    t,
    { preload: anHourAhead(), env: { AWS_DISABLE_CLOCK_SKEW_CORRECTION: 'true' } },
    /AWS refuses the signature \((RequestExpired|SignatureDoesNotMatch): .*\): set the clock of this machine/,
  ))

test('a certificate of the webhooks that can not be read', async (t) => {
  const { child, told, ended, ready } = await started(t, {
    flags: [
      '--enable-pod-readiness-gate-inject',
      '--webhook-cert-dir=/nowhere',
      `--webhook-bind-port=${await freePort()}`,
      '--webhook-bind-host=127.0.0.1',
    ],
  })
  const lines = (): string[] =>
    told.out.split('\n').filter((one) => /tls\.crt can't be read: ENOENT/.test(one))
  await eventually(() => assert.equal(lines().length, 1, `${told.out}${told.error}.`), limitMs)
  // Pods start without gates meanwhile: Ingresses are served all the same.
  await eventually(async () => assert.match(await ready(), /^200 /), limitMs)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})
