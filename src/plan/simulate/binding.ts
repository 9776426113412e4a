/** Writes of TargetGroupBindings, tried. */
import type { TargetGroupBindingSpec } from '../../kind/target-group-binding.ts'
import { formatTime } from '../../lib/time.ts'
import type { TargetGroupBinding } from '../../model/cluster.ts'
import type { BindingSpec } from '../step.ts'
import { type Arm, changed, put, refuse, resolve, type Sim } from './sim.ts'

const specOf = (sim: Sim, { networking, ...rest }: BindingSpec, arn: string): TargetGroupBindingSpec => ({
  ...rest,
  targetGroupARN: arn,
  ...(networking
    ? {
        networking: {
          ingress: networking.ingress.map(({ from, ports }) => ({
            ports,
            from: from.map(({ securityGroup }) => ({
              securityGroup: { groupID: resolve(sim, securityGroup.groupID) },
            })),
          })),
        },
      }
    : {}),
})

export const createBinding: Arm<'CreateTargetGroupBinding'> = (sim, { namespace, name, labels, ...step }) => {
  const { bindings } = sim.actual
  if (bindings.some(({ metadata }) => metadata.namespace === namespace && metadata.name === name))
    refuse('AlreadyExists')
  const spec = specOf(sim, step.spec, resolve(sim, step.targetGroup))
  const metadata = {
    namespace,
    name,
    labels,
    uid: `${namespace}/${name}~${sim.serial}`,
    creationTimestamp: formatTime(sim.now),
  }
  return { ...changed(sim, { bindings: [...bindings, { metadata, spec }] }), serial: sim.serial + 1 }
}

export const updateBinding: Arm<'UpdateTargetGroupBinding'> = (sim, { namespace, name, labels, spec }) =>
  changed(sim, {
    bindings: put(
      sim.actual.bindings,
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
      (one): TargetGroupBinding => ({
        metadata: { ...one.metadata, labels },
        spec: specOf(sim, spec, one.spec.targetGroupARN ?? ''),
      }),
    ),
  })

/** It goes once its finalizer has. */
export const deleteBinding: Arm<'DeleteTargetGroupBinding'> = (sim, { uid }) =>
  changed(sim, {
    bindings: put(
      sim.actual.bindings,
      ({ metadata }) => metadata.uid === uid,
      (one) => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: formatTime(sim.now) } }),
    ),
  })
