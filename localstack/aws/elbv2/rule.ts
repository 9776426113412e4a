/** CreateRule, DescribeRules, ModifyRule, DeleteRule. */
import type {
  CreateRuleInput,
  CreateRuleOutput,
  DeleteRuleInput,
  DeleteRuleOutput,
  DescribeRulesInput,
  DescribeRulesOutput,
  ModifyRuleInput,
  ModifyRuleOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ListenerRecord, RuleRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { setTags } from '../tag.ts'
import { actionsOut, type Holder } from './action.ts'
import { ruleArn } from './arn.ts'
import { groupsNamed, settleUse } from './association.ts'
import { conditionsOut } from './condition.ts'
import { isNetwork } from './listener-protocol.ts'
import { removeRule } from './listener-removal.ts'
import { listenerOf, listenersOf, loadBalancerOf, ruleOf, rulesOf, seen, seenOrMissing } from './lookup.ts'
import { page } from './page.ts'
import { quota } from './quota.ts'
import { between, constraint, invalid, refuse } from './refuse.ts'
import { checkTags } from './tag.ts'
import { transformsOut } from './transform.ts'

/** On recollection: as many as load balancers and target groups. */
const maxArns = 20
export const maxPriority = 50_000

function holderOf(context: Context, listener: ListenerRecord, rule?: RuleRecord): Holder {
  return {
    ...(rule ? { arn: rule.arn, clientSecret: rule.clientSecret } : {}),
    loadBalancer: loadBalancerOf(context, listener.loadBalancerArn),
    protocol: listener.wire.Protocol ?? 'HTTP',
    port: listener.wire.Port ?? 0,
  }
}
export function refuseDefault(rule: RuleRecord, what: string): void {
  if (rule.wire.IsDefault) refuse('OperationNotPermitted', `Default rule '${rule.arn}' cannot be ${what}`)
}

export function createRule(input: CreateRuleInput, context: Context): CreateRuleOutput {
  const { account, ids, now } = context
  const listener = seenOrMissing(context, 'listener', listenerOf(context, input.ListenerArn))
  refuseNetwork(context, listener)
  checkTags(context, input.Tags)
  const { Priority: priority = invalid('A priority must be specified') } = input
  between('priority', priority, 1, maxPriority)
  if (rulesOf(context, listener.arn).some(({ wire }) => wire.Priority === String(priority)))
    refuse('PriorityInUse', `Priority '${priority}' is currently in use`)
  const Conditions = conditionsOut(account, input.Conditions)
  const out = actionsOut(context, holderOf(context, listener), input.Actions)
  const Transforms = transformsOut(input.Transforms)
  checkRoom(context, listener)
  const arn = ruleArn(listener.arn, ids.hex('listener-rule', 16))
  const record: RuleRecord = {
    arn,
    listenerArn: listener.arn,
    wire: {
      RuleArn: arn,
      Priority: String(priority),
      Conditions,
      Actions: out.actions,
      IsDefault: false,
      Transforms,
    },
    ...(out.clientSecret === undefined ? {} : { clientSecret: out.clientSecret }),
    createdAt: now,
  }
  account.rules.set(arn, record)
  setTags(account, arn, input.Tags)
  settleUse(context, groupsNamed(out.actions))
  account.changed()
  return { Rules: [record.wire] }
}

/** That a network load balancer's listener takes no rules is a recollection; rules by source address are newer. */
function refuseNetwork(context: Context, { loadBalancerArn }: ListenerRecord): void {
  if (isNetwork(loadBalancerOf(context, loadBalancerArn)))
    refuse('UnsupportedProtocol', 'Rules are unsupported for Network Load Balancer listeners')
}

function checkRoom(context: Context, { loadBalancerArn }: ListenerRecord): void {
  const max = quota(context.account, 'rules-per-application-load-balancer')
  const count = listenersOf(context, loadBalancerArn)
    .flatMap(({ arn }) => rulesOf(context, arn))
    .filter(({ wire }) => !wire.IsDefault).length
  if (count >= max)
    refuse('TooManyRules', `The maximum number of rules per load balancer '${max}' has been reached`)
}

export function describeRules(input: DescribeRulesInput, context: Context): DescribeRulesOutput {
  const { items, NextMarker } = page(selected(input, context), input, ({ arn }) => arn)
  return { Rules: items.map(({ wire }) => wire), NextMarker }
}

function selected({ ListenerArn, RuleArns: arns = [] }: DescribeRulesInput, context: Context): RuleRecord[] {
  if (Boolean(ListenerArn) === arns.length > 0)
    invalid('You must specify either listener rule ARNs or a listener ARN')
  if (arns.length > maxArns)
    constraint('ruleArns', `[${arns.length}]`, `have length less than or equal to ${maxArns}`)
  if (arns.length > 0) return arns.map((arn) => seenOrMissing(context, 'rule', ruleOf(context, arn)))
  const listener = seenOrMissing(context, 'listener', listenerOf(context, ListenerArn))
  return rulesOf(context, listener.arn).filter((record) => seen(context, record))
}

export function modifyRule(input: ModifyRuleInput, context: Context): ModifyRuleOutput {
  const { account } = context
  const record = ruleOf(context, input.RuleArn)
  refuseDefault(record, 'modified')
  const listener = listenerOf(context, record.listenerArn)
  if (input.ResetTransforms && input.Transforms?.length)
    invalid('Transforms cannot be specified when they are to be reset')
  const before = record.wire.Actions
  const Conditions = input.Conditions ? conditionsOut(account, input.Conditions) : record.wire.Conditions
  const out = input.Actions
    ? actionsOut(context, holderOf(context, listener, record), input.Actions)
    : undefined
  const Transforms = input.ResetTransforms
    ? []
    : input.Transforms?.length
      ? transformsOut(input.Transforms)
      : record.wire.Transforms
  record.wire = { ...record.wire, Conditions, Actions: out?.actions ?? before, Transforms }
  if (out?.clientSecret !== undefined) record.clientSecret = out.clientSecret
  else if (out) delete record.clientSecret
  settleUse(context, [...groupsNamed(before), ...groupsNamed(record.wire.Actions)])
  account.changed()
  return { Rules: [record.wire] }
}

export function deleteRule(input: DeleteRuleInput, context: Context): DeleteRuleOutput {
  const record = ruleOf(context, input.RuleArn)
  refuseDefault(record, 'deleted')
  settleUse(context, removeRule(context, record))
  context.account.changed()
  return {}
}
