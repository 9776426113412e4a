/** Attributes: declared with default and check, merged as Modify…Attributes does. */
import type { Account } from '../account.ts'
import { invalid } from './refuse.ts'

export type AttributeRule = {
  readonly default: string
  readonly allowed: string
  readonly accepts: (value: string) => boolean
}
export type AttributeTable = Readonly<Record<string, AttributeRule>>
type Attribute = { readonly Key?: string | undefined; readonly Value?: string | undefined }

export function boolean(fallback: boolean): AttributeRule {
  return oneOf(String(fallback), ['true', 'false'])
}
export function oneOf(fallback: string, values: readonly string[]): AttributeRule {
  return { default: fallback, allowed: values.join(', '), accepts: (value) => values.includes(value) }
}
export function integer(fallback: string, min: number, max: number, ...also: string[]): AttributeRule {
  return {
    default: fallback,
    allowed: [...also, `${min}-${max}`].join(', '),
    accepts: (value) =>
      also.includes(value) || (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max),
  }
}
export function text(fallback: string, pattern: RegExp, allowed: string): AttributeRule {
  return { default: fallback, allowed, accepts: (value) => pattern.test(value) }
}

const keepsUnknown = new WeakSet<Account>()
/** AWS adds keys that this table doesn't know yet: they can be kept instead of refused. */
export function unknownAttributes(account: Account, treatment: 'refuse' | 'keep'): void {
  if (treatment === 'keep') keepsUnknown.add(account)
  else keepsUnknown.delete(account)
}

export function defaultsOf(table: AttributeTable): Map<string, string> {
  return new Map(Object.entries(table).map(([key, rule]) => [key, rule.default]))
}
export function attributesOut(values: ReadonlyMap<string, string>): { Key: string; Value: string }[] {
  return [...values].map(([Key, Value]) => ({ Key, Value }))
}

/** The values as they would be after the call; nothing is stored, so that a refused call changes nothing. */
export function merged(
  account: Account,
  subject: string,
  table: AttributeTable,
  current: ReadonlyMap<string, string>,
  given: readonly Attribute[],
): Map<string, string> {
  const values = new Map(current)
  const seen = new Set<string>()
  for (const { Key = '', Value = '' } of given) {
    if (seen.has(Key)) invalid(`${subject} attribute key '${Key}' is specified more than once`)
    seen.add(Key)
    const rule = table[Key]
    if (!rule && !keepsUnknown.has(account)) invalid(`${subject} attribute key '${Key}' is not recognized`)
    if (rule && !rule.accepts(Value))
      invalid(`'${Value}' is not a valid value for '${Key}'. Valid values: ${rule.allowed}`)
    values.set(Key, Value)
  }
  return values
}
export function store(target: Map<string, string>, values: ReadonlyMap<string, string>): void {
  target.clear()
  for (const [key, value] of values) target.set(key, value)
}
