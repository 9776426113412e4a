/** Waiting in line for AWS: one token bucket per category that AWS itself limits, in the order of who waits. */
import { type Bucket, bucketsOf, type Limits } from './category.ts'

/** Who goes first: an edit, a new group, the regular look, healing drift. */
export type Priority = 'user' | 'new' | 'resync' | 'drift'
const order: readonly Priority[] = ['user', 'new', 'resync', 'drift']

type Turn = {
  readonly priority: Priority
  /** Epoch milliseconds after which waiting is pointless. */
  readonly deadline?: number
  readonly signal?: AbortSignal
}
/** `late`: the token would come after the deadline. */
export type Taken = 'taken' | 'late' | 'aborted'

export type Limiter = {
  take(action: string, turn: Turn): Promise<Taken>
  /** AWS refused this action with a throttle: others drew from the account's bucket too. */
  refused(action: string): void
  /** Milliseconds until this action could be sent at once; a queue holds the key so long, not a worker. */
  readyIn(action: string): number
  /** The same of its category alone: for what all calls share, those who wait are served by their priority. */
  categoryReadyIn(action: string): number
  /** The part of the account's rates that is ours: one by the number of live holders. */
  share(part: number): void
}

type Waiter = {
  readonly buckets: readonly Bucket[]
  readonly priority: Priority
  readonly settle: (taken: Taken) => void
}

/** Of ten turns, one is a waiting sweep's: it must not starve behind edits. */
const turnsBeforeDrift = 9

export function createLimiter(limits: Limits = {}): Limiter {
  const buckets = bucketsOf(limits)
  const waiting: Waiter[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let sinceDrift = 0

  const grant = (waiter: Waiter): void => {
    for (const bucket of waiter.buckets) bucket.draw()
    sinceDrift = waiter.priority === 'drift' ? 0 : sinceDrift + 1
    waiter.settle('taken')
  }
  const next = (): Waiter | undefined => {
    const able = waiting.filter((waiter) => waiter.buckets.every((bucket) => bucket.readyIn() === 0))
    const drift = able.find((waiter) => waiter.priority === 'drift')
    return sinceDrift >= turnsBeforeDrift && drift !== undefined ? drift : first(able)
  }
  const serve = (): void => {
    clearTimeout(timer)
    timer = undefined
    for (let waiter = next(); waiter !== undefined; waiter = next()) {
      waiting.splice(waiting.indexOf(waiter), 1)
      grant(waiter)
    }
    if (waiting.length === 0) return
    const soonest = Math.min(...waiting.map(({ buckets: own }) => longest(own)))
    timer = setTimeout(serve, Math.max(1, Math.ceil(soonest)))
  }

  return {
    take: (action, turn) =>
      new Promise((resolve) => {
        if (turn.signal?.aborted) return resolve('aborted')
        const own = buckets.of(action)
        if (turn.deadline !== undefined && Date.now() + longest(own) > turn.deadline) return resolve('late')
        const leave = (taken: Taken): void => {
          clearTimeout(late)
          turn.signal?.removeEventListener('abort', abort)
          const at = waiting.indexOf(waiter)
          if (at >= 0) waiting.splice(at, 1)
          resolve(taken)
        }
        const abort = (): void => leave('aborted')
        const waiter: Waiter = { buckets: own, priority: turn.priority, settle: leave }
        const late =
          turn.deadline === undefined
            ? undefined
            : setTimeout(() => leave('late'), turn.deadline - Date.now())
        turn.signal?.addEventListener('abort', abort, { once: true })
        waiting.push(waiter)
        serve()
      }),
    refused: (action) => {
      for (const bucket of buckets.of(action)) bucket.refused()
    },
    readyIn: (action) => longest(buckets.of(action)),
    categoryReadyIn: (action) => longest(buckets.of(action).slice(-1)),
    share: (part) => buckets.share(part),
  }
}

const longest = (buckets: readonly Bucket[]): number =>
  Math.max(0, ...buckets.map((bucket) => bucket.readyIn()))

function first(waiters: readonly Waiter[]): Waiter | undefined {
  return order
    .map((priority) => waiters.find((waiter) => waiter.priority === priority))
    .find((waiter) => waiter !== undefined)
}
