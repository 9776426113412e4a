/** Time and chance of one history: every timer, date and random number follows from the seed. */
import { install } from '@sinonjs/fake-timers'

export type Clock = {
  now(): number
  /** Runs everything that is due within this time, in order. */
  advance(ms: number): Promise<void>
  /** Time and chance are the process' own again. */
  uninstall(): void
}

/** mulberry32: 32 bits of state are enough, and a seed is a number that can be typed. */
export function dice(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Lets time pass, a millisecond at a time, until the promise has settled. */
export async function done<T>(clock: Pick<Clock, 'advance'>, promise: Promise<T>): Promise<T> {
  let over = false
  const ended = promise.finally(() => {
    over = true
  })
  while (!over) await clock.advance(1)
  return ended
}

const realImmediate = setImmediate
/** All that promises lead to has run once the event loop comes round. */
const drained = (): Promise<void> => new Promise((resolve) => realImmediate(resolve))

export function installClock(seed: number): Clock {
  const clock = install({ now: Date.UTC(2026, 0, 1), toNotFake: ['nextTick', 'queueMicrotask'] })
  const realRandom = Math.random
  Math.random = dice(seed)
  return {
    now: () => Date.now(),
    advance: async (ms) => {
      const end = { reached: false }
      setTimeout(() => {
        end.reached = true
      }, ms)
      await drained()
      while (!end.reached) {
        clock.next()
        await drained()
      }
    },
    uninstall: () => {
      Math.random = realRandom
      clock.uninstall()
    },
  }
}
