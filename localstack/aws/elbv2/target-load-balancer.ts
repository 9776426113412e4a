/** Application load balancers as targets of network load balancers: one per group, through a listener of theirs, and in use meanwhile. */
import type { Account, ListenerRecord, LoadBalancerRecord, TargetGroupRecord } from '../account.ts'
import type { Context } from '../service.ts'
import { quota } from './quota.ts'
import { invalid, refuse } from './refuse.ts'

type Given = { readonly Id?: string | undefined; readonly Port?: number | undefined }

/** That it must be active is a recollection. */
export function checkLoadBalancerTarget(
  { account, now }: Pick<Context, 'account' | 'now'>,
  group: TargetGroupRecord,
  { Id: id = '', Port: port = group.wire.Port }: Given,
): void {
  if (!/:loadbalancer\/app\/[^/]+\/[^/]+$/.test(id))
    invalid(`'${id}' is not a valid Application Load Balancer ARN`)
  const target = account.loadBalancers.get(id)
  if (!target || target.wire.VpcId !== group.wire.VpcId)
    refuse(
      'InvalidTarget',
      `The following targets are not in the target group VPC '${group.wire.VpcId}': '${id}'`,
    )
  if (now < target.activeAt)
    refuse(
      'InvalidTarget',
      `The following targets are not in an active state and cannot be registered: '${id}'`,
    )
  const listens = [...account.listeners.values()].some(
    ({ loadBalancerArn, wire }) => loadBalancerArn === id && wire.Port === port,
  )
  if (!listens)
    invalid(
      'If the target type is ALB, the target must have at least one listener that matches the target group port or any specified port overrides',
    )
  checkUses(account, group, id)
}

function checkUses(account: Account, group: TargetGroupRecord, id: string): void {
  const users = groupsWith(account, id).flatMap((one) => one.wire.LoadBalancerArns ?? [])
  const max = quota(account, 'network-load-balancers-per-alb-target')
  const all = new Set([...users, ...(group.wire.LoadBalancerArns ?? [])])
  if (all.size > max)
    refuse(
      'TooManyRegistrationsForTargetId',
      `An Application Load Balancer can be a target of at most '${max}' Network Load Balancers: '${id}'`,
    )
}

/** Where it is registered and not on its way out. */
const groupsWith = (account: Account, id: string, port?: number): TargetGroupRecord[] =>
  [...account.targetGroups.values()].filter(
    ({ wire, targets }) =>
      wire.TargetType === 'alb' &&
      [...targets.values()].some(
        (one) =>
          one.id === id && one.drainingUntil === undefined && (port === undefined || one.port === port),
      ),
  )

/** The load balancer can't go while it is a target. */
export function refuseRegistered({ account }: Context, { arn }: LoadBalancerRecord): void {
  const [group] = groupsWith(account, arn)
  if (group)
    refuse(
      'ResourceInUse',
      `Load balancer '${arn}' cannot be deleted because it is registered as a target of target group '${group.arn}'`,
    )
}

/** Nor can the listener through which it is one. */
export function refuseTargetPort({ account }: Context, { wire, loadBalancerArn }: ListenerRecord): void {
  if (groupsWith(account, loadBalancerArn, wire.Port).length > 0)
    refuse(
      'ResourceInUse',
      `Listener port '${wire.Port}' is in use by registered target '${loadBalancerArn}' and cannot be removed.`,
    )
}
