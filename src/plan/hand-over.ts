/** Resource ids pass from one target group to another: at any time exactly one bears ALBC's own id, so the old one lets go first. */
import type { ActualTargetGroup } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { resourceTag } from '../model/tag.ts'
import { group, step } from './draft.ts'
import { idOf, identityOf } from './identity.ts'
import { named } from './match.ts'
import type { Step } from './step.ts'
import type { World } from './world.ts'

type Change = {
  readonly arn: string
  readonly from: string
  readonly to: string
  readonly owner: IngressKey
}

const tagOf = ({ tags }: ActualTargetGroup): string => tags[resourceTag] ?? ''
/** Who looks for target groups by ALBC's ids sees these alone. */
const isPlain = (id: string): boolean => !/\+(?:next|old)(?:-lb)?$/.test(id)

/** `worlds`: one for each load balancer that is kept. */
export function planHandOver(worlds: readonly World[]): readonly Step[] {
  const changes = new Map<string, Change>()
  const note = (one: ActualTargetGroup, to: string, owner: IngressKey): void => {
    if (tagOf(one) !== to) changes.set(one.arn, { arn: one.arn, from: tagOf(one), to, owner })
  }
  for (const world of worlds) wanted(world, note)
  const wantedIds = new Set([...changes.values()].map(({ to }) => to))
  for (const { actual, place, targetGroups } of worlds) {
    const matched = new Set(targetGroups.map((match) => match.actual?.arn))
    for (const one of actual.targetGroups)
      if (!matched.has(one.arn) && !changes.has(one.arn) && wantedIds.has(tagOf(one)))
        note(one, idOf({ ...identityOf(one), role: place.role }), group)
  }
  return ordered([...changes.values()], bearersIn(worlds))
}

function wanted(world: World, note: (one: ActualTargetGroup, to: string, owner: IngressKey) => void): void {
  const { role } = world.place
  const byBase = Map.groupBy(world.actual.targetGroups, (one) => identityOf(one).base)
  const serving = servingIn(world)
  for (const { desired, ref, actual } of world.targetGroups) {
    if (!actual) continue
    const { base, turn } = identityOf(actual)
    const rivals = (byBase.get(base) ?? []).filter(
      (other) => other.arn !== actual.arn && identityOf(other).turn === 'now',
    )
    const free = turn === 'now' || rivals.every(({ arn }) => !serving.has(arn))
    note(actual, free ? ref.id : idOf({ base, role, turn }), desired.owner)
    if (free && turn !== 'now')
      for (const old of rivals) note(old, idOf({ base, role, turn: 'old' }), desired.owner)
  }
}

/** ARNs that some rule or default names now. */
const servingIn = ({ actual }: World): ReadonlySet<string> =>
  new Set([
    ...actual.rules.flatMap(({ actions }) => named(actions)),
    ...actual.listeners.flatMap(({ defaultActions }) => named(defaultActions)),
  ])

const bearersIn = (worlds: readonly World[]): Map<string, ActualTargetGroup[]> =>
  Map.groupBy(
    worlds.flatMap(({ actual }) => actual.targetGroups),
    tagOf,
  )

function ordered(
  changes: readonly Change[],
  bearers: ReadonlyMap<string, ActualTargetGroup[]>,
): readonly Step[] {
  const byArn = new Map(changes.map((change) => [change.arn, change]))
  const steps = changes.flatMap((change) => {
    const before = (bearers.get(change.to) ?? []).filter(({ arn }) => arn !== change.arn)
    const leaving = before.flatMap(({ arn }) => byArn.get(arn) ?? [])
    // Somebody keeps it: it is not to be had now.
    if (isPlain(change.to) && leaving.length < before.length) return []
    // Two that swap: who lets go of the plain one goes first, although the other still bears what it gets.
    const after = leaving.filter(({ to }) => isPlain(change.to) || !isPlain(to))
    return [
      retag(
        change,
        after.map(({ arn }) => idOfStep(arn)),
      ),
    ]
  })
  return [...steps.filter(isLettingGo), ...steps.filter((one) => !isLettingGo(one))]
}

const isLettingGo = (one: Step): boolean => one.call === 'AddTags' && !isPlain(one.tags[resourceTag] ?? '')

const keyOf = (arn: string): string => `${arn}:${resourceTag}`
const idOfStep = (arn: string): string => `AddTags:${keyOf(arn)}`

const retag = ({ arn, to, owner }: Change, after: readonly string[]): Step =>
  step(
    { call: 'AddTags', resources: [arn], tags: { [resourceTag]: to } },
    { key: keyOf(arn), reason: 'replaced', impact: 'in place', owner, after },
  )
