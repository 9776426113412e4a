/** A JSON value, and text that is the same for equal values whatever the order of their keys. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** JSON text with sorted keys and without undefined members: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.map((item) => canonical(item === undefined ? null : item)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = value as Members
    let text = ''
    for (const key of Object.keys(members).sort())
      if (members[key] !== undefined)
        text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(members[key])}`
    return `{${text}}`
  }
  return JSON.stringify(value) ?? 'null'
}

type Members = Readonly<Record<string, unknown>>

/** Deep equality of plain values; undefined members count as absent. Says what their canonical texts say, without making them. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return canonical(a) === canonical(b)
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, at) => equal(item, b[at]))
    )
  const [left, right] = [a as Members, b as Members]
  return sizeOf(left) === sizeOf(right) && Object.keys(left).every((key) => sameMember(left, right, key))
}

const sameMember = (left: Members, right: Members, key: string): boolean =>
  left[key] === undefined ||
  (Object.hasOwn(right, key) && right[key] !== undefined && equal(left[key], right[key]))

function sizeOf(members: Members): number {
  let size = 0
  for (const key of Object.keys(members)) if (members[key] !== undefined) size += 1
  return size
}
