/** Kubernetes calls in raw JSON over an injected handler: every one ends by its deadline, and never throws for what the server says. */
import type { Handle } from '../lib/http.ts'
import { fail, ok } from '../lib/result.ts'
import type { KubeObject } from '../model/cluster.ts'
import { apiVersionOf, collectionPath, type ObjectName, objectPath, type Resource } from './resource.ts'
import { type Answer, type Caller, createCaller, openStream } from './wire.ts'

export type ListPage<T> = {
  readonly items: readonly T[]
  readonly resourceVersion: string
  readonly continue?: string
}
type Query = Readonly<Record<string, string | number | boolean | undefined>>
type ListOptions = {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly signal?: AbortSignal
}
type PatchKind = 'merge' | 'strategic' | 'json'
type WriteOptions = { readonly subresource?: string; readonly signal?: AbortSignal }
type ApplyOptions = WriteOptions & { readonly fieldManager?: string; readonly force?: boolean }
type DeleteOptions = {
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan'
  readonly signal?: AbortSignal
}

export type Kube = {
  get<T extends KubeObject>(of: Resource<T>, name: ObjectName, signal?: AbortSignal): Answer<T>
  /** One page. */
  page<T extends KubeObject>(of: Resource<T>, options?: ListOptions): Answer<ListPage<T>>
  /** All pages, 500 objects each. */
  list<T extends KubeObject>(of: Resource<T>, options?: ListOptions): Answer<ListPage<T>>
  create<T extends KubeObject>(
    of: Resource<T>,
    object: {
      readonly metadata: ObjectName & { readonly [field: string]: unknown }
      readonly [field: string]: unknown
    },
    options?: WriteOptions,
  ): Answer<T>
  /** Replaces the whole object, if it is still of the version that it bears. */
  update<T extends KubeObject>(of: Resource<T>, object: T, options?: WriteOptions): Answer<T>
  patch<T extends KubeObject>(
    of: Resource<T>,
    name: ObjectName,
    patch: unknown,
    options?: WriteOptions & { readonly kind?: PatchKind },
  ): Answer<T>
  /** Server-side apply; `apiVersion` and `kind` are filled in. */
  apply<T extends KubeObject>(
    of: Resource<T>,
    object: {
      readonly metadata: ObjectName & { readonly [field: string]: unknown }
      readonly [field: string]: unknown
    },
    options?: ApplyOptions,
  ): Answer<T>
  delete(of: Resource, name: ObjectName, options?: DeleteOptions): Answer<undefined>
  /** Opens a watch; the stream's bytes are newline-separated events. The deadline covers the opening alone. */
  watch(
    of: Resource,
    query: Query & { readonly namespace?: string },
    signal: AbortSignal,
  ): Answer<AsyncIterable<Uint8Array>>
}

export type KubeOptions = {
  readonly timeoutMs?: number
  /** Who owns the fields that we write. */
  readonly fieldManager?: string
}

const contentTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

const readPage =
  (call: Caller): Kube['page'] =>
  async <T extends KubeObject>(of: Resource<T>, given: ListOptions = {}): Answer<ListPage<T>> => {
    const { namespace, signal, ...query } = given
    const answer = await call<{
      items?: readonly T[] | null
      metadata?: { resourceVersion?: string; continue?: string }
    }>({ method: 'GET', path: withQuery(collectionPath(of, namespace), query), signal })
    if (!answer.ok) return answer
    const { items, metadata } = answer.value
    if (!Array.isArray(items ?? [])) {
      return fail({ status: 200, reason: 'Garbage', message: 'a list without items' })
    }
    return ok({
      items: items ?? [],
      resourceVersion: metadata?.resourceVersion ?? '',
      ...(metadata?.continue ? { continue: metadata.continue } : {}),
    })
  }

const readAll =
  (page: Kube['page']): Kube['list'] =>
  async <T extends KubeObject>(of: Resource<T>, given: ListOptions = {}): Answer<ListPage<T>> => {
    const items: T[] = []
    let next: string | undefined
    for (;;) {
      const answer = await page(of, { limit: 500, ...given, ...(next ? { continue: next } : {}) })
      if (!answer.ok) return answer
      for (const item of answer.value.items) items.push(item)
      next = answer.value.continue
      if (!next) return ok({ items, resourceVersion: answer.value.resourceVersion })
    }
  }

function deleteBody({ uid, resourceVersion, propagationPolicy }: DeleteOptions): object {
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(Object.keys(preconditions).length ? { preconditions } : {}),
    ...(propagationPolicy ? { propagationPolicy } : {}),
  }
}

const writes = (
  call: Caller,
  manager: string,
): Pick<Kube, 'create' | 'update' | 'patch' | 'apply' | 'delete'> => ({
  create: (of, object, { subresource, signal } = {}) => {
    const { metadata } = object
    const path = subresource ? objectPath(of, metadata, subresource) : collectionPath(of, metadata.namespace)
    const body = { apiVersion: apiVersionOf(of), kind: of.kind, ...object }
    return call({ method: 'POST', path: withQuery(path, { fieldManager: manager }), body, signal })
  },
  update: (of, object, { subresource, signal } = {}) => {
    const path = withQuery(objectPath(of, object.metadata, subresource), { fieldManager: manager })
    const body = { apiVersion: apiVersionOf(of), kind: of.kind, ...object }
    return call({ method: 'PUT', path, body, signal })
  },
  patch: (of, name, body, { kind = 'merge', subresource, signal } = {}) => {
    const path = withQuery(objectPath(of, name, subresource), { fieldManager: manager })
    return call({ method: 'PATCH', path, body, contentType: contentTypes[kind], signal })
  },
  apply: (of, object, { fieldManager = manager, force = false, subresource, signal } = {}) => {
    const path = withQuery(objectPath(of, object.metadata, subresource), { fieldManager, force })
    const body = { apiVersion: apiVersionOf(of), kind: of.kind, ...object }
    return call({ method: 'PATCH', path, body, contentType: contentTypes.apply, signal })
  },
  delete: async (of, name, options = {}) => {
    const { signal } = options
    const body = deleteBody(options)
    const answer = await call<unknown>({ method: 'DELETE', path: objectPath(of, name), body, signal })
    return answer.ok ? ok(undefined) : answer
  },
})

export function createKube(handle: Handle, options: KubeOptions = {}): Kube {
  const timeoutMs = options.timeoutMs ?? 30_000
  const call = createCaller(handle, timeoutMs)
  const page = readPage(call)
  return {
    page,
    list: readAll(page),
    get: (of, name, signal) => call({ method: 'GET', path: objectPath(of, name), signal }),
    ...writes(call, options.fieldManager ?? 'albatross'),
    watch: (of, { namespace, ...query }, signal) =>
      openStream(
        handle,
        timeoutMs,
        withQuery(collectionPath(of, namespace), { watch: true, ...query }),
        signal,
      ),
  }
}
