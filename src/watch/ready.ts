/** Keys that wait for a worker, by priority; the longest waiting one gets its turn now and then, so that none starves. */

/** What a user is waiting for goes before what is new, that before what is looked at again. */
export type Priority = 'edit' | 'new' | 'resync' | 'drift'
const priorities: readonly Priority[] = ['edit', 'new', 'resync', 'drift']
export const sooner = (a: Priority, b: Priority): Priority =>
  priorities.indexOf(a) <= priorities.indexOf(b) ? a : b

type Waiting = { readonly key: string; readonly sinceMs: number }
export type Ready = {
  /** Keeps the earlier time when the key waits already, under the higher of both priorities. */
  add(key: string, priority: Priority, nowMs: number): void
  /** `edits`: none but those that a user waits for. */
  take(
    edits?: 'edits',
  ): { readonly key: string; readonly priority: Priority; readonly sinceMs: number } | undefined
  readonly size: number
  longestWaitMs(nowMs: number): number
}

/** Every so many turns the oldest goes first, whatever its priority. */
const fairTurn = 8

export function createReady(): Ready {
  const queues = new Map<Priority, Map<string, Waiting>>(priorities.map((priority) => [priority, new Map()]))
  const where = new Map<string, Priority>()
  let turns = 0

  const headOf = (priority: Priority): Waiting | undefined => queues.get(priority)?.values().next().value
  const oldest = (): Priority | undefined => {
    let found: Priority | undefined
    let since = Number.POSITIVE_INFINITY
    for (const priority of priorities) {
      const head = headOf(priority)
      if (head && head.sinceMs < since) {
        since = head.sinceMs
        found = priority
      }
    }
    return found
  }
  return {
    add: (key, priority, nowMs) => {
      const present = where.get(key)
      const queue = present && queues.get(present)
      const sinceMs = queue?.get(key)?.sinceMs ?? nowMs
      const next = present ? sooner(present, priority) : priority
      if (present === next) return
      queue?.delete(key)
      queues.get(next)?.set(key, { key, sinceMs })
      where.set(key, next)
    },
    take: (edits) => {
      if (edits === undefined) turns += 1
      const usual = (): Priority | undefined =>
        turns % fairTurn === 0 ? oldest() : priorities.find((priority) => headOf(priority))
      const first = edits === undefined ? usual() : 'edit'
      const head = first && headOf(first)
      if (!first || !head) return undefined
      queues.get(first)?.delete(head.key)
      where.delete(head.key)
      return { ...head, priority: first }
    },
    get size() {
      return where.size
    },
    longestWaitMs: (nowMs) => {
      const first = oldest()
      const head = first && headOf(first)
      return head ? nowMs - head.sinceMs : 0
    },
  }
}
