/** Passes a request to a target and its answer back, streaming both ways; 502 and 504 where that fails. */
import { PassThrough } from 'node:stream'
import type { Dispatcher } from 'undici'
import { answerError } from './answer.ts'
import { type Exchange, idleTimeoutMs } from './exchange.ts'
import { type Headers, pairs, responseHeaders, withoutHopByHop } from './header.ts'
import type { Reply } from './http2-reply.ts'
import type { Stick } from './stickiness.ts'
import type { Upstream } from './upstream.ts'

export type Onward = {
  readonly url: string
  readonly headers: Headers
}

type Way = { readonly upstream: Upstream; readonly stick: Stick }

const timeouts: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

export const statusOf = (error: Error): number =>
  timeouts.has('code' in error ? String(error.code) : '') ? 504 : 502

export function forward(exchange: Exchange, onward: Onward, { upstream, stick }: Way): void {
  const { response, incoming, listener } = exchange
  const body = bodyOf(exchange)
  const passage = new Passage(exchange, upstream, stick)
  const idleMs = idleTimeoutMs(exchange)
  try {
    upstream.pool.dispatch(
      {
        origin: 'http://target',
        path: onward.url,
        method: incoming.method ?? 'GET',
        headers: onward.headers.filter(([name]) => body || name.toLowerCase() !== 'content-length').flat(),
        body: body ?? null,
        headersTimeout: idleMs,
        bodyTimeout: idleMs,
      },
      passage,
    )
  } catch {
    // What can't be said to a target, such as `OPTIONS *`.
    passage.over()
    body?.destroy()
    answerError(response, listener.attributes, 400)
  }
}

/**
 * What undici destroys when a target fails must not be the client's own stream: the client is still to be answered.
 * A client that stops sending in the middle of its body gets a 408.
 */
function bodyOf(exchange: Exchange): PassThrough | undefined {
  const { incoming, response, listener } = exchange
  const has =
    incoming.headers['transfer-encoding'] !== undefined || Number(incoming.headers['content-length'] ?? 0) > 0
  const streams = 'stream' in incoming && !incoming.stream.endAfterHeaders
  if (!has && !streams) return undefined
  const body = new PassThrough()
  body.on('error', () => undefined)
  body.on('close', () => {
    incoming.unpipe(body)
    incoming.resume()
  })
  const idle = setTimeout(() => {
    response.shouldKeepAlive = false
    answerError(response, listener.attributes, 408)
    body.destroy(new Error('the client fell silent'))
  }, idleTimeoutMs(exchange))
  incoming.on('data', () => idle.refresh())
  body.on('drain', () => idle.refresh())
  incoming.once('end', () => clearTimeout(idle))
  incoming.once('close', () => {
    clearTimeout(idle)
    if (!incoming.complete) body.destroy(new Error('the client went away'))
  })
  incoming.pipe(body)
  return body
}

/** The answer of a target becoming the answer to the client. */
class Passage implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange
  readonly #response: Reply
  readonly #stick: Stick
  readonly over: () => void
  readonly #upstream: Upstream
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined

  constructor(exchange: Exchange, upstream: Upstream, stick: Stick) {
    this.#stick = stick
    this.#upstream = upstream
    this.#exchange = exchange
    this.#response = exchange.response
    const abort = (error: Error): void => {
      this.#aborted ??= error
      this.#controller?.abort(error)
    }
    this.over = upstream.begin(abort)
    this.#response.on('drain', () => this.#controller?.resume())
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) abort(new Error('the client went away'))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) controller.abort(this.#aborted)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    text?: string,
  ): void {
    // An interim answer ends here; what counts is the one that follows.
    if (status < 200 || this.#response.headersSent) return
    const raw = (controller.rawHeaders ?? []) as readonly (Buffer | string)[]
    const headers = pairs(raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))))
    const { attributes } = this.#exchange.listener
    const answered = [...withoutHopByHop(headers), ...this.#stick(headers)]
    this.#response.writeHead(status, text, responseHeaders(answered, attributes).flat())
    // So that a client sees the head of a stream whose first byte is long in coming.
    this.#response.flushHeaders()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.over()
    this.#response.end()
  }

  onResponseError(_: unknown, error: Error): void {
    this.over()
    if (!this.#response.destroyed) this.#upstream.failed(statusOf(error))
    if (!this.#response.writableEnded)
      answerError(this.#response, this.#exchange.listener.attributes, statusOf(error))
  }
}
