/** The calls that turn the rules of a listener into what was arranged: in which order, so that nothing wider ever serves what a rule did. */
import type { ActualRule } from '../model/actual.ts'
import type { Listener } from '../model/listener.ts'
import { ownerTag, resourceTag } from '../model/tag.ts'
import type { Slot } from './arrange.ts'
import { draft, group, keyOfName, step, type Draft } from './draft.ts'
import { unfilled } from './filled.ts'
import { actionsKey, sameConditions, sameTransforms, states } from './match.ts'
import { overlap } from './overlap.ts'
import { ownerOf } from './owner.ts'
import type { Name, Step, Wait } from './step.ts'
import { gate, type Gate } from './switch.ts'
import { creators, creatorsOfActions, type World } from './world.ts'

export const freeRules = (world: World): number =>
  (world.input.quota?.rulesPerLoadBalancer ?? 100) - world.actual.rules.length

type Placed = Slot & { readonly priority: number }
export type Change = {
  readonly world: World
  readonly listener: Listener
  readonly name: Name
  readonly placed: readonly Placed[]
  readonly parked: readonly ActualRule[]
}
type Made = { readonly slot: Placed; readonly step: Step }

export function changeRules(change: Change): { readonly draft: Draft; readonly gates: readonly Gate[] } {
  const { world, placed, parked } = change
  const reorder = setPriorities(change)
  const filling = new Map(
    placed.flatMap((slot) => {
      const waits =
        slot.kind === 'create' || slot.kind === 'modify'
          ? unfilled(world, slot.wanted.actions, slot.wanted.owner)
          : []
      return waits.length > 0 ? [[slot, waits] as const] : []
    }),
  )
  const ready = { ...change, placed: placed.filter((slot) => slot.kind !== 'create' || !filling.has(slot)) }
  const creates = createRules(ready, reorder)
  const gates: Gate[] = []
  const waiting: Placed[] = []
  const modifies: Made[] = []
  for (const slot of placed) {
    if (slot.kind !== 'modify') continue
    if (filling.has(slot)) {
      waiting.push(slot)
      continue
    }
    const verdict = gate(world, parked, slot.wanted.actions, slot.rule.actions)
    gates.push(verdict)
    if (verdict.open) modifies.push({ slot, step: modifyRule(slot, creates, reorder) })
    else waiting.push(slot)
  }
  const made = new Set(creates.map(({ slot }) => slot))
  const unmade = placed.filter((slot) => slot.kind === 'create' && !made.has(slot))
  const deletes = deleteRules(change, [...creates, ...modifies], [...waiting, ...unmade], reorder)
  return {
    draft: draft({
      steps: [
        ...reorder,
        ...creates.map((made) => made.step),
        ...modifies.map((made) => made.step),
        ...deletes,
      ],
      waits: [
        ...[...filling.values()].flat(),
        ...gates.flatMap((one): readonly Wait[] => (one.open ? [] : one.waits)),
      ],
    }),
    gates,
  }
}

function setPriorities({ name, placed }: Change): Step[] {
  const changed = placed.flatMap((slot) =>
    'rule' in slot && slot.rule.priority !== slot.priority
      ? [{ rule: slot.rule.arn, priority: slot.priority }]
      : [],
  )
  if (changed.length === 0 || typeof name !== 'string') return []
  return [
    step(
      { call: 'SetRulePriorities', listener: name, priorities: changed },
      { key: name, reason: 'order changed, or no number left between two rules', impact: 'in place' },
    ),
  ]
}

function createRules({ world, listener, name, placed }: Change, reorder: readonly Step[]): Made[] {
  const { ListenerRulesTagging: tagging } = world.input.settings.featureGates
  const old = placed.filter((slot) => slot.kind === 'delete')
  const wanted = placed.filter((slot) => slot.kind === 'create')
  const served = placed.filter((slot) => 'rule' in slot)
  const made: Made[] = []
  for (const slot of old.length > 0 ? wanted.slice(0, Math.max(0, freeRules(world))) : wanted) {
    const { conditions, actions, transforms, owner, tags } = slot.wanted
    // Where the two take over from a rule below, the wider one must not serve what the narrower one shall.
    const below = served
      .filter(({ priority, rule }) => priority > slot.priority && overlap(rule.conditions, conditions))
      .map(({ rule }) => rule)
    const isEarlier = ({ slot: before }: Made): boolean =>
      before.kind === 'create' &&
      overlap(before.wanted.conditions, conditions) &&
      below.some((rule) => overlap(rule.conditions, before.wanted.conditions))
    // Nearly always none is below, and of thousands not each is to be compared with each.
    const earlier = below.length > 0 ? made.filter(isEarlier) : []
    const position = { [resourceTag]: `${listener.port}:${slot.priority}`, [ownerTag]: owner }
    made.push({
      slot,
      step: step(
        {
          call: 'CreateRule',
          listener: name,
          priority: slot.priority,
          conditions,
          actions,
          transforms,
          tags: tagging ? { ...tags, ...position } : {},
        },
        {
          key: `${keyOfName(name)}#${slot.priority}`,
          reason: 'missing',
          impact: 'none',
          owner,
          after: [
            ...creators([name]),
            ...creatorsOfActions(actions),
            ...reorder.map(({ id }) => id),
            ...earlier.map((one) => one.step.id),
          ],
        },
      ),
    })
  }
  return made
}

function modifyRule(
  slot: Placed & { kind: 'modify' },
  creates: readonly Made[],
  reorder: readonly Step[],
): Step {
  const { rule, wanted } = slot
  const conditions = sameConditions(wanted, rule) ? {} : { conditions: wanted.conditions }
  const transforms = sameTransforms(wanted, rule) ? {} : { transforms: wanted.transforms }
  const same = actionsKey(wanted.actions) === actionsKey(rule.actions, wanted.actions)
  const actions = same ? {} : { actions: wanted.actions }
  const renewed = !same && states(wanted.actions, rule.actions)
  const what = [
    ...Object.keys(conditions),
    ...(renewed ? ['client secret'] : Object.keys(actions)),
    ...Object.keys(transforms),
  ]
  return step(
    { call: 'ModifyRule', rule: rule.arn, ...conditions, ...actions, ...transforms },
    {
      key: rule.arn,
      reason: `${what.join(' and ')} changed`,
      impact: 'in place',
      owner: wanted.owner,
      after: [
        ...creatorsOfActions(wanted.actions),
        ...reorder.map(({ id }) => id),
        ...creates.filter((made) => meets(made.slot, rule)).map((made) => made.step.id),
      ],
    },
  )
}

const meets = (slot: Placed, rule: ActualRule): boolean =>
  ('wanted' in slot && slot.wanted !== undefined && overlap(slot.wanted.conditions, rule.conditions)) ||
  (slot.kind === 'modify' && overlap(slot.rule.conditions, rule.conditions))

/**
 * An old rule goes once whatever takes its requests over has come, and from the bottom up, or a wider old rule would
 * serve what a narrower one did. Where there is no room for a new one, one old goes first.
 */
function deleteRules(
  { world, placed }: Change,
  made: readonly Made[],
  missing: readonly Placed[],
  reorder: readonly Step[],
): Step[] {
  const old = placed.flatMap((slot) => (slot.kind === 'delete' ? [slot.rule] : [])).reverse()
  const steps: Step[] = []
  const gone: { readonly rule: ActualRule; readonly id: string }[] = []
  const staying: ActualRule[] = []
  for (const rule of old) {
    const blocked =
      missing.some((slot) => meets(slot, rule)) ||
      staying.some((lower) => overlap(lower.conditions, rule.conditions))
    if (blocked) {
      staying.push(rule)
      continue
    }
    const lower = gone.filter((one) => overlap(one.rule.conditions, rule.conditions))
    const takers = made.filter(({ slot }) => meets(slot, rule)).map((one) => one.step)
    const one = deleteRule(world, rule, 'no member wants it', [...reorder, ...takers, ...lower])
    gone.push({ rule, id: one.id })
    steps.push(one)
  }
  const [last] = old
  const stuck = made.length === 0 && steps.length === 0 && missing.every(({ kind }) => kind === 'create')
  return stuck && last
    ? [deleteRule(world, last, 'no member wants it, and the rule quota leaves no room', reorder)]
    : steps
}

const deleteRule = (
  world: World,
  rule: ActualRule,
  reason: string,
  after: readonly { readonly id: string }[],
): Step =>
  step(
    { call: 'DeleteRule', rule: rule.arn },
    {
      key: rule.arn,
      reason,
      impact: 'deletes',
      owner: ownerOf(rule, world.input.owners) ?? group,
      after: after.map(({ id }) => id),
    },
  )
