/** Longest sequences in common order: what of a list can stay where it is. */

/** Indexes of a longest strictly increasing subsequence. */
export function increasing(values: readonly number[]): number[] {
  const tails: number[] = []
  const before: (number | undefined)[] = []
  values.forEach((value, at) => {
    let low = 0
    let high = tails.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((values[tails[middle] ?? 0] ?? 0) < value) low = middle + 1
      else high = middle
    }
    before[at] = tails[low - 1]
    tails[low] = at
  })
  const found: number[] = []
  for (let at = tails.at(-1); at !== undefined; at = before[at]) found.push(at)
  return found.reverse()
}

/**
 * Pairs each left item with a right one that has its key: first a longest common subsequence, so that most pairs
 * keep their order, then whatever is left, in order. Gives the right index by the left one.
 */
export function pair(left: readonly string[], right: readonly (readonly string[])[]): Map<number, number> {
  const places = new Map<string, number[]>()
  right.forEach((keys, at) => {
    for (const key of keys) places.set(key, [...(places.get(key) ?? []), at])
  })
  // Descending, so that a strictly increasing sequence takes one place per left item.
  const candidates = left.flatMap((key, at) =>
    (places.get(key) ?? []).toReversed().map((place) => ({ at, place })),
  )
  const pairs = new Map<number, number>()
  const used = new Set<number>()
  const take = (at: number, place: number) => {
    if (pairs.has(at) || used.has(place)) return
    pairs.set(at, place)
    used.add(place)
  }
  for (const index of increasing(candidates.map(({ place }) => place))) {
    const found = candidates[index]
    if (found) take(found.at, found.place)
  }
  for (const { at, place } of candidates.toSorted((a, b) => a.at - b.at || a.place - b.place)) take(at, place)
  return pairs
}
