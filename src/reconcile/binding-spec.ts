/** A binding as its author meant it: what it leaves out is the target group's own; and whether another one acts on that group. */
import { findTargetGroup } from '../aws/target-group.ts'
import { completeTargetGroupBinding } from '../kube/write.ts'
import { isComplete, statedBy } from '../model/binding.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { problemOn } from '../model/endpoint.ts'
import type { Problem } from '../model/problem.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'
import type { Bindable } from './targets-memory.ts'
import { refusedAs, type Refused, reachOf } from './reach.ts'

/** A complete one needs no call. */
export async function complete(
  binding: TargetGroupBinding,
  pass: Pass,
  context: Context,
): Promise<Result<TargetGroupBinding, Refused>> {
  const { spec } = binding
  if (isComplete(spec)) return ok(binding)
  const group = await groupOf(binding, pass, context)
  if (!group.ok) return group
  const stated = statedBy(group.value) ?? {}
  const whole = { ...binding, spec: { ...stated, ...spec } }
  if (context.observe) return ok(whole)
  const written = await completeTargetGroupBinding(context.kube, binding, stated)
  if (written.ok) context.bindings.written(written.value)
  else context.log.warn({ binding: keyOf(binding), reason: written.error.reason }, 'binding not completed')
  return ok(written.ok ? written.value : whole)
}

async function groupOf(
  binding: TargetGroupBinding,
  pass: Pass,
  context: Context,
): Promise<Result<Bindable, Refused>> {
  const { targetGroupARN: arn, targetGroupName: name = '' } = binding.spec
  const known = context.targets.groups.get(arn ?? name)
  if (known !== undefined) return ok(known)
  const reach = await reachOf(binding, pass, context)
  if (!reach.ok) return reach
  const reader = { aws: reach.value, options: optionsOf(pass, 'targets', context) }
  const found = await findTargetGroup(reader, arn === undefined ? { name } : { arn })
  if (!found.ok) return fail(refusedAs(binding, found.error))
  if (found.value === undefined)
    return fail({ problems: [missing(binding)], retryMs: 30_000, why: 'no such target group' })
  const { targetType } = found.value
  if (targetType !== 'ip' && targetType !== 'instance')
    return fail({ problems: [unusable(binding, targetType)], retryMs: 300_000, why: 'target type' })
  const group = { ...found.value, targetType }
  context.targets.groups.set(arn ?? name, group)
  return ok(group)
}

export const missing = (binding: TargetGroupBinding): Problem =>
  problemOn(binding, 'error', {
    kind: 'TargetGroupMissing',
    field: binding.spec.targetGroupARN === undefined ? 'spec.targetGroupName' : 'spec.targetGroupARN',
    message: `target group ${binding.spec.targetGroupARN ?? binding.spec.targetGroupName} does not exist`,
    remedy: 'Delete the binding, or name a target group that exists.',
  })

const unusable = (binding: TargetGroupBinding, targetType: string): Problem =>
  problemOn(binding, 'error', {
    kind: 'TargetGroupUnusable',
    field: 'spec.targetGroupARN',
    message: `the target group is of type ${targetType}: neither pods nor nodes can be its targets`,
    remedy: 'Name a target group of type ip or instance.',
  })

/** Nodes of one VPC can't be targets in another. */
export function otherVpc(binding: TargetGroupBinding, { settings }: Context): readonly Problem[] {
  const { vpcID, targetType } = binding.spec
  if (targetType !== 'instance' || vpcID === undefined || vpcID === settings.vpcId) return []
  return [
    problemOn(binding, 'error', {
      kind: 'TargetGroupUnusable',
      field: 'spec.vpcID',
      message: `the target group is in ${vpcID}, the nodes are in ${settings.vpcId}`,
      remedy: `Use a target group in ${settings.vpcId}, or one of type ip with peered VPCs.`,
    }),
  ]
}

/** The binding that acts on the target group in this one's place: the oldest, where they don't share it as several clusters do. */
export function rivalOf(binding: TargetGroupBinding, { bindings }: Context): TargetGroupBinding | undefined {
  const arn = binding.spec.targetGroupARN
  if (arn === undefined) return undefined
  const others = bindings
    .of('', [arn])
    .filter(({ metadata }) => metadata.uid !== binding.metadata.uid)
    .filter(({ spec }) => !(spec.multiClusterTargetGroup && binding.spec.multiClusterTargetGroup))
  return others.toSorted(byAge).find((other) => byAge(other, binding) < 0)
}

const ageOf = ({ metadata }: TargetGroupBinding): number => Date.parse(metadata.creationTimestamp ?? '') || 0
const byAge = (a: TargetGroupBinding, b: TargetGroupBinding): number =>
  ageOf(a) - ageOf(b) || (keyOf(a) < keyOf(b) ? -1 : 1)

export const conflict = (binding: TargetGroupBinding, rival: TargetGroupBinding): Problem =>
  problemOn(binding, 'error', {
    kind: 'Conflict',
    field: 'spec.targetGroupARN',
    message: `TargetGroupBinding ${keyOf(rival)} is older and fills the same target group`,
    remedy: 'Delete one of them, or name another target group.',
  })
