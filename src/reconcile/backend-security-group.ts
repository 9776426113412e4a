/** The shared backend security group: made when a group first names it, deleted when nothing does any more. */
import { apply } from '../apply/apply.ts'
import { ok } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { groupsOf } from '../model/group.ts'
import { backendGroup } from '../model/backend-security-group.ts'
import type { Draft } from '../plan/draft.ts'
import { planBackendSecurityGroup } from '../plan/backend-security-group.ts'
import { refusal } from '../status/event.ts'
import type { Pass } from '../watch/queue.ts'
import type { Verdict } from '../watch/verdict.ts'
import { type Context, optionsOf } from './context.ts'
import { backendGroupKey, groupKey } from './key.ts'
import { refOf } from './policy.ts'
import { lookAtUsers, modelUnknown } from './shared-group-users.ts'
import { afterAwsError, again, settled, soonest } from './verdict.ts'

export async function reconcileBackendGroup(pass: Pass, context: Context): Promise<Verdict> {
  const { settings } = context
  if (!settings.enableBackendSecurityGroup || settings.backendSecurityGroup !== undefined) return settled
  const ready = await context.sweeper.ready('', optionsOf(pass, 'reconcile', context))
  if (!ready.ok) return afterAwsError(ready.error)
  if (!ready.value.ready) return again(ready.value.afterMs, ready.value.why)
  const unknown = context.part === 'network' ? await modelUnknown(pass, context) : undefined
  const verdict = await follow(pass, context)
  return unknown === undefined ? verdict : soonest([verdict, afterAwsError(unknown)])
}

async function follow(pass: Pass, context: Context): Promise<Verdict> {
  const { settings, mirror } = context
  const users = [...context.backendUsers].filter(([, use]) => use === 'needs').map(([stack]) => stack)
  const id = mirror.backendSecurityGroup
  const served = id === undefined ? undefined : mirror.securityGroups.get(id)
  const used = users.length > 0
  const inUse = used || id === undefined ? undefined : await usedElsewhere(id, pass, context)
  if (inUse !== undefined) return inUse
  if (!used && served !== undefined && (!everyGroupKnown(context) || isNamed(served.id, context)))
    return settled
  const draft = planBackendSecurityGroup(used, backendGroup(settings), served, settings)
  if (draft.steps.length === 0 || context.observe) return settled
  return await write(draft, users, pass, context)
}

async function write(draft: Draft, users: readonly string[], pass: Pass, context: Context): Promise<Verdict> {
  const { results } = await apply(
    { stack: '', ...draft },
    {
      aws: context.aws,
      mirror: context.mirror,
      stillLeader: context.stillLeader,
      writeBinding: async () => ok(undefined),
      options: optionsOf(pass, 'reconcile', context),
    },
  )
  for (const one of results)
    if (one.result === 'failed') {
      tell(users, one.error, context)
      return afterAwsError(one.error)
    }
  context.reports.problems(backendGroupKey, [])
  // Where others build the groups, they look for it themselves.
  if (context.part === 'all') for (const stack of users) context.queue.add(groupKey(stack), 'new')
  return results.some(({ result }) => result === 'skipped')
    ? again(500, 'the group changed meanwhile')
    : settled
}

/** Others delete load balancers: what is known of them may be old. */
async function usedElsewhere(id: string, pass: Pass, context: Context): Promise<Verdict | undefined> {
  if (context.part !== 'network' || !everyGroupKnown(context)) return undefined
  const looked = await lookAtUsers(id, pass, context)
  if (!looked.ok) return afterAwsError(looked.error)
  return isNamed(id, context) ? again(30_000, 'the shared group is in use') : undefined
}

/** Their load balancers wait for it, so their members are told why. */
function tell(users: readonly string[], error: AwsError, { informers, settings, reports }: Context): void {
  if (error.kind !== 'denied' && error.kind !== 'invalid' && error.kind !== 'quota') return
  const { groups } = groupsOf(informers.snapshot(), settings)
  const members = users.flatMap((stack) => groups.get(stack)?.members ?? [])
  reports.problems(
    backendGroupKey,
    members.map(({ ingress }) => refusal(error, refOf(ingress))),
  )
}

/** Until each group was modelled once since the start, and while one can't be, nobody knows that none needs it. */
const everyGroupKnown = ({ informers, settings, backendUsers }: Context): boolean =>
  [...groupsOf(informers.snapshot(), settings).groups].every(
    ([stack, { members }]) => members.length === 0 || backendUsers.get(stack) === 'does without',
  )

/** A load balancer still has it, or a rule of ours still names it. */
const isNamed = (id: string, { mirror }: Context): boolean =>
  mirror.loadBalancers.values().some(({ securityGroups }) => securityGroups.includes(id)) ||
  mirror.securityGroups
    .values()
    .some(({ ingress }) =>
      ingress.some(({ source }) => 'securityGroup' in source && source.securityGroup === id),
    )
