/** JSON decoded as Go's encoding/json does into structs: keys in any case, types strict, integers written as integers. */
import { fail, ok, type Result } from '../lib/result.ts'

/** A number as written, so that `80.0` can be told from `80`. */
class Numeral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}
class Mismatch extends Error {}

/** Reads one value; absent and null are undefined before a shape sees them. */
export type Shape<T> = (value: unknown, at: string) => T
type Read<S> = S extends Shape<infer T> ? T : never

export function decode<T>(raw: string, shape: Shape<T>): Result<T | undefined, string> {
  let value: unknown
  try {
    value = JSON.parse(raw, keepNumerals)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
  try {
    return ok(value === null ? undefined : shape(value, ''))
  } catch (error) {
    if (error instanceof Mismatch) return fail(error.message)
    throw error
  }
}

const keepNumerals = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' ? new Numeral(context?.source ?? String(value)) : value

export const string: Shape<string> = (value, at) =>
  typeof value === 'string' ? value : mismatch(value, at, 'string')

export const boolean: Shape<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : mismatch(value, at, 'bool')

export const integer: Shape<number> = (value, at) => {
  if (!(value instanceof Numeral)) return mismatch(value, at, 'int')
  if (!/^-?\d+$/.test(value.source)) return mismatch(value, at, 'int', ` ${value.source}`)
  return Number(value.source)
}

/** Kubernetes' int-or-string. A string of digits becomes a number. */
export const intOrString: Shape<number | string> = (value, at) => {
  if (typeof value !== 'string') return integer(value, at)
  return /^[+-]?\d+$/.test(value) ? Number(value) : value
}

export const array =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value, at) =>
    Array.isArray(value)
      ? value.filter((item) => item !== null).map((item) => shape(item, at))
      : mismatch(value, at, 'slice')

export const record =
  <T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.fromEntries(
      membersOf(value, at, 'map')
        .filter(([, member]) => member !== null)
        .map(([key, member]) => [key, shape(member, join(at, key))]),
    )

/** Members are all optional: what is needed is checked by who reads it, with a message of its own. */
export const object =
  <const F extends Readonly<Record<string, Shape<unknown>>>>(
    fields: F,
  ): Shape<{ readonly [K in keyof F]?: Read<F[K]> }> =>
  (value, at) => {
    const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]))
    const out: Record<string, unknown> = {}
    for (const [key, member] of membersOf(value, at, 'struct')) {
      const name = Object.hasOwn(fields, key) ? key : names.get(key.toLowerCase())
      const shape = name === undefined ? undefined : fields[name]
      if (name !== undefined && shape && member !== null) out[name] = shape(member, join(at, name))
    }
    return out as { readonly [K in keyof F]?: Read<F[K]> }
  }

function membersOf(value: unknown, at: string, type: string): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Numeral)
    return mismatch(value, at, type)
  return Object.entries(value)
}

const join = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`)

function mismatch(value: unknown, at: string, type: string, detail = ''): never {
  const found = value instanceof Numeral ? 'number' : Array.isArray(value) ? 'array' : typeof value
  const where = at === '' ? 'Go value' : `Go struct field ${at}`
  throw new Mismatch(
    `json: cannot unmarshal ${found === 'boolean' ? 'bool' : found}${detail} into ${where} of type ${type}`,
  )
}
