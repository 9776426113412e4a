/** CEL for what a parser takes. Never narrower than the parser: what the controller accepts, no policy may refuse. */
import type { Form } from '../../src/annotation/form.ts'
import { goBools } from '../../src/annotation/parser.ts'

/** A string literal; JSON's escapes are CEL's. */
export const quoted = (text: string): string => JSON.stringify(text)
export const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`

/** An expression that is true where `value`, an expression of type string, is of the form. */
export function accepts(form: Form, value: string): string {
  switch (form.is) {
    case 'bool':
      return `${value} in ${list(goBools)}`
    case 'one-of':
      return `${value} in ${list(form.values)}`
    case 'integer':
      return integer(value, form)
    case 'pattern':
      return `size(${value}) <= ${form.longest} && ${matches(value, form.pattern.source)}`
    case 'map':
      // What comes before the first equals sign is a key, and not empty.
      return `${value} == "" || ${matches(value, '^\\s*[^=,\\s][^=]*=')}`
    case 'json':
      return matches(value, form.holds === 'list' ? shaped('\\[', '\\]') : shaped('\\{', '\\}'))
  }
}

const matches = (value: string, pattern: string): string => `${value}.matches(${quoted(pattern)})`

/** There is no JSON parser in CEL: only where it begins and ends is looked at. */
const shaped = (from: string, to: string): string => `^\\s*(${from}(?s:.*)${to}|null)\\s*$`

/** Digits that fit CEL's int are compared; 64 bits have at most 19. */
function integer(value: string, { min, max }: { readonly min?: number; readonly max?: number }): string {
  if (min === undefined || max === undefined) return matches(value, '^[-+]?0*[0-9]{1,19}$')
  const digits = matches(value, '^[-+]?0*[0-9]{1,18}$')
  return `${digits} && int(${value}) >= ${min} && int(${value}) <= ${max}`
}
