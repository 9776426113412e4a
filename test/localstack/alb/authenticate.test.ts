import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Server, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Address } from '../../../localstack/alb/network.ts'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import { type Answer, Bench, fixed, forwardTo, listenerArn, onPath, podIp } from './account.ts'

/** An identity provider: it has published one key, and knows the code `good`. */
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const others = generateKeyPairSync('rsa', { modulusLength: 2048 })
let asked: { url: string; authorization: string | undefined; body: string }[] = []
let provider: Server
let issuer = ''
before(async () => {
  const { certificate, key } = selfSigned({
    names: ['idp.example'],
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2040-01-01'),
  })
  provider = createServer({ cert: certificate, key }, (incoming, response) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      const { url = '' } = incoming
      asked.push({ url, authorization: incoming.headers.authorization, body })
      const [status, answer] = tell(url, body, incoming)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`
})
after(() => {
  provider.close()
  provider.closeAllConnections()
})

function tell(url: string, body: string, { headers }: IncomingMessage): [number, unknown] {
  if (url === '/jwks') {
    const jwk = createPublicKey(keys.privateKey).export({ format: 'jwk' })
    return [200, { keys: [{ ...jwk, kid: 'one', alg: 'RS256', use: 'sig' }] }]
  }
  if (url.endsWith('/token'))
    return new URLSearchParams(body).get('code') === 'good'
      ? [200, { access_token: 'access', id_token: 'x', expires_in: 3600 }]
      : [400, { error: 'invalid_grant' }]
  return headers.authorization === 'Bearer access' ? [200, { sub: 'alice', email: 'a@b' }] : [401, {}]
}

let bench = new Bench()
let at: Address
const pod = podIp(31)
beforeEach(async () => {
  asked = []
  bench = new Bench()
  bench.https(fixed(404), 'a.example')
  bench.group('web', [[pod, 80]])
  await bench.pod(pod, 80, (incoming, response) => response.end(JSON.stringify(incoming.headers)))
})
afterEach(() => bench.stop())

async function gate(action: Action, clientSecret?: string): Promise<void> {
  bench.rule(1, onPath('/*'), forwardTo('web'))
  const rule = bench.account.rules.get(`${listenerArn}/1`)
  if (!rule) return
  rule.wire = {
    ...rule.wire,
    Actions: [
      { ...action, Order: 1 },
      { ...forwardTo('web'), Order: 2 },
    ],
  }
  if (clientSecret !== undefined) rule.clientSecret = clientSecret
  await bench.start().catch(() => undefined)
  await bench.healthy('web', pod, 80)
  at = bench.address(443)
}

function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { ...at, path, agent: false, rejectUnauthorized: false, headers: { host: 'a.example', ...headers } },
      (incoming) => {
        let body = ''
        incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const backAs = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ')

describe('jwt-validation', () => {
  const soon = (): number => Math.floor(Date.now() / 1000) + 60
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  function bearer(claims: object, { kid = 'one', alg = 'RS256', by = keys } = {}): Record<string, string> {
    const signed = `${encode({ alg, kid })}.${encode({ iss: issuer, exp: soon(), ...claims })}`
    const signature = sign('sha256', Buffer.from(signed), by.privateKey).toString('base64url')
    return { authorization: `Bearer ${signed}.${signature}` }
  }

  it('lets in who has a token with all claims, and answers 401 to the others', async () => {
    await gate({
      Type: 'jwt-validation',
      JwtValidationConfig: {
        JwksEndpoint: `${issuer}/jwks`,
        Issuer: issuer,
        AdditionalClaims: [
          { Name: 'scope', Format: 'space-separated-values', Values: ['read'] },
          { Name: 'aud', Format: 'string-array', Values: ['shop'] },
          { Name: 'tenant', Format: 'single-string', Values: ['t1'] },
        ],
      },
    })
    const good = { scope: 'write read', aud: ['x', 'shop'], tenant: 't1' }
    const statuses = async (...all: Record<string, string>[]): Promise<number[]> =>
      (await Promise.all(all.map((headers) => ask('/', headers)))).map(({ status }) => status)
    assert.deepEqual(await statuses(bearer(good), bearer({ ...good, nbf: soon() - 100 })), [200, 200])
    const bad = [
      {},
      { authorization: 'Bearer nonsense' },
      bearer({ ...good, exp: soon() - 61 }),
      bearer({ ...good, exp: undefined }),
      bearer({ ...good, nbf: soon() }),
      bearer({ ...good, iss: 'https://else.example' }),
      bearer({ ...good, scope: 'reader' }),
      bearer({ ...good, aud: 'shop' }),
      bearer({ ...good, tenant: undefined }),
      bearer(good, { by: others }),
      bearer(good, { kid: 'two' }),
      bearer(good, { alg: 'none' }),
    ]
    assert.deepEqual(
      await statuses(...bad),
      bad.map(() => 401),
    )
  })

  it('answers 500 when the keys can not be had', async () => {
    await gate({
      Type: 'jwt-validation',
      JwtValidationConfig: { JwksEndpoint: 'https://127.0.0.1:1/', Issuer: issuer },
    })
    assert.equal((await ask('/', bearer({}))).status, 500)
    assert.equal((await ask('/')).status, 401)
  })
})

describe('authenticate-oidc', () => {
  const oidc = (more: object = {}): Action => ({
    Type: 'authenticate-oidc',
    AuthenticateOidcConfig: {
      Issuer: issuer,
      AuthorizationEndpoint: `${issuer}/authorize`,
      TokenEndpoint: `${issuer}/token`,
      UserInfoEndpoint: `${issuer}/userinfo`,
      ClientId: 'shop',
      AuthenticationRequestExtraParams: { prompt: 'login' },
      ...more,
    },
  })

  it('sends a client to the provider and back to where it wanted to go', async () => {
    await gate(oidc({ Scope: 'openid email' }), 's e')
    const first = await ask('/cart?item=1', { 'x-amzn-oidc-identity': 'mallory' })
    assert.equal(first.status, 302)
    const { origin, pathname, searchParams } = new URL(first.headers['location'] ?? '')
    const state = searchParams.get('state') ?? ''
    searchParams.delete('state')
    assert.equal(`${origin}${pathname}`, `${issuer}/authorize`)
    assert.deepEqual(Object.fromEntries(searchParams), {
      prompt: 'login',
      client_id: 'shop',
      redirect_uri: 'https://a.example/oauth2/idpresponse',
      response_type: 'code',
      scope: 'openid email',
    })
    const callback = `/oauth2/idpresponse?code=good&state=${encodeURIComponent(state)}`
    assert.equal((await ask(callback)).status, 401, 'without the cookie of the one who was sent')
    const second = await ask(callback, { cookie: backAs(first) })
    assert.deepEqual([second.status, second.headers['location']], [302, 'https://a.example/cart?item=1'])
    assert.match(second.headers['set-cookie']?.[0] ?? '', /^AWSELBAuthSessionCookie-0=.*; Secure; HttpOnly$/)
    const [token] = asked
    assert.equal(token?.authorization, `Basic ${Buffer.from('shop:s%20e').toString('base64')}`)
    assert.deepEqual(Object.fromEntries(new URLSearchParams(token?.body)), {
      grant_type: 'authorization_code',
      code: 'good',
      redirect_uri: 'https://a.example/oauth2/idpresponse',
    })
    const third = await ask('/cart', { cookie: backAs(second), 'x-amzn-oidc-identity': 'mallory' })
    const seen = JSON.parse(third.body)
    assert.deepEqual([seen['x-amzn-oidc-identity'], seen['x-amzn-oidc-accesstoken']], ['alice', 'access'])
    const [, claims = ''] = seen['x-amzn-oidc-data'].split('.')
    assert.deepEqual(JSON.parse(Buffer.from(claims, 'base64').toString()), { sub: 'alice', email: 'a@b' })
  })

  it('answers 561 when the provider refuses, 401 to a state that is not ours', async () => {
    await gate(oidc(), 'secret')
    const first = await ask('/')
    const state = new URL(first.headers['location'] ?? '').searchParams.get('state') ?? ''
    const back = (query: string) =>
      ask(`/oauth2/idpresponse?state=${encodeURIComponent(state)}&${query}`, { cookie: backAs(first) })
    assert.equal((await back('code=bad')).status, 561)
    assert.equal((await back('error=access_denied')).status, 561)
    assert.equal((await ask('/oauth2/idpresponse?state=x&code=good')).status, 401)
  })

  it('denies or allows, as the rule says, and nobody names himself', async () => {
    await gate(oidc({ OnUnauthenticatedRequest: 'deny' }))
    assert.equal((await ask('/')).status, 401)
    await bench.plane?.stop()
    await gate(oidc({ OnUnauthenticatedRequest: 'allow' }))
    const allowed = await ask('/', { 'x-amzn-oidc-identity': 'mallory' })
    assert.deepEqual([allowed.status, JSON.parse(allowed.body)['x-amzn-oidc-identity']], [200, undefined])
  })
})

it('authenticate-cognito leads to the domain of the user pool', async () => {
  const cognito = (UserPoolDomain: string): Action => ({
    Type: 'authenticate-cognito',
    AuthenticateCognitoConfig: {
      UserPoolArn: 'arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_abc',
      UserPoolClientId: 'client',
      UserPoolDomain,
    },
  })
  await gate(cognito('shop'))
  const url = new URL((await ask('/')).headers['location'] ?? '')
  assert.equal(url.origin + url.pathname, 'https://shop.auth.eu-west-1.amazoncognito.com/oauth2/authorize')
  await bench.plane?.stop()
  await gate(cognito(new URL(issuer).host))
  const first = await ask('/x')
  const state = new URL(first.headers['location'] ?? '').searchParams.get('state') ?? ''
  const path = `/oauth2/idpresponse?code=good&state=${encodeURIComponent(state)}`
  const second = await ask(path, { cookie: backAs(first) })
  assert.equal(second.headers['location'], 'https://a.example/x')
  assert.equal((await ask('/x', { cookie: backAs(second) })).status, 200)
})
