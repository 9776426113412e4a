/** Who uses the shared backend security group, where other parts build the groups. */
import { readLoadBalancer } from '../aws/codec/load-balancer.ts'
import { loadBalancersByArn } from '../aws/read.ts'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Desired } from '../model/desired.ts'
import { groupsOf } from '../model/group.ts'
import { backendSecurityGroup } from '../model/ref.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, readerOf } from './context.ts'
import { model } from './modelled.ts'

/**
 * Where other parts build the groups, what they come to is modelled here: those of which nothing is known, or not any more
 * since something of them changed. What stops it is told, and the rest is done.
 */
export async function modelUnknown(pass: Pass, context: Context): Promise<AwsError | undefined> {
  const { informers, settings, backendUsers } = context
  const cluster = informers.snapshot()
  const { groups } = groupsOf(cluster, settings)
  for (const stack of backendUsers.keys()) if (!groups.has(stack)) backendUsers.delete(stack)
  let error: AwsError | undefined
  for (const [stack, group] of groups) {
    if (backendUsers.has(stack)) continue
    backendUsers.set(stack, 'may need')
    const modelled = await model(group, pass, context)
    // Taken away again where something of it changed meanwhile.
    if (modelled.ok && backendUsers.has(stack)) backendUsers.set(stack, useOf(modelled.value.desired))
    if (modelled.ok) continue
    backendUsers.delete(stack)
    error = modelled.error
  }
  return error
}

/** Reads the load balancers again that had the shared group when they were last looked at. */
export async function lookAtUsers(id: string, pass: Pass, context: Context): Promise<Result<void, AwsError>> {
  const { loadBalancers } = context.mirror
  const arns = loadBalancers
    .values()
    .filter(({ securityGroups }) => securityGroups.includes(id))
    .map(({ arn }) => arn)
  if (arns.length === 0) return ok(undefined)
  const beganAt = Date.now()
  const read = await loadBalancersByArn(readerOf(context, pass, 'reconcile'), arns)
  if (!read.ok) return read
  const found = read.value.map((wire) =>
    readLoadBalancer(wire, loadBalancers.get(wire.LoadBalancerArn ?? '')?.tags ?? {}),
  )
  loadBalancers.read(found, { scope: ({ arn }) => arns.includes(arn), beganAt })
  return ok(undefined)
}

function useOf({ loadBalancer, targetGroups, held, gone }: Desired): 'needs' | 'may need' | 'does without' {
  if (gone) return 'does without'
  const named = JSON.stringify([
    loadBalancer?.securityGroups,
    targetGroups.map(({ binding }) => binding.networking),
  ])
  if (named.includes(`"${backendSecurityGroup.id}"`)) return 'needs'
  return held.length > 0 || loadBalancer === undefined ? 'may need' : 'does without'
}
