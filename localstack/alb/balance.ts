/** Which target group of a forward, and which target of a group, gets a request. */
import type { Weighted } from './action.ts'
import type { GroupEntry, TargetEntry } from './table.ts'

/** `draw` is in [0, 1). Weights that are all zero choose nobody [R]; health has no say in it. */
export function chooseGroup(groups: readonly Weighted[], draw: number): string | undefined {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0)
  let left = draw * total
  for (const { group, weight } of groups) {
    if (left < weight) return group
    left -= weight
  }
  return undefined
}

/** Healthy targets; all that are registered when too few are healthy (fail open). Never draining or unreachable ones. */
export function usableTargets({ targets, attributes }: GroupEntry): readonly TargetEntry[] {
  const registered = targets.filter(({ draining, ip }) => !draining && ip !== undefined)
  const healthy = registered.filter(({ record }) => record.health.State === 'healthy')
  const prefix = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets'
  const count = Number(attributes.get(`${prefix}.count`) ?? 1)
  const percentage = Number(attributes.get(`${prefix}.percentage`))
  const tooFew =
    healthy.length < count || (percentage > 0 && healthy.length * 100 < percentage * registered.length)
  return healthy.length === 0 || tooFew ? registered : healthy
}

export type Turns = {
  /** Requests under way to a target. */
  readonly outstanding: (group: string, target: TargetEntry) => number
  /** How many requests the group got before. */
  readonly turn: (group: string) => number
  readonly draw: () => number
}

/** `usable` as `usableTargets` gives them. */
export function chooseTarget(
  group: GroupEntry,
  usable: readonly TargetEntry[],
  turns: Turns,
): TargetEntry | undefined {
  const algorithm = group.attributes.get('load_balancing.algorithm.type')
  if (algorithm === 'weighted_random') return usable[Math.floor(turns.draw() * usable.length)]
  const turn = turns.turn(group.arn)
  const inTurn = usable.map((_, index) => usable[(turn + index) % usable.length] as TargetEntry)
  if (algorithm !== 'least_outstanding_requests') return inTurn[0]
  const load = (target: TargetEntry): number => turns.outstanding(group.arn, target)
  return inTurn.reduce<TargetEntry | undefined>(
    (best, target) => (best === undefined || load(target) < load(best) ? target : best),
    undefined,
  )
}
