/** A small client of the local cluster for the parts that play its controllers: lists, watches for ever, patches. */
import type { Handle } from '../../src/lib/http.ts'
import type { Json } from '../../src/lib/json.ts'

type Meta = {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[]
}
export type Item = { apiVersion?: string; kind?: string; metadata: Meta }

export type Api = {
  /** The parsed answer; undefined on 404 and 409, which the next look settles. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>
  /** Keeps `items` equal to the collection and tells after each change, until stopped. Own writes are in it at once. */
  follow<T extends Item>(kind: string, path: string, changed: () => void): Followed<T>
  stop(): void
}
type Followed<T> = { readonly items: Map<string, T>; readonly ready: Promise<void> }

const keyOf = (item: Item): string => `${item.metadata.namespace ?? ''}/${item.metadata.name}`

export function createApi(handle: Handle): Api {
  const stopping = new AbortController()
  const caches = new Map<string, Map<string, Item>>()
  const call: Api['call'] = async (method, path, body, contentType = 'application/json') => {
    const response = await handle({
      method,
      path,
      headers: { 'content-type': contentType, accept: 'application/json', 'user-agent': 'local-cluster' },
      body: body === undefined ? '' : JSON.stringify(body),
    })
    const text = await textOf(response.body)
    if (response.status === 404 || response.status === 409) return undefined
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    const answer = text === '' ? undefined : (JSON.parse(text) as Item)
    const cache = method === 'GET' ? undefined : caches.get(answer?.kind ?? '')
    if (answer !== undefined && cache !== undefined) put(cache, answer)
    return answer
  }
  return {
    call,
    follow: <T extends Item>(kind: string, path: string, changed: () => void): Followed<T> => {
      const items = new Map<string, T>()
      caches.set(kind, items as unknown as Map<string, Item>)
      return { items, ready: follow(handle, path, items, { changed, signal: stopping.signal }) }
    },
    stop: () => stopping.abort(),
  }
}

/** Objects that the watch has told the end of: the answer to an own write may come later, and must not bring them back. */
const gone = new Set<string>()

/** Keeps the newer of two versions: the watch may tell of one that an own write has overtaken. */
function put<T extends Item>(items: Map<string, T>, item: T): void {
  if (gone.has(item.metadata.uid)) return
  const known = items.get(keyOf(item))
  if (known !== undefined && Number(known.metadata.resourceVersion) > Number(item.metadata.resourceVersion))
    return
  items.set(keyOf(item), item)
}

function follow<T extends Item>(
  handle: Handle,
  path: string,
  items: Map<string, T>,
  { changed, signal }: { readonly changed: () => void; readonly signal: AbortSignal },
): Promise<void> {
  const first = Promise.withResolvers<void>()
  const once = async (): Promise<void> => {
    const listed = await handle({ method: 'GET', path, headers: { accept: 'application/json' }, body: '' })
    // What was known stays: pods must not end because an API server has no answer for a moment.
    if (listed.status !== 200) throw new Error(`GET ${path}: ${listed.status}`)
    const list = JSON.parse(await textOf(listed.body)) as {
      metadata: { resourceVersion: string }
      items: T[]
    }
    items.clear()
    for (const item of list.items) items.set(keyOf(item), item)
    first.resolve()
    changed()
    const watchPath = `${path}?watch=true&resourceVersion=${list.metadata.resourceVersion}`
    const watch = await handle({
      method: 'GET',
      path: watchPath,
      headers: { accept: 'application/json' },
      body: '',
      signal,
    })
    for await (const line of linesOf(watch.body)) {
      const event = JSON.parse(line) as { type: string; object: T }
      if (event.type === 'ERROR') return
      if (event.type === 'DELETED') {
        gone.add(event.object.metadata.uid)
        items.delete(keyOf(event.object))
      } else if (event.type !== 'BOOKMARK') put(items, event.object)
      changed()
    }
  }
  const forever = async (): Promise<void> => {
    while (!signal.aborted) {
      await once().catch(() => undefined)
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  forever().catch(() => undefined)
  return first.promise
}

async function* linesOf(body: string | Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  if (typeof body === 'string' || body instanceof Uint8Array) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') yield part
  }
}

export async function textOf(body: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return new TextDecoder().decode(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** A merge patch; null removes. */
export const merge = (
  api: Api,
  path: string,
  patch: { readonly [key: string]: Json | undefined },
): Promise<unknown> => api.call('PATCH', path, patch, 'application/merge-patch+json')
