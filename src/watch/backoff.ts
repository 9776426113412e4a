/** How long to wait after failures in a row: doubling, jittered, bounded. */
export type Backoff = {
  /** Counts a failure and says how long to wait. */
  next(): number
  readonly failures: number
  reset(): void
}

export function createBackoff(leastMs: number, mostMs: number): Backoff {
  let failures = 0
  return {
    next: () => {
      const base = Math.min(mostMs, leastMs * 2 ** Math.min(failures, 30))
      failures += 1
      // Between the whole and twice of it: never sooner than the least, never all at once.
      return Math.min(mostMs, base * (1 + Math.random()))
    },
    get failures() {
      return failures
    },
    reset: () => {
      failures = 0
    },
  }
}
