/**
 * Kubernetes events about objects: repeated ones are counted, many of one object are limited, and a recorder never
 * throws, blocks or grows without bound. Core v1 with `count`: what ALBC's ClusterRole permits and `kubectl describe`
 * shows as `x3 over 2m`.
 */
import type { Kube } from './client.ts'
import { isAlreadyExists, isNotFound, isTransient, type KubeError } from './error.ts'
import { eventBody, eventNamespace, type EventNote } from './event-body.ts'
import { type Series, seriesKey, seriesTable, type SeriesTable, wholeSeconds } from './event-series.ts'
import { events } from './resource.ts'

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
const componentOf = (kind: string): string =>
  kind === 'TargetGroupBinding' ? 'targetGroupBinding' : 'ingress'

/** One call: counts up the event on the server, or creates it. Undefined when it worked. */
async function send(
  kube: Kube,
  table: SeriesTable,
  note: EventNote,
  { of, instance }: { readonly of: Series; readonly instance: string },
): Promise<KubeError | undefined> {
  const lastTimestamp = wholeSeconds(of.lastMs)
  const namespace = eventNamespace(note)
  if (of.stored) {
    const patched = await kube.patch(events, { namespace, name: of.name }, { count: of.count, lastTimestamp })
    if (patched.ok || !isNotFound(patched.error)) return patched.ok ? undefined : patched.error
    // The server forgets events after an hour.
    table.rename(of, note)
  }
  const created = await kube.create(events, {
    ...eventBody(note, { component: componentOf(note.object.kind), instance }),
    metadata: { namespace, name: of.name },
    count: of.count,
    firstTimestamp: of.first,
    lastTimestamp,
  })
  if (created.ok) of.stored = true
  else if (isAlreadyExists(created.error)) table.rename(of, note)
  return created.ok ? undefined : created.error
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
  const { queueLimit = 1000, instance = '', onError } = options
  const table = seriesTable()
  const queue = new Map<string, EventNote>()
  const counts = { written: 0, limited: 0, dropped: 0 }
  let writing: Promise<void> | undefined

  const write = async (note: EventNote): Promise<void> => {
    const of = table.get(note)
    if (!of) return
    const error = await sendOften(() => send(kube, table, note, { of, instance })).catch(
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
