/** The TargetGroupBinding object that has each target group filled. */
import { equal } from '../lib/json.ts'
import { keyOf, type TargetGroupBinding } from '../model/cluster.ts'
import { isRef } from '../model/ref.ts'
import { memo } from '../lib/memo.ts'
import type { TargetGroup } from '../model/target-group.ts'
import { draft, keyOfName, step, type Draft } from './draft.ts'
import type { BindingSpec, Step, Wait } from './step.ts'
import { creators, type TargetGroupMatch, type World } from './world.ts'

export function planBinding(world: World, match: TargetGroupMatch): Draft {
  const { desired, ref, actual } = match
  const served = actual && bindingOf(world, actual.arn)
  const spec = bindingSpec(world, desired)
  if (served?.metadata.deletionTimestamp) return draft({ waits: [bindingGone(served)] })
  if (served) return draft({ steps: updateBinding(desired, served, spec) })
  const { namespace, labels } = desired.binding
  const targetGroup = actual?.arn ?? ref
  // A target group that keeps an older name keeps it in its binding too.
  const name = actual && desired.binding.name === desired.name ? actual.name : desired.binding.name
  const taken = world.actual.bindings.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
  )
  if (taken?.metadata.deletionTimestamp) return draft({ waits: [bindingGone(taken)] })
  return draft({
    steps: [
      step(
        { call: 'CreateTargetGroupBinding', namespace, name, labels, targetGroup, spec },
        {
          key: `${namespace}/${name}`,
          reason: 'missing',
          impact: 'none',
          owner: desired.owner,
          after: creators([targetGroup]),
        },
      ),
    ],
  })
}

export const bindingOf = (world: World, arn: string): TargetGroupBinding | undefined =>
  byTargetGroup(world.actual.bindings).get(arn)

/** The first one of each target group. */
const byTargetGroup = memo(
  (bindings: readonly TargetGroupBinding[]): ReadonlyMap<string | undefined, TargetGroupBinding> =>
    new Map(bindings.toReversed().map((binding) => [binding.spec.targetGroupARN, binding])),
)

export const bindingGone = (binding: TargetGroupBinding): Wait => ({
  for: 'bindingGone',
  on: keyOf(binding),
  afterMs: 2_000,
  why: 'the binding still has its finalizer',
})

function bindingSpec(world: World, group: TargetGroup): BindingSpec {
  const { binding } = group
  const ingress = binding.networking?.ingress.map(({ from, ports }) => ({
    from: from.map((name) => ({ securityGroup: { groupID: world.nameOf(name) } })),
    ports,
  }))
  return {
    ipAddressType: group.ipAddressType,
    ...(binding.multiClusterTargetGroup ? { multiClusterTargetGroup: true } : {}),
    ...(ingress ? { networking: { ingress } } : {}),
    ...(binding.nodeSelector ? { nodeSelector: binding.nodeSelector } : {}),
    serviceRef: binding.serviceRef,
    targetGroupProtocol: group.protocol,
    targetType: group.targetType,
    vpcID: group.vpcId,
  }
}

/** Annotations (ALBC's checkpoints) never count; what the CRD forbids to change stays as it is. */
function updateBinding(group: TargetGroup, served: TargetGroupBinding, wanted: BindingSpec): Step[] {
  const { targetGroupARN: _arn, ...now } = served.spec
  const fixed = Object.fromEntries(
    immutable.flatMap((key) => (now[key] === undefined ? [] : [[key, now[key]]])),
  )
  const spec: BindingSpec = { ...wanted, ...fixed }
  const { labels } = group.binding
  if (equal(tidy(spec), tidy(now)) && equal(labels, served.metadata.labels ?? {})) return []
  const namespace = served.metadata.namespace ?? ''
  const { name } = served.metadata
  const sources = (spec.networking?.ingress ?? []).flatMap(({ from }) =>
    from.map(({ securityGroup }) => securityGroup.groupID),
  )
  return [
    step(
      { call: 'UpdateTargetGroupBinding', namespace, name, labels, spec },
      {
        key: `${namespace}/${name}`,
        reason: 'binding changed',
        impact: 'in place',
        owner: group.owner,
        after: creators(sources.filter(isRef)),
      },
    ),
  ]
}

const immutable = [
  'targetType',
  'ipAddressType',
  'vpcID',
  'targetGroupName',
  'iamRoleArnToAssume',
  'assumeRoleExternalId',
] as const

/** Absent, false and empty are the same. */
const tidy = (spec: object): object =>
  Object.fromEntries(
    Object.entries(spec).filter(([, value]) => value !== undefined && value !== false && value !== ''),
  )

export const deleteBinding = (binding: TargetGroupBinding, owner: string, after: readonly string[]): Step => {
  const { namespace = '', name, uid } = binding.metadata
  return step(
    { call: 'DeleteTargetGroupBinding', namespace, name, uid },
    { key: keyOfName(`${namespace}/${name}`), reason: 'no rule names it', impact: 'deletes', owner, after },
  )
}
