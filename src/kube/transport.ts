/** The connection to a real API server: shared sockets, credentials kept fresh, nothing about Kubernetes' own semantics. */
import type { Dispatcher } from 'undici'
import type { Handle, HttpRequest, HttpResponse } from '../lib/http.ts'
import type { KubeConfig } from './kubeconfig.ts'
import { type Credentials, credentialSource, type Tls } from './credentials.ts'

export type TransportOptions = {
  readonly userAgent?: string
  /** Until the answer's head; the caller's signal bounds the rest. */
  readonly timeoutMs?: number
}
export type Transport = {
  readonly handle: Handle
  /** Ends idle and open connections. */
  readonly close: () => Promise<void>
}

type Dispatchers = {
  readonly of: (tls: Tls) => Promise<Dispatcher>
  readonly close: () => Promise<void>
}

const fingerprint = (tls: Tls): string =>
  [tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String).join('\n')

/** One dispatcher per CA and client certificate: client-node makes one, and a handshake, per request. */
function dispatchers(proxyUrl: string | undefined, timeoutMs: number): Dispatchers {
  let current: { readonly print: string; readonly dispatcher: Promise<Dispatcher> } | undefined
  const build = async (tls: Tls): Promise<Dispatcher> => {
    const { Agent, ProxyAgent } = await import('./undici.ts')
    // Watches are bounded by their own idle timer; 30 s keep-alive probes stay under the idle limit of an NLB.
    const shared = {
      headersTimeout: timeoutMs,
      bodyTimeout: 0,
      keepAliveTimeout: 30_000,
      // One connection for all would be one to lose, and undici throws for streams that were given up when it ends.
      allowH2: false,
    }
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 }
    return proxyUrl
      ? new ProxyAgent({ ...shared, uri: proxyUrl, requestTls: tls })
      : new Agent({ ...shared, connect })
  }
  const retire = (old: Promise<Dispatcher>, how: 'close' | 'destroy'): Promise<void> =>
    old.then(
      (dispatcher) => dispatcher[how]().catch(() => undefined),
      () => undefined,
    )
  return {
    of: (tls) => {
      const print = fingerprint(tls)
      if (current?.print === print) return current.dispatcher
      // Calls in flight end on the old one.
      if (current) void retire(current.dispatcher, 'close')
      current = { print, dispatcher: build(tls) }
      return current.dispatcher
    },
    close: async () => {
      if (current) await retire(current.dispatcher, 'destroy')
    },
  }
}

const isWatch = (path: string): boolean => /[?&]watch=(true|1)\b/.test(path)

async function answerOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  streamed: boolean,
): Promise<HttpResponse> {
  const flat = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
  const stream: AsyncIterable<Uint8Array> = body
  return {
    status: statusCode,
    headers: flat,
    body: streamed && statusCode < 400 ? stream : await body.text(),
  }
}

export function createTransport(config: KubeConfig, options: TransportOptions = {}): Transport {
  const { server, proxyUrl } = config.cluster
  const source = credentialSource(config)
  const pool = dispatchers(proxyUrl, options.timeoutMs ?? 30_000)
  const userAgent = options.userAgent ?? 'albatross'

  const send = async (request: HttpRequest, credentials: Credentials): Promise<HttpResponse> => {
    const { request: dispatch } = await import('./undici.ts')
    const response = await dispatch(`${server.replace(/\/$/, '')}${request.path}`, {
      method: request.method as Dispatcher.HttpMethod,
      headers: { 'user-agent': userAgent, ...request.headers, ...credentials.headers },
      body: request.body.length ? request.body : null,
      signal: request.signal ?? null,
      dispatcher: await pool.of(credentials.tls),
    })
    return answerOf(response, isWatch(request.path))
  }

  return {
    handle: async (request) => {
      const response = await send(request, await source(false))
      // A token that ended between two looks, or an exec credential that was revoked: once more with a new one.
      return response.status === 401 ? send(request, await source(true)) : response
    },
    close: () => pool.close(),
  }
}
