/** What the controller writes into the cluster besides events. Patches only, so that fields of others are never lost. */
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import { equal } from '../lib/json.ts'
import { fail, ok } from '../lib/result.ts'
import type {
  Ingress,
  IngressStatusEntry,
  KubeObject,
  Pod,
  PodCondition,
  TargetGroupBinding,
} from '../model/cluster.ts'
import type { Kube } from './client.ts'
import { isConflict, isNotFound, isOtherObject, type KubeError } from './error.ts'
import { mergePatch } from './merge-patch.ts'
import { ingresses, type ObjectName, pods, type Resource, targetGroupBindings } from './resource.ts'
import type { Answer } from './wire.ts'

const rounds = 5
const gone = (name: ObjectName): KubeError => ({
  status: 404,
  reason: 'NotFound',
  message: `${name.namespace ? `${name.namespace}/` : ''}${name.name} is gone or was created anew`,
})
const nameOf = ({ metadata }: KubeObject): ObjectName => ({
  name: metadata.name,
  ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
})

/**
 * Patches what `change` says of the object as it is now; a stale cache costs a re-read, not a lost write.
 * A patch of undefined means that nothing is to be done. An object created anew under the name is left alone.
 */
async function patchLatest<T extends KubeObject>(
  kube: Kube,
  of: Resource<T>,
  known: T,
  change: (current: T) => Readonly<Record<string, unknown>> | undefined,
): Answer<T> {
  let current = known
  for (let round = 1; ; round += 1) {
    const patch = change(current)
    if (!patch) return ok(current)
    const metadata = {
      ...(patch['metadata'] as object | undefined),
      uid: known.metadata.uid,
      resourceVersion: current.metadata.resourceVersion,
    }
    const written = await kube.patch(of, nameOf(known), { ...patch, metadata })
    if (written.ok || round === rounds) return written
    if (!isConflict(written.error) && !isOtherObject(written.error)) return written
    const read = await kube.get(of, nameOf(known))
    if (!read.ok) return read
    if (read.value.metadata.uid !== known.metadata.uid) return fail(gone(nameOf(known)))
    current = read.value
  }
}

export const addFinalizer = <T extends KubeObject>(
  kube: Kube,
  of: Resource<T>,
  object: T,
  finalizer: string,
): Answer<T> =>
  patchLatest(kube, of, object, ({ metadata }) => {
    const present = metadata.finalizers ?? []
    // The API server refuses new finalizers on an object that is being deleted.
    if (present.includes(finalizer) || metadata.deletionTimestamp) return undefined
    return { metadata: { finalizers: [...present, finalizer] } }
  })

/** Undefined when the object is gone, which is what removing the last finalizer leads to. */
export async function removeFinalizer<T extends KubeObject>(
  kube: Kube,
  of: Resource<T>,
  object: T,
  finalizer: string,
): Answer<T | undefined> {
  const written = await patchLatest(kube, of, object, ({ metadata }) => {
    const present = metadata.finalizers ?? []
    if (!present.includes(finalizer)) return undefined
    return { metadata: { finalizers: present.filter((name) => name !== finalizer) } }
  })
  return !written.ok && isNotFound(written.error) ? ok(undefined) : written
}

/**
 * Applies a status as ours. The uid keeps it off an object created anew under the same name, and force takes fields over
 * that another field manager wrote: ALBC's, after a take-over.
 */
const applyStatus = <T extends KubeObject>(
  kube: Kube,
  of: Resource<T>,
  { metadata }: KubeObject,
  status: object,
): Answer<T> =>
  kube.apply(
    of,
    { metadata: { ...nameOf({ metadata }), uid: metadata.uid }, status },
    { subresource: 'status', force: true },
  )

/** No entries: an explicit empty list, because leaving the field out would leave another manager's value in place. */
export const applyIngressStatus = (
  kube: Kube,
  ingress: Ingress,
  entries: readonly IngressStatusEntry[],
): Answer<Ingress> =>
  equal(ingress.status?.loadBalancer?.ingress ?? [], entries)
    ? Promise.resolve(ok(ingress))
    : applyStatus(kube, ingresses, ingress, { loadBalancer: { ingress: entries } })

export type BindingWanted = {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: TargetGroupBindingSpec
}

export const createTargetGroupBinding = (
  kube: Kube,
  { namespace, name, labels, spec }: BindingWanted,
): Answer<TargetGroupBinding> =>
  kube.create(targetGroupBindings, { metadata: { namespace, name, labels }, spec })

/** Makes labels and spec those wanted; a wanted spec without ARN keeps the one that is there. Other labels stay. */
export const updateTargetGroupBinding = (
  kube: Kube,
  binding: TargetGroupBinding,
  wanted: Pick<BindingWanted, 'labels' | 'spec'>,
): Answer<TargetGroupBinding> =>
  patchLatest(kube, targetGroupBindings, binding, ({ metadata, spec }) => {
    const { targetGroupARN } = spec
    return mergePatch(
      { metadata: { labels: metadata.labels ?? {} }, spec },
      {
        metadata: { labels: { ...metadata.labels, ...wanted.labels } },
        spec: { ...(targetGroupARN ? { targetGroupARN } : {}), ...wanted.spec },
      },
    )
  })

/** Already gone, or gone and created anew by someone else, is done. */
export async function deleteTargetGroupBinding(
  kube: Kube,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Answer<undefined> {
  const answer = await kube.delete(targetGroupBindings, { namespace, name }, { uid })
  return !answer.ok && (isNotFound(answer.error) || isConflict(answer.error)) ? ok(undefined) : answer
}

export const applyBindingStatus = (
  kube: Kube,
  binding: TargetGroupBinding,
  status: NonNullable<TargetGroupBinding['status']>,
): Answer<TargetGroupBinding> =>
  equal(binding.status ?? {}, status)
    ? Promise.resolve(ok(binding))
    : applyStatus(kube, targetGroupBindings, binding, status)

/** States what a binding left out, so that everybody sees it; what is stated stays. */
export const completeTargetGroupBinding = (
  kube: Kube,
  binding: TargetGroupBinding,
  stated: Partial<TargetGroupBindingSpec>,
): Answer<TargetGroupBinding> =>
  patchLatest(kube, targetGroupBindings, binding, ({ spec }) => {
    const absent = Object.entries(stated).filter(([field]) => !(field in spec))
    return absent.length === 0 ? undefined : { spec: Object.fromEntries(absent) }
  })

/** Sets annotations on a binding; a null removes one. */
export const annotateTargetGroupBinding = (
  kube: Kube,
  binding: TargetGroupBinding,
  annotations: Readonly<Record<string, string | null>>,
): Answer<TargetGroupBinding> =>
  kube.patch(targetGroupBindings, nameOf(binding), {
    metadata: { uid: binding.metadata.uid, annotations },
  })

/** Sets one condition of a pod, a readiness gate; no call when it says that already. Undefined when the pod is gone. */
export async function setPodCondition(
  kube: Kube,
  pod: Pod,
  condition: Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>,
): Answer<Pod | undefined> {
  const old = pod.status?.conditions?.find(({ type }) => type === condition.type)
  const same = old && equal({ ...old, lastTransitionTime: undefined }, condition)
  if (same) return ok(pod)
  const lastTransitionTime =
    old?.status === condition.status && old.lastTransitionTime
      ? old.lastTransitionTime
      : new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  // Left out, the old ones would stay.
  const cleared = { reason: condition.reason ?? null, message: condition.message ?? null }
  const conditions = [{ ...condition, ...cleared, lastTransitionTime }]
  const answer = await kube.patch(
    pods,
    nameOf(pod),
    { metadata: { uid: pod.metadata.uid }, status: { conditions } },
    { kind: 'strategic', subresource: 'status' },
  )
  return !answer.ok && (isNotFound(answer.error) || isOtherObject(answer.error)) ? ok(undefined) : answer
}
