/** Creating and updating objects: identity, generations, conflicts, and who set what. */
import { equal } from '../../src/lib/json.ts'
import {
  copy,
  type Fields,
  items,
  type KubeObject,
  nameTail,
  newUid,
  type ObjectMeta,
  timestamp,
} from './object.ts'
import { sameBut } from './patch/apply.ts'
import { afterUpdate, validManagedFields } from './patch/managers.ts'
import { cleaned, settled, type Write } from './prepare.ts'
import {
  alreadyExists,
  ApiError,
  badRequest,
  conflict,
  forbidden,
  forbiddenField,
  invalid,
  invalidValue,
  notFound,
  required,
  staleVersion,
} from './status.ts'
import { builtinResources } from './kinds/builtin.ts'

const namespaces = builtinResources.find((resource) => resource.plural === 'namespaces')

function checkNamespace(write: Write, name: string): void {
  const { namespace, store, resource } = write
  if (namespace === undefined || namespaces === undefined) return
  const found = store.get('namespaces', undefined, namespace)
  if (found === undefined) throw notFound(namespaces, namespace)
  if (found.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    )
}

function checkIdentity(write: Write, meta: ObjectMeta, name: string | undefined): void {
  if (name !== undefined && meta.name !== undefined && meta.name !== name)
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`)
  if (write.namespace !== undefined && meta.namespace !== undefined && meta.namespace !== write.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

const stored = (write: Write, object: KubeObject): KubeObject => write.resource.keep?.(object) ?? object
const shown = (write: Write, object: KubeObject): KubeObject => write.resource.show?.(object) ?? object

type Managed = NonNullable<ObjectMeta['managedFields']>
type Admitted = {
  readonly object: KubeObject
  /** What webhooks changed in what a manager applied counts as its update. */
  readonly managers: (applied: Managed) => Managed
}

/** What the webhooks leave of it. They see it with defaults, and in its namespace. */
function admitted(write: Write, given: KubeObject, old?: KubeObject): Admitted {
  const { resource, namespace, subresource, dryRun, store, admit } = write
  const untouched = { object: given, managers: (applied: Managed) => applied }
  if (admit === undefined) return untouched
  const asked = copy(given)
  if (namespace !== undefined) asked.metadata.namespace = namespace
  resource.kindRules.defaults?.(asked, store, old)
  const question = { operation: old === undefined ? 'CREATE' : 'UPDATE', resource, subresource } as const
  const { object, warnings } = admit({
    ...question,
    namespace,
    dryRun,
    given,
    object: asked,
    ...(old && { old }),
  })
  write.warnings.push(...warnings)
  if (equal(object, asked)) return untouched
  const { managedFields: _own, ...metadata } = object.metadata
  return {
    object: cleaned({ ...write, validation: 'Ignore' }, object),
    managers: (managedFields) =>
      afterUpdate(
        { ...asked, metadata: { ...asked.metadata, managedFields } },
        { ...object, metadata },
        resource.schema,
        write.writer,
      ),
  }
}

/** Identity comes first, as users expect to read it. */
function newMetadata(write: Write, given: ObjectMeta, name: string): ObjectMeta {
  const {
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _g,
    generation: _n,
    namespace: _s,
    ...rest
  } = given
  return {
    ...rest,
    name,
    ...(write.namespace === undefined ? {} : { namespace: write.namespace }),
    uid: newUid(),
    resourceVersion: '',
    creationTimestamp: timestamp(),
    ...(write.resource.generation ? { generation: 1 } : {}),
  }
}

export function create(write: Write, given: KubeObject, managed?: ObjectMeta['managedFields']): KubeObject {
  const { resource, store } = write
  checkIdentity(write, given.metadata, undefined)
  if ((given.metadata.resourceVersion ?? '') !== '')
    throw new ApiError(400, 'BadRequest', 'resourceVersion should not be set on objects to be created')
  const prefix = given.metadata.generateName
  const name = given.metadata.name || (prefix === undefined ? '' : prefix + nameTail())
  if (name === '')
    throw invalid(resource, '', [required('metadata.name', 'name or generateName is required')])
  checkNamespace(write, name)
  const { object, managers } = admitted(write, cleaned(write, given))
  object.metadata = newMetadata(write, object.metadata, name)
  if (resource.subresources.status) {
    const status = resource.kindRules.initialStatus?.(object)
    if (status === undefined) delete object.status
    else object.status = status
  }
  settled(write, object)
  if (store.get(resource.storage, write.namespace, name) !== undefined) throw alreadyExists(resource, name)
  delete object.metadata.managedFields
  object.metadata.managedFields =
    managed === undefined ? afterUpdate(undefined, object, resource.schema, write.writer) : managers(managed)
  return write.dryRun ? object : shown(write, store.put(resource.storage, stored(write, object)))
}

const beyondSpec = ['apiVersion', 'kind', 'metadata', 'status']

/** What the caller may change through this path: everything but status, or status alone. */
function permitted(write: Write, old: KubeObject, next: KubeObject): KubeObject {
  const { resource } = write
  if (write.subresource === 'status') {
    const { managedFields } = next.metadata
    const metadata = { ...old.metadata, ...(managedFields === undefined ? {} : { managedFields }) }
    const out: KubeObject = { ...old, metadata }
    if (next.status === undefined) delete out.status
    else out.status = next.status
    return out
  }
  if (!resource.subresources.status) return next
  const out: KubeObject = { ...next }
  if (old.status === undefined) delete out.status
  else out.status = old.status
  return out
}

function keptMetadata(write: Write, old: KubeObject, next: KubeObject): ObjectMeta {
  const out: ObjectMeta = { ...next.metadata }
  const { uid, creationTimestamp, resourceVersion, name } = old.metadata
  Object.assign(out, { uid, creationTimestamp, resourceVersion, name })
  for (const key of [
    'namespace',
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
  ] as const) {
    delete out[key]
    if (old.metadata[key] !== undefined) Object.assign(out, { [key]: old.metadata[key] })
  }
  const specChanged = write.subresource === '' && !sameBut(old, next, beyondSpec)
  if (write.resource.generation && specChanged) out.generation = (old.metadata.generation ?? 0) + 1
  for (const key of ['labels', 'annotations'] as const)
    if (out[key] !== undefined && Object.keys(out[key]).length === 0) delete out[key]
  for (const key of ['finalizers', 'ownerReferences'] as const)
    if (items(out[key]).length === 0) delete out[key]
  return out
}

function checkPreconditions(write: Write, old: KubeObject, given: KubeObject): void {
  const { resource } = write
  const { resourceVersion, uid } = given.metadata as Partial<ObjectMeta>
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid)
    throw conflict(
      resource,
      old.metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    )
  if ((resourceVersion ?? '') === '' && resource.versionedUpdate)
    throw invalid(resource, old.metadata.name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  if ((resourceVersion ?? '') !== '' && resourceVersion !== old.metadata.resourceVersion)
    throw staleVersion(resource, old.metadata.name)
}

function checkFinalizers(write: Write, old: KubeObject, next: KubeObject): void {
  if (old.metadata.deletionTimestamp === undefined) return
  const added = items(next.metadata.finalizers).filter((one) => !items(old.metadata.finalizers).includes(one))
  if (added.length === 0) return
  const list = added.map((one) => `"${String(one)}"`).join(', ')
  throw invalid(write.resource, old.metadata.name, [
    forbiddenField(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ])
}

const withoutTimes = (object: KubeObject): Fields => ({
  ...object,
  metadata: {
    ...object.metadata,
    managedFields: items(object.metadata.managedFields).map((one) => ({ ...(one as Fields), time: '' })),
  },
})

/** Whether nothing holds an object that is being deleted any longer. */
const isFinished = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  items(object.metadata.finalizers).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  object.kind !== 'Namespace'

/** Replaces what is stored by `given`; an apply brings the managed fields that it worked out. */
export function update(
  write: Write,
  name: string,
  given: KubeObject,
  managed?: ObjectMeta['managedFields'],
): KubeObject {
  const { resource, store } = write
  const found = store.get(resource.storage, write.namespace, name)
  if (found === undefined) throw notFound(resource, name)
  const old = shown(write, found)
  checkIdentity(write, given.metadata, name)
  checkPreconditions(write, old, given)
  const { object, managers } = admitted(write, permitted(write, old, cleaned(write, given)), old)
  // A body may leave out what the path says.
  if (write.namespace !== undefined) object.metadata.namespace = write.namespace
  object.metadata.name = name
  if (write.subresource === '') settled(write, object, old)
  else statusChecked(write, object, old)
  checkFinalizers(write, old, object)
  // After the defaults: a field filled by the server is not a change of the spec.
  object.metadata = keptMetadata(write, old, object)
  if (!validManagedFields(object.metadata.managedFields)) delete object.metadata.managedFields
  if (given.metadata.managedFields === undefined && old.metadata.managedFields !== undefined)
    object.metadata.managedFields = old.metadata.managedFields
  object.metadata.managedFields =
    managed === undefined ? afterUpdate(old, object, resource.schema, write.writer) : managers(managed)
  if (equal(withoutTimes(old), withoutTimes(object))) return old
  if (write.dryRun) return object
  const kept = stored(write, object)
  return shown(
    write,
    isFinished(object) ? store.remove(resource.storage, kept) : store.put(resource.storage, kept),
  )
}

function statusChecked(write: Write, object: KubeObject, old: KubeObject): void {
  if (!write.resource.custom) return
  const causes = write.resource.kindRules.validate?.(object, write.store, old) ?? []
  if (causes.length > 0) throw invalid(write.resource, object.metadata.name, causes)
}
