/** Takes away the fields that a schema doesn't know, and tells which. Also fills defaults (CustomResourceDefinitions). */
import { copy, type Fields, isFields } from '../object.ts'
import { fieldOf, itemOf, objectMeta, resolve, type Schema } from './schema.ts'

const kept = new Set(['apiVersion', 'kind', 'metadata'])

/** The value without unknown fields; their paths are added to `unknown`. */
export function prune(value: unknown, given: Schema | undefined, path: string, unknown: string[]): unknown {
  const schema = resolve(given)
  if (schema === undefined) return value
  if (Array.isArray(value)) {
    const item = itemOf(schema)
    return item === undefined
      ? value
      : value.map((one, index) => prune(one, item, `${path}[${index}]`, unknown))
  }
  return isFields(value) ? pruneFields(value, schema, path, unknown) : value
}

function pruneFields(value: Fields, schema: Schema, path: string, unknown: string[]): Fields {
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const out: Fields = {}
  for (const [key, member] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`
    const field = fieldOf(schema, key)
    if (field !== undefined) out[key] = prune(member, field, at, unknown)
    else if (embedded && kept.has(key))
      out[key] = key === 'metadata' ? prune(member, objectMeta, at, []) : member
    else if (schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true)
      out[key] = member
    else unknown.push(at)
  }
  return out
}

/** Fills what has a default and is absent, in place; a null where null is not allowed counts as absent. */
export function fillDefaults(value: unknown, given: Schema | undefined): void {
  const schema = resolve(given)
  if (schema === undefined) return
  if (Array.isArray(value)) for (const item of value) fillDefaults(item, itemOf(schema))
  if (!isFields(value)) return
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default === undefined) continue
    if (value[key] === undefined || (value[key] === null && field.nullable !== true))
      value[key] = copy(field.default)
  }
  for (const [key, member] of Object.entries(value)) fillDefaults(member, fieldOf(schema, key))
}
