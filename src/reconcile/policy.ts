/** What the guard must know of a group's pass (D5): who asks for deletions, and how much we own. */
import type { Actual } from '../model/actual.ts'
import type { Group } from '../model/group.ts'
import type { ObjectRef } from '../model/problem.ts'
import type { GuardPolicy } from '../plan/guard.ts'
import type { Context } from './context.ts'

export function policyOf({ leaving, members }: Group, actual: Actual, context: Context): GuardPolicy {
  const deleted = leaving.some(({ metadata }) => metadata.deletionTimestamp !== undefined)
  // Members whose own edit takes rules away state it themselves; what is inferred is that nobody is a member any more.
  const inferred = !deleted && members.length === 0
  return {
    mode: context.observe ? 'observe' : 'apply',
    loadBalancers: actual.loadBalancers,
    inferred,
    owned: context.mirror.loadBalancers.values().length + context.mirror.targetGroups.values().length,
    deletedInWindow: context.deletions.inWindow(Date.now()),
    members: [...members.map(({ ingress }) => ingress), ...leaving].map(({ metadata }) => refOf(metadata)),
  }
}

export const refOf = ({
  namespace,
  name,
}: {
  readonly namespace?: string
  readonly name: string
}): ObjectRef => ({
  kind: 'Ingress',
  ...(namespace === undefined ? {} : { namespace }),
  name,
})

/** Deletions that no deleted object asked for, within the window. */
export type Deletions = {
  add(count: number, nowMs: number): void
  inWindow(nowMs: number): number
}

const windowMs = 10 * 60_000

export function createDeletions(): Deletions {
  let times: number[] = []
  return {
    add: (count, nowMs) => {
      times.push(...Array.from({ length: count }, () => nowMs))
    },
    inWindow: (nowMs) => {
      times = times.filter((at) => nowMs - at < windowMs)
      return times.length
    },
  }
}
