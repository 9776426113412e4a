import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACMClient } from '@aws-sdk/client-acm'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { importCertificate } from '../../localstack/scenario/certificate.ts'
import { type IdentityProvider, startIdentityProvider } from '../../localstack/scenario/identity-provider.ts'
import { logIn, type Visit } from '../../localstack/scenario/log-in.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import { eventually, type TestWorld } from '../world.ts'
import { annotate, member, onlyNewWarning, openShop, pathOf, type Shop } from './shop.ts'

const limitMs = 20_000
const clientId = 'shop-client-4711'
const first = 'hush-one-4711'
const second = 'hush-two-4711'

const acmOf = ({ cloud }: TestWorld): ACMClient =>
  new ACMClient({
    region: 'eu-west-1',
    requestHandler: inProcess(cloud.handle),
    credentials: { accessKeyId: '123456789012', secretAccessKey: 'local' },
  })

const secretPath = '/api/v1/namespaces/shop/secrets/oidc'
const encoded = (text: string): string => Buffer.from(text).toString('base64')
const secret = (clientSecret: string, name = 'oidc'): Manifest =>
  ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name },
    data: { clientID: encoded(clientId), clientSecret: encoded(`${clientSecret}\n`) },
  }) as Manifest

type Guarded = { readonly shop: Shop; readonly provider: IdentityProvider; readonly guarded: Manifest }

/** A shop with an identity provider, and an Ingress whose users must log in there; its Secret isn't there yet. */
async function within(run: (given: Guarded) => Promise<void>, annotations: object = {}): Promise<void> {
  const provider = await startIdentityProvider()
  const shop = await openShop()
  try {
    const arn = await importCertificate({ acm: acmOf(shop.world) }, '*.eu-west-1.elb.amazonaws.com')
    const { url } = provider
    const guarded = member('guarded', {
      'listen-ports': '[{"HTTPS":443}]',
      'certificate-arn': arn,
      'auth-type': 'oidc',
      'auth-idp-oidc': JSON.stringify({
        issuer: url,
        authorizationEndpoint: `${url}/authorize`,
        tokenEndpoint: `${url}/token`,
        userInfoEndpoint: `${url}/userinfo`,
        secretName: 'oidc',
      }),
      ...annotations,
    })
    await run({ shop, provider, guarded })
  } finally {
    await shop.world.end()
    await provider.close()
  }
}

const visit = ({ world }: Shop, hostname: string, path: string): Promise<Visit> =>
  logIn(
    path,
    (at, cookie) => world.secureRequest(hostname, at, cookie === '' ? {} : { headers: { cookie } }),
    (host) => host === hostname,
  )

const secretsIn = ({ world }: Shop): readonly (string | undefined)[] =>
  [...world.account.rules.values()]
    .filter(({ wire }) => wire.Actions?.some(({ Type }) => Type === 'authenticate-oidc'))
    .map(({ clientSecret }) => clientSecret)

/** Versions of Secrets that the group remembers. */
async function recorded({ world }: Shop): Promise<readonly string[]> {
  const groups = await world.kube.list<{ status?: { secrets?: readonly { resourceVersion: string }[] } }>(
    '/apis/albatross.dev/v1alpha1/ingressgroups',
  )
  return groups.flatMap(({ status }) => (status?.secrets ?? []).map((one) => one.resourceVersion))
}
const versionOf = async ({ world }: Shop): Promise<string | undefined> =>
  (await world.kube.get<{ metadata: { resourceVersion: string } }>(secretPath))?.metadata.resourceVersion

/** The controller's calls for a pass, reads too, but for those that fill and heal the mirror. */
const calls = ({ world }: Shop, since: number): readonly string[] =>
  world.cloud.journal
    .since(since)
    .filter(({ accessKey, purpose }) => accessKey === 'CONTROLLER' && purpose === 'reconcile')
    .map(({ action }) => action)

test('who is not logged in is sent to the provider, and served after that; a rotated secret goes to AWS at once', () =>
  within(async ({ shop, provider, guarded }) => {
    provider.clients.set(clientId, first)
    await shop.world.kube.apply(secret(first), guarded)
    const hostname = await shop.address('guarded')
    const { answer, cookie, ways } = await eventually(async () => {
      const seen = await visit(shop, hostname, '/guarded')
      assert.equal(seen.answer.status, 200)
      return seen
    }, limitMs)
    assert.deepEqual(ways, ['provider', 'load balancer', 'load balancer'])
    assert.match(answer.body, /"x-amzn-oidc-identity":"alice"/)
    const back = await shop.world.secureRequest(hostname, '/guarded', { headers: { cookie } })
    assert.equal(back.status, 200)

    await shop.controller.idle()
    const since = shop.now()
    provider.clients.set(clientId, second)
    assert.equal((await visit(shop, hostname, '/guarded')).answer.status, 561)
    await shop.world.kube.apply(secret(second))
    await eventually(() => assert.deepEqual(secretsIn(shop), [second]), limitMs)
    await shop.controller.idle()
    assert.deepEqual(shop.writes(since), ['ModifyRule'])
    assert.equal((await visit(shop, hostname, '/guarded')).answer.status, 200)
  }))

test('a label on the Secret, an edit that changes nothing and a restart make no call; a rotation while nobody ran is sent by the next', () =>
  within(async ({ shop, guarded }) => {
    await shop.world.kube.apply(secret(first), guarded)
    await shop.address('guarded')
    await eventually(() => assert.deepEqual(secretsIn(shop), [first]), limitMs)
    await shop.controller.idle()
    await eventually(async () => assert.deepEqual(await recorded(shop), [await versionOf(shop)]), limitMs)
    const since = shop.now()
    await shop.world.kube.patch(secretPath, { metadata: { labels: { team: 'shop' } } })
    await annotate(shop, 'guarded', { 'group.order': '0' })
    await eventually(async () => assert.deepEqual(await recorded(shop), [await versionOf(shop)]), limitMs)
    await shop.controller.stop()
    const next = shop.world.controller()
    await next.idle()
    assert.deepEqual(calls(shop, since), [])
    await next.stop()
    const before = shop.now()
    await shop.world.kube.apply(secret(second))
    await shop.world.controller().idle()
    await eventually(() => assert.deepEqual(secretsIn(shop), [second]), limitMs)
    assert.deepEqual(shop.writes(before), ['ModifyRule'])
  }))

test('a Secret that vanishes holds its member with authentication; another goes on; a new one is used at once', () =>
  within(async ({ shop, guarded }) => {
    const open = member('open', guardedPorts(guarded))
    await shop.world.kube.apply(secret(first), guarded, open)
    const hostname = await shop.address('guarded')
    await eventually(() => assert.deepEqual(secretsIn(shop), [first]), limitMs)
    await shop.controller.idle()
    const known = await shop.warnings()
    await shop.world.kube.remove(secret(first))
    const warning = await onlyNewWarning(shop, known)
    assert.equal(warning.reason, 'SecretUnusable')
    assert.match(warning.message, /secrets "oidc" not found\. Create Secret shop\/oidc with clientID/)
    await shop.world.kube.patch(pathOf('open'), { spec: member('open', {}, ['/better']).spec })
    await eventually(
      async () => assert.equal((await shop.world.secureRequest(hostname, '/better')).status, 200),
      limitMs,
    )
    assert.deepEqual(secretsIn(shop), [first])
    assert.equal((await shop.world.secureRequest(hostname, '/guarded')).status, 302)
    await shop.world.kube.apply(secret(second))
    await eventually(() => assert.deepEqual(secretsIn(shop), [second]), limitMs)
  }))

test('a Secret that may not be read is told with the Role that is missing; once it may, the Ingress is served', () =>
  within(async ({ shop, guarded }) => {
    await shop.world.kube.apply(secret(first))
    const isSecret = /^\/api\/v1\/namespaces\/shop\/secrets\?/
    for (let times = 0; times < 3; times += 1) shop.world.api.fault({ path: isSecret, status: 403 })
    await shop.world.kube.apply(guarded)
    const warning = await onlyNewWarning(shop, [])
    assert.match(warning.message, /Let a Role of namespace shop allow the controller to get, list and watch/)
    shop.world.api.clearFaults()
    await shop.address('guarded')
    await eventually(() => assert.deepEqual(secretsIn(shop), [first]), limitMs)
  }))

test('neither id nor secret of a client is anywhere but in AWS: not in logs, events, objects or metrics, whatever AWS says', () =>
  within(async ({ shop, guarded }) => {
    const quoting = `Value '${first}' at 'clientSecret' is refused for client '${clientId}'`
    shop.world.cloud.fault({
      action: 'CreateRule',
      error: { code: 'ValidationError', message: quoting, status: 400 },
    })
    await shop.world.kube.apply(secret(first), guarded)
    const [warning] = await eventually(async () => {
      const found = await shop.warnings()
      assert.notEqual(found.length, 0)
      return found
    }, limitMs)
    assert.match(warning?.message ?? '', /Value '\[redacted\]' at 'clientSecret'/)
    await annotate(shop, 'guarded', { 'group.order': '1' })
    await shop.address('guarded')
    await eventually(() => assert.deepEqual(secretsIn(shop), [first]), limitMs)
    const observer = shop.world.controller(['--mode=observe'], 'OBSERVER')
    await shop.world.kube.apply(secret(second))
    await eventually(() => assert.deepEqual(secretsIn(shop), [second]), limitMs)
    await observer.idle()
    await shop.controller.idle()
    const objects = await Promise.all(
      [
        '/api/v1/events',
        '/apis/networking.k8s.io/v1/ingresses',
        '/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings',
        '/apis/albatross.dev/v1alpha1/ingressgroups',
        '/apis/albatross.dev/v1alpha1/ingressreports',
      ].map((path) => shop.world.kube.list(path)),
    )
    const everything = JSON.stringify([
      shop.world.logs,
      objects,
      shop.controller.metrics(),
      observer.metrics(),
    ])
    for (const value of [clientId, first, second])
      for (const form of [value, encoded(value), encoded(`${value}\n`)])
        assert.ok(!everything.includes(form), `${form} is told: ${around(everything, form)}`)
  }))

test('a setting that AWS refuses is charged to its Ingress: the others are served', () =>
  within(
    async ({ shop, guarded }) => {
      const open = member('open', guardedPorts(guarded))
      await shop.world.kube.apply(secret(first), guarded, open)
      const hostname = await shop.address('open')
      await eventually(
        async () => assert.equal((await shop.world.secureRequest(hostname, '/open')).status, 200),
        limitMs,
      )
      await shop.controller.idle()
      const warning = (await shop.warnings()).find(({ involvedObject }) => involvedObject.name === 'guarded')
      assert.match(warning?.message ?? '', /onUnauthenticatedRequest/)
      assert.deepEqual(secretsIn(shop), [])
      await annotate(shop, 'guarded', { 'auth-on-unauthenticated-request': 'deny' })
      await eventually(
        async () => assert.equal((await shop.world.secureRequest(hostname, '/guarded')).status, 401),
        limitMs,
      )
    },
    { 'auth-on-unauthenticated-request': 'ask' },
  ))

function guardedPorts({ metadata }: Manifest): Record<string, string> {
  const prefix = 'alb.ingress.kubernetes.io/'
  const of = (name: string): string => metadata.annotations?.[`${prefix}${name}`] ?? ''
  return { 'listen-ports': of('listen-ports'), 'certificate-arn': of('certificate-arn') }
}

const around = (text: string, part: string): string => {
  const at = text.indexOf(part)
  return text.slice(Math.max(0, at - 120), at + 120)
}
