/** Counts of observed values by bucket, as Prometheus has them: cumulative, with sum and count. */
export type Histogram = {
  observe(value: number): void
  /** Lines of the text format, without HELP and TYPE. */
  lines(name: string): readonly string[]
}

/** `bounds`: upper ends of the buckets, ascending; one without end is added. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0)
  let sum = 0
  let count = 0
  return {
    observe: (value) => {
      const at = bounds.findIndex((bound) => value <= bound)
      if (at >= 0) counts[at] = (counts[at] ?? 0) + 1
      sum += value
      count += 1
    },
    lines: (name) => {
      let below = 0
      const buckets = bounds.map((bound, at) => `${name}_bucket{le="${bound}"} ${(below += counts[at] ?? 0)}`)
      return [
        ...buckets,
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]
    },
  }
}
