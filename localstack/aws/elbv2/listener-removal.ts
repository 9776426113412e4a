/** The end of a listener or rule with all that hangs on it; answers the target groups that it named. */
import type { ListenerRecord, RuleRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { removeTags } from '../tag.ts'
import { groupsNamed } from './association.ts'
import { rulesOf } from './lookup.ts'

export function removeRule({ account }: Context, rule: RuleRecord): string[] {
  account.rules.delete(rule.arn)
  removeTags(account, rule.arn)
  return groupsNamed(rule.wire.Actions)
}

export function removeListener(context: Context, listener: ListenerRecord): string[] {
  const { account } = context
  const groups = rulesOf(context, listener.arn).flatMap((rule) => removeRule(context, rule))
  account.listeners.delete(listener.arn)
  removeTags(account, listener.arn)
  return [...groups, ...groupsNamed(listener.wire.DefaultActions)]
}
