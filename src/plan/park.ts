/** Rules that never match, in which new target groups wait for a healthy target. */
import type { ActualRule } from '../model/actual.ts'
import type { Listener } from '../model/listener.ts'
import { resourceTag } from '../model/tag.ts'
import { chunks } from '../lib/chunks.ts'
import { byText, draft, keyOfName, step, type Draft } from './draft.ts'
import { named } from './match.ts'
import { highest } from './priority.ts'
import type { Name, Step } from './step.ts'
import { parkedConditions, type Gate } from './switch.ts'
import { creators, type World } from './world.ts'

export type Parking = {
  readonly world: World
  readonly listener: Listener
  readonly name: Name
  readonly parked: readonly ActualRule[]
  readonly gates: readonly Gate[]
  /** The steps that switch: what they switched to needs no parking any more. */
  readonly changes: readonly Step[]
}

/** New target groups that something waits for stand in rules that never match, up to five in one. */
export function park({ world, listener, name, parked, gates, changes }: Parking): Draft {
  const closed = gates.flatMap((one) => (one.open ? [] : [one]))
  const pending = new Set(closed.flatMap((one) => one.pending.map(keyOfName)))
  const fresh = new Map(closed.flatMap((one) => one.park.map((target) => [keyOfName(target), target])))
  const groups = chunks(
    [...fresh].sort(([a], [b]) => byText(a, b)),
    5,
  )
  const taken = new Set(
    world.actual.rules.filter(({ listenerArn }) => listenerArn === name).map(({ priority }) => priority),
  )
  const numbers = highest(groups.length, taken)
  const { ListenerRulesTagging: tagging } = world.input.settings.featureGates
  const steps = groups.map((targets, at) => {
    const priority = numbers[at] ?? 0
    const targetGroups = targets.map(([, targetGroup]) => ({ targetGroup, weight: 1 }))
    const position = `${listener.port}:${priority}`
    return step(
      {
        call: 'CreateRule',
        listener: name,
        priority,
        conditions: parkedConditions(world.input.now),
        actions: [{ type: 'forward', targetGroups }],
        transforms: [],
        tags: tagging ? { ...listener.tags, [resourceTag]: position } : {},
      },
      {
        key: `${keyOfName(name)}#${priority}`,
        reason: 'new target groups get their health checked before requests are sent to them',
        impact: 'none',
        after: creators(targets.map(([, target]) => target)),
      },
    )
  })
  const done = parked.filter(({ actions }) => named(actions).every((arn) => !pending.has(arn)))
  const after = changes.filter(({ call }) => call === 'ModifyRule').map(({ id }) => id)
  const unpark = done.map((rule) =>
    step(
      { call: 'DeleteRule', rule: rule.arn },
      { key: rule.arn, reason: 'nothing waits for its target groups', impact: 'in place', after },
    ),
  )
  return draft({ steps: [...steps, ...unpark] })
}
