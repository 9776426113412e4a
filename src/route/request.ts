/** A request as a listener's rules see it: what the data plane gets from a socket and `explain` from a URL. */
import { type Result, fail, ok } from '../lib/result.ts'

export type Request = {
  readonly protocol: 'HTTP' | 'HTTPS'
  /** The listener's port. */
  readonly port: number
  readonly method: string
  /** The first Host header or the authority of the request line, with its port if it had one. */
  readonly host: string
  readonly path: string
  /** Without `?`; empty when there is none. */
  readonly query: string
  /** In the order received, repeated names kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The TCP peer, never what X-Forwarded-For says. */
  readonly sourceIp: string
}

/** The host without its port, in lower case: what host conditions match. */
export function hostName(host: string): string {
  const port = /^(\[[^\]]*\]|[^:]*):\d*$/.exec(host)
  return (port?.[1] ?? host).toLowerCase()
}

const unreserved = /[A-Za-z0-9\-._~]/

function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
}

function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  segments.forEach((segment, index) => {
    const dots = segment === '.' || segment === '..'
    if (segment === '..') kept.pop()
    if (!dots) kept.push(segment)
    else if (index === segments.length - 1) kept.push('')
  })
  return `/${kept.join('/')}`
}

/** AWS says that rules see the path after "URI normalisation" and not what that is: RFC 3986, 6.2.2, is assumed [R]. */
export const normalizePath = (path: string): string =>
  removeDotSegments(decodeUnreserved(path.startsWith('/') ? path : `/${path}`))

/** A request target (`/path?query` or an absolute URL) taken apart; a fragment never travels. */
export function splitTarget(target: string): {
  readonly authority?: string
  readonly path: string
  readonly query: string
} {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^#]*)/i.exec(target)
  const authority = absolute?.[1]
  const relative = absolute ? (absolute[2] ?? '') : target.replace(/#.*$/, '')
  const at = relative.indexOf('?')
  const path = at < 0 ? relative : relative.slice(0, at)
  const query = at < 0 ? '' : relative.slice(at + 1)
  return { ...(authority === undefined ? {} : { authority }), path: path || '/', query }
}

/** A plain GET-like request for a URL: what `explain` asks about. */
export function requestFor(
  url: string,
  given: Partial<Pick<Request, 'method' | 'headers' | 'sourceIp'>> = {},
): Result<Request, string> {
  const scheme = /^(https?):\/\//i.exec(url)?.[1]?.toUpperCase()
  const { authority, path, query } = splitTarget(url)
  if ((scheme !== 'HTTP' && scheme !== 'HTTPS') || !authority) return fail(`not an http or https URL: ${url}`)
  const port = /:(\d+)$/.exec(authority)?.[1]
  return ok({
    protocol: scheme,
    port: port === undefined ? (scheme === 'HTTP' ? 80 : 443) : Number(port),
    method: given.method ?? 'GET',
    host: authority,
    path: normalizePath(path),
    query,
    headers: given.headers ?? [],
    sourceIp: given.sourceIp ?? '203.0.113.1',
  })
}
