/** Which load balancers use a target group, as AWS derives it: from rules and default actions. */
import type { Action } from '../model/action.ts'
import type { ActualListener, ActualRule } from '../model/actual.ts'
import { isRef } from '../model/ref.ts'
import { loadBalancerArnOf } from './codec/rule.ts'

/** ARN of a target group -> those of load balancers. */
export function attachmentsIn(
  rules: Iterable<ActualRule>,
  listeners: Iterable<ActualListener>,
): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>()
  const add = (loadBalancerArn: string, actions: readonly Action[]): void => {
    for (const action of actions) {
      if (action.type !== 'forward') continue
      for (const { targetGroup } of action.targetGroups)
        if (!isRef(targetGroup))
          all.set(targetGroup, (all.get(targetGroup) ?? new Set()).add(loadBalancerArn))
    }
  }
  for (const rule of rules) add(loadBalancerArnOf(rule.listenerArn), rule.actions)
  for (const listener of listeners) add(listener.loadBalancerArn, listener.defaultActions)
  return all
}
