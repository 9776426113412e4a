/** SetRulePriorities: all at once, or none. */
import type {
  SetRulePrioritiesInput,
  SetRulePrioritiesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RuleRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { ruleOf, rulesOf } from './lookup.ts'
import { between, invalid, notEmpty, refuse } from './refuse.ts'
import { maxPriority, refuseDefault } from './rule.ts'

export function setRulePriorities(input: SetRulePrioritiesInput, context: Context): SetRulePrioritiesOutput {
  notEmpty('rulePriorities', input.RulePriorities)
  const wanted = new Map<RuleRecord, string>()
  for (const { RuleArn, Priority } of input.RulePriorities ?? []) {
    const rule = ruleOf(context, RuleArn)
    refuseDefault(rule, 'given another priority')
    if (Priority === undefined) invalid(`A priority must be specified for rule '${rule.arn}'`)
    between('rulePriorities.priority', Priority, 1, maxPriority)
    if (wanted.has(rule)) invalid(`Rule '${rule.arn}' cannot be specified more than once`)
    wanted.set(rule, String(Priority))
  }
  for (const listener of new Set([...wanted.keys()].map(({ listenerArn }) => listenerArn)))
    checkDistinct(rulesOf(context, listener), wanted)
  for (const [rule, Priority] of wanted) rule.wire = { ...rule.wire, Priority }
  context.account.changed()
  return { Rules: [...wanted.keys()].map(({ wire }) => wire) }
}

/** Only the order that would result counts, so that rules can trade places. */
function checkDistinct(rules: readonly RuleRecord[], wanted: ReadonlyMap<RuleRecord, string>): void {
  const taken = new Set<string>()
  for (const rule of rules) {
    const priority = wanted.get(rule) ?? rule.wire.Priority ?? ''
    if (taken.has(priority)) refuse('PriorityInUse', `Priority '${priority}' is currently in use`)
    taken.add(priority)
  }
}
