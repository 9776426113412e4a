/** Rules filed by host and path, so that the one that covers another is found among few, however many there are. */
import type { Condition } from './condition.ts'
import { covers } from './cover.ts'

export type Shelf<T> = {
  add(conditions: readonly Condition[], item: T): void
  /** The first that was added of those that leave nothing to it. */
  coverOf(conditions: readonly Condition[]): T | undefined
}

type Field = 'host-header' | 'path-pattern'
type Filed<T> = { readonly at: number; readonly conditions: readonly Condition[]; readonly item: T }

export function createShelf<T>(): Shelf<T> {
  const filed = new Map<string, Map<string, Filed<T>[]>>()
  let count = 0
  return {
    add(conditions, item) {
      const one = { at: count, conditions, item }
      count += 1
      for (const host of places(conditions, 'host-header')) {
        const byPath = filed.get(host) ?? new Map<string, Filed<T>[]>()
        filed.set(host, byPath)
        for (const path of places(conditions, 'path-pattern')) {
          const shelf = byPath.get(path)
          if (shelf) shelf.push(one)
          else byPath.set(path, [one])
        }
      }
    },
    coverOf(conditions) {
      const paths = looks(conditions, 'path-pattern')
      let found: Filed<T> | undefined
      for (const host of looks(conditions, 'host-header')) {
        const byPath = filed.get(host)
        if (!byPath) continue
        for (const path of paths)
          for (const one of byPath.get(path) ?? []) {
            if (found && one.at >= found.at) break
            if (covers(one.conditions, conditions)) found = one
          }
      }
      return found?.item
    },
  }
}

const anything = ''

type Patterned = Extract<Condition, { readonly field: Field }>
const of = (conditions: readonly Condition[], field: Field): Patterned | undefined =>
  conditions.find((one): one is Patterned => one.field === field)

/** Where a rule stands: by the text of each value, or by the whole labels (segments) at the fixed end of its wildcards. */
function places(conditions: readonly Condition[], field: Field): readonly string[] {
  const one = of(conditions, field)
  if (!one) return [anything]
  if (one.regexValues) return one.regexValues.map((regex) => `~${regex}`)
  const texts = one.values.map((value) => fold(value, field))
  return [...new Set(texts.map((text) => (/[*?]/.test(text) ? `*${fixedEnd(text, field)}` : `=${text}`)))]
}

function fixedEnd(text: string, field: Field): string {
  if (field === 'path-pattern') {
    const head = text.slice(0, text.search(/[*?]/))
    return head.slice(0, head.lastIndexOf('/') + 1)
  }
  const tail = text.slice(Math.max(text.lastIndexOf('*'), text.lastIndexOf('?')) + 1)
  const dot = tail.indexOf('.')
  return dot < 0 ? '' : tail.slice(dot)
}

/** Wherever a rule that covers this one can stand. */
function looks(conditions: readonly Condition[], field: Field): readonly string[] {
  const one = of(conditions, field)
  const always = field === 'path-pattern' ? [anything, '*', '*/'] : [anything]
  if (!one) return always
  if (one.regexValues) return [...always, `~${one.regexValues[0] ?? ''}`]
  const text = fold(one.values[0] ?? '', field)
  const found = [anything, '*', `=${text}`]
  for (const end of ends(text, field)) found.push(`*${end}`)
  if (field === 'path-pattern' && !text.startsWith('/')) found.push('*/')
  return found
}

/** Deeper ones are not looked for. */
const deepest = 32

function ends(text: string, field: Field): readonly string[] {
  const separator = field === 'path-pattern' ? '/' : '.'
  const found: string[] = []
  for (
    let at = text.indexOf(separator);
    at >= 0 && found.length < deepest;
    at = text.indexOf(separator, at + 1)
  )
    found.push(field === 'path-pattern' ? text.slice(0, at + 1) : text.slice(at))
  return found
}

const fold = (text: string, field: Field): string => (field === 'host-header' ? text.toLowerCase() : text)
