/** A Kubernetes API server in memory, 1.36 as clients see it: `handle` takes requests, no socket needed. */
import type { Handle, HttpRequest, HttpResponse } from '../../src/lib/http.ts'
import { type Admission, type Admit, createAdmission } from './admission/admit.ts'
import type { Reach } from './admission/call.ts'
import * as discovery from './discovery.ts'
import { createFaults, type Fault, suffer } from './fault.ts'
import { collectGarbage } from './garbage.ts'
import { type Fields, isFields, newUid, timestamp } from './object.ts'
import * as openapi from './openapi.ts'
import { readBody } from './prepare.ts'
import { createRegistry, type Registry } from './registry.ts'
import { type Call, callOf, isTrue, targetOf } from './request.ts'
import { ApiError, noSuchPath, statusOf } from './status.ts'
import { createStore, type Store } from './store.ts'
import { verb } from './verbs.ts'
import { createWatches, type Ended, type Watches } from './watch.ts'

export type ApiServerOptions = {
  /** How many past changes a watch may ask for; 10000 unless said. */
  readonly historySize?: number
  /** Whether `sendInitialEvents` is understood, as from 1.32 on; true unless said. */
  readonly watchList?: boolean
  /** Whether ValidatingAdmissionPolicies are served, as from 1.30 on; true unless said. */
  readonly policies?: boolean
  readonly bookmarkMs?: number
  /** How long a deleted namespace still has its content; 300 unless said, so that `kubectl delete -f` finds the rest of its file. */
  readonly namespaceDelayMs?: number
  /** How webhooks that are named by a Service are reached: as its endpoints say unless given. */
  readonly reach?: Reach
}

export type ApiServer = {
  readonly handle: Handle
  readonly store: Store
  readonly fault: (fault: Fault) => void
  readonly clearFaults: () => void
  /** Forgets all past changes: older watches and pages get 410. */
  readonly compact: () => void
  readonly dropWatches: (how?: Ended) => void
  readonly watchCount: () => number
  readonly stop: () => void
}

const json = (status: number, body: Fields, type = 'application/json'): HttpResponse => ({
  status,
  headers: { 'content-type': type },
  body: JSON.stringify(body),
})

const plain = (body: string): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body,
})

export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const store = createStore(options.historySize ?? 10_000)
  const registry = createRegistry(store, options.policies ?? true)
  const stopGarbage = collectGarbage(store, registry, options.namespaceDelayMs ?? 300)
  const watches = createWatches(store, {
    watchList: options.watchList ?? true,
    bookmarkMs: options.bookmarkMs ?? 60_000,
  })
  const faults = createFaults()
  const admission = createAdmission(store, options.reach ?? ((host, port) => ({ host, port })))
  const parts = { store, registry, watches, admission }
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) seed(store, name)

  const handle: Handle = async (request) => {
    const fault = faults.take(request)
    if (fault === undefined) return respond(parts, request)
    const done = fault.after === true ? respond(parts, request) : undefined
    return (await suffer(fault)) ?? done ?? respond(parts, request)
  }
  return {
    handle,
    store,
    fault: faults.add,
    clearFaults: faults.clear,
    compact: store.compact,
    dropWatches: (how = 'end') => watches.drop(how),
    watchCount: watches.count,
    stop: () => {
      stopGarbage()
      watches.drop('end')
      admission.close()
    },
  }
}

function seed(store: Store, name: string): void {
  store.put('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: newUid(),
      resourceVersion: '',
      creationTimestamp: timestamp(),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  })
}

type Parts = {
  readonly store: Store
  readonly registry: Registry
  readonly watches: Watches
  readonly admission: Admission
}

const respond = (
  { admission, ...parts }: Parts,
  request: HttpRequest,
): HttpResponse | Promise<HttpResponse> => admission.run((admit) => answer(parts, request, admit), refused)

function answer(parts: Omit<Parts, 'admission'>, request: HttpRequest, admit?: Admit): HttpResponse {
  try {
    const url = new URL(request.path, 'http://local')
    const call = callOf(parts.registry, { request, url, admit })
    return (
      (call === undefined ? undefined : onResource(parts, call)) ??
      review(request, url) ??
      about(parts.registry, request, url.pathname)
    )
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return refused(error)
  }
}

function refused(error: ApiError): HttpResponse {
  const seconds = error.details?.retryAfterSeconds
  const response = json(error.code, statusOf(error))
  return seconds === undefined
    ? response
    : { ...response, headers: { ...response.headers, 'retry-after': `${seconds}` } }
}

function onResource({ store, watches }: Pick<Parts, 'store' | 'watches'>, call: Call): HttpResponse {
  const watching = isTrue(call.query.get('watch')) && call.request.method === 'GET'
  if (watching)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: watches.open(call) }
  const { status, body, warnings } = verb(store, call)
  const response = json(status, body)
  if (warnings.length === 0) return response
  const warning = warnings.map((one) => `299 - ${JSON.stringify(one)}`).join(', ')
  return { ...response, headers: { ...response.headers, warning } }
}

/** Everyone may do everything here. */
function review(request: HttpRequest, url: URL): HttpResponse | undefined {
  const target = targetOf(url.pathname)
  const kind = discovery.reviews.find(
    (one) => one.group === target?.group && one.version === target.version && one.plural === target.plural,
  )?.kind
  if (kind === undefined || request.method !== 'POST') return undefined
  const body = readBody(request.body)
  const user = { username: 'local', groups: ['system:masters', 'system:authenticated'] }
  const status =
    kind === 'SelfSubjectReview' ? { userInfo: user } : { allowed: true, reason: 'all is allowed' }
  return json(201, { ...(isFields(body) ? body : {}), kind, status })
}

function about(registry: Registry, request: HttpRequest, path: string): HttpResponse {
  const resources = registry.all()
  if (['/healthz', '/readyz', '/livez'].some((one) => path === one || path.startsWith(`${one}/`)))
    return plain('ok')
  if (path === '/version') return json(200, discovery.version)
  if (path === '/openapi/v2')
    return json(200, { swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.36.3' }, paths: {} })
  if (path === '/openapi/v3') return json(200, openapi.index(resources))
  const groups = discovery.groupsOf(resources)
  const [root, group = '', version = ''] = path.split('/').filter((part) => part !== '')
  if (path === '/api' || path === '/apis') {
    const core = path === '/api'
    if (discovery.wantsAggregated(request.headers.accept))
      return json(200, discovery.aggregated(resources, core), discovery.aggregatedType)
    return json(200, core ? discovery.apiVersions() : discovery.apiGroupList(resources))
  }
  const answer = path.startsWith('/openapi/v3/')
    ? openapi.document(resources, path.slice('/openapi/v3/'.length))
    : root === 'api'
      ? discovery.resourceList(resources, '', group)
      : root === 'apis' && version === ''
        ? groups.has(group)
          ? { kind: 'APIGroup', apiVersion: 'v1', ...discovery.apiGroup(group, groups.get(group) ?? []) }
          : undefined
        : root === 'apis' && path.split('/').length === 4
          ? discovery.resourceList(resources, group, version)
          : undefined
  if (answer === undefined) throw noSuchPath()
  return json(200, answer)
}
