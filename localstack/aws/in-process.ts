/** A request handler for SDK clients that calls `handle` without sockets: `new EC2Client({ requestHandler: inProcess(cloud.handle) })`. */
import type { Handle } from '../../src/lib/http.ts'

/** The part of the SDK's request that is read; its own type is wider. */
type SdkRequest = {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}
type SdkResponse = {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}
export type InProcess = {
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown; readonly requestTimeout?: number },
  ): Promise<{ response: SdkResponse }>
  readonly metadata: { readonly handlerProtocol: string }
  destroy(): void
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
}

/** `requestTimeout` (milliseconds) is what NodeHttpHandler's is: a call not answered by then rejects with TimeoutError. */
export function inProcess(handle: Handle, { requestTimeout = 0 } = {}): InProcess {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    handle: async (request, options) => {
      const limit = options?.requestTimeout ?? requestTimeout
      const given = options?.abortSignal instanceof AbortSignal ? options.abortSignal : undefined
      return await until(given, limit, async (signal) => {
        const answer = await handle({
          method: request.method,
          path: request.path + queryText(request.query),
          headers: lowerCase(request.headers),
          body: bodyOf(request.body),
          signal,
        })
        if (typeof answer.body !== 'string' && !(answer.body instanceof Uint8Array))
          throw new TypeError('an AWS answer is never a stream')
        const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
        return { response: { statusCode: answer.status, headers: { ...answer.headers }, body } }
      })
    },
  }
}

async function until<T>(
  given: AbortSignal | undefined,
  limit: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ours = new AbortController()
  const ended = new Promise<never>((_resolve, reject) =>
    ours.signal.addEventListener('abort', () => reject(ours.signal.reason as Error), { once: true }),
  )
  const abort = (): void => ours.abort(named('AbortError', 'Request aborted'))
  if (given?.aborted) abort()
  given?.addEventListener('abort', abort, { once: true })
  const timer =
    limit > 0
      ? setTimeout(() => ours.abort(named('TimeoutError', `no answer within ${limit} ms`)), limit)
      : undefined
  try {
    return await Promise.race([work(ours.signal), ended])
  } finally {
    clearTimeout(timer)
    given?.removeEventListener('abort', abort)
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

function queryText(query: SdkRequest['query']): string {
  const text = new URLSearchParams(
    Object.entries(query ?? {}).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map((item): [string, string] => [name, item]),
    ),
  ).toString()
  return text && `?${text}`
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** A view of the same bytes: the SDK's own array warns when it is touched as anything but bytes. */
function bodyOf(body: unknown): string | Uint8Array {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return typeof body === 'string' ? body : ''
}
