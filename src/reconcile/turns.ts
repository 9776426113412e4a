/**
 * Who registers next while AWS's registration bucket is dry: those who take targets out, then target groups without any,
 * then the smallest; who has waited long goes before all. A key waits here, not in a worker.
 */
export type Turns = {
  /** Whether this key may go on now; if not, it is woken when its turn has come. A lower rank goes first. */
  take(key: string, rank: number): boolean
  /** It has nothing to do any more. */
  drop(key: string): void
}
type Waiting = { readonly rank: number; readonly since: number; woken: boolean }

const longMs = 10_000
const leastMs = 5

/** `readyIn`: milliseconds until the bucket has a token. */
export function createTurns(readyIn: () => number, wake: (key: string) => void): Turns {
  const waiting = new Map<string, Waiting>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const next = (): string | undefined => {
    const longAgo = Date.now() - longMs
    let found: { readonly key: string; readonly entry: Waiting } | undefined
    for (const [key, entry] of waiting)
      if (!entry.woken && (found === undefined || isBefore(entry, found.entry, longAgo)))
        found = { key, entry }
    return found?.key
  }
  const schedule = (): void => {
    if (timer !== undefined || next() === undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        const key = readyIn() > 0 ? undefined : next()
        const entry = key === undefined ? undefined : waiting.get(key)
        if (key !== undefined && entry !== undefined) {
          entry.woken = true
          wake(key)
        }
        schedule()
      },
      Math.max(leastMs, readyIn()),
    )
  }
  return {
    take: (key, rank) => {
      const entry = waiting.get(key)
      const dry = readyIn() > 0
      const first = dry || entry?.woken === true ? undefined : next()
      if (!dry && (first === undefined || first === key)) {
        waiting.delete(key)
        return true
      }
      waiting.set(key, { rank, since: entry?.since ?? Date.now(), woken: false })
      schedule()
      return false
    },
    drop: (key) => {
      waiting.delete(key)
    },
  }
}

function isBefore(a: Waiting, b: Waiting, longAgo: number): boolean {
  const [aLong, bLong] = [a.since < longAgo, b.since < longAgo]
  if (aLong || bLong) return aLong && (!bLong || a.since < b.since)
  return a.rank < b.rank || (a.rank === b.rank && a.since < b.since)
}
