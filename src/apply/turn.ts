/** Which of the steps that could begin goes first while AWS takes few at a time: what serves somebody soonest. */
import type { Step } from '../plan/step.ts'
import { isBindingCall } from './call.ts'

/** What stands and what all wait for, then new rules, then what makes new rules possible, then what nobody waits for. */
function classOf({ call }: Step): number {
  if (call === 'CreateRule') return 1
  if (call === 'CreateTargetGroup') return 2
  return leftovers.test(call) ? 3 : 0
}
/** What serves no more is cleaned up when there is time; a rule or a port that a user takes away still serves. */
const leftovers =
  /^(?:Delete(?:TargetGroup|SecurityGroup|LoadBalancer|Certificate|Tags)|Deregister|Revoke|AddTags|CreateTags|RemoveTags)/

type Turn = { readonly id: string; readonly class: number; readonly at: number }
const byTurn = (a: Turn, b: Turn): number => a.class - b.class || a.at - b.at

/** Step id -> its turn. Target groups follow the order of the listeners and rules that lead to them: members are served one by one. */
export function turnsOf(steps: readonly Step[]): ReadonlyMap<string, number> {
  const sorted = steps.map((step, at) => ({ step, id: step.id, class: classOf(step), at })).sort(byTurn)
  const neededAt = new Map<string, number>()
  sorted.forEach(({ step }, at) => {
    if (isBindingCall(step)) return
    for (const id of step.after) if (!neededAt.has(id)) neededAt.set(id, at)
  })
  const again = sorted.map(
    (turn, at): Turn => ({ ...turn, at: turn.class === 2 ? (neededAt.get(turn.id) ?? at) : at }),
  )
  return new Map(again.sort(byTurn).map(({ id }, at) => [id, at]))
}

export type Turns = {
  /** Which of those that wait may begin, the first to do so first. */
  able(
    waiting: readonly Step[],
    now: { readonly busyLanes: ReadonlySet<string>; readonly isDone: (id: string) => boolean },
  ): readonly Step[]
}

export function createTurns(steps: readonly Step[], laneOf: (step: Step) => string): Turns {
  const turns = turnsOf(steps)
  const turnOf = ({ id }: Step): number => turns.get(id) ?? 0
  return {
    able: (waiting, { busyLanes, isDone }) =>
      firstOfLanes(waiting, laneOf, busyLanes)
        // What comes after a step of another plan waits for nobody here.
        .filter(({ after }) => after.every((id) => !turns.has(id) || isDone(id)))
        .sort((a, b) => turnOf(a) - turnOf(b)),
  }
}

/**
 * One step of each lane that none of is running: the first in the plan's order, but for a change or the end of a rule that serves,
 * which need not wait for rules that are new unless it comes after them.
 */
export function firstOfLanes(
  waiting: readonly Step[],
  laneOf: (step: Step) => string,
  busy: ReadonlySet<string>,
): Step[] {
  const firsts = new Map<string, Step[]>()
  const closed = new Set(busy)
  for (const step of waiting) {
    const lane = laneOf(step)
    if (closed.has(lane)) continue
    const before = firsts.get(lane)
    if (before === undefined) firsts.set(lane, [step])
    else if (step.call === 'ModifyRule' || step.call === 'DeleteRule') before.push(step)
    if (step.call !== 'CreateRule') closed.add(lane)
  }
  return [...firsts.values()].flat()
}
