/** jwt-validation: a bearer token, signed by RS256 with a key that the endpoint publishes, with the claims that are asked. */
import { type JsonWebKey, createPublicKey, verify } from 'node:crypto'
import type { Claim, JwtGate } from './gate.ts'
import { type Headers, valuesOf } from './header.ts'
import { type Fields, askProvider, fieldsOf } from './provider.ts'

type Keys = readonly Fields[]
type Known = { readonly keys: Promise<Keys | undefined>; readonly since: number }
const known = new Map<string, Known>()

/** So long the keys of an endpoint count as those that it has [R]. */
const keptMs = 60_000

/** The status with which a request is refused; undefined for one that may pass. */
export async function refusalOfToken(
  gate: JwtGate,
  headers: Headers,
  now: number,
): Promise<number | undefined> {
  const token = /^Bearer +([^ ]+)$/i.exec(valuesOf(headers, 'authorization')[0] ?? '')?.[1] ?? ''
  const [head = '', payload = '', signature = '', ...more] = token.split('.')
  const header = fieldsOf(decode(head).toString())
  const claims = fieldsOf(decode(payload).toString())
  if (more.length > 0 || header?.['alg'] !== 'RS256' || !claims) return 401
  if (!holds(gate, claims, now / 1000)) return 401
  const keys = await keysOf(gate.jwks, header['kid'], now)
  if (!keys) return 500
  const signed = Buffer.from(`${head}.${payload}`)
  const candidates = keys.filter(({ kid }) => header['kid'] === undefined || kid === header['kid'])
  return candidates.some((key) => signedBy(key, signed, decode(signature))) ? undefined : 401
}

const decode = (text: string): Buffer => Buffer.from(text, 'base64url')

function signedBy(key: Fields, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify('sha256', signed, createPublicKey({ key: key as JsonWebKey, format: 'jwk' }), signature)
  } catch {
    return false
  }
}

/** A key id that isn't known may be new: the endpoint is asked again. */
async function keysOf(url: string, kid: unknown, now: number): Promise<Keys | undefined> {
  const before = known.get(url)
  const keys = before && now - before.since < keptMs ? await before.keys : undefined
  if (keys?.some((key) => kid === undefined || key['kid'] === kid)) return keys
  const fetched = fetchKeys(url)
  known.set(url, { keys: fetched, since: now })
  return await fetched
}

async function fetchKeys(url: string): Promise<Keys | undefined> {
  const told = await askProvider(url)
  const keys = told?.status === 200 ? fieldsOf(told.body)?.['keys'] : undefined
  return Array.isArray(keys) ? (keys as Keys).filter(({ kty }) => kty === 'RSA') : undefined
}

function holds(gate: JwtGate, claims: Fields, seconds: number): boolean {
  const { iss, exp, nbf, iat } = claims
  if (iss !== gate.issuer || typeof exp !== 'number' || exp <= seconds) return false
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= seconds)) return false
  if (iat !== undefined && !(typeof iat === 'number' && iat <= seconds)) return false
  return gate.claims.every((claim) => hasClaim(claim, claims[claim.name]))
}

/** Any of the wanted values is enough [R]. */
function hasClaim({ format, values }: Claim, given: unknown): boolean {
  const had =
    format === 'string-array'
      ? Array.isArray(given)
        ? given
        : []
      : typeof given !== 'string'
        ? []
        : format === 'single-string'
          ? [given]
          : given.split(' ')
  return values.some((value) => had.includes(value))
}
