/** Server-side apply: merges what a manager wants, takes away what it wanted before, and finds who is overruled. */
import { equal } from '../../../src/lib/json.ts'
import { copy, type Fields, isFields } from '../object.ts'
import { fieldOf, itemOf, resolve, type Schema } from '../schema/schema.ts'
import { hasUnder, isAtomicMap, isGranularList, itemPart, join, type Paths } from './field-set.ts'

/** The live value with the wanted one laid over it. */
export function overlay(live: unknown, wanted: unknown, given: Schema | undefined): unknown {
  const schema = resolve(given)
  if (isFields(live) && isFields(wanted) && !isAtomicMap(schema)) {
    const out: Fields = { ...live }
    for (const [key, value] of Object.entries(wanted))
      out[key] = overlay(live[key], value, fieldOf(schema, key))
    return out
  }
  if (Array.isArray(live) && Array.isArray(wanted) && isGranularList(schema))
    return overlayList(live, wanted, schema)
  return copy(wanted)
}

function overlayList(
  live: readonly unknown[],
  wanted: readonly unknown[],
  schema: Schema | undefined,
): unknown[] {
  const out = [...live]
  for (const item of wanted) {
    const part = itemPart(item, schema)
    const index = out.findIndex((one) => itemPart(one, schema) === part)
    if (index < 0) out.push(copy(item))
    else out[index] = overlay(out[index], item, itemOf(schema))
  }
  return ordered(out, live, wanted, schema)
}

/** What is wanted comes in the order it is wanted in, when all of it is. */
function ordered(
  merged: readonly unknown[],
  live: readonly unknown[],
  wanted: readonly unknown[],
  schema: Schema | undefined,
): unknown[] {
  const order = wanted.map((item) => itemPart(item, schema))
  if (merged.length !== wanted.length || live.length === 0) return [...merged]
  return [...merged].sort((a, b) => order.indexOf(itemPart(a, schema)) - order.indexOf(itemPart(b, schema)))
}

export type Removal = { readonly gone: Paths; readonly kept: Paths }

/** The value without the paths that are gone, unless something below them is kept. Undefined: nothing is left. */
export function withoutPaths(
  value: unknown,
  given: Schema | undefined,
  removal: Removal,
  path = '',
): unknown {
  const schema = resolve(given)
  const isGone = (at: string): boolean => removal.gone.has(at) && !hasUnder(removal.kept, at)
  if (isFields(value) && !isAtomicMap(schema)) {
    const out: Fields = {}
    for (const [key, member] of Object.entries(value)) {
      const at = join(path, `f:${key}`)
      if (isGone(at)) continue
      const rest = withoutPaths(member, fieldOf(schema, key), removal, at)
      if (rest !== undefined) out[key] = rest
    }
    return emptied(value, out, removal, path) ? undefined : out
  }
  if (Array.isArray(value) && isGranularList(schema)) {
    const out: unknown[] = []
    for (const item of value) {
      const at = join(path, itemPart(item, schema) ?? '')
      if (isGone(at)) continue
      const rest = withoutPaths(item, itemOf(schema), removal, at)
      if (rest !== undefined) out.push(withKeys(rest, item, schema))
    }
    return emptied(value, out, removal, path) ? undefined : out
  }
  return value
}

/** A container goes with its last member, when that was taken from it and nobody owns it for itself. */
const emptied = (before: object, after: object, removal: Removal, path: string): boolean =>
  path !== '' &&
  Object.keys(after).length === 0 &&
  Object.keys(before).length > 0 &&
  !hasUnder(removal.kept, path)

function withKeys(rest: unknown, item: unknown, schema: Schema | undefined): unknown {
  if (!isFields(rest) || !isFields(item)) return rest
  const keys = schema?.['x-kubernetes-list-map-keys'] ?? []
  return { ...Object.fromEntries(keys.filter((key) => key in item).map((key) => [key, item[key]])), ...rest }
}

export const sameBut = (a: Fields, b: Fields, ignored: readonly string[]): boolean => {
  const strip = (value: Fields): Fields =>
    Object.fromEntries(Object.entries(value).filter(([key]) => !ignored.includes(key)))
  return equal(strip(a), strip(b))
}
