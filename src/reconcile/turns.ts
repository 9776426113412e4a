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
    const now = Date.now()
    const able = [...waiting].filter(([, { woken }]) => !woken)
    const [oldest] = able.toSorted(([, a], [, b]) => a.since - b.since)
    if (oldest !== undefined && now - oldest[1].since > longMs) return oldest[0]
    const [first] = able.toSorted(([, a], [, b]) => a.rank - b.rank || a.since - b.since)
    return first?.[0]
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
      const mine = entry?.woken === true || next() === undefined || (entry !== undefined && next() === key)
      if (readyIn() === 0 && mine) {
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
