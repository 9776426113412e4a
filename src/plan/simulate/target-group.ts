/** Steps on target groups and on who is registered, tried. */
import type { ActualTargetGroup, Target } from '../../model/actual.ts'
import { targetGroupDefaults } from '../default-attribute.ts'
import { named } from '../match.ts'
import type { Name, TargetAddress } from '../step.ts'
import { type Arm, changed, created, drop, put, refuse, resolve, type Sim } from './sim.ts'

const on = (sim: Sim, name: Name, change: (one: ActualTargetGroup) => ActualTargetGroup): Sim => {
  const arn = resolve(sim, name)
  return changed(sim, { targetGroups: put(sim.actual.targetGroups, (one) => one.arn === arn, change) })
}

export const createTargetGroup: Arm<'CreateTargetGroup'> = (sim, { call: _call, ref, ...step }) => {
  if (sim.actual.targetGroups.some(({ name }) => name === step.name)) refuse('DuplicateTargetGroupName')
  return created(sim, 'tg', ref, (arn) => ({
    targetGroups: [
      ...sim.actual.targetGroups,
      {
        ...step,
        arn,
        protocolVersion: step.protocolVersion ?? 'HTTP1',
        loadBalancerArns: [],
        ...(step.targetType === 'alb' ? {} : { attributes: targetGroupDefaults }),
      },
    ],
  }))
}

export const modifyTargetGroup: Arm<'ModifyTargetGroup'> = (sim, { targetGroup, healthCheck }) =>
  on(sim, targetGroup, (one) => ({ ...one, healthCheck }))

export const targetGroupAttributes: Arm<'ModifyTargetGroupAttributes'> = (sim, { targetGroup, attributes }) =>
  on(sim, targetGroup, (one) => ({ ...one, attributes: { ...one.attributes, ...attributes } }))

export const deleteTargetGroup: Arm<'DeleteTargetGroup'> = (sim, { targetGroup }) => {
  if (servedIn(sim).has(targetGroup)) refuse('ResourceInUse')
  return changed(sim, { targetGroups: drop(sim.actual.targetGroups, ({ arn }) => arn === targetGroup) })
}

/** ARNs that some rule or default names. */
export const servedIn = ({ actual: { rules, listeners } }: Sim): ReadonlySet<string> =>
  new Set([
    ...rules.flatMap(({ actions }) => named(actions)),
    ...listeners.flatMap(({ defaultActions }) => named(defaultActions)),
  ])

type Registration = { readonly targetGroup: string; readonly targets: readonly TargetAddress[] }

const others = (sim: Sim, { targetGroup, targets }: Registration): Target[] =>
  (sim.actual.targets[targetGroup] ?? []).filter(
    ({ id, port }) => !targets.some((one) => one.id === id && one.port === port),
  )

const registered = (sim: Sim, targetGroup: string, targets: readonly Target[]): Sim =>
  changed(sim, { targets: { ...sim.actual.targets, [targetGroup]: targets } })

export const register: Arm<'RegisterTargets'> = (sim, call) =>
  registered(sim, call.targetGroup, [
    ...others(sim, call),
    ...call.targets.map((one): Target => ({ ...one, state: 'healthy' })),
  ])

export const deregister: Arm<'DeregisterTargets'> = (sim, call) =>
  registered(sim, call.targetGroup, others(sim, call))
