/** Strategic merge patch: lists are merged by the key that the schema names, with the `$patch` family of directives. */
import { equal } from '../../../src/lib/json.ts'
import { copy, type Fields, isFields, items } from '../object.ts'
import { fieldOf, itemOf, resolve, type Schema } from '../schema/schema.ts'
import { badRequest } from '../status.ts'

const strategies = (schema: Schema | undefined): readonly string[] =>
  (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',')

export function strategicMerge(target: unknown, patch: unknown, given: Schema | undefined): unknown {
  const schema = resolve(given)
  if (!isFields(patch)) return copy(patch)
  if (patch.$patch === 'replace') return withoutDirectives(patch)
  if (patch.$patch === 'delete') return {}
  const out: Fields = isFields(target) ? { ...target } : {}
  const retain = patch.$retainKeys
  if (Array.isArray(retain)) for (const key of Object.keys(out)) if (!retain.includes(key)) delete out[key]
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) delete out[key]
    else out[key] = mergeMember(out[key], value, fieldOf(schema, key))
  }
  for (const [key, value] of Object.entries(patch)) directive(out, key, value, schema)
  return out
}

function mergeMember(old: unknown, value: unknown, schema: Schema | undefined): unknown {
  if (!Array.isArray(value)) {
    const replace = strategies(schema).includes('replace') && isFields(value)
    return strategicMerge(replace ? {} : old, value, schema)
  }
  if (!strategies(schema).includes('merge')) return copy(value)
  const key = schema?.['x-kubernetes-patch-merge-key']
  if (key === undefined) return mergeScalars(items(old), value)
  return mergeByKey(items(old), value, key, itemOf(schema))
}

const mergeScalars = (old: readonly unknown[], added: readonly unknown[]): unknown[] => [
  ...old,
  ...added.filter((one) => !old.some((other) => equal(one, other))),
]

function mergeByKey(
  old: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  schema: Schema | undefined,
): unknown[] {
  if (patch.some((item) => isFields(item) && item.$patch === 'replace' && !(key in item)))
    return patch.filter((item) => !(isFields(item) && '$patch' in item)).map(copy)
  const out = [...old]
  for (const item of patch) {
    if (!isFields(item)) throw badRequest(`expected a map in a list that is merged by ${key}`)
    if (item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`)
    const index = out.findIndex((one) => isFields(one) && equal(one[key], item[key]))
    if (item.$patch === 'delete') {
      if (index >= 0) out.splice(index, 1)
    } else if (item.$patch === 'replace' && index >= 0) out[index] = withoutDirectives(item)
    else if (index >= 0) out[index] = strategicMerge(out[index], item, schema)
    else out.push(strategicMerge({}, item, schema))
  }
  return out
}

function directive(out: Fields, key: string, value: unknown, schema: Schema | undefined): void {
  const [, name, field = ''] = /^\$(deleteFromPrimitiveList|setElementOrder)\/(.+)$/.exec(key) ?? []
  if (name === undefined) return
  const list = items(out[field])
  if (name === 'deleteFromPrimitiveList') {
    if (out[field] !== undefined)
      out[field] = list.filter((one) => !items(value).some((gone) => equal(one, gone)))
    return
  }
  if (out[field] === undefined) return
  const mergeKey = fieldOf(schema, field)?.['x-kubernetes-patch-merge-key']
  const idOf = (item: unknown): unknown => (mergeKey !== undefined && isFields(item) ? item[mergeKey] : item)
  out[field] = ordered(list, items(value).map(idOf), idOf)
}

/** In the order asked for; items that it doesn't name stay behind the one they followed. */
function ordered(
  list: readonly unknown[],
  order: readonly unknown[],
  idOf: (item: unknown) => unknown,
): unknown[] {
  const rank = (item: unknown): number => order.findIndex((id) => equal(id, idOf(item)))
  const out = list.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b))
  list.forEach((item, index) => {
    if (rank(item) >= 0) return
    const before = index === 0 ? undefined : list[index - 1]
    out.splice(before === undefined ? 0 : out.indexOf(before) + 1, 0, item)
  })
  return out
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('$'))
      .map(([key, member]) => [key, withoutDirectives(member)]),
  )
}
