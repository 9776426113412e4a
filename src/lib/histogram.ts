/** Observed values, counted by bucket. */
export type Histogram = {
  observe(value: number): void
  /** Of each bucket how many values there are up to its end, those of the buckets before it included. */
  read(): {
    readonly buckets: readonly { readonly upTo: number; readonly count: number }[]
    readonly sum: number
    readonly count: number
  }
}

/** `bounds`: where the buckets end, ascending. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0)
  let sum = 0
  let count = 0
  return {
    observe: (value) => {
      for (const [at, bound] of bounds.entries()) if (value <= bound) counts[at] = (counts[at] ?? 0) + 1
      sum += value
      count += 1
    },
    read: () => ({ buckets: bounds.map((upTo, at) => ({ upTo, count: counts[at] ?? 0 })), sum, count }),
  }
}
