/** With `--mode=observe`: the whole way of each group, where it differs from what was told last, as one log line a step. */
import type { Logger } from 'pino'
import { canonical } from '../lib/json.ts'
import type { Stage } from '../plan/project.ts'
import type { Hold } from '../plan/step.ts'

export type Observed = {
  /** `of`: a stack or a key. */
  tell(of: string, stages: readonly Stage[], holds?: readonly Hold[]): void
}

export function createObserved(log: Pick<Logger, 'info'>): Observed {
  const told = new Map<string, string>()
  return {
    tell: (of, stages, holds = []) => {
      const text = canonical(stages.map(({ steps }) => steps))
      if (told.get(of) === text) return
      told.set(of, text)
      const steps = stages.reduce((sum, stage) => sum + stage.steps.length, 0)
      log.info({ group: of, steps, stages: stages.length, holds }, 'plan')
      for (const [at, stage] of stages.entries()) {
        for (const step of stage.steps) log.info({ group: of, stage: at + 1, step }, 'would call')
        for (const wait of stage.waits) log.info({ group: of, stage: at + 1, wait }, 'would wait')
      }
    },
  }
}
