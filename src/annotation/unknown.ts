/** Keys under our prefix that nothing reads, each with the known name that was probably meant. */
import { type Annotations, prefix } from './define.ts'
import { declarations } from './table.ts'

const names = new Set(declarations.filter(({ family }) => !family).map(({ name }) => name))
const families = declarations.filter(({ family }) => family).map(({ name }) => name)

export type UnknownAnnotation = { readonly key: string; readonly nearest?: string }

/** Only so many are looked for among the known names: that takes a while for each. */
export function unknownAnnotations(
  annotations: Annotations,
  most = Infinity,
): { readonly some: readonly UnknownAnnotation[]; readonly more: number } {
  const keys = Object.keys(annotations ?? {}).filter(
    (key) => key.startsWith(prefix) && !isKnown(key.slice(prefix.length)),
  )
  const some = keys.slice(0, most).map((key) => {
    const nearest = nearestName(key.slice(prefix.length))
    return nearest === undefined ? { key } : { key, nearest: prefix + nearest }
  })
  return { some, more: keys.length - some.length }
}

const isKnown = (name: string): boolean =>
  names.has(name) || families.some((start) => name.startsWith(start) && name.length > start.length)

/** Nothing is suggested that shares less than about half its letters. */
function nearestName(name: string): string | undefined {
  const dot = name.indexOf('.') + 1
  const candidates = [
    ...[...names].map((known) => ({ known, distance: distance(name, known) })),
    ...(dot > 1
      ? families.map((start) => ({
          known: start + name.slice(dot),
          distance: distance(name.slice(0, dot), start),
        }))
      : []),
  ]
  const best = candidates.reduce((a, b) => (b.distance < a.distance ? b : a))
  return best.distance <= Math.max(2, Math.floor(name.length / 2)) ? best.known : undefined
}

/** Levenshtein's: insertions, deletions and replacements. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
