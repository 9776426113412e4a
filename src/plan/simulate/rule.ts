/** Steps on rules, tried. */
import type { ActualRule } from '../../model/actual.ts'
import { type Arm, changed, created, drop, put, refuse, resolve, resolveActions } from './sim.ts'

export const createRule: Arm<'CreateRule'> = (sim, step) => {
  const listenerArn = resolve(sim, step.listener)
  const { priority, conditions, transforms, tags } = step
  if (sim.actual.rules.some((one) => one.listenerArn === listenerArn && one.priority === priority))
    refuse('PriorityInUse')
  const actions = resolveActions(sim, step.actions)
  return created(sim, 'rule', undefined, (arn) => ({
    rules: [...sim.actual.rules, { arn, listenerArn, priority, conditions, actions, transforms, tags }],
  }))
}

export const modifyRule: Arm<'ModifyRule'> = (sim, step) =>
  changed(sim, {
    rules: put(
      sim.actual.rules,
      ({ arn }) => arn === step.rule,
      (one) => ({
        ...one,
        conditions: step.conditions ?? one.conditions,
        actions: step.actions ? resolveActions(sim, step.actions) : one.actions,
        transforms: step.transforms ?? one.transforms,
      }),
    ),
  })

export const setRulePriorities: Arm<'SetRulePriorities'> = (sim, { priorities }) => {
  const numbers = new Map(priorities.map(({ rule, priority }) => [rule, priority]))
  const rules = sim.actual.rules.map(
    (one): ActualRule => ({ ...one, priority: numbers.get(one.arn) ?? one.priority }),
  )
  const keys = rules.map((one) => `${one.listenerArn} ${one.priority}`)
  if (new Set(keys).size < keys.length) refuse('PriorityInUse')
  return changed(sim, { rules })
}

export const deleteRule: Arm<'DeleteRule'> = (sim, { rule }) =>
  changed(sim, { rules: drop(sim.actual.rules, ({ arn }) => arn === rule) })
