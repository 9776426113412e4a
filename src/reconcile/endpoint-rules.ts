/** What all bindings together want on the security groups of nodes and pods: rebuilt from the cluster after each start. */
import { canonical } from '../lib/json.ts'
import type { Permission, PermissionSource } from '../model/security-group.ts'

/** By security group id. */
export type Wanted = ReadonlyMap<string, readonly Permission[]>

/** AWS did not let a source in: when it is worth asking again, and whether only a person can mend it. */
type Refusal = { readonly untilMs: number; readonly lasting: boolean }

export type EndpointRules = {
  /**
   * Sets what one binding wants; answers with the security groups on which all together want something else now.
   * Not `whole`: it may want more than is known, so nothing may be revoked for now.
   */
  set(binding: string, wanted: Wanted, whole?: boolean): readonly string[]
  of(binding: string): Wanted
  remove(binding: string): readonly string[]
  /** Everything wanted on one group, each once. */
  on(group: string): readonly Permission[]
  /** Groups that anybody ever wanted something on. */
  groups(): readonly string[]
  /** All that this binding wants is known. */
  has(binding: string): boolean
  /** This group would have revoked something, and must not before more is known. */
  await(group: string): void
  /** Those that wait so, once: more is known now. */
  awaiting(): readonly string[]
  /** Milliseconds since the last change of what is wanted on a group. */
  quietMs(group: string): number
  /** One call opens a group for one source, whatever the ports. */
  refuse(group: string, source: PermissionSource, refusal: Refusal): void
  /** Absent: none, or AWS may be asked again. */
  refused(group: string, source: PermissionSource): Refusal | undefined
  /** Runs these for one group after each other. */
  alone<T>(group: string, run: () => Promise<T>): Promise<T>
}

/** How many bindings want a permission. */
type Counted = { readonly permission: Permission; count: number }

export function createEndpointRules(): EndpointRules {
  const byBinding = new Map<string, Wanted>()
  /** Thousands of bindings want the same few permissions. */
  const byGroup = new Map<string, Map<string, Counted>>()
  const partial = new Set<string>()
  const waiting = new Set<string>()
  const changedAt = new Map<string, number>()
  const refusals = new Map<string, Refusal>()
  const last = new Map<string, Promise<unknown>>()
  const set = (binding: string, wanted: Wanted | undefined, whole = true): readonly string[] => {
    const before = byBinding.get(binding) ?? new Map<string, readonly Permission[]>()
    const after = wanted ?? new Map<string, readonly Permission[]>()
    if (whole) partial.delete(binding)
    else partial.add(binding)
    if (wanted === undefined) byBinding.delete(binding)
    else byBinding.set(binding, wanted)
    const groups = new Set([...before.keys(), ...after.keys()])
    const changed = [...groups].filter((group) => {
      const counts = byGroup.get(group) ?? new Map<string, Counted>()
      byGroup.set(group, counts)
      return recount(counts, before.get(group) ?? [], after.get(group) ?? [])
    })
    for (const group of changed) changedAt.set(group, Date.now())
    return changed
  }
  const refusalKey = (group: string, source: PermissionSource): string => `${group} ${canonical(source)}`
  return {
    set,
    of: (binding) => byBinding.get(binding) ?? new Map(),
    remove: (binding) => set(binding, undefined),
    on: (group) => [...(byGroup.get(group)?.values() ?? [])].map(({ permission }) => permission),
    groups: () => [...byGroup.keys()],
    has: (binding) => byBinding.has(binding) && !partial.has(binding),
    await: (group) => {
      waiting.add(group)
    },
    awaiting: () => {
      const all = [...waiting]
      waiting.clear()
      return all
    },
    quietMs: (group) => Date.now() - (changedAt.get(group) ?? 0),
    refuse: (group, source, refusal) => {
      refusals.set(refusalKey(group, source), refusal)
    },
    refused: (group, source) => {
      const key = refusalKey(group, source)
      const found = refusals.get(key)
      if (found === undefined || Date.now() < found.untilMs) return found
      refusals.delete(key)
      return undefined
    },
    alone: (group, run) => {
      const mine = (last.get(group) ?? Promise.resolve()).then(run, run)
      last.set(group, mine)
      return mine
    },
  }
}

/** True if some permission came or went for all. */
function recount(
  counts: Map<string, Counted>,
  before: readonly Permission[],
  after: readonly Permission[],
): boolean {
  if (before === after) return false
  const had = new Map<string, boolean>()
  const step = (permission: Permission, by: number): void => {
    const key = canonical(permission)
    const known = counts.get(key) ?? { permission, count: 0 }
    if (!had.has(key)) had.set(key, known.count > 0)
    known.count += by
    if (known.count > 0) counts.set(key, known)
    else counts.delete(key)
  }
  for (const permission of after) step(permission, 1)
  for (const permission of before) step(permission, -1)
  return [...had].some(([key, there]) => there !== counts.has(key))
}
