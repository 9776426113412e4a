/** An API server that says what the test tells it to, in process. */
import type { Handle, HttpRequest, HttpResponse } from '../../src/lib/http.ts'

export type Stream = {
  readonly query: URLSearchParams
  send(type: string, object: unknown): void
  raw(text: string): void
  end(): void
  fail(error: Error): void
  /** True once the client has gone. */
  readonly closed: boolean
}
type Object = { metadata: { name: string; [key: string]: unknown }; [key: string]: unknown }

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
})

export const status = (code: number, reason: string, more: object = {}): HttpResponse =>
  json(code, { kind: 'Status', code, reason, message: `${reason} it is`, ...more })

export const object = (name: string, resourceVersion: string, more: object = {}): Object => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion },
  ...more,
})

function openStream(
  request: HttpRequest,
  query: URLSearchParams,
): { stream: Stream; body: AsyncIterable<Uint8Array> } {
  const chunks: Uint8Array[] = []
  let wake: () => void = () => undefined
  let over = false
  let failure: Error | undefined
  let closed = false
  const body = async function* (): AsyncIterable<Uint8Array> {
    try {
      for (;;) {
        const chunk = chunks.shift()
        if (chunk) yield chunk
        else if (failure) throw failure
        else if (over || request.signal?.aborted) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      closed = true
    }
  }
  request.signal?.addEventListener('abort', () => wake())
  const raw = (text: string): void => {
    chunks.push(Buffer.from(text))
    wake()
  }
  return {
    body: body(),
    stream: {
      query,
      raw,
      send: (type, about) => raw(`${JSON.stringify({ type, object: about })}\n`),
      end: () => {
        over = true
        wake()
      },
      fail: (error) => {
        failure = error
        wake()
      },
      get closed() {
        return closed
      },
    },
  }
}

export type Script = {
  readonly handle: Handle
  readonly requests: HttpRequest[]
  /** Of lists, watches apart. */
  readonly lists: URLSearchParams[]
  readonly streams: Stream[]
  /** Answers that go before what is below, oldest first. */
  readonly nextList: HttpResponse[]
  readonly nextWatch: HttpResponse[]
  onList: (query: URLSearchParams) => HttpResponse
}

export function createScript(): Script {
  const script: Script = {
    requests: [],
    lists: [],
    streams: [],
    nextList: [],
    nextWatch: [],
    onList: () => json(200, { items: [], metadata: { resourceVersion: '1' } }),
    handle: async (request) => {
      script.requests.push(request)
      const query = new URL(request.path, 'http://api').searchParams
      if (query.get('watch') !== 'true') {
        script.lists.push(query)
        return script.nextList.shift() ?? script.onList(query)
      }
      const refused = script.nextWatch.shift()
      if (refused) return refused
      const { stream, body } = openStream(request, query)
      script.streams.push(stream)
      return { status: 200, headers: {}, body }
    },
  }
  return script
}

const immediate = setImmediate
/** Lets everything happen that waits for nothing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise<void>((resolve) => immediate(resolve))
}
