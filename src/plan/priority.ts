/** Priority numbers for rules in a wanted order: as few existing numbers as possible change. */
import { increasing } from './sequence.ts'

const stride = 100
const firstPriority = 10_000
/** Above it are only rules that never match, and what ALBC pushed aside. */
const lastPriority = 49_000

export type Place = {
  /** Absent: to be created. */
  readonly priority?: number
  /** Must keep its number if there is any way. */
  readonly pinned: boolean
}

/** One number per place, ascending; none of `taken`. Throws nothing: falls back to numbering all anew. */
export function assignPriorities(places: readonly Place[], taken: ReadonlySet<number>): readonly number[] {
  const existing = places.flatMap(({ priority }, at) => (priority === undefined ? [] : [{ at, priority }]))
  const pinned = existing.filter(({ at }) => places[at]?.pinned)
  const free = existing.filter(({ at, priority }) =>
    pinned.every((one) => (one.at < at ? one.priority < priority : one.at === at || one.priority > priority)),
  )
  const stay = increasing(free.map(({ priority }) => priority)).flatMap((index) => free[index] ?? [])
  const attempts = [
    stay,
    increasing(pinned.map(({ priority }) => priority)).flatMap((i) => pinned[i] ?? []),
    [],
  ]
  for (const fixed of attempts) {
    const numbers = fill(places.length, new Map(fixed.map(({ at, priority }) => [at, priority])))
    if (numbers && !places.some((place, at) => place.priority !== numbers[at] && taken.has(numbers[at] ?? 0)))
      return numbers
  }
  return spread(0, lastPriority, places.length) ?? []
}

function fill(length: number, fixed: ReadonlyMap<number, number>): number[] | undefined {
  const numbers: number[] = []
  let low = 0
  while (numbers.length < length) {
    const start = numbers.length
    let end = start
    while (end < length && !fixed.has(end)) end += 1
    const high = fixed.get(end)
    const run = between(low, high, end - start)
    if (!run) return undefined
    numbers.push(...run)
    if (high === undefined) break
    numbers.push(high)
    low = high
  }
  return numbers
}

function between(low: number, high: number | undefined, count: number): number[] | undefined {
  if (count === 0) return []
  const steps = Array.from({ length: count }, (_, at) => at)
  if (high === undefined) {
    const start = Math.max(low + stride, firstPriority)
    return start + stride * (count - 1) <= lastPriority
      ? steps.map((at) => start + stride * at)
      : spread(low, lastPriority, count)
  }
  if (low === 0 && high - stride * count > 0) return steps.map((at) => high - stride * (count - at))
  return spread(low, high, count)
}

const spread = (low: number, high: number, count: number): number[] | undefined =>
  high - low > count
    ? Array.from({ length: count }, (_, at) => low + Math.floor(((high - low) * (at + 1)) / (count + 1)))
    : undefined

/** Numbers for rules that never match: the highest free ones. */
export function highest(count: number, taken: ReadonlySet<number>): number[] {
  const numbers: number[] = []
  for (let number = 50_000; numbers.length < count && number > 0; number -= 1)
    if (!taken.has(number)) numbers.push(number)
  return numbers
}
