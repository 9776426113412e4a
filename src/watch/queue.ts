/**
 * The work queue: a key waits once however often it is named, one pass per key at a time, several keys at once.
 * What a pass returns says when it is looked at again; what it throws is a bug, and the key backs off.
 */
import { type Backoff, createBackoff } from './backoff.ts'
import { createReady, type Priority, sooner } from './ready.ts'
import type { Verdict } from './verdict.ts'

export type Pass = { readonly key: string; readonly priority: Priority; readonly signal: AbortSignal }
export type PassReport = {
  readonly key: string
  readonly priority: Priority
  readonly waitedMs: number
  readonly tookMs: number
  /** What it said; absent when it threw or missed its deadline. */
  readonly verdict?: Verdict
  readonly thrown?: unknown
}
export type QueueOptions = {
  readonly work: (pass: Pass) => Promise<Verdict>
  readonly workers: number
  /** So many more for edits alone: looks that wait for AWS must not keep them waiting. */
  readonly editWorkers?: number
  /** A pass that has not ended by then is told to by its signal, and after the grace its key is free again. */
  readonly deadlineMs?: number
  readonly graceMs?: number
  /** When a blocked key is looked at all the same. */
  readonly blockedMs?: number
  readonly onPass?: (report: PassReport) => void
}
type QueueStats = {
  readonly ready: number
  readonly running: number
  /** Waiting for their time. */
  readonly delayed: number
  readonly longestWaitMs: number
  readonly passes: number
  readonly thrown: number
}
export type Queue = {
  /** Now, or after a delay; an earlier time always wins. During its own pass: once more after it. */
  add(key: string, priority?: Priority, afterMs?: number): void
  /** Drops what is waiting of this key; a running pass ends. */
  forget(key: string): void
  stats(): QueueStats
  /** Resolves when nothing is ready or running; delayed keys don't count. */
  idle(): Promise<void>
  /** Takes no more, tells running passes to end after `drainMs`, resolves when none runs. */
  stop(drainMs?: number): Promise<void>
}

type Entry = {
  readonly backoff: Backoff
  running: boolean
  /** Named again during its pass. */
  dirty?: Priority | undefined
  timer?: { readonly handle: ReturnType<typeof setTimeout>; readonly dueMs: number } | undefined
  /** Asked for during its pass, for after it. */
  later?: { readonly dueMs: number; readonly priority: Priority } | undefined
}

const leastBackoffMs = 1_000
const mostBackoffMs = 300_000
const missedDeadline = new Error('the pass did not end by its deadline')

type Core = {
  readonly options: QueueOptions
  readonly entries: Map<string, Entry>
  readonly ready: ReturnType<typeof createReady>
  readonly passes: Set<AbortController>
  readonly idlers: Set<() => void>
  counts: { passes: number; thrown: number }
  stopped: boolean
  pumping: boolean
}

function take({ stopped, passes, ready, options }: Core): ReturnType<Core['ready']['take']> {
  const { workers, editWorkers = 0 } = options
  if (stopped) return undefined
  if (passes.size < workers) return ready.take()
  return passes.size < workers + editWorkers ? ready.take('edits') : undefined
}

function pump(core: Core): void {
  if (core.pumping) return
  core.pumping = true
  // Later in this turn, so that all that one event names is in before the first is taken.
  void Promise.resolve().then(() => {
    core.pumping = false
    for (let next = take(core); next !== undefined; next = take(core)) void runPass(core, next)
    if (core.passes.size === 0 && (core.stopped || core.ready.size === 0)) {
      for (const resolve of core.idlers) resolve()
      core.idlers.clear()
    }
  })
}

function enqueue(core: Core, key: string, priority: Priority): void {
  const entry = core.entries.get(key)
  if (entry?.timer) clearTimeout(entry.timer.handle)
  if (entry) entry.timer = undefined
  else core.entries.set(key, { backoff: createBackoff(leastBackoffMs, mostBackoffMs), running: false })
  core.ready.add(key, priority, Date.now())
  pump(core)
}

function delay(core: Core, key: string, priority: Priority, dueMs: number): void {
  const entry = core.entries.get(key) ?? {
    backoff: createBackoff(leastBackoffMs, mostBackoffMs),
    running: false,
  }
  core.entries.set(key, entry)
  if (entry.timer && entry.timer.dueMs <= dueMs) return
  if (entry.timer) clearTimeout(entry.timer.handle)
  const handle = setTimeout(() => enqueue(core, key, priority), Math.max(0, dueMs - Date.now()))
  entry.timer = { handle, dueMs }
}

/** The verdict, or what was thrown; by the deadline and its grace at the latest. */
async function bounded(
  core: Core,
  pass: Omit<Pass, 'signal'>,
  controller: AbortController,
): Promise<Verdict> {
  const { work, deadlineMs = 120_000, graceMs = 10_000 } = core.options
  const { promise, reject } = Promise.withResolvers<never>()
  let timer = setTimeout(() => {
    controller.abort(missedDeadline)
    timer = setTimeout(() => reject(missedDeadline), graceMs)
  }, deadlineMs)
  const abandon = (): void => {
    if (controller.signal.reason === missedDeadline) return
    clearTimeout(timer)
    timer = setTimeout(() => reject(controller.signal.reason), graceMs)
  }
  controller.signal.addEventListener('abort', abandon)
  try {
    // Async, so that a work function that throws at once is no different.
    const run = async (): Promise<Verdict> => work({ ...pass, signal: controller.signal })
    return await Promise.race([run(), promise])
  } finally {
    clearTimeout(timer)
    controller.signal.removeEventListener('abort', abandon)
  }
}

async function runPass(
  core: Core,
  { key, priority, sinceMs }: { readonly key: string; readonly priority: Priority; readonly sinceMs: number },
): Promise<void> {
  const entry = core.entries.get(key)
  if (!entry) return
  const controller = new AbortController()
  core.passes.add(controller)
  entry.running = true
  const beganMs = Date.now()
  const outcome = await bounded(core, { key, priority }, controller).then(
    (verdict) => ({ verdict }),
    (thrown: unknown) => ({ thrown }),
  )
  core.passes.delete(controller)
  entry.running = false
  core.counts.passes += 1
  const report = { key, priority, waitedMs: beganMs - sinceMs, tookMs: Date.now() - beganMs, ...outcome }
  settle(core, report, entry)
  try {
    core.options.onPass?.(report)
  } finally {
    pump(core)
  }
}

/** When the key is looked at again: the earliest of what the pass said and what was asked for meanwhile. */
function settle(core: Core, { key, verdict }: PassReport, entry: Entry): void {
  const { dirty, later } = entry
  entry.dirty = undefined
  entry.later = undefined
  if (verdict) entry.backoff.reset()
  else core.counts.thrown += 1
  if (core.stopped || core.entries.get(key) !== entry) return
  if (dirty) enqueue(core, key, dirty)
  else {
    if (later) delay(core, key, later.priority, later.dueMs)
    if (!verdict) delay(core, key, 'resync', Date.now() + entry.backoff.next())
    else if (verdict.verdict === 'again') delay(core, key, 'resync', Date.now() + verdict.afterMs)
    else if (verdict.verdict === 'blocked')
      delay(core, key, 'drift', Date.now() + (core.options.blockedMs ?? 300_000))
    // A settled key leaves nothing behind.
    if (!entry.timer) core.entries.delete(key)
  }
}

function add(core: Core, key: string, priority: Priority, afterMs: number): void {
  if (core.stopped) return
  const entry = core.entries.get(key)
  if (entry?.running) {
    if (afterMs <= 0) entry.dirty = entry.dirty ? sooner(entry.dirty, priority) : priority
    else {
      const dueMs = Date.now() + afterMs
      if (!entry.later || dueMs < entry.later.dueMs) entry.later = { dueMs, priority }
    }
  } else if (afterMs <= 0 || (entry && !entry.timer)) enqueue(core, key, priority)
  else delay(core, key, priority, Date.now() + afterMs)
}

async function stop(core: Core, drainMs: number): Promise<void> {
  core.stopped = true
  for (const { timer } of core.entries.values()) if (timer) clearTimeout(timer.handle)
  core.entries.clear()
  const timer = setTimeout(() => {
    for (const controller of core.passes) controller.abort(new Error('the controller is stopping'))
  }, drainMs)
  await idle(core)
  clearTimeout(timer)
}

function idle(core: Core): Promise<void> {
  return new Promise((resolve) => {
    core.idlers.add(resolve)
    pump(core)
  })
}

export function createQueue(options: QueueOptions): Queue {
  const core: Core = {
    options,
    entries: new Map(),
    ready: createReady(),
    passes: new Set(),
    idlers: new Set(),
    counts: { passes: 0, thrown: 0 },
    stopped: false,
    pumping: false,
  }
  return {
    add: (key, priority = 'edit', afterMs = 0) => add(core, key, priority, afterMs),
    forget: (key) => {
      const entry = core.entries.get(key)
      if (entry?.timer) clearTimeout(entry.timer.handle)
      if (entry && !entry.running) entry.timer = undefined
      if (entry) entry.dirty = entry.later = undefined
      if (entry && !entry.running) core.entries.delete(key)
    },
    stats: () => ({
      ready: core.ready.size,
      running: core.passes.size,
      delayed: [...core.entries.values()].filter(({ timer }) => timer).length,
      longestWaitMs: core.ready.longestWaitMs(Date.now()),
      ...core.counts,
    }),
    idle: () => idle(core),
    stop: (drainMs = 0) => stop(core, drainMs),
  }
}
