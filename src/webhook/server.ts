/** Serves admission reviews over HTTPS: plain node:https, one path for each reviewer; its certificate is changed in place. */
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureContext } from 'node:tls'
import type { Secret } from '../lib/secret.ts'
import { answerOf, readReview, type Reviewer, type Verdict } from './review.ts'

type Pair = { readonly certificate: string; readonly key: Secret }
export type ReviewServer = {
  /** Serves with this pair from the next connection on; listens if it doesn't yet. Throws where Node can't use it, or the port is taken. */
  use(pair: Pair): Promise<void>
  close(): Promise<void>
}
export type ServerOptions = {
  readonly host: string | undefined
  readonly port: number
  /** By path. */
  readonly reviewers: Readonly<Record<string, Reviewer>>
  /** PEM: who asks must show a certificate of one of these. */
  readonly clientAuthorities?: string | undefined
  readonly onThrown: (path: string, thrown: unknown) => void
}

/** An object may have 3 MiB, and an update brings two. */
const mostBytes = 8 << 20
/** Longer than API servers keep an idle connection, or they may use one just as it ends. */
const keepAliveMs = 120_000
const requestMs = 10_000

export function createReviewServer(options: ServerOptions): ReviewServer {
  const { host, port, clientAuthorities } = options
  const client =
    clientAuthorities === undefined
      ? {}
      : { ca: clientAuthorities, requestCert: true, rejectUnauthorized: true }
  let server: Server | undefined
  return {
    use: async ({ certificate, key }) => {
      const pair = { cert: certificate, key: key.reveal(), minVersion: 'TLSv1.2' as const }
      if (server !== undefined) return server.setSecureContext({ ...pair, ...client })
      createSecureContext(pair)
      const made = createServer({ ...pair, ...client }, (request, response) => {
        answer(request, response, options).catch(() => response.destroy())
      })
      made.keepAliveTimeout = keepAliveMs
      made.headersTimeout = requestMs
      made.requestTimeout = requestMs
      // Somebody who speaks no TLS, or knows another authority: not our concern.
      made.on('tlsClientError', (_error, socket) => socket.destroy())
      await listen(made, { port, host })
      server = made
    },
    close: () => (server === undefined ? Promise.resolve() : closed(server)),
  }
}

function listen(
  server: Server,
  at: { readonly port: number; readonly host: string | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** What is being answered is answered. */
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), requestMs).unref()
  })

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { reviewers, onThrown }: ServerOptions,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'https://localhost')
  const reviewer = reviewers[url?.pathname ?? '']
  if (reviewer === undefined) return refuse(response, 404, 'no such webhook')
  if (request.method !== 'POST') return refuse(response, 405, 'POST an AdmissionReview')
  const body = await bodyOf(request)
  if (body === undefined) return refuse(response, 413, 'too long')
  const review = readReview(body)
  if (review === undefined) return refuse(response, 400, 'no AdmissionReview of admission.k8s.io/v1')
  const waits = AbortSignal.timeout(patience(url?.searchParams.get('timeout')))
  let verdict: Verdict = {}
  try {
    verdict = await reviewer(review.asked, waits)
  } catch (thrown) {
    onThrown(url?.pathname ?? '', thrown)
  }
  const text = answerOf(review, verdict)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

/** What the API server says that it waits, less what the way takes. */
function patience(timeout: string | null | undefined): number {
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(timeout ?? '')?.[1] ?? 10)
  return Math.max(100, Math.min(seconds * 1000 - 250, requestMs))
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${why}\n`)
}
