/**
 * Kubernetes events about objects: repeated ones are counted, many of one object are limited, and a recorder never
 * throws, blocks or grows without bound. Series of `events.k8s.io/v1`, which `kubectl describe` shows as `x3 over 2m`; where
 * only core events may be written, as under ALBC's ClusterRole, these.
 */
import type { Kube } from './client.ts'
import { isAlreadyExists, isDenied, isNotFound, isTransient, type KubeError } from './error.ts'
import { coreEventBody, eventBody, eventNamespace, type EventNote } from './event-body.ts'
import {
  microTime,
  type Series,
  seriesKey,
  seriesTable,
  type SeriesTable,
  wholeSeconds,
} from './event-series.ts'
import { coreEvents, events } from './resource.ts'

export type Recorder = {
  /** False: there was no room for it. An object that had its share of events is told no more, which is no matter of room. */
  record(note: EventNote): boolean
  /** Resolves when what was recorded so far is written or given up. */
  flush(): Promise<void>
  stats(): EventCounts
}
type EventCounts = { readonly written: number; readonly limited: number; readonly dropped: number }
export type RecorderOptions = {
  /** Which replica reports. */
  readonly instance?: string
  readonly queueLimit?: number
  readonly onError?: (error: KubeError, note: EventNote) => void
}

const tries = 3
/** As ALBC names its recorders. */
const controllerOf = (kind: string): string =>
  kind === 'TargetGroupBinding' ? 'targetGroupBinding' : 'ingress'

type Wire = {
  readonly kube: Kube
  readonly table: SeriesTable
  readonly instance: string
  /** The API server lets us write no events but those of core. */
  onlyCore: boolean
}

/** One call: counts up the event on the server, or creates it. Undefined when it worked. */
async function send(wire: Wire, note: EventNote, of: Series): Promise<KubeError | undefined> {
  const { kube, table } = wire
  const namespace = eventNamespace(note)
  if (of.stored !== undefined) {
    const counted =
      of.stored === 'series'
        ? await kube.patch(
            events,
            { namespace, name: of.name },
            { series: { count: of.count, lastObservedTime: microTime(of.lastMs) } },
          )
        : await kube.patch(
            coreEvents,
            { namespace, name: of.name },
            { count: of.count, lastTimestamp: wholeSeconds(of.lastMs) },
          )
    if (counted.ok || !isNotFound(counted.error)) return counted.ok ? undefined : counted.error
    // The server forgets events after an hour.
    table.rename(of, note)
  }
  const created = await create(wire, note, of)
  if (created === undefined) of.stored = wire.onlyCore ? 'core' : 'series'
  else if (isAlreadyExists(created)) table.rename(of, note)
  return created
}

async function create(wire: Wire, note: EventNote, of: Series): Promise<KubeError | undefined> {
  const { kube, instance } = wire
  const metadata = { namespace: eventNamespace(note), name: of.name }
  const reporter = { controller: controllerOf(note.object.kind), instance }
  if (!wire.onlyCore) {
    const series = of.count > 1 ? { series: { count: of.count, lastObservedTime: microTime(of.lastMs) } } : {}
    const made = await kube.create(events, {
      ...eventBody(note, reporter),
      metadata,
      eventTime: microTime(of.firstMs),
      ...series,
    })
    if (made.ok) return undefined
    if (!isDenied(made.error) && !isNotFound(made.error)) return made.error
  }
  const made = await kube.create(coreEvents, {
    ...coreEventBody(note, reporter),
    metadata,
    count: of.count,
    firstTimestamp: wholeSeconds(of.firstMs),
    lastTimestamp: wholeSeconds(of.lastMs),
  })
  if (!made.ok) return made.error
  wire.onlyCore = true
  return undefined
}

async function sendOften(attempt: () => Promise<KubeError | undefined>): Promise<KubeError | undefined> {
  for (let count = 1; ; count += 1) {
    const error = await attempt()
    if (!error || count === tries || !(isTransient(error) || isAlreadyExists(error))) return error
    const waitMs = (error.retryAfterSeconds ?? 0.2 * 2 ** count) * 1000
    await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 5_000)))
  }
}

export function createRecorder(kube: Kube, options: RecorderOptions = {}): Recorder {
  const { queueLimit = 1000, instance = 'albatross', onError } = options
  const table = seriesTable()
  const wire: Wire = { kube, table, instance, onlyCore: false }
  const queue = new Map<string, EventNote>()
  const counts = { written: 0, limited: 0, dropped: 0 }
  let writing: Promise<void> | undefined

  const write = async (note: EventNote): Promise<void> => {
    const of = table.get(note)
    if (!of) return
    const error = await sendOften(() => send(wire, note, of)).catch(
      (thrown: unknown): KubeError => ({ status: 0, reason: 'Bug', message: String(thrown) }),
    )
    if (!error) {
      counts.written += 1
      return
    }
    counts.dropped += 1
    try {
      onError?.(error, note)
    } catch {
      // A fault of who listens must not end the recorder.
    }
  }
  const writeAll = async (): Promise<void> => {
    for (let next = queue.entries().next().value; next; next = queue.entries().next().value) {
      queue.delete(next[0])
      await write(next[1])
    }
    writing = undefined
  }

  return {
    record: (note) => {
      const key = seriesKey(note)
      const room = note.patient === true ? queueLimit / 2 : queueLimit
      if (!queue.has(key) && queue.size >= room) {
        counts.dropped += 1
        return false
      }
      if (!table.count(note)) counts.limited += 1
      else {
        queue.set(key, note)
        writing ??= Promise.resolve().then(writeAll)
      }
      return true
    },
    flush: async () => {
      while (writing) await writing
    },
    stats: () => ({ ...counts }),
  }
}
