/** Which target groups are named by the rules and listeners of which load balancers. */
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account, TargetGroupRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { registrationInProgress } from './target-state.ts'

export function groupsNamed(actions: readonly Action[] | undefined): string[] {
  return (actions ?? []).flatMap((action) => [
    ...(action.TargetGroupArn ? [action.TargetGroupArn] : []),
    ...(action.ForwardConfig?.TargetGroups ?? []).flatMap((tuple) => tuple.TargetGroupArn ?? []),
  ])
}

/** The distinct target groups that a load balancer's rules and listeners name, without those of `except`. */
export function groupsOfLoadBalancer(
  account: Account,
  loadBalancerArn: string,
  except?: string,
): Set<string> {
  const groups = new Set<string>()
  for (const [holder, actions] of holders(account, loadBalancerArn))
    if (holder !== except) for (const group of groupsNamed(actions)) groups.add(group)
  return groups
}

function* holders(account: Account, loadBalancerArn: string): Generator<[string, Action[] | undefined]> {
  for (const listener of account.listeners.values())
    if (listener.loadBalancerArn === loadBalancerArn) yield [listener.arn, listener.wire.DefaultActions]
  for (const rule of account.rules.values())
    if (account.listeners.get(rule.listenerArn)?.loadBalancerArn === loadBalancerArn && !rule.wire.IsDefault)
      yield [rule.arn, rule.wire.Actions]
}

/** Called after a change of actions with all the groups that it touched. */
export function settleUse(context: Context, groups: Iterable<string>): void {
  const { account } = context
  const wanted = new Map([...new Set(groups)].map((arn) => [arn, new Set<string>()]))
  if (wanted.size === 0) return
  const note = (actions: readonly Action[] | undefined, loadBalancerArn: string): void => {
    for (const group of groupsNamed(actions)) wanted.get(group)?.add(loadBalancerArn)
  }
  for (const { wire, loadBalancerArn } of account.listeners.values())
    note(wire.DefaultActions, loadBalancerArn)
  for (const { wire, listenerArn } of account.rules.values()) {
    const listener = account.listeners.get(listenerArn)
    if (listener) note(wire.Actions, listener.loadBalancerArn)
  }
  for (const [arn, loadBalancers] of wanted) {
    const record = account.targetGroups.get(arn)
    if (record) setUse(context, record, [...loadBalancers])
  }
}

function setUse({ now, timing }: Context, record: TargetGroupRecord, loadBalancers: string[]): void {
  const used = (record.wire.LoadBalancerArns ?? []).length > 0
  record.wire = { ...record.wire, LoadBalancerArns: loadBalancers }
  if (loadBalancers.length > 0 && !used) {
    record.inUseSince = now
    delete record.inUseUntil
    for (const target of record.targets.values()) target.health = registrationInProgress
  }
  if (loadBalancers.length === 0 && used) {
    delete record.inUseSince
    if (timing.targetGroupInUseLagMs > 0) record.inUseUntil = now + timing.targetGroupInUseLagMs
  }
}

export function inUse({ now }: Context, record: TargetGroupRecord): boolean {
  return (record.wire.LoadBalancerArns ?? []).length > 0 || now < (record.inUseUntil ?? 0)
}
