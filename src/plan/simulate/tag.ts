/** Tags of what is load balancing, tried. */
import type { Tags } from '../../model/tag.ts'
import { type Arm, changed, type Sim, without } from './sim.ts'

function on(sim: Sim, resources: readonly string[], change: (tags: Tags) => Tags): Sim {
  const tagged = <T extends { readonly arn: string; readonly tags: Tags }>(list: readonly T[]): T[] =>
    list.map((one) => (resources.includes(one.arn) ? { ...one, tags: change(one.tags) } : one))
  const { loadBalancers, listeners, rules, targetGroups } = sim.actual
  return changed(sim, {
    loadBalancers: tagged(loadBalancers),
    listeners: tagged(listeners),
    rules: tagged(rules),
    targetGroups: tagged(targetGroups),
  })
}

export const addTags: Arm<'AddTags'> = (sim, { resources, tags }) =>
  on(sim, resources, (now) => ({ ...now, ...tags }))
export const removeTags: Arm<'RemoveTags'> = (sim, { resources, keys }) =>
  on(sim, resources, (now) => without(now, keys))
