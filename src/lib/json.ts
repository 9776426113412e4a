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
    const members = value as Readonly<Record<string, unknown>>
    let text = ''
    for (const key of Object.keys(members).sort())
      if (members[key] !== undefined)
        text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(members[key])}`
    return `{${text}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Deep equality of plain values; undefined members count as absent. */
export const equal = (a: unknown, b: unknown): boolean => a === b || canonical(a) === canonical(b)
