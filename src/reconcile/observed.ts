/** With `--mode=observe`: each plan that differs from the last of its group, as one log line a step. */
import type { Logger } from 'pino'
import { canonical } from '../lib/json.ts'
import type { Plan } from '../plan/step.ts'

export type Observed = { tell(plan: Plan): void }

export function createObserved(log: Pick<Logger, 'info'>): Observed {
  const told = new Map<string, string>()
  return {
    tell: ({ stack, steps, waits, holds }) => {
      const text = canonical(steps)
      if (told.get(stack) === text) return
      told.set(stack, text)
      log.info({ group: stack, steps: steps.length, waits, holds }, 'plan')
      for (const step of steps) log.info({ group: stack, step }, 'would call')
    },
  }
}
