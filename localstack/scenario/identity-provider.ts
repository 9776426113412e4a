/** An OpenID Connect provider on loopback that lets everybody in as `alice`: authorization code flow, user info, signing keys. */
import { createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSigned } from '../aws/acm/self-signed.ts'

export type IdentityProvider = {
  /** `https://127.0.0.1:<port>`: the issuer; `/authorize`, `/token`, `/userinfo` and `/jwks` are under it. */
  readonly url: string
  /** Whom it knows: client id -> secret; both may change at any time. */
  readonly clients: Map<string, string>
  /** Signed with the published key; `iss` and a validity of a minute unless the claims say otherwise. */
  token(claims: Readonly<Record<string, unknown>>): string
  close(): Promise<void>
}

type Told = { readonly status: number; readonly body?: unknown; readonly location?: string }

const keyId = 'one'

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const clients = new Map<string, string>()
  /** Who a code was given to. */
  const codes = new Map<string, string>()
  const tokens = new Set<string>()
  const pair = selfSigned({
    names: ['idp.example'],
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2040-01-01'),
  })
  const answer = (incoming: IncomingMessage, body: string): Told => {
    const url = new URL(incoming.url ?? '/', 'https://idp.example')
    const { authorization = '' } = incoming.headers
    switch (url.pathname) {
      case '/authorize':
        return authorize(url, clients, codes)
      case '/token':
        return exchange(new URLSearchParams(body), authorization, { clients, codes, tokens })
      case '/userinfo':
        return tokens.has(authorization.replace(/^Bearer /, ''))
          ? { status: 200, body: { sub: 'alice', email: 'alice@example.com' } }
          : { status: 401, body: {} }
      case '/jwks': {
        const jwk = createPublicKey(keys.privateKey).export({ format: 'jwk' })
        return { status: 200, body: { keys: [{ ...jwk, kid: keyId, alg: 'RS256', use: 'sig' }] } }
      }
      default:
        return { status: 404, body: {} }
    }
  }
  const server = createServer({ cert: pair.certificate, key: pair.key }, (incoming, response) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      const told = answer(incoming, body)
      const headers = told.location === undefined ? {} : { location: told.location }
      response.writeHead(told.status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(told.body ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    url,
    clients,
    token: (claims) => {
      const exp = Math.floor(Date.now() / 1000) + 60
      const signed = `${encode({ alg: 'RS256', kid: keyId })}.${encode({ iss: url, exp, ...claims })}`
      return `${signed}.${sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url')}`
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Nobody is asked for a password: who comes is sent back with a code. */
function authorize(
  { searchParams }: URL,
  clients: ReadonlyMap<string, string>,
  codes: Map<string, string>,
): Told {
  const client = searchParams.get('client_id') ?? ''
  const back = searchParams.get('redirect_uri')
  if (!clients.has(client) || back === null) return { status: 400, body: { error: 'unauthorized_client' } }
  const code = randomUUID()
  codes.set(code, client)
  const location = new URL(back)
  location.searchParams.set('code', code)
  location.searchParams.set('state', searchParams.get('state') ?? '')
  return { status: 302, location: location.href }
}

type Known = {
  readonly clients: ReadonlyMap<string, string>
  readonly codes: Map<string, string>
  readonly tokens: Set<string>
}

/** A code is good once, for the client that it was given to. */
function exchange(form: URLSearchParams, authorization: string, { clients, codes, tokens }: Known): Told {
  const [client = '', secret] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
    .map(decodeURIComponent)
  const code = form.get('code') ?? ''
  if (!clients.has(client) || clients.get(client) !== secret)
    return { status: 401, body: { error: 'invalid_client' } }
  if (codes.get(code) !== client) return { status: 400, body: { error: 'invalid_grant' } }
  codes.delete(code)
  const token = randomUUID()
  tokens.add(token)
  return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 3600 } }
}
