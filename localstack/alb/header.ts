/** Headers as an ALB changes them on their way to a target and back (`aws-facts` 4.5). */
import { randomBytes } from 'node:crypto'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

export type Headers = readonly (readonly [name: string, value: string])[]

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** Answered by the load balancer itself, or written by it. */
const ours: ReadonlySet<string> = new Set([
  'expect',
  'host',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-amzn-trace-id',
])

export function pairs(raw: readonly string[]): Headers {
  const found: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) found.push([raw[index] ?? '', raw[index + 1] ?? ''])
  return found
}

export const valuesOf = (headers: Headers, name: string): readonly string[] =>
  headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value)

export function withoutHopByHop(headers: Headers): Headers {
  const named = valuesOf(headers, 'connection').flatMap((value) =>
    value.split(',').map((name) => name.trim().toLowerCase()),
  )
  return headers.filter(([name]) => {
    const lower = name.toLowerCase()
    return !hopByHop.has(lower) && !named.includes(lower)
  })
}

/** As HTTP/1.1 would have them: the authority is the host, and one cookie field has all cookies. */
export function http2Headers({
  rawHeaders,
  authority,
}: Pick<Http2ServerRequest, 'rawHeaders' | 'authority'>): Headers {
  const fields = pairs(rawHeaders).filter(([name]) => !name.startsWith(':'))
  const cookies = valuesOf(fields, 'cookie')
  const rest = fields.filter(([name]) => name !== 'cookie')
  return [
    ...(valuesOf(fields, 'host').length > 0 || !authority ? [] : [['host', authority] as const]),
    ...rest,
    ...(cookies.length > 0 ? [['cookie', cookies.join('; ')] as const] : []),
  ]
}

type Switches = {
  readonly attributes: ReadonlyMap<string, string>
  readonly loadBalancer: { readonly attributes: ReadonlyMap<string, string> }
}

/** What was agreed with the client, where the load balancer is told to pass it on. */
export function tlsHeaders(socket: Socket, { attributes, loadBalancer }: Switches): Headers {
  const wanted =
    loadBalancer.attributes.get('routing.http.x_amzn_tls_version_and_cipher_suite.enabled') === 'true'
  if (!wanted || !(socket instanceof TLSSocket)) return []
  const named = (header: string): string =>
    attributes.get(`routing.http.request.${header.toLowerCase().replaceAll('-', '_')}.header_name`) || header
  return [
    [named('X-Amzn-Tls-Version'), socket.getProtocol() ?? ''],
    [named('X-Amzn-Tls-Cipher-Suite'), socket.getCipher().name],
  ]
}

export type Hop = {
  readonly attributes: ReadonlyMap<string, string>
  readonly protocol: 'HTTP' | 'HTTPS'
  readonly listenerPort: number
  readonly client: { readonly ip: string; readonly port: number }
  /** As the client named it, or as a transform rewrote it. */
  readonly host: string
  readonly rewritten: boolean
  /** Epoch milliseconds. */
  readonly now: number
  /** What only the load balancer may say: it takes the place of what the client claims. */
  readonly added: Headers
  /** The rule asks who the client is, who then can't say it itself. */
  readonly gated: boolean
  /** The listener asks for a client's certificate, of which the client can't tell by itself. */
  readonly certified: boolean
}

export function requestHeaders(headers: Headers, hop: Hop): Headers {
  const { attributes, added, gated, certified } = hop
  const taken = new Set([...ours, ...added.map(([name]) => name.toLowerCase())])
  const strict = attributes.get('routing.http.drop_invalid_header_fields.enabled') === 'true'
  const rest = withoutHopByHop(headers).filter(
    ([name]) =>
      !taken.has(name.toLowerCase()) &&
      !(gated && /^x-amzn-oidc-/i.test(name)) &&
      !(certified && /^x-amzn-mtls-/i.test(name)) &&
      (!strict || /^[-A-Za-z0-9]+$/.test(name)),
  )
  return [
    ...forwardedFor(headers, hop),
    ['X-Forwarded-Proto', hop.protocol.toLowerCase()],
    ['X-Forwarded-Port', String(hop.listenerPort)],
    ['Host', hostForTarget(hop)],
    ['X-Amzn-Trace-Id', traceId(valuesOf(headers, 'x-amzn-trace-id')[0], hop.now)],
    ...added,
    ...rest,
  ]
}

function forwardedFor(headers: Headers, { attributes, client }: Hop): Headers {
  const mode = attributes.get('routing.http.xff_header_processing.mode') ?? 'append'
  const before = valuesOf(headers, 'x-forwarded-for')
  if (mode === 'remove') return []
  if (mode === 'preserve') return before.map((value) => ['X-Forwarded-For', value])
  const withPort = attributes.get('routing.http.xff_client_port.enabled') === 'true'
  const ip = withPort && client.ip.includes(':') ? `[${client.ip}]` : client.ip
  const own = withPort ? `${ip}:${client.port}` : ip
  return [['X-Forwarded-For', [...before, own].join(', ')]]
}

/** How many addresses X-Forwarded-For already has: more than 30 are refused. */
export const forwardedAddresses = (headers: Headers): number =>
  valuesOf(headers, 'x-forwarded-for').flatMap((value) => value.split(',')).length

function hostForTarget({ attributes, host, listenerPort, rewritten }: Hop): string {
  const preserved = attributes.get('routing.http.preserve_host_header.enabled') === 'true'
  if (preserved || rewritten) return host
  const port = /:\d+$/.exec(host)?.[0]
  if (listenerPort === 80 || listenerPort === 443) return port ? host.slice(0, -port.length) : host
  return port ? host : `${host}:${listenerPort}`
}

const longestTrace = 7 * 1024

function traceId(given: string | undefined, now: number): string {
  const own = `1-${Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0')}-${randomBytes(12).toString('hex')}`
  if (given === undefined || given.length > longestTrace) return `Root=${own}`
  const fields = given.split(';').filter((field) => field !== '' && !/^Self=/i.test(field))
  const rooted = fields.some((field) => /^Root=/i.test(field))
  return [rooted ? `Self=${own}` : `Root=${own}`, ...fields].join(';')
}

/** What listener attributes put on every response, replacing what the target says. */
export function responseHeaders(headers: Headers, listener: ReadonlyMap<string, string>): Headers {
  const inserted = [...listener].flatMap(([key, value]): Headers => {
    const name = /^routing\.http\.response\.(.+)\.header_value$/.exec(key)?.[1]
    return name === undefined || value === '' ? [] : [[name.replaceAll('_', '-'), value]]
  })
  if (inserted.length === 0) return headers
  const names = new Set(inserted.map(([name]) => name))
  return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...inserted]
}
