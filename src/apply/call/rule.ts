/** Calls on rules. */
import {
  CreateRuleCommand,
  DeleteRuleCommand,
  ModifyRuleCommand,
  type Rule,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { actionList, type CredentialsOf } from '../../aws/codec/action.ts'
import { conditionList, transformList } from '../../aws/codec/condition.ts'
import { readRule } from '../../aws/codec/rule.ts'
import { tagsMember } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import type { Call } from '../../plan/step.ts'
import { type NameOf, outgoing, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function createRule(
  call: Of<'CreateRule'>,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
): Request[] {
  const { hide, remember } = outgoing(mirror, credentialsOf, call.actions)
  const create = request(
    new CreateRuleCommand({
      ListenerArn: nameOf(call.listener),
      Priority: call.priority,
      Conditions: conditionList(call.conditions),
      Actions: actionList(call.actions, nameOf, credentialsOf),
      ...(call.transforms.length === 0 ? {} : { Transforms: transformList(call.transforms) }),
      ...tagsMember(call.tags),
    }),
    ({ Rules }) => {
      const wire = Rules?.[0]
      if (wire === undefined) return
      mirror.rules.wrote(readRule(wire, call.tags))
      remember(wire.RuleArn ?? '')
    },
    hide,
  )
  return [create]
}

export function modifyRule(
  call: Of<'ModifyRule'>,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
): Request[] {
  const { hide, remember } = outgoing(mirror, credentialsOf, call.actions)
  const modify = request(
    new ModifyRuleCommand({
      RuleArn: call.rule,
      ...(call.conditions === undefined ? {} : { Conditions: conditionList(call.conditions) }),
      ...(call.actions === undefined ? {} : { Actions: actionList(call.actions, nameOf, credentialsOf) }),
      ...transforms(call),
    }),
    ({ Rules: rules = [] }) => {
      learn(rules, mirror)
      remember(call.rule)
    },
    hide,
  )
  return [modify]
}

/** An empty list is refused; resetting has a member of its own. */
function transforms({ transforms: wanted }: Of<'ModifyRule'>) {
  if (wanted === undefined) return {}
  return wanted.length === 0 ? { ResetTransforms: true } : { Transforms: transformList(wanted) }
}

export const setPriorities = (call: Of<'SetRulePriorities'>, _: NameOf, mirror: Mirror): Request[] => [
  request(
    new SetRulePrioritiesCommand({
      RulePriorities: call.priorities.map(({ rule, priority }) => ({ RuleArn: rule, Priority: priority })),
    }),
    () => {
      for (const { rule, priority } of call.priorities)
        mirror.rules.patch(rule, (one) => ({ ...one, priority }))
    },
  ),
]

export const removeRule = ({ rule }: Of<'DeleteRule'>, _: NameOf, mirror: Mirror): Request[] => [
  request(new DeleteRuleCommand({ RuleArn: rule }), () => mirror.rules.deleted(rule)),
]

function learn(rules: readonly Rule[], mirror: Mirror): void {
  for (const wire of rules) mirror.rules.patch(wire.RuleArn ?? '', (old) => readRule(wire, old.tags))
}
