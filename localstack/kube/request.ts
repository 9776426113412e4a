/** What a request line asks for: which resource, namespace, name and subresource. */
import type { HttpRequest } from '../../src/lib/http.ts'
import type { Admit } from './admission/admit.ts'
import type { Registry } from './registry.ts'
import type { Resource } from './resource.ts'

export type Call = {
  readonly request: HttpRequest
  readonly query: URLSearchParams
  readonly resource: Resource
  readonly namespace: string | undefined
  readonly name: string
  readonly subresource: string
  /** Through which writes go; absent where there are no webhooks. */
  readonly admit: Admit | undefined
}

export type Target = {
  readonly group: string
  readonly version: string
  readonly namespace: string | undefined
  readonly plural: string
  readonly name: string
  readonly subresource: string
}

/** `/api/v1/...` or `/apis/<group>/<version>/...`, or undefined. */
export function targetOf(path: string): Target | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  const root = parts.shift()
  if (root !== 'api' && root !== 'apis') return undefined
  const group = root === 'api' ? '' : (parts.shift() ?? '')
  const version = parts.shift() ?? ''
  const subresources = ['status', 'finalize']
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && !subresources.includes(parts[2] ?? '')
  const namespace = inNamespace ? parts[1] : undefined
  if (inNamespace) parts.splice(0, 2)
  const [plural, name = '', ...rest] = parts
  if (plural === undefined) return undefined
  return { group, version, namespace, plural, name, subresource: rest.join('/') }
}

export function callOf(
  registry: Registry,
  { request, url, admit }: Pick<Call, 'request' | 'admit'> & { readonly url: URL },
): Call | undefined {
  const target = targetOf(url.pathname)
  if (target === undefined) return undefined
  const resource = registry.find(target.group, target.version, target.plural)
  if (resource === undefined) return undefined
  const { namespace, name, subresource } = target
  if (!resource.namespaced && namespace !== undefined) return undefined
  if (resource.namespaced && namespace === undefined && name !== '') return undefined
  return { request, query: url.searchParams, resource, namespace, name, subresource, admit }
}

export const isTrue = (value: string | null): boolean => value === 'true' || value === '1'
