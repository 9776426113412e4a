/** Which fields an object has, as paths: what `managedFields` tells. Written and read in its FieldsV1 form. */
import { canonical } from '../../../src/lib/json.ts'
import { type Fields, isFields } from '../object.ts'
import { fieldOf, itemOf, resolve, type Schema } from '../schema/schema.ts'

/** Parts of a path are `f:name`, `k:{keys}` or `v:value`, joined by a character that JSON text never has raw. */
const separator = '\u0000'
export type Paths = Set<string>

export const join = (path: string, part: string): string =>
  path === '' ? part : `${path}${separator}${part}`

/** How an item of a list is addressed, or undefined where the list is one value. */
export function itemPart(item: unknown, schema: Schema | undefined): string | undefined {
  const kind = schema?.['x-kubernetes-list-type']
  if (kind === 'set') return `v:${canonical(item)}`
  const keys = schema?.['x-kubernetes-list-map-keys']
  if (kind !== 'map' || keys === undefined || !isFields(item)) return undefined
  const shape = itemOf(schema)
  const picked = keys.map((key) => [key, item[key] ?? fieldOf(shape, key)?.default])
  return `k:${canonical(Object.fromEntries(picked))}`
}

export const isGranularList = (schema: Schema | undefined): boolean =>
  schema?.['x-kubernetes-list-type'] === 'map' || schema?.['x-kubernetes-list-type'] === 'set'

export const isAtomicMap = (schema: Schema | undefined): boolean =>
  schema?.['x-kubernetes-map-type'] === 'atomic'

/** Every path that the value sets, with the text of what it sets there. */
export function leavesOf(value: unknown, given: Schema | undefined): Map<string, string> {
  const out = new Map<string, string>()
  collect(value, resolve(given), '', out)
  return out
}

function collect(value: unknown, schema: Schema | undefined, path: string, out: Map<string, string>): void {
  if (isFields(value) && !isAtomicMap(schema) && Object.keys(value).length > 0) {
    for (const [key, member] of Object.entries(value))
      if (member !== undefined) collect(member, fieldOf(schema, key), join(path, `f:${key}`), out)
    return
  }
  if (Array.isArray(value) && isGranularList(schema) && value.length > 0) {
    for (const item of value) {
      const at = join(path, itemPart(item, schema) ?? `v:${canonical(item)}`)
      out.set(at, '')
      if (schema?.['x-kubernetes-list-type'] === 'map') collect(item, itemOf(schema), at, out)
    }
    return
  }
  out.set(path, canonical(value))
}

/** What an object has that its managers don't own: identity and what the server sets. */
const unowned = new Set(
  [
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ]
    .map((name) => `f:metadata${separator}f:${name}`)
    .concat('f:apiVersion', 'f:kind', 'f:metadata', ''),
)

export function ownable(leaves: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...leaves].filter(([path]) => !unowned.has(path) && !unowned.has(firstTwo(path))))
}

const firstTwo = (path: string): string => path.split(separator).slice(0, 2).join(separator)

export const hasUnder = (paths: ReadonlySet<string>, path: string): boolean => {
  if (paths.has(path)) return true
  const prefix = path + separator
  for (const one of paths) if (one.startsWith(prefix)) return true
  return false
}

export function toFieldsV1(paths: Iterable<string>): Fields {
  const root: Fields = {}
  const members = new Set(paths)
  for (const path of [...members].sort()) {
    let node = root
    let at = ''
    for (const part of path.split(separator)) {
      at = join(at, part)
      const next = node[part]
      const child: Fields = isFields(next) ? next : {}
      // A member that also has members below it says so with a dot.
      if (members.has(at) && at !== path) child['.'] = {}
      node[part] = child
      node = child
    }
  }
  return root
}

export function fromFieldsV1(tree: unknown, path = '', out: Paths = new Set()): Paths {
  if (!isFields(tree)) return out
  const parts = Object.keys(tree).filter((key) => key !== '.')
  if (path !== '' && (parts.length === 0 || '.' in tree)) out.add(path)
  for (const part of parts) fromFieldsV1(tree[part], join(path, normal(part)), out)
  return out
}

/** Keys arrive in any order and spacing. */
function normal(part: string): string {
  if (!part.startsWith('k:') && !part.startsWith('v:')) return part
  try {
    return part.slice(0, 2) + canonical(JSON.parse(part.slice(2)))
  } catch {
    return part
  }
}

/** As the real server prints a path: `.spec.ports[port=80,protocol="TCP"].targetPort`. */
export const printed = (path: string): string =>
  path
    .split(separator)
    .map((part) => {
      if (part.startsWith('f:')) return `.${part.slice(2)}`
      if (part.startsWith('v:')) return `[=${part.slice(2)}]`
      const keys: unknown = JSON.parse(part.slice(2))
      return `[${Object.entries(isFields(keys) ? keys : {})
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
