/** What a request on a resource does: get, list, create, update, patch and delete, by method. */
import { deleteObject, deleteOptions } from './delete.ts'
import { copy, type Fields, fields, type KubeObject } from './object.ts'
import { page, shownAs, list } from './list.ts'
import { jsonPatch } from './patch/json.ts'
import { applied, managerName } from './patch/managers.ts'
import { mergePatch } from './patch/merge.ts'
import { strategicMerge } from './patch/strategic.ts'
import { asObject, cleaned, readBody, type Write } from './prepare.ts'
import { type Call, isTrue } from './request.ts'
import { apiVersionOf, type Resource } from './resource.ts'
import { rescaled, scaleOf } from './scale.ts'
import { badRequest, noSuchPath, notAllowed, notFound, unsupportedMedia } from './status.ts'
import type { Store } from './store.ts'
import { create, update } from './write.ts'

export type Answer = { readonly status: number; readonly body: Fields; readonly warnings: readonly string[] }

const answer = (body: Fields, status = 200, warnings: readonly string[] = []): Answer => ({
  status,
  body,
  warnings,
})

function writeOf(store: Store, call: Call): Write {
  const { query, resource, subresource, namespace, request, admit } = call
  return {
    store,
    admit,
    resource,
    namespace,
    subresource,
    writer: {
      manager: managerName(query.get('fieldManager'), request.headers['user-agent']),
      apiVersion: apiVersionOf(resource),
      ...(subresource === '' ? {} : { subresource }),
    },
    dryRun: query.getAll('dryRun').includes('All'),
    validation: query.get('fieldValidation') || 'Warn',
    warnings: [],
  }
}

function found(store: Store, call: Call): KubeObject {
  const { resource, namespace, name } = call
  const object = store.get(resource.storage, namespace, name)
  if (object === undefined) throw notFound(resource, name)
  return object
}

export function verb(store: Store, call: Call): Answer {
  const { request, name, subresource, resource } = call
  if (subresource === 'scale') return scale(store, call)
  const known = subresource === '' || (subresource === 'status' && resource.subresources.status)
  if (!known) throw noSuchPath()
  if (name === '') return collection(store, call)
  switch (request.method) {
    case 'GET':
      return answer(shownAs(call, found(store, call)))
    case 'PUT':
      return put(store, call)
    case 'PATCH':
      return patch(store, call)
    case 'DELETE':
      return remove(store, call)
    default:
      throw notAllowed()
  }
}

function collection(store: Store, call: Call): Answer {
  switch (call.request.method) {
    case 'GET':
      return answer(list(store, call))
    case 'POST': {
      const given = asObject(call.resource, readBody(call.request.body))
      // Objects of a namespaced kind may name their namespace in the body alone nowhere but here.
      if (call.resource.namespaced && call.namespace === undefined) throw notAllowed()
      const write = writeOf(store, call)
      const object = create(write, given)
      return answer(shownAs(call, call.resource.keep?.(object) ?? object), 201, write.warnings)
    }
    case 'DELETE': {
      const options = deleteOptions(readBody(call.request.body), call.query)
      const { objects, metadata } = page(store, call)
      for (const object of objects) deleteObject(store, call.resource, object, options)
      return answer({
        kind: `${call.resource.kind}List`,
        apiVersion: apiVersionOf(call.resource),
        metadata,
        items: objects,
      })
    }
    default:
      throw notAllowed()
  }
}

function put(store: Store, call: Call): Answer {
  const write = writeOf(store, call)
  const given = asObject(call.resource, readBody(call.request.body))
  const object = update(write, call.name, given)
  return answer(shownAs(call, call.resource.keep?.(object) ?? object), 200, write.warnings)
}

const accepted = (resource: Resource): readonly string[] => [
  'application/json-patch+json',
  'application/merge-patch+json',
  ...(resource.custom ? [] : ['application/strategic-merge-patch+json']),
  'application/apply-patch+yaml',
]

function patched(call: Call, old: unknown, type: string, body: unknown): unknown {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(old, body)
    case 'application/merge-patch+json':
      return mergePatch(old, body)
    case 'application/strategic-merge-patch+json':
      if (!call.resource.custom) return strategicMerge(old, body, call.resource.schema)
      throw unsupportedMedia(accepted(call.resource))
    default:
      throw unsupportedMedia(accepted(call.resource))
  }
}

const typeOf = (call: Call): string =>
  (call.request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''

function patch(store: Store, call: Call): Answer {
  const type = typeOf(call)
  if (type === 'application/apply-patch+yaml') return apply(store, call)
  const write = writeOf(store, call)
  const stored = found(store, call)
  const old = call.resource.show?.(stored) ?? stored
  const next = patched(call, copy(old), type, readBody(call.request.body))
  // A patch that names no version means whichever is there.
  const object = update(write, call.name, asObject(call.resource, next))
  return answer(shownAs(call, call.resource.keep?.(object) ?? object), 200, write.warnings)
}

function apply(store: Store, call: Call): Answer {
  const { resource, query, name } = call
  if ((query.get('fieldManager') ?? '') === '') throw badRequest('fieldManager is required for apply patch')
  const write = writeOf(store, call)
  const body = asObject(resource, readBody(call.request.body))
  if (body.metadata.managedFields !== undefined && body.metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil')
  const wanted = cleaned(write, body)
  wanted.metadata.name ??= name
  if (wanted.metadata.name !== name)
    throw badRequest(`name in URL does not match name in Apply object: ${name} != ${wanted.metadata.name}`)
  if (resource.subresources.status && call.subresource === '') delete wanted.status
  const stored = store.get(resource.storage, call.namespace, name)
  const live = stored === undefined ? undefined : (resource.show?.(stored) ?? stored)
  if (live === undefined && call.subresource !== '') throw notFound(resource, name)
  const result = applied(live, wanted, resource.schema, write.writer, isTrue(query.get('force')))
  const object =
    live === undefined
      ? create(write, result.object, result.managedFields)
      : update(write, name, withVersion(result.object, wanted, live), result.managedFields)
  return answer(
    shownAs(call, resource.keep?.(object) ?? object),
    live === undefined ? 201 : 200,
    write.warnings,
  )
}

const withVersion = (object: KubeObject, wanted: KubeObject, live: KubeObject): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    resourceVersion: wanted.metadata.resourceVersion ?? live.metadata.resourceVersion,
  },
})

function remove(store: Store, call: Call): Answer {
  const { resource } = call
  const options = deleteOptions(readBody(call.request.body), call.query)
  const { object, gone } = deleteObject(store, resource, found(store, call), options)
  if (!gone) return answer(shownAs(call, object))
  return answer({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: object.metadata.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: object.metadata.uid,
    },
  })
}

function scale(store: Store, call: Call): Answer {
  const paths = call.resource.subresources.scale
  if (paths === undefined || call.name === '') throw noSuchPath()
  const object = found(store, call)
  const now = scaleOf(call.resource, object, paths)
  if (call.request.method === 'GET') return answer(now)
  const body = readBody(call.request.body)
  const wanted =
    call.request.method === 'PUT'
      ? body
      : call.request.method === 'PATCH'
        ? scalePatch(call, now, body)
        : undefined
  if (wanted === undefined) throw notAllowed()
  const write = { ...writeOf(store, call), subresource: '' }
  const next = update(write, call.name, rescaled(object, fields(wanted) as KubeObject, paths))
  return answer(scaleOf(call.resource, next, paths))
}

/** A Scale has no lists, so that a strategic patch of it is a merge patch. */
const scalePatch = (call: Call, now: KubeObject, body: unknown): unknown =>
  typeOf(call) === 'application/json-patch+json' ? jsonPatch(now, body) : mergePatch(now, body)
