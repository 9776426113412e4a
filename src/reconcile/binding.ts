/** Writes of TargetGroupBindings that a plan asks for, with Refs resolved to what AWS named. */
import type { NameOf } from '../apply/call/request.ts'
import type { BindingCall } from '../apply/call.ts'
import type { KubeError } from '../kube/error.ts'
import {
  createTargetGroupBinding,
  deleteTargetGroupBinding,
  updateTargetGroupBinding,
} from '../kube/write.ts'
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { TargetGroupBinding } from '../model/cluster.ts'
import type { BindingSpec } from '../plan/step.ts'
import type { Context } from './context.ts'

export const writeBinding =
  ({ kube, bindings }: Pick<Context, 'kube' | 'bindings'>) =>
  async (call: BindingCall, nameOf: NameOf): Promise<Result<void, AwsError>> => {
    const { namespace, name } = call
    switch (call.call) {
      case 'CreateTargetGroupBinding': {
        const spec = { ...resolved(call.spec, nameOf), targetGroupARN: nameOf(call.targetGroup) }
        const created = await createTargetGroupBinding(kube, { namespace, name, labels: call.labels, spec })
        if (created.ok) bindings.written(created.value)
        return answer(call, created)
      }
      case 'UpdateTargetGroupBinding': {
        const binding = bindings.get(`${namespace}/${name}`)
        if (binding === undefined) return ok(undefined)
        const wanted = { labels: call.labels, spec: resolved(call.spec, nameOf) }
        const updated = await updateTargetGroupBinding(kube, binding, wanted)
        if (updated.ok) bindings.written(updated.value)
        return answer(call, updated)
      }
      case 'DeleteTargetGroupBinding': {
        const deleted = await deleteTargetGroupBinding(kube, { namespace, name, uid: call.uid })
        const known = bindings.get(`${namespace}/${name}`)
        if (deleted.ok && known?.metadata.uid === call.uid) bindings.written(leaving(known))
        return answer(call, deleted)
      }
    }
  }

/** As the watch will show it; with no finalizer it goes at once, which the watch tells too. */
const leaving = (binding: TargetGroupBinding): TargetGroupBinding => ({
  ...binding,
  metadata: { ...binding.metadata, deletionTimestamp: new Date().toISOString() },
})

function resolved(spec: BindingSpec, nameOf: NameOf): TargetGroupBindingSpec {
  const { networking, ...rest } = spec
  if (networking === undefined) return rest
  const ingress = networking.ingress.map(({ from, ports }) => ({
    from: from.map(({ securityGroup }) => ({ securityGroup: { groupID: nameOf(securityGroup.groupID) } })),
    ports,
  }))
  return { ...rest, networking: { ingress } }
}

/** A refusal of the API server in the words that outcomes are told in. */
function answer(call: BindingCall, result: Result<unknown, KubeError>): Result<void, AwsError> {
  if (result.ok) return ok(undefined)
  const { status, reason, message } = result.error
  // Created by a pass whose answer was lost: the informer will bring it.
  if (call.call === 'CreateTargetGroupBinding' && reason === 'AlreadyExists') return ok(undefined)
  const kind = status === 403 ? 'denied' : status === 422 || status === 400 ? 'invalid' : 'unavailable'
  return fail({ kind, call: `kubernetes:${call.call}`, code: reason, message })
}
