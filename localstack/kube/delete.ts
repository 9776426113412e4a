/** Deleting: marking what finalizers or a kubelet still hold, removing the rest. */
import { fields, items, type KubeObject, number, text, timestamp } from './object.ts'
import { endsGracefully } from './kinds/builtin.ts'
import type { Resource } from './resource.ts'
import { conflict } from './status.ts'
import type { Store } from './store.ts'

export type DeleteOptions = {
  readonly gracePeriodSeconds?: number
  /** Background unless said. */
  readonly propagationPolicy?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly dryRun: boolean
}

export function deleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const given = fields(body)
  const preconditions = fields(given.preconditions)
  const grace = query.get('gracePeriodSeconds')
  const policy = query.get('propagationPolicy') ?? text(given.propagationPolicy)
  const uid = text(preconditions.uid)
  const resourceVersion = text(preconditions.resourceVersion)
  return {
    ...(typeof given.gracePeriodSeconds === 'number' ? { gracePeriodSeconds: given.gracePeriodSeconds } : {}),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy !== ''
      ? { propagationPolicy: policy }
      : given.orphanDependents === true
        ? { propagationPolicy: 'Orphan' }
        : {}),
    ...(uid === '' ? {} : { uid }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    dryRun: query.getAll('dryRun').includes('All') || items(given.dryRun).includes('All'),
  }
}

const finalizerOf: Readonly<Record<string, string>> = { Foreground: 'foregroundDeletion', Orphan: 'orphan' }

function graceOf(resource: Resource, object: KubeObject, options: DeleteOptions): number {
  if (!endsGracefully(resource, object)) return 0
  const asked = options.gracePeriodSeconds ?? number(fields(object.spec).terminationGracePeriodSeconds)
  const running = object.metadata.deletionGracePeriodSeconds
  return object.metadata.deletionTimestamp === undefined || running === undefined
    ? asked
    : Math.min(asked, running)
}

function marked(object: KubeObject, grace: number, finalizers: readonly string[]): KubeObject {
  const metadata = {
    ...object.metadata,
    deletionTimestamp: timestamp(Date.now() + grace * 1000),
    deletionGracePeriodSeconds: grace,
    ...(finalizers.length > 0 ? { finalizers: [...finalizers] } : {}),
  }
  if (metadata.generation !== undefined) metadata.generation += 1
  const out: KubeObject = { ...object, metadata }
  if (object.kind === 'Namespace') out.status = { ...fields(object.status), phase: 'Terminating' }
  return out
}

export type Deleted = { readonly object: KubeObject; readonly gone: boolean }

export function deleteObject(
  store: Store,
  resource: Resource,
  object: KubeObject,
  options: DeleteOptions,
): Deleted {
  const { uid, resourceVersion, name } = object.metadata
  const failed = (what: string, wanted: string, is: string): Error =>
    conflict(
      resource,
      name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`,
    )
  if (options.uid !== undefined && options.uid !== uid) throw failed('UID', options.uid, uid)
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
    throw failed('ResourceVersion', options.resourceVersion, resourceVersion)
  const own = finalizerOf[options.propagationPolicy ?? '']
  const finalizers = [
    ...new Set([...(object.metadata.finalizers ?? []), ...(own === undefined ? [] : [own])]),
  ]
  const grace = graceOf(resource, object, options)
  if (finalizers.length === 0 && grace === 0 && resource.storage !== 'namespaces')
    return { object: options.dryRun ? object : store.remove(resource.storage, object), gone: true }
  const before = object.metadata
  const same =
    before.deletionTimestamp !== undefined &&
    before.deletionGracePeriodSeconds === grace &&
    finalizers.length === (before.finalizers ?? []).length
  if (same || options.dryRun) return { object, gone: false }
  return { object: store.put(resource.storage, marked(object, grace, finalizers)), gone: false }
}

/** Takes a finalizer off, and the object away when that was all that held it. */
export function dropFinalizer(store: Store, storage: string, object: KubeObject, finalizer: string): void {
  const { finalizers = [], ...rest } = object.metadata
  const left = finalizers.filter((one) => one !== finalizer)
  if (left.length === finalizers.length) return
  const next = { ...object, metadata: left.length > 0 ? { ...rest, finalizers: left } : rest }
  if (
    left.length === 0 &&
    rest.deletionTimestamp !== undefined &&
    (rest.deletionGracePeriodSeconds ?? 0) === 0
  )
    store.remove(storage, next)
  else store.put(storage, next)
}
