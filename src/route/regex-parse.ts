/** ALB's regular expressions (RE2's kind) as a tree: no look-around, backreference, atomic group, possessive quantifier or `\p{…}`. */
import { type Result, fail, ok } from '../lib/result.ts'

/** Inclusive code-unit ranges. */
export type Ranges = readonly (readonly [number, number])[]
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly kind: 'all'; readonly items: readonly Node[] }
  | { readonly kind: 'any'; readonly items: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly item: Node }
  | {
      readonly kind: 'repeat'
      readonly item: Node
      readonly min: number
      readonly max: number
      readonly greedy: boolean
    }

class Refusal extends Error {}
type State = { readonly text: string; at: number; groups: number; fold: boolean }

const digit: Ranges = [[48, 57]]
const word: Ranges = [...digit, [65, 90], [95, 95], [97, 122]]
const space: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
]
const shorthand: Readonly<Record<string, Ranges>> = { d: digit, w: word, s: space }
const control: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 }
const posix: Readonly<Record<string, Ranges>> = {
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit,
  alnum: [...digit, [65, 90], [97, 122]],
  upper: [[65, 90]],
  lower: [[97, 122]],
  space: [
    [9, 13],
    [32, 32],
  ],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  xdigit: [...digit, [65, 70], [97, 102]],
  word,
}
/** RE2's own bound on counted repetition. */
const mostRepeats = 1000

const invert = (ranges: Ranges): Ranges => {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0])
  const gaps: (readonly [number, number])[] = []
  let next = 0
  for (const [low, high] of sorted) {
    if (low > next) gaps.push([next, low - 1])
    next = Math.max(next, high + 1)
  }
  return next <= 0xffff ? [...gaps, [next, 0xffff]] : gaps
}

function folded(ranges: Ranges): Ranges {
  return ranges.flatMap(([low, high]): Ranges => {
    const upper: readonly [number, number] = [Math.max(low, 97) - 32, Math.min(high, 122) - 32]
    const lower: readonly [number, number] = [Math.max(low, 65) + 32, Math.min(high, 90) + 32]
    return [[low, high], ...[upper, lower].filter(([from, to]) => from <= to)]
  })
}

const set = (state: State, ranges: Ranges, negated = false): Node => ({
  kind: 'set',
  ranges: state.fold ? folded(ranges) : ranges,
  negated,
})
const one = (code: number): Ranges => [[code, code]]

function take(state: State, expected: string): boolean {
  if (!state.text.startsWith(expected, state.at)) return false
  state.at += expected.length
  return true
}

function hexEscape(state: State): number {
  const found = /^(?:([0-9a-f]{2})|\{([0-9a-f]{1,4})\})/i.exec(state.text.slice(state.at))
  if (!found) throw new Refusal('invalid \\x escape')
  state.at += found[0].length
  return Number.parseInt(found[1] ?? found[2] ?? '', 16)
}

/** After the backslash: the characters that it stands for. */
function escaped(state: State): Ranges {
  const character = state.text.charAt(state.at)
  state.at += 1
  const known = shorthand[character.toLowerCase()]
  if (known) return character === character.toLowerCase() ? known : invert(known)
  if (character === 'x') return one(hexEscape(state))
  const code = control[character]
  if (code !== undefined) return one(code)
  if (/[1-9]/.test(character)) throw new Refusal('backreferences are not supported')
  if (/[pP]/.test(character)) throw new Refusal('Unicode character classes are not supported')
  if (character === '') throw new Refusal('trailing backslash')
  if (/[a-zA-Z0]/.test(character)) throw new Refusal(`unknown escape \\${character}`)
  return one(character.charCodeAt(0))
}

function classMember(state: State): Ranges {
  const named = /^\[:(\^?)([a-z]+):\]/.exec(state.text.slice(state.at))
  if (named) {
    const ranges = posix[named[2] ?? '']
    if (!ranges) throw new Refusal(`unknown class ${named[0]}`)
    state.at += named[0].length
    return named[1] ? invert(ranges) : ranges
  }
  if (take(state, '\\')) return escaped(state)
  state.at += 1
  return one(state.text.charCodeAt(state.at - 1))
}

function characterClass(state: State): Node {
  const negated = take(state, '^')
  const ranges: (readonly [number, number])[] = []
  for (let first = true; first || !take(state, ']'); first = false) {
    if (state.at >= state.text.length) throw new Refusal('missing ]')
    const low = classMember(state)
    const single = low.length === 1 && low[0]?.[0] === low[0]?.[1] ? low[0]?.[0] : undefined
    const dash = state.text.charAt(state.at) === '-' && state.text.charAt(state.at + 1) !== ']'
    if (single === undefined || !dash) {
      ranges.push(...low)
      continue
    }
    state.at += 1
    const high = classMember(state)[0]?.[1] ?? -1
    if (high < single) throw new Refusal('character range out of order')
    ranges.push([single, high])
  }
  return set(state, ranges, negated)
}

function group(state: State): Node {
  const outer = state.fold
  const flags = /^\?(-?)i(:|\))/.exec(state.text.slice(state.at))
  const named = /^\?P?<[A-Za-z_]\w*>/.exec(state.text.slice(state.at))
  if (flags) {
    state.at += flags[0].length
    state.fold = flags[1] === ''
    if (flags[2] === ')') return { kind: 'empty' }
  } else if (named) state.at += named[0].length
  else if (take(state, '?:')) return closed(state, outer)
  else if (state.text.charAt(state.at) === '?')
    throw new Refusal('look-around, atomic groups and recursion are not supported')
  if (flags) return closed(state, outer)
  state.groups += 1
  const index = state.groups
  return { kind: 'group', index, item: closed(state, outer) }
}

function closed(state: State, outer: boolean): Node {
  const item = alternatives(state)
  if (!take(state, ')')) throw new Refusal('missing )')
  state.fold = outer
  return item
}

function atom(state: State): Node {
  const character = state.text.charAt(state.at)
  state.at += 1
  switch (character) {
    case '(':
      return group(state)
    case '[':
      return characterClass(state)
    case '.':
      return { kind: 'set', ranges: one(10), negated: true }
    case '^':
      return { kind: 'assert', what: 'start' }
    case '$':
      return { kind: 'assert', what: 'end' }
    case '*':
    case '+':
    case '?':
      throw new Refusal(`nothing to repeat before ${character}`)
    case '\\':
      if (take(state, 'b')) return { kind: 'assert', what: 'word' }
      if (take(state, 'B')) return { kind: 'assert', what: 'notWord' }
      if (take(state, 'A')) return { kind: 'assert', what: 'start' }
      if (take(state, 'z')) return { kind: 'assert', what: 'end' }
      return set(state, escaped(state))
    default:
      return set(state, one(character.charCodeAt(0)))
  }
}

function bounds(state: State): readonly [number, number] | undefined {
  if (take(state, '*')) return [0, Infinity]
  if (take(state, '+')) return [1, Infinity]
  if (take(state, '?')) return [0, 1]
  const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(state.text.slice(state.at))
  if (!counted) return undefined
  state.at += counted[0].length
  const min = Number(counted[1])
  const max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3])
  if (min > mostRepeats || (max !== Infinity && max > mostRepeats) || max < min)
    throw new Refusal(`invalid repetition ${counted[0]}`)
  return [min, max]
}

function repeated(state: State): Node {
  const item = atom(state)
  const range = bounds(state)
  if (!range) return item
  const greedy = !take(state, '?')
  if (/^[*+?]/.test(state.text.slice(state.at)) || /^\{\d+(,\d*)?\}/.test(state.text.slice(state.at)))
    throw new Refusal('possessive or repeated quantifiers are not supported')
  return { kind: 'repeat', item, min: range[0], max: range[1], greedy }
}

function alternatives(state: State): Node {
  const items: Node[] = []
  do {
    const sequence: Node[] = []
    while (state.at < state.text.length && !/[|)]/.test(state.text.charAt(state.at)))
      sequence.push(repeated(state))
    items.push({ kind: 'all', items: sequence })
  } while (take(state, '|'))
  return items.length === 1 && items[0] ? items[0] : { kind: 'any', items }
}

export function parseRegex(
  text: string,
  fold: boolean,
): Result<{ readonly tree: Node; readonly groups: number }, string> {
  const state: State = { text, at: 0, groups: 0, fold }
  try {
    const tree = alternatives(state)
    if (state.at < text.length) return fail('unmatched )')
    return ok({ tree, groups: state.groups })
  } catch (error) {
    if (error instanceof Refusal) return fail(error.message)
    throw error
  }
}
