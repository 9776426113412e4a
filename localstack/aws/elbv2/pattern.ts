/** Regular expressions that AWS takes: RE2's, so without look-around, backreferences, possessive or atomic parts. */
import { invalid } from './refuse.ts'

const unsupported = /\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|\\p\{|\(\?R\)|[*+?}]\+/

export function checkRegex(member: string, regex: string, max: number): void {
  if (regex.length < 1 || regex.length > max)
    invalid(`The ${member} regex '${regex}' must be between '1' and '${max}' characters`)
  if (unsupported.test(regex) || !compiles(regex)) invalid(`The ${member} regex '${regex}' is not valid`)
}

function compiles(regex: string): boolean {
  try {
    return new RegExp(regex.replace(/^\(\?i\)/, '')) instanceof RegExp
  } catch {
    return false
  }
}
