/** Lists: selectors, pages, and lists as they were at a revision. */
import type { Fields, KubeObject } from './object.ts'
import type { Call } from './request.ts'
import { apiVersionOf, type Resource } from './resource.ts'
import { isSelecting, matchOf } from './selector.ts'
import { badRequest, expired, tooLargeVersion } from './status.ts'
import { keyOf, type Store } from './store.ts'
import { formOf, partial, table } from './table/render.ts'

type Token = { readonly rv: number; readonly start: string }

const tokenText = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url')

function readToken(given: string): Token {
  try {
    const { rv, start }: Partial<Token> = JSON.parse(Buffer.from(given, 'base64url').toString())
    if (typeof rv === 'number' && typeof start === 'string') return { rv, start }
  } catch {}
  throw badRequest('continue key is not valid: illegal base64 data')
}

type Source = { readonly objects: readonly KubeObject[]; readonly revision: number; readonly after: string }

function sourceOf(store: Store, call: Call): Source {
  const { storage } = call.resource
  const token = call.query.get('continue') ?? ''
  const now = store.revision()
  if (token !== '') {
    const { rv, start } = readToken(token)
    // -1 is a token for "whatever is there now": consistent with nothing before.
    const revision = rv < 0 ? now : rv
    const objects = store.listAt(storage, revision)
    if (objects === undefined)
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
        tokenText({ rv: -1, start }),
      )
    return { objects, revision, after: start }
  }
  const wanted = Number(call.query.get('resourceVersion') ?? '0')
  if (Number.isNaN(wanted)) throw badRequest('invalid resource version')
  if (wanted > now) throw tooLargeVersion(wanted, now)
  if (call.query.get('resourceVersionMatch') === 'Exact' && wanted > 0) {
    const objects = store.listAt(storage, wanted)
    if (objects === undefined) throw expired(`The resourceVersion for the provided list is too old.`)
    return { objects, revision: wanted, after: '' }
  }
  return { objects: store.list(storage), revision: now, after: '' }
}

export type Page = { readonly objects: readonly KubeObject[]; readonly metadata: Fields }

export function page(store: Store, call: Call): Page {
  const { objects, revision, after } = sourceOf(store, call)
  const match = matchOf(call.resource, call.query, call.name)
  const matching = objects.filter(
    (object) =>
      (call.namespace === undefined || object.metadata.namespace === call.namespace) &&
      (after === '' || keyOf(object) > after) &&
      match(object),
  )
  const limit = Number(call.query.get('limit') ?? '0')
  const metadata: Fields = { resourceVersion: `${revision}` }
  if (!(limit > 0) || matching.length <= limit) return { objects: matching, metadata }
  const shown = matching.slice(0, limit)
  const last = shown.at(-1)
  if (last !== undefined) metadata.continue = tokenText({ rv: revision, start: keyOf(last) })
  if (!isSelecting(call.query)) metadata.remainingItemCount = matching.length - limit
  return { objects: shown, metadata }
}

const display = (resource: Resource, object: KubeObject): KubeObject => resource.show?.(object) ?? object

/** One object in the form that the request asks for. */
export function shownAs(call: Call, object: KubeObject): Fields {
  const shown = display(call.resource, object)
  const form = formOf(call.request.headers.accept)
  if (form === 'metadata') return partial(shown)
  if (form === 'object') return shown
  const metadata = { resourceVersion: object.metadata.resourceVersion }
  return table(
    call.resource,
    [{ stored: object, shown }],
    metadata,
    call.query.get('includeObject') ?? 'Metadata',
  )
}

export function list(store: Store, call: Call): Fields {
  const { resource } = call
  const { objects, metadata } = page(store, call)
  const form = formOf(call.request.headers.accept)
  if (form === 'table')
    return table(
      resource,
      objects.map((stored) => ({ stored, shown: display(resource, stored) })),
      metadata,
      call.query.get('includeObject') ?? 'Metadata',
    )
  if (form === 'metadata')
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: objects.map(partial),
    }
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata,
    items: objects.map((object) => withoutKind(resource, display(resource, object))),
  }
}

/** Items of built-in lists don't say their kind; those of custom resources do. */
function withoutKind(resource: Resource, object: KubeObject): Fields {
  if (resource.custom) return object
  const { apiVersion: _version, kind: _kind, ...rest } = object
  return rest
}
