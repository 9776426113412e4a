/** Parsers with exactly the semantics of ALBC's Go code (`albc-model` 3): what it takes we take, what it refuses we refuse. */
import { fail, ok, type Result } from '../lib/result.ts'
import type { Form } from './form.ts'
import { decode, type Shape } from './json.ts'

export type Parser<T> = {
  /** What may be written, as the user reads it: `true or false`. */
  readonly allowed: string
  /** Absent: any text. */
  readonly form?: Form
  /** The error is ALBC's own sentence. */
  readonly parse: (raw: string, key: string) => Result<T, string>
}

/** Raw, not trimmed. Whoever reads it refuses what is not of the form. */
export const text = (allowed: string, form?: Form): Parser<string> => ({
  allowed,
  ...(form && { form }),
  parse: (raw) => ok(raw),
})

const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false])),
}
/** Go's ParseBool; undefined where it fails. */
export const goBool = (raw: string): boolean | undefined =>
  Object.hasOwn(truths, raw) ? truths[raw] : undefined

export const goBools: readonly string[] = Object.keys(truths)

export const bool: Parser<boolean> = {
  allowed: '`true` or `false`',
  form: { is: 'bool' },
  parse(raw, key) {
    const value = goBool(raw)
    return value === undefined
      ? fail(
          `failed to parse bool annotation, ${key}: ${raw}: strconv.ParseBool: parsing "${raw}": invalid syntax`,
        )
      : ok(value)
  },
}

/** Go's ParseInt, base 10. The error is Go's. */
export function goInt(raw: string, bits: 32 | 64): Result<number, string> {
  if (!/^[+-]?[0-9]+$/.test(raw)) return fail(`strconv.ParseInt: parsing "${raw}": invalid syntax`)
  const value = BigInt(raw.replace(/^\+/, ''))
  const limit = 1n << BigInt(bits - 1)
  return value >= limit || value < -limit
    ? fail(`strconv.ParseInt: parsing "${raw}": value out of range`)
    : ok(Number(value))
}

const int = (bits: 32 | 64): Parser<number> => ({
  allowed: 'a whole number',
  form: { is: 'integer', ...(bits === 32 && { min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  parse(raw, key) {
    const value = goInt(raw, bits)
    return value.ok ? value : fail(`failed to parse int${bits} annotation, ${key}: ${raw}: ${value.error}`)
  },
})
export const int32 = int(32)
export const int64 = int(64)

const splitList = (raw: string): readonly string[] =>
  raw
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** Present but empty gives an empty list, which still counts as stated. */
export const list = (items: string): Parser<readonly string[]> => ({
  allowed: `a comma-separated list of ${items}`,
  parse: (raw) => ok(splitList(raw)),
})

export type StringMap = Readonly<Record<string, string>>

export const map = (entries = 'key=value'): Parser<StringMap> => ({
  allowed: `a comma-separated list of ${entries}; write \\, for a comma inside a value`,
  form: { is: 'map' },
  parse(raw, key) {
    const value = parseMap(raw)
    return value === undefined ? fail(`failed to parse stringMap annotation, ${key}: ${raw}`) : ok(value)
  },
})

/** ALBC's own scanner, with its habits: a comma that nothing follows belongs to the value. */
function mapItems(raw: string): readonly string[] {
  const items: string[] = []
  const lastEquals = raw.lastIndexOf('=')
  const textEnd = raw.trimEnd().length
  let item: string[] = []
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw.charAt(at)
    if (char === '\\' && at + 1 < raw.length) {
      at += 1
      item.push(raw.charAt(at))
    } else if (char === ',' && lastEquals > at) {
      items.push(item.join('').trim())
      item = []
    } else if (char === ',' && textEnd > at + 1)
      return [...items, item.join('').trim(), raw.slice(at + 1).trim()]
    else item.push(char)
  }
  return item.length === 0 ? items : [...items, item.join('').trim()]
}

function parseMap(raw: string): StringMap | undefined {
  const entries: [string, string][] = []
  for (const item of mapItems(raw)) {
    const equals = item.indexOf('=')
    const key = item.slice(0, Math.max(equals, 0)).trim()
    if (key === '') return undefined
    entries.push([key, item.slice(equals + 1).trim()])
  }
  return Object.fromEntries(entries)
}

export const oneOf = <const T extends string>(
  values: readonly T[],
  refuse: (raw: string) => string,
): Parser<T> => ({
  allowed: values.map((value) => `\`${value}\``).join(' or '),
  form: { is: 'one-of', values },
  parse(raw) {
    const value = values.find((known) => known === raw)
    return value === undefined ? fail(refuse(raw)) : ok(value)
  },
})

/** Go's null for a whole annotation leaves the zero value: `empty`. */
/** `what` where ALBC has words of its own for a value that does not parse. */
export const json = <T>(shape: Shape<T>, empty: T, allowed: string, what?: string): Parser<T> => ({
  allowed,
  form: { is: 'json', holds: Array.isArray(empty) ? 'list' : 'object' },
  parse(raw, key) {
    const value = decode(raw, shape)
    if (value.ok) return ok(value.value ?? empty)
    const start = what === undefined ? `json annotation, ${key}: ${raw}` : `${what}: \`${raw}\``
    return fail(`failed to parse ${start}: ${value.error}`)
  },
})
