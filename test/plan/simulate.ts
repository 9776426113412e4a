/** Plans run on the simulated account of `src/plan/simulate`, some of their steps refused at will. */
import { laneOf } from '../../src/apply/name.ts'
import { createTurns } from '../../src/apply/turn.ts'
import { type Actual, noFrontend } from '../../src/model/actual.ts'
import { keyOfName } from '../../src/plan/draft.ts'
import { settle } from '../../src/plan/simulate/settle.ts'
import { simOf, type Sim } from '../../src/plan/simulate/sim.ts'
import { tryStep } from '../../src/plan/simulate/try.ts'
import type { Step } from '../../src/plan/step.ts'

export { settle, simOf, type Sim }

export const empty: Actual = {
  stack: 'team',
  loadBalancers: [],
  listeners: [],
  rules: [],
  targetGroups: [],
  frontend: noFrontend,
  securityGroups: [],
  backendSecurityGroup: 'sg-backend',
  bindings: [],
  targets: {},
}

export type Pass = { readonly sim: Sim; readonly done: readonly Step[]; readonly failed: readonly string[] }

/** The order in which apply makes them while AWS takes one at a time. */
export function inTurn(steps: readonly Step[]): readonly Step[] {
  const turns = createTurns(steps, (step) => laneOf(step, keyOfName))
  const ordered: Step[] = []
  const done = new Set<string>()
  const now = { busyLanes: new Set<string>(), isDone: (id: string) => done.has(id) }
  while (ordered.length < steps.length) {
    const [next] = turns.able(
      steps.filter(({ id }) => !done.has(id)),
      now,
    )
    if (next === undefined) throw new Error('steps wait for each other')
    ordered.push(next)
    done.add(next.id)
  }
  return ordered
}

/** Runs a plan's steps as apply does: a failed step stops those after it alone. */
export function applyPlan(
  sim: Sim,
  steps: readonly Step[],
  options: { readonly fails?: (step: Step) => boolean; readonly seen?: (sim: Sim, step: Step) => void } = {},
): Pass {
  let now = sim
  const done: Step[] = []
  const failed: string[] = []
  for (const step of steps) {
    if (step.after.some((id) => failed.includes(id)) || options.fails?.(step)) {
      failed.push(step.id)
      continue
    }
    const tried = tryStep(now, step)
    if (!tried.ok) {
      if (failed.length === 0) throw new Error(`${step.id} refused: ${tried.error}`)
      failed.push(step.id)
      continue
    }
    now = tried.value
    done.push(step)
    options.seen?.(now, step)
  }
  return { sim: settle(now), done, failed }
}
