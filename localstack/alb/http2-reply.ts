/** An HTTP/2 stream as the writable side of a request: what the data plane does with an HTTP/1.1 response works on it too. */
import { type OutgoingHttpHeaders, type ServerHttp2Stream, constants } from 'node:http2'
import { Writable } from 'node:stream'

/** What is asked of a response, whatever the protocol. */
export type Reply = Writable & {
  readonly headersSent: boolean
  /** Means nothing to HTTP/2, where streams end and connections stay. */
  shouldKeepAlive: boolean
  /** `headers` alternates names and values. */
  writeHead(status: number, text: string | undefined, headers: string[]): unknown
  flushHeaders(): void
}

/** HTTP/2 forbids them. */
const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

function fieldsOf(status: number, flat: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {}
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = (flat[index] ?? '').toLowerCase()
    const value = flat[index + 1] ?? ''
    if (connectionSpecific.has(name)) continue
    const before = fields[name]
    fields[name] = before === undefined ? value : [before, value].flat()
  }
  return { ':status': status, ...fields }
}

export class Http2Reply extends Writable implements Reply {
  shouldKeepAlive = true
  readonly #stream: ServerHttp2Stream
  readonly #bodiless: boolean

  constructor(stream: ServerHttp2Stream, method: string) {
    super()
    this.#stream = stream
    this.#bodiless = method === 'HEAD'
    stream.on('error', (error) => this.destroy(error))
    stream.once('close', () => this.destroy())
  }

  get headersSent(): boolean {
    return this.#stream.headersSent
  }

  writeHead(status: number, _text: string | undefined, headers: string[]): void {
    if (this.#stream.destroyed) return
    const endStream = this.#bodiless || status === 204 || status === 304
    this.#stream.respond(fieldsOf(status, headers), { endStream })
  }

  /** They were sent when they were written. */
  flushHeaders(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) done()
    else this.#stream.write(chunk, done)
  }

  override _final(done: () => void): void {
    if (this.#stream.writableEnded || this.#stream.destroyed) done()
    else this.#stream.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.writableFinished && !this.#stream.closed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    done(error)
  }
}
