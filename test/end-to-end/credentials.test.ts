// The SDK's own chain over real sockets: IRSA, Pod Identity, instance profile and profile; keys that end in the middle of the work.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import pino from 'pino'
import { instanceMetadataService, podIdentity } from '../../localstack/aws/credentials-endpoint.ts'
import { listen } from '../../localstack/aws/listen.ts'
import { readConfig } from '../../src/config.ts'
import type { Handle } from '../../src/lib/http.ts'
import { start } from '../../src/start.ts'
import { eventually } from '../world.ts'
import { annotate, member, openShop, type Shop } from './shop.ts'

const account = '123456789012'
const limitMs = 20_000
const folder = mkdtempSync(join(tmpdir(), 'albatross-credentials-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** As the API server gives one to a service account: its end and its subject are all that is looked at. */
const jwt = (sub: string): string => {
  const exp = Math.floor(Date.now() / 1000) + 3600
  return `e30.${Buffer.from(JSON.stringify({ exp, sub })).toString('base64url')}.hush`
}

const plain = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE']

/** The environment of a controller's process, as long as the test lasts. */
function environment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const none = join(folder, 'none')
  const all = { AWS_CONFIG_FILE: none, AWS_SHARED_CREDENTIALS_FILE: none, ...variables }
  const old = Object.fromEntries([...plain, ...Object.keys(all)].map((name) => [name, process.env[name]]))
  for (const name of plain) delete process.env[name]
  Object.assign(process.env, all)
  t.after(() => {
    for (const [name, value] of Object.entries(old))
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  })
}

async function serving(t: TestContext, handle: Handle): Promise<string> {
  const server = await listen(handle)
  t.after(() => server.close())
  return server.url
}

/** A shop whose controller finds its credentials by itself. */
async function open(t: TestContext, variablesOf: (shop: Shop) => Promise<Readonly<Record<string, string>>>) {
  const logs: { msg: string; level: number }[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) })
  const shop = await openShop(['--mode=observe'])
  await shop.controller.stop()
  t.after(() => shop.world.end())
  const url = await serving(t, shop.world.cloud.handle)
  environment(t, { AWS_ENDPOINT_URL: url, ...(await variablesOf(shop)) })
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${shop.world.vpcId}`,
      '--enable-leader-election=false',
      '--deregistration-propagation=1s',
      '--longest-request=0s',
    ],
    {},
  )
  assert.ok(config.ok)
  const running = start({ config: config.value, kube: shop.world.api.handle, log })
  t.after(() => running.stop())
  const since = shop.now()
  const calls = () => shop.world.cloud.journal.since(since)
  await shop.world.kube.apply(member('web'))
  await shop.answer(await shop.address('web'), '/web', 200)
  return { shop, calls, logs }
}

type Opened = Awaited<ReturnType<typeof open>>
const temporary = ({ calls }: Opened): string[] => [
  ...new Set(
    calls()
      .map(({ accessKey }) => accessKey)
      .filter((key) => key !== ''),
  ),
]

/** All keys are taken back before their time: what is edited then arrives all the same, and nobody is told. */
async function survives(opened: Opened): Promise<void> {
  const { shop, calls, logs } = opened
  await new Promise((resolve) => setTimeout(resolve, 50))
  const [first, ...others] = temporary(opened)
  assert.match(first ?? '', /^ASIA123456789012/)
  assert.deepEqual(others, [], 'one set of credentials serves all clients')
  shop.world.cloud.sessions.expireAll()
  const marked = calls().length
  await annotate(shop, 'web', { 'load-balancer-attributes': 'idle_timeout.timeout_seconds=77' })
  await eventually(() => {
    const done = calls()
      .slice(marked)
      .filter(({ action, error }) => action === 'ModifyLoadBalancerAttributes' && error === undefined)
    assert.equal(done.length, 1)
  }, limitMs)
  const refused = calls().filter(({ error }) => error === 'ExpiredToken' || error === 'RequestExpired')
  assert.notEqual(refused.length, 0)
  assert.equal(temporary(opened).length, 2)
  assert.deepEqual(await shop.warnings(), [])
  assert.ok(logs.some(({ msg }) => msg === 'AWS credentials renewed'))
  assert.deepEqual(
    logs.filter(({ level }) => level > 30).map(({ msg }) => msg),
    [],
  )
}

test('IRSA: a role by the token in a file, which is rotated', async (t) => {
  const file = join(folder, 'token')
  writeFileSync(file, jwt('first'))
  const opened = await open(t, async () => ({
    AWS_ROLE_ARN: `arn:aws:iam::${account}:role/albatross`,
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
  }))
  const assumed = () => opened.calls().filter(({ action }) => action === 'AssumeRoleWithWebIdentity')
  assert.equal(assumed().length, 1)
  // The kubelet writes another into the file.
  writeFileSync(file, jwt('second'))
  await survives(opened)
  assert.deepEqual(
    assumed().map(
      ({ output }) => (output as { SubjectFromWebIdentityToken?: string }).SubjectFromWebIdentityToken,
    ),
    ['first', 'second'],
  )
})

test('Pod Identity: credentials of an endpoint, by a token in a file that is rotated', async (t) => {
  const file = join(folder, 'pod-token')
  let good = 'first'
  writeFileSync(file, good)
  const opened = await open(t, async ({ world }) => {
    const endpoint = podIdentity(
      () => world.cloud.sessions.issue(account, 3600),
      (token) => token === good,
    )
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await serving(t, endpoint)}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    }
  })
  good = 'second'
  writeFileSync(file, good)
  await survives(opened)
})

test('an instance profile, by instance metadata', async (t) => {
  const opened = await open(t, async ({ world }) => {
    const service = instanceMetadataService(() => world.cloud.sessions.issue(account, 3600), 'nodes')
    return { AWS_EC2_METADATA_SERVICE_ENDPOINT: await serving(t, service) }
  })
  await survives(opened)
})

test('credentials that end every three seconds are got again in time, and no call meets their end', async (t) => {
  const opened = await open(t, async ({ world }) => {
    const endpoint = podIdentity(
      () => world.cloud.sessions.issue(account, 3),
      () => true,
    )
    return { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${await serving(t, endpoint)}/v1/credentials` }
  })
  const { shop, calls } = opened
  for (const seconds of [61, 62, 63]) {
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await annotate(shop, 'web', { 'load-balancer-attributes': `idle_timeout.timeout_seconds=${seconds}` })
  }
  await eventually(() => {
    const [last] = calls()
      .filter(({ action, error }) => action === 'ModifyLoadBalancerAttributes' && error === undefined)
      .slice(-1)
    assert.match(JSON.stringify(last?.input), /"63"/)
  }, limitMs)
  assert.ok(temporary(opened).length > 2)
  assert.deepEqual(await shop.warnings(), [])
})

test('a profile of a file', async (t) => {
  const file = join(folder, 'credentials')
  writeFileSync(file, '[work]\naws_access_key_id = AKIA123456789012WORK\naws_secret_access_key = local\n')
  const opened = await open(t, async () => ({ AWS_PROFILE: 'work', AWS_SHARED_CREDENTIALS_FILE: file }))
  assert.deepEqual(temporary(opened), ['AKIA123456789012WORK'])
})
