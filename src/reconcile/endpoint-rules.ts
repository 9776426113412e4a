/** What all bindings together want on the security groups of nodes and pods: rebuilt from the cluster after each start. */
import { equal } from '../lib/json.ts'
import type { Permission } from '../model/security-group.ts'

/** By security group id. */
type Wanted = ReadonlyMap<string, readonly Permission[]>

export type EndpointRules = {
  /**
   * Sets what one binding wants; answers with the security groups for which that makes a difference.
   * Not `whole`: of some of its targets it is not known which group guards them, so nothing may be revoked for now.
   */
  set(binding: string, wanted: Wanted, whole?: boolean): readonly string[]
  of(binding: string): Wanted
  remove(binding: string): readonly string[]
  /** Everything wanted on one group. */
  on(group: string): readonly Permission[]
  /** Groups that anybody ever wanted something on. */
  groups(): readonly string[]
  /** All that this binding wants is known. */
  has(binding: string): boolean
  /** This group is to be among the answers once one binding more is known, or gone. */
  await(group: string): void
  /** Milliseconds since the last change of what is wanted on a group. */
  quietMs(group: string): number
  /** Runs these for one group after each other. */
  alone<T>(group: string, run: () => Promise<T>): Promise<T>
}

export function createEndpointRules(): EndpointRules {
  const byBinding = new Map<string, Wanted>()
  const known = new Set<string>()
  const changedAt = new Map<string, number>()
  const last = new Map<string, Promise<unknown>>()
  const partial = new Set<string>()
  const waiting = new Set<string>()
  const set = (binding: string, wanted: Wanted | undefined, whole = true): readonly string[] => {
    if (whole) partial.delete(binding)
    else partial.add(binding)
    const before = byBinding.get(binding) ?? new Map<string, readonly Permission[]>()
    const after = wanted ?? new Map<string, readonly Permission[]>()
    if (wanted === undefined) byBinding.delete(binding)
    else byBinding.set(binding, wanted)
    for (const group of after.keys()) known.add(group)
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (group) => !equal(before.get(group), after.get(group)),
    )
    for (const group of changed) changedAt.set(group, Date.now())
    if (!whole) return changed
    const all = [...new Set([...changed, ...waiting])]
    waiting.clear()
    return all
  }
  return {
    set,
    of: (binding) => byBinding.get(binding) ?? new Map(),
    remove: (binding) => set(binding, undefined),
    on: (group) => [...byBinding.values()].flatMap((wanted) => wanted.get(group) ?? []),
    groups: () => [...known],
    has: (binding) => byBinding.has(binding) && !partial.has(binding),
    await: (group) => {
      waiting.add(group)
    },
    quietMs: (group) => Date.now() - (changedAt.get(group) ?? 0),
    alone: (group, run) => {
      const mine = (last.get(group) ?? Promise.resolve()).then(run, run)
      last.set(group, mine)
      return mine
    },
  }
}
