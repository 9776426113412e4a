/** Checks of a scenario: each looks at the live system again and again until it holds or its time is up. */
import { isDeepStrictEqual, inspect } from 'node:util'
import type { Show } from './show.ts'

/** Thrown by a look that doesn't hold yet; the last one is what a failed check tells. */
class NotYet extends Error {}

export type Checks = {
  /** Runs `look` until it returns; what it returns is shown. Throws `Failed` when `withinMs` is over. */
  until<T>(
    what: string,
    look: () => T | Promise<T>,
    options?: { withinMs?: number; show?: (value: T) => string },
  ): Promise<T>
  /** Whoever looks from now on, or looks now, is thrown out by `Failed`, and nothing is shown. */
  stop(): void
  readonly stopped: boolean
  readonly passed: number
  readonly failed: number
}

export class Failed extends Error {}

export function checksOn(show: Show): Checks {
  let passed = 0
  let failed = 0
  let stopped = false
  return {
    stop: () => {
      stopped = true
    },
    get stopped() {
      return stopped
    },
    get passed() {
      return passed
    },
    get failed() {
      return failed
    },
    until: async (what, look, { withinMs = 10_000, show: tell } = {}) => {
      const started = Date.now()
      if (!stopped) show.waiting(what)
      for (;;) {
        if (stopped) throw new Failed('stopped')
        try {
          const value = await look()
          if (stopped) continue
          passed += 1
          show.done(what, tell?.(value) ?? (typeof value === 'string' ? value : ''), Date.now() - started)
          return value
        } catch (error) {
          if (!stopped && Date.now() - started > withinMs) {
            failed += 1
            const why = error instanceof Error ? error.message : String(error)
            show.failed(what, why)
            throw new Failed(`${what}: ${why}`)
          }
          await new Promise((resolve) => setTimeout(resolve, 25))
        }
      }
    },
  }
}

export function expect(holds: boolean, why: string): asserts holds {
  if (!holds) throw new NotYet(why)
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return
  const show = (value: unknown): string => inspect(value, { depth: 8, breakLength: 110 })
  throw new NotYet(`${what}\n  expected ${show(expected)}\n  found    ${show(actual)}`)
}

/** Where two texts part, with what is around it. */
export function difference(before: string, after: string): string {
  let at = 0
  while (at < before.length && before[at] === after[at]) at += 1
  return `at byte ${at}: expected ${before.slice(Math.max(0, at - 60), at + 80)}\nfound ${after.slice(Math.max(0, at - 60), at + 120)}`
}
