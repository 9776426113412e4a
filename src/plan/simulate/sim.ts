/** An account and a cluster without time or chance, in which steps are tried: what they hold, and what AWS would refuse. */
import type { Action } from '../../model/action.ts'
import type { Actual } from '../../model/actual.ts'
import { backendSecurityGroup, isRef, type Ref, refKey } from '../../model/ref.ts'
import type { Call, Name } from '../step.ts'

export type Sim = {
  readonly actual: Actual
  /** What creates answered, by Ref. */
  readonly made: Readonly<Record<string, string>>
  /** How many were made: each gets a name of its own. */
  readonly serial: number
  /** Epoch milliseconds. */
  readonly now: number
}

export const simOf = (actual: Actual, now = 0): Sim => ({ actual, made: {}, serial: 1, now })

/** What one kind of step does. */
export type Arm<Name extends Call['call']> = (sim: Sim, call: Extract<Call, { call: Name }>) => Sim

export class Refusal extends Error {}
export const refuse = (code: string): never => {
  throw new Refusal(code)
}

export const changed = (sim: Sim, change: Partial<Actual>): Sim => ({
  ...sim,
  actual: { ...sim.actual, ...change },
})

export function created(
  sim: Sim,
  kind: string,
  ref: Ref | undefined,
  change: (arn: string) => Partial<Actual>,
): Sim {
  const key = ref && refKey(ref)
  // Named as what it stands for, so that later steps can be read; a second one of that name is told from the first.
  const known = Object.values(sim.made)
  const arn = key === undefined || known.includes(key) ? `${key ?? kind}~${sim.serial}` : key
  const made = key === undefined ? sim.made : { ...sim.made, [key]: arn }
  return { ...changed(sim, change(arn)), made, serial: sim.serial + 1 }
}

export const put = <T>(list: readonly T[], is: (one: T) => boolean, change: (one: T) => T): T[] => {
  if (!list.some(is)) refuse('NotFound')
  return list.map((one) => (is(one) ? change(one) : one))
}

export const drop = <T>(list: readonly T[], is: (one: T) => boolean): T[] => {
  if (!list.some(is)) refuse('NotFound')
  return list.filter((one) => !is(one))
}

export function resolve(sim: Sim, name: Name): string {
  if (!isRef(name)) return name
  if (refKey(name) === refKey(backendSecurityGroup))
    return sim.actual.backendSecurityGroup ?? refuse('Unresolved')
  return sim.made[refKey(name)] ?? refuse('Unresolved')
}

export const resolveActions = (sim: Sim, actions: readonly Action[]): Action[] =>
  actions.map((action) =>
    action.type === 'forward'
      ? {
          ...action,
          targetGroups: action.targetGroups.map((tuple) => {
            const arn = resolve(sim, tuple.targetGroup)
            // One that a user names may be anybody's.
            const foreign = arn.startsWith('arn:')
            if (!foreign && !sim.actual.targetGroups.some((one) => one.arn === arn))
              refuse('TargetGroupNotFound')
            return { ...tuple, targetGroup: arn }
          }),
        }
      : action,
  )

export const without = (
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): Record<string, string> => Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
