/** Rules: wire -> ActualRule. A listener's default rule is none: its actions are the listener's. */
import type { Rule } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ActualRule } from '../../model/actual.ts'
import type { Tags } from '../../model/tag.ts'
import { readActions } from './action.ts'
import { readConditions, readTransforms } from './condition.ts'

export const isDefaultRule = (rule: Rule): boolean => rule.IsDefault === true || rule.Priority === 'default'

export function readRule(rule: Rule, tags: Tags): ActualRule {
  const arn = rule.RuleArn ?? ''
  return {
    arn,
    listenerArn: listenerArnOf(arn),
    priority: Number(rule.Priority),
    conditions: readConditions(rule.Conditions),
    actions: readActions(rule.Actions),
    transforms: readTransforms(rule.Transforms),
    tags,
  }
}

/** `…:listener-rule/app/<name>/<lb>/<listener>/<rule>` -> `…:listener/app/<name>/<lb>/<listener>`. */
export const listenerArnOf = (ruleArn: string): string =>
  ruleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]*$/, '')

/** `…:listener/app/<name>/<lb>/<listener>` -> `…:loadbalancer/app/<name>/<lb>`. */
export const loadBalancerArnOf = (listenerArn: string): string =>
  listenerArn.replace(':listener/', ':loadbalancer/').replace(/\/[^/]*$/, '')
