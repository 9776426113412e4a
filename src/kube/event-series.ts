/** Which event a note belongs to and how often it has been said: as client-go counts, in bounded memory. */
import { type EventNote, subjectKey } from './event-body.ts'
import { type TokenBucket, tokenBucket } from './token-bucket.ts'

export type Series = {
  name: string
  readonly firstMs: number
  count: number
  lastMs: number
  /** In which form it is on the server; absent: the next write creates it. */
  stored?: 'series' | 'core' | undefined
}
export type SeriesTable = {
  /** Undefined when the object has had its share of events. */
  count(note: EventNote): Series | undefined
  get(note: EventNote): Series | undefined
  /** The server has another event of that name, or has it no more. */
  rename(of: Series, note: EventNote): void
}

/** A series ends after 10 minutes of silence; an object gets 25 events at once and one per 5 minutes after that. */
const seriesMs = 600_000
const burst = 25
const refillMs = 300_000
const rememberedAtMost = 4096

export const seriesKey = (note: EventNote): string =>
  `${subjectKey(note)}|${note.type}|${note.reason}|${note.message}`

/** Kubernetes' MicroTime. */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
export const wholeSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  const oldest = map.size > rememberedAtMost ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
}

export function seriesTable(): SeriesTable {
  const table = new Map<string, Series>()
  const buckets = new Map<string, TokenBucket>()
  let serial = 0
  const freshName = (note: EventNote): string => {
    serial += 1
    const unique = (BigInt(Date.now()) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)
    return `${note.object.metadata.name.slice(0, 230)}.${unique}`
  }
  return {
    get: (note) => table.get(seriesKey(note)),
    rename: (of, note) => {
      of.name = freshName(note)
      of.stored = undefined
    },
    count: (note) => {
      const now = Date.now()
      const bucket = buckets.get(subjectKey(note)) ?? tokenBucket(burst, refillMs)
      remember(buckets, subjectKey(note), bucket)
      if (!bucket.take(now)) return undefined
      const known = table.get(seriesKey(note))
      const series: Series =
        known && now - known.lastMs < seriesMs
          ? known
          : { name: freshName(note), firstMs: now, count: 0, lastMs: now }
      series.count += 1
      series.lastMs = now
      remember(table, seriesKey(note), series)
      return series
    },
  }
}
