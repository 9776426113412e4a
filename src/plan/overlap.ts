/** Whether one request might satisfy two rules. Errs towards yes, so that what follows from no is safe. */
import type { Condition } from '../route/condition.ts'

export const overlap = (a: readonly Condition[], b: readonly Condition[]): boolean =>
  a.every((one) => b.every((other) => compatible(one, other)))

function compatible(a: Condition, b: Condition): boolean {
  if (a.field !== b.field) return true
  if (a.field === 'host-header' && b.field === 'host-header') return patternsMeet(a.values, b.values, true)
  if (a.field === 'path-pattern' && b.field === 'path-pattern') return patternsMeet(a.values, b.values, false)
  if (a.field === 'http-request-method' && b.field === 'http-request-method')
    return a.values.some((value) => b.values.includes(value))
  return true
}

function patternsMeet(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
  ignoreCase: boolean,
): boolean {
  if (!a || !b) return true
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text)
  return a.some((one) => b.some((other) => globsMeet(fold(one), fold(other))))
}

/** Whether some text matches both patterns (`*` any run, `?` any one character). */
export function globsMeet(a: string, b: string): boolean {
  if (!endsMeet(a, b)) return false
  let before: boolean[] = []
  for (let j = 0; j <= b.length; j += 1) {
    const row: boolean[] = []
    for (let i = 0; i <= a.length; i += 1) {
      const [p, q] = [a[i - 1], b[j - 1]]
      const shorterA = row[i - 1] === true
      const shorterB = before[i] === true
      if (i === 0 && j === 0) row.push(true)
      else if (p === '*' || q === '*') row.push(shorterA || shorterB)
      else row.push((p === q || p === '?' || q === '?') && before[i - 1] === true)
    }
    before = row
  }
  return before[a.length] === true
}

/** Whether what stands before the first and after the last wildcard lets both match: nearly always the answer, at once. */
function endsMeet(a: string, b: string): boolean {
  const [first, second] = [literalEnds(a), literalEnds(b)]
  if (first === undefined && second === undefined) return a === b
  const head = Math.min(first?.head ?? a.length, second?.head ?? b.length)
  const tail = Math.min(first?.tail ?? a.length, second?.tail ?? b.length)
  for (let i = 0; i < head; i += 1) if (a[i] !== b[i]) return false
  for (let i = 1; i <= tail; i += 1) if (a[a.length - i] !== b[b.length - i]) return false
  return true
}

/** Lengths of the parts without wildcards at both ends; undefined where there is none. */
function literalEnds(pattern: string): { readonly head: number; readonly tail: number } | undefined {
  const head = pattern.search(/[*?]/)
  if (head < 0) return undefined
  const last = Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?'))
  return { head, tail: pattern.length - 1 - last }
}
