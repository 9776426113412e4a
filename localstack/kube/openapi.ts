/** OpenAPI v3: an index, and a document for each group and version with what kubectl reads: schemas, PATCH operations. */
import { sha256 } from '../../src/lib/hash.ts'
import { type Fields, isFields, text } from './object.ts'
import { typeNameOf } from './kinds/builtin.ts'
import { apiVersionOf, type Resource } from './resource.ts'
import { definitions, objectMeta, type Schema } from './schema/schema.ts'

const rootOf = (resource: { readonly group: string; readonly version: string }): string =>
  resource.group === '' ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`

/** Names of the definitions get back what `types.txt` leaves out. */
const published = (name: string): string => `io.k8s.${name}`

function publishedSchema(schema: Schema): Fields {
  const out: Fields = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'proto') continue
    if (key === '$ref') out.allOf = [{ $ref: `#/components/schemas/${published(text(value))}` }]
    else if (key === 'x-kubernetes-preserve-unknown-fields' && schema.type === undefined) continue
    else if (key === 'x-kubernetes-int-or-string') {
      out.oneOf = [{ type: 'integer' }, { type: 'string' }]
      out.format = 'int-or-string'
    } else if (key === 'properties' || key === 'items' || key === 'additionalProperties')
      out[key] =
        key === 'properties' ? publishedMembers(value) : isFields(value) ? publishedSchema(value) : value
    else out[key] = value
  }
  return out
}

const publishedMembers = (members: unknown): Fields =>
  Object.fromEntries(
    Object.entries(isFields(members) ? members : {}).map(([key, one]) => [
      key,
      publishedSchema(one as Schema),
    ]),
  )

function referenced(schema: Schema, out: Set<string>): void {
  JSON.stringify(schema, (key, value: unknown) => {
    if (key !== '$ref' || typeof value !== 'string' || out.has(value)) return value
    out.add(value)
    const target = definitions.get(value)
    if (target !== undefined) referenced(target, out)
    return value
  })
}

const nameOf = (resource: Resource): string => {
  const builtin = typeNameOf(resource)
  if (builtin !== undefined) return published(builtin)
  return `${resource.group.split('.').reverse().join('.')}.${resource.version}.${resource.kind}`
}

const queryParameter = (name: string): Fields => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
})

const patchTypes = (resource: Resource): readonly string[] => [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  ...(resource.custom ? [] : ['application/strategic-merge-patch+json']),
]

function pathsOf(resource: Resource): Fields {
  const { group, version, kind, plural, namespaced } = resource
  const gvk = { group, version, kind }
  const schema = { $ref: `#/components/schemas/${nameOf(resource)}` }
  const answers = { 200: { description: 'OK', content: { 'application/json': { schema } } } }
  const body = (types: readonly string[]): Fields => ({
    requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema }])), required: true },
  })
  const operation = (action: string, more: Fields = {}): Fields => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
    responses: answers,
    ...more,
  })
  const writing = ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter)
  const collection = `/${rootOf(resource)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`
  return {
    [collection]: {
      get: operation('list'),
      post: operation('post', { parameters: writing, ...body(['application/json']) }),
    },
    [`${collection}/{name}`]: {
      get: operation('get'),
      put: operation('put', { parameters: writing, ...body(['application/json']) }),
      patch: operation('patch', {
        parameters: [...writing, queryParameter('force')],
        ...body(patchTypes(resource)),
      }),
      delete: operation('delete', { parameters: [queryParameter('dryRun')] }),
    },
  }
}

export function document(resources: readonly Resource[], root: string): Fields | undefined {
  const own = resources.filter((resource) => rootOf(resource) === root)
  if (own.length === 0) return undefined
  const names = new Set<string>()
  referenced(objectMeta, names)
  const schemas: Fields = {}
  for (const resource of own) {
    referenced(resource.schema, names)
    const { group, version, kind } = resource
    schemas[nameOf(resource)] = {
      ...publishedSchema(resource.schema),
      'x-kubernetes-group-version-kind': [{ group, version, kind }],
    }
  }
  for (const name of names) {
    const definition = definitions.get(name)
    if (definition !== undefined) schemas[published(name)] ??= publishedSchema(definition)
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.3' },
    paths: Object.assign({}, ...own.map(pathsOf)),
    components: { schemas },
  }
}

/** The address of each document carries a hash, so that clients know when to read it again. */
export function index(resources: readonly Resource[]): Fields {
  const hashes = new Map<string, string>()
  for (const resource of resources) {
    const root = rootOf(resource)
    const schema = resource.custom ? JSON.stringify(resource.schema) : ''
    hashes.set(root, `${hashes.get(root) ?? ''} ${apiVersionOf(resource)} ${resource.kind} ${schema}`)
  }
  const paths = [...hashes].map(([root, seed]) => [
    root,
    { serverRelativeURL: `/openapi/v3/${root}?hash=${sha256(seed).toUpperCase()}` },
  ])
  return { paths: Object.fromEntries(paths) }
}
