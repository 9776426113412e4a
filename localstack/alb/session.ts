/** authenticate-oidc and authenticate-cognito: the way to the provider and back, and the session that comes of it. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { answerError, answerFound } from './answer.ts'
import { cookiesOf, setCookie } from './cookie.ts'
import type { Exchange } from './exchange.ts'
import type { SessionGate } from './gate.ts'
import type { Headers } from './header.ts'
import { type Fields, askProvider, fieldsOf } from './provider.ts'
import { open, seal } from './seal.ts'

export const callbackPath = '/oauth2/idpresponse'
const nonceCookie = 'AWSALBAuthNonce'
const stateMs = 15 * 60 * 1000
/** Cookies are cut in pieces of this length. */
const pieceLength = 4000
const mostClaims = 11 * 1024
const safe = '; Secure; HttpOnly'

type Session = {
  readonly of: string
  readonly subject: string
  readonly accessToken: string
  readonly claims: Fields
}
type State = { readonly of: string; readonly nonce: string; readonly back: string }

const audience = ({ issuer, clientId }: SessionGate): string => `${issuer} ${clientId}`
const redirectUri = ({ request }: Exchange): string => `https://${request.host}${callbackPath}`

/** What a target learns of who is logged in; undefined when nobody is. */
export function identityOf(gate: SessionGate, { headers, listener }: Exchange): Headers | undefined {
  const cookies = cookiesOf(headers)
  const pieces: string[] = []
  for (let piece; (piece = cookies.get(`${gate.cookie}-${pieces.length}`)) !== undefined; ) pieces.push(piece)
  const now = Date.now()
  const session = open(pieces.join(''), now) as Session | undefined
  if (session?.of !== audience(gate)) return undefined
  return [
    ['x-amzn-oidc-identity', session.subject],
    ['x-amzn-oidc-accesstoken', session.accessToken],
    ['x-amzn-oidc-data', claimsToken(gate, session.claims, listener.loadBalancer.arn, now)],
  ]
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const keyId = randomUUID()

/** As AWS writes it: ES256, and base64 with its padding. */
function claimsToken(gate: SessionGate, claims: Fields, signer: string, now: number): string {
  const header = {
    alg: 'ES256',
    kid: keyId,
    typ: 'JWT',
    signer,
    iss: gate.issuer,
    client: gate.clientId,
    exp: Math.floor(now / 1000) + 120,
  }
  const encode = (bytes: Buffer): string => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  const signed = [header, claims].map((part) => encode(Buffer.from(JSON.stringify(part)))).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${encode(signature)}`
}

export function sendToProvider(gate: SessionGate, exchange: Exchange): void {
  const { request, response, listener, url } = exchange
  const now = Date.now()
  const nonce = randomUUID()
  const state: State = { of: audience(gate), nonce, back: `https://${request.host}${url}` }
  const location = new URL(gate.authorization)
  const asked = {
    ...gate.extra,
    client_id: gate.clientId,
    redirect_uri: redirectUri(exchange),
    response_type: 'code',
    scope: gate.scope,
    state: seal(state, now + stateMs),
  }
  for (const [name, value] of Object.entries(asked)) location.searchParams.set(name, value)
  answerFound(response, listener.attributes, location.href, [setCookie(nonceCookie, nonce, now, safe)])
}

/** Which of the listener's gates a callback belongs to is in its state; without a true one it is nobody's. */
export async function takeCallback(gates: readonly SessionGate[], exchange: Exchange): Promise<void> {
  const { request, response, listener, headers } = exchange
  const fail = (status: number): void => answerError(response, listener.attributes, status)
  const now = Date.now()
  const query = new URLSearchParams(request.query)
  const state = open(query.get('state') ?? '', now) as State | undefined
  const gate = gates.find((one) => audience(one) === state?.of)
  if (!state || !gate || cookiesOf(headers).get(nonceCookie) !== state.nonce) return fail(401)
  const code = query.get('code')
  if (code === null) return fail(561)
  const session = await exchangeCode(gate, code, redirectUri(exchange))
  if (typeof session === 'number') return fail(session)
  const sealed = seal({ of: state.of, ...session } satisfies Session, now + gate.timeoutMs)
  const pieces = sealed.match(new RegExp(`.{1,${pieceLength}}`, 'g')) ?? []
  answerFound(
    response,
    listener.attributes,
    state.back,
    pieces.map((piece, index) => setCookie(`${gate.cookie}-${index}`, piece, now, safe)),
  )
}

/** Or the status of what went wrong: 561 is the provider's own no, 500 that it can't be asked. */
async function exchangeCode(
  { token, userInfo, clientId, clientSecret }: SessionGate,
  code: string,
  redirect: string,
): Promise<Omit<Session, 'of'> | number> {
  if (token === undefined || userInfo === undefined) return 500
  const secret =
    clientSecret === undefined
      ? undefined
      : `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`
  const told = await askProvider(token, {
    form: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
      ...(secret === undefined ? { client_id: clientId } : {}),
    }),
    headers: secret === undefined ? {} : { authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
  })
  if (!told) return 500
  const accessToken = told.status === 200 ? fieldsOf(told.body)?.['access_token'] : undefined
  if (typeof accessToken !== 'string') return 561
  const who = await askProvider(userInfo, { headers: { authorization: `Bearer ${accessToken}` } })
  if (!who) return 500
  const claims = who.status === 200 ? fieldsOf(who.body) : undefined
  const subject = claims?.['sub']
  if (!claims || typeof subject !== 'string') return 561
  return who.body.length > mostClaims ? 500 : { subject, accessToken, claims }
}
