/** Checks a value against a schema and says what is wrong in the words of the real server. */
import { canonical } from '../../../src/lib/json.ts'
import { isFields } from '../object.ts'
import { type Cause, duplicate, invalidValue, notSupported, required } from '../status.ts'
import { fieldOf, itemOf, resolve, type Schema } from './schema.ts'

const typeName = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function fits(value: unknown, schema: Schema): boolean {
  const is = typeName(value)
  if (schema['x-kubernetes-int-or-string'] === true) return is === 'integer' || is === 'string'
  if (schema.type === undefined || schema.type === is) return true
  return schema.type === 'number' && is === 'integer'
}

const body = (field: string): string => `${field} in body`

export function validate(value: unknown, given: Schema | undefined, field: string): Cause[] {
  const schema = resolve(given)
  if (schema === undefined) return []
  if (value === null && schema.nullable === true) return []
  if (!fits(value, schema)) {
    const wanted = schema.type ?? 'integer or string'
    const why = `${body(field)} must be of type ${wanted}: ${JSON.stringify(typeName(value))}`
    return [{ ...invalidValue(field, typeName(value), why), reason: 'FieldValueTypeInvalid' }]
  }
  const own = [...ofValue(value, schema, field), ...ofCombination(value, schema, field)]
  if (typeof value === 'string') own.push(...ofText(value, schema, field))
  if (typeof value === 'number') own.push(...ofNumber(value, schema, field))
  if (Array.isArray(value)) own.push(...ofList(value, schema, field))
  if (isFields(value)) own.push(...ofFields(value, schema, field))
  return own
}

const ofValue = (value: unknown, schema: Schema, field: string): Cause[] =>
  schema.enum === undefined || schema.enum.some((one) => canonical(one) === canonical(value))
    ? []
    : [notSupported(field, value, schema.enum)]

function ofCombination(value: unknown, schema: Schema, field: string): Cause[] {
  const good = (one: Schema): boolean => validate(value, one, field).length === 0
  const out = (schema.allOf ?? []).flatMap((one) => validate(value, one, field))
  if (schema.anyOf !== undefined && !schema.anyOf.some(good))
    out.push(invalidValue(field, value, `${body(field)} must validate at least one schema (anyOf)`))
  if (schema.oneOf !== undefined && schema.oneOf.filter(good).length !== 1)
    out.push(invalidValue(field, value, `${body(field)} must validate one and only one schema (oneOf)`))
  if (schema.not !== undefined && good(schema.not))
    out.push(invalidValue(field, value, `${body(field)} must not validate the schema (not)`))
  return out
}

function ofText(value: string, schema: Schema, field: string): Cause[] {
  const out: Cause[] = []
  const length = Array.from(value).length
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value))
    out.push(invalidValue(field, value, `${body(field)} should match '${schema.pattern}'`))
  if (schema.minLength !== undefined && length < schema.minLength)
    out.push(invalidValue(field, value, `${body(field)} should be at least ${schema.minLength} chars long`))
  if (schema.maxLength !== undefined && length > schema.maxLength)
    out.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
      field,
    })
  return out
}

const patterns = new Map<string, RegExp>()
function patternOf(source: string): RegExp {
  const made = patterns.get(source) ?? new RegExp(source)
  patterns.set(source, made)
  return made
}

function ofNumber(value: number, schema: Schema, field: string): Cause[] {
  const out: Cause[] = []
  const { minimum, maximum, multipleOf } = schema
  const refuse = (why: string): void =>
    void out.push(invalidValue(field, value, `${body(field)} should be ${why}`))
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum === true && value <= minimum) refuse(`greater than ${minimum}`)
    else if (value < minimum) refuse(`greater than or equal to ${minimum}`)
  }
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum === true && value >= maximum) refuse(`less than ${maximum}`)
    else if (value > maximum) refuse(`less than or equal to ${maximum}`)
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) refuse(`a multiple of ${multipleOf}`)
  return out
}

function ofList(value: readonly unknown[], schema: Schema, field: string): Cause[] {
  const out: Cause[] = []
  if (schema.minItems !== undefined && value.length < schema.minItems)
    out.push(
      invalidValue(field, value.length, `${body(field)} should have at least ${schema.minItems} items`),
    )
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    out.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${value.length}: must have at most ${schema.maxItems} items`,
      field,
    })
  const keys = schema['x-kubernetes-list-map-keys']
  if (keys !== undefined || schema['x-kubernetes-list-type'] === 'set' || schema.uniqueItems === true) {
    const seen = new Set<string>()
    value.forEach((item, index) => {
      const picked =
        keys === undefined
          ? item
          : Object.fromEntries(keys.map((key) => [key, isFields(item) ? item[key] : undefined]))
      const mark = canonical(picked)
      if (seen.has(mark)) out.push(duplicate(`${field}[${index}]`, picked))
      seen.add(mark)
    })
  }
  return [...out, ...value.flatMap((item, index) => validate(item, itemOf(schema), `${field}[${index}]`))]
}

function ofFields(value: Readonly<Record<string, unknown>>, schema: Schema, field: string): Cause[] {
  const out: Cause[] = []
  const under = (key: string): string => (field === '' ? key : `${field}.${key}`)
  for (const key of schema.required ?? []) if (value[key] === undefined) out.push(required(under(key)))
  const size = Object.keys(value).length
  if (schema.maxProperties !== undefined && size > schema.maxProperties)
    out.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${size}: must have at most ${schema.maxProperties} items`,
      field,
    })
  if (schema.minProperties !== undefined && size < schema.minProperties)
    out.push(
      invalidValue(field, size, `${body(field)} should have at least ${schema.minProperties} properties`),
    )
  for (const [key, member] of Object.entries(value))
    if (member !== undefined) out.push(...validate(member, fieldOf(schema, key), under(key)))
  return out
}

/** The first place where a value has another JSON type than its field, as `path of type x`, or undefined. */
export function wrongType(value: unknown, given: Schema | undefined, field: string): string | undefined {
  const schema = resolve(given)
  if (schema === undefined || value === null || value === undefined) return undefined
  if (!fits(value, schema))
    return `${typeName(value)} into Go struct field ${field} of type ${schema.type ?? 'string'}`
  if (Array.isArray(value)) return firstOf(value.map((item) => () => wrongType(item, itemOf(schema), field)))
  if (!isFields(value)) return undefined
  return firstOf(
    Object.entries(value).map(
      ([key, member]) =>
        () =>
          wrongType(member, fieldOf(schema, key), `${field}.${key}`),
    ),
  )
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check()
    if (found !== undefined) return found
  }
  return undefined
}
