/** Regular expressions that can't run away: a program of bounded size, run in time linear in the text, leftmost-first as RE2. */
import { type Result, fail, ok } from '../lib/result.ts'
import { type Node, type Ranges, parseRegex } from './regex-parse.ts'

type Instruction =
  | { readonly op: 'set'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly op: 'assert'; readonly what: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; to: number }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'match' }

export type Regex = {
  /** Where the leftmost match and its groups begin and end: [start, end, start1, end1, …]; undefined when none. */
  readonly exec: (text: string) => readonly number[] | undefined
}

/** `.{1000}{…}` and the like would otherwise eat the memory that the text can't. */
const mostInstructions = 5000

class TooLarge extends Error {}

function emit(program: Instruction[], instruction: Instruction): number {
  if (program.length >= mostInstructions) throw new TooLarge()
  return program.push(instruction) - 1
}

function emitAny(program: Instruction[], items: readonly Node[]): void {
  const jumps: { to: number }[] = []
  items.forEach((item, index) => {
    if (index === items.length - 1) return compile(program, item)
    const split = { op: 'split' as const, first: 0, second: 0 }
    emit(program, split)
    split.first = program.length
    compile(program, item)
    const jump = { op: 'jump' as const, to: 0 }
    emit(program, jump)
    jumps.push(jump)
    split.second = program.length
  })
  for (const jump of jumps) jump.to = program.length
}

function emitOptional(program: Instruction[], item: Node, greedy: boolean, loops: boolean): void {
  const split = { op: 'split' as const, first: 0, second: 0 }
  const at = emit(program, split)
  const body = program.length
  compile(program, item)
  if (loops) emit(program, { op: 'jump', to: at })
  split.first = greedy ? body : program.length
  split.second = greedy ? program.length : body
}

function isEmpty(node: Node): boolean {
  if (node.kind === 'empty') return true
  if (node.kind === 'all') return node.items.every(isEmpty)
  return node.kind === 'repeat' && isEmpty(node.item)
}

function compile(program: Instruction[], node: Node): void {
  switch (node.kind) {
    case 'empty':
      return
    case 'set':
      emit(program, { op: 'set', ranges: node.ranges, negated: node.negated })
      return
    case 'assert':
      emit(program, { op: 'assert', what: node.what })
      return
    case 'all':
      for (const item of node.items) compile(program, item)
      return
    case 'any':
      return emitAny(program, node.items)
    case 'group':
      emit(program, { op: 'save', slot: node.index * 2 })
      compile(program, node.item)
      emit(program, { op: 'save', slot: node.index * 2 + 1 })
      return
    case 'repeat':
      // What emits nothing could be repeated a thousand times a thousand times unseen.
      if (isEmpty(node.item)) return
      for (let count = 0; count < node.min; count += 1) compile(program, node.item)
      if (node.max === Infinity) emitOptional(program, node.item, node.greedy, true)
      else
        for (let count = node.min; count < node.max; count += 1)
          emitOptional(program, node.item, node.greedy, false)
      return
    default:
      node satisfies never
  }
}

const isWord = (text: string, at: number): boolean => /[A-Za-z0-9_]/.test(text.charAt(at))

function holds(what: 'start' | 'end' | 'word' | 'notWord', text: string, at: number): boolean {
  if (what === 'start') return at === 0
  if (what === 'end') return at === text.length
  const boundary = isWord(text, at - 1) !== isWord(text, at)
  return what === 'word' ? boundary : !boundary
}

const inSet = (ranges: Ranges, negated: boolean, code: number): boolean =>
  ranges.some(([low, high]) => code >= low && code <= high) !== negated

type Thread = { readonly at: number; readonly slots: readonly number[] }

/** All threads that `from` leads to without reading a character, the preferred first. */
function follow(
  program: readonly Instruction[],
  from: Thread,
  threads: Thread[],
  seen: Set<number>,
  place: { readonly text: string; readonly position: number },
): void {
  const stack: Thread[] = [from]
  for (let thread = stack.pop(); thread; thread = stack.pop()) {
    const instruction = program[thread.at]
    if (!instruction || seen.has(thread.at)) continue
    seen.add(thread.at)
    const { slots } = thread
    if (instruction.op === 'jump') stack.push({ at: instruction.to, slots })
    else if (instruction.op === 'split')
      stack.push({ at: instruction.second, slots }, { at: instruction.first, slots })
    else if (instruction.op === 'save')
      stack.push({ at: thread.at + 1, slots: slots.with(instruction.slot, place.position) })
    else if (instruction.op === 'assert') {
      if (holds(instruction.what, place.text, place.position)) stack.push({ at: thread.at + 1, slots })
    } else threads.push(thread)
  }
}

function run(
  program: readonly Instruction[],
  slotCount: number,
  text: string,
): readonly number[] | undefined {
  const empty = Array.from({ length: slotCount }, () => -1)
  let threads: Thread[] = []
  let found: readonly number[] | undefined
  for (let position = 0; position <= text.length; position += 1) {
    const current: Thread[] = []
    const seen = new Set<number>()
    for (const thread of threads) follow(program, thread, current, seen, { text, position })
    if (!found) follow(program, { at: 0, slots: empty.with(0, position) }, current, seen, { text, position })
    if (current.length === 0 && found) break
    threads = []
    for (const thread of current) {
      const instruction = program[thread.at]
      if (instruction?.op === 'match') {
        found = thread.slots.with(1, position)
        break
      }
      if (
        instruction?.op === 'set' &&
        position < text.length &&
        inSet(instruction.ranges, instruction.negated, text.charCodeAt(position))
      )
        threads.push({ at: thread.at + 1, slots: thread.slots })
    }
  }
  return found
}

/** Why text is no regular expression of ALB's kind is the error. */
export function compileRegex(source: string, fold = false): Result<Regex, string> {
  const parsed = parseRegex(source, fold)
  if (!parsed.ok) return parsed
  const program: Instruction[] = []
  try {
    compile(program, parsed.value.tree)
    emit(program, { op: 'match' })
  } catch (error) {
    if (error instanceof TooLarge) return fail('too large')
    throw error
  }
  const slotCount = (parsed.value.groups + 1) * 2
  return ok({ exec: (text) => run(program, slotCount, text) })
}

const cache = new Map<string, Result<Regex, string>>()
const mostCached = 2000

/** As compileRegex, remembered: rules are evaluated for each request. */
export function regexOf(source: string, fold = false): Result<Regex, string> {
  const key = `${fold ? 'i' : ''}/${source}`
  const known = cache.get(key)
  if (known) return known
  const compiled = compileRegex(source, fold)
  if (cache.size >= mostCached) cache.clear()
  cache.set(key, compiled)
  return compiled
}
