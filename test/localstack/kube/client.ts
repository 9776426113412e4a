/** Talks to the local API server in process, as a test wants it: JSON in, status and JSON out. */
import { after } from 'node:test'
import { type ApiServer, type ApiServerOptions, createApiServer } from '../../../localstack/kube/server.ts'

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}
/** Whatever JSON.parse gives: tests read deep into answers and compare what they find. */
export type Json = ReturnType<typeof JSON.parse>

export type Client = ReturnType<typeof client>

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

export function client(options: ApiServerOptions = {}) {
  const server: ApiServer = createApiServer({ namespaceDelayMs: 0, ...options })
  after(() => server.stop())
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await server.handle({
      method,
      path,
      headers: { 'content-type': 'application/json', 'user-agent': 'test/1', ...headers },
      body: body === undefined ? '' : JSON.stringify(body),
    })
    if (typeof response.body !== 'string') throw new Error('a stream where an answer was expected')
    return { status: response.status, headers: response.headers, body: JSON.parse(response.body) as Json }
  }
  return {
    server,
    call,
    get: (path: string, accept = 'application/json') => call('GET', path, undefined, { accept }),
    post: (path: string, body: unknown) => call('POST', path, body),
    put: (path: string, body: unknown) => call('PUT', path, body),
    remove: (path: string, body?: unknown) => call('DELETE', path, body),
    patch: (type: keyof typeof patchTypes, path: string, body: unknown) =>
      call('PATCH', path, body, { 'content-type': patchTypes[type] }),
    apply: (path: string, manager: string, body: unknown, force = false) =>
      call('PATCH', `${path}?fieldManager=${manager}${force ? '&force=true' : ''}`, body, {
        'content-type': patchTypes.apply,
      }),
    watch: (path: string, accept = 'application/json') => openWatch(server, path, accept),
  }
}

export type Event = { readonly type: string; readonly object: Json }

export type Watch = {
  /** The next event; undefined when the stream has ended. */
  readonly next: () => Promise<Event | undefined>
  readonly abort: () => void
}

async function openWatch(server: ApiServer, path: string, accept: string): Promise<Watch> {
  const gone = new AbortController()
  const separator = path.includes('?') ? '&' : '?'
  const response = await server.handle({
    method: 'GET',
    path: `${path}${separator}watch=true`,
    headers: { accept },
    body: '',
    signal: gone.signal,
  })
  if (typeof response.body === 'string' || response.body instanceof Uint8Array)
    throw new Error(`not a watch: ${response.status} ${String(response.body)}`)
  const chunks = response.body[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { done, value } = await chunks.next()
      return done === true ? undefined : (JSON.parse(Buffer.from(value).toString()) as Event)
    },
    abort: () => gone.abort(),
  }
}

/** Lets the garbage collector, which works after each call, come to rest. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
