/** What goes when something else goes: dependents of an owner, a namespace's content, a definition's objects. */
import { at, items, type KubeObject, type OwnerReference, text } from './object.ts'
import { type DeleteOptions, deleteObject, dropFinalizer } from './delete.ts'
import { definitionStorage, type Registry } from './registry.ts'
import type { Change, Store } from './store.ts'

const background: DeleteOptions = { dryRun: false }
type Place = { readonly storage: string; readonly namespace: string | undefined; readonly name: string }

const ownersOf = (object: KubeObject | undefined): readonly OwnerReference[] =>
  object?.metadata.ownerReferences ?? []
const placeOf = (storage: string, object: KubeObject): Place => ({
  storage,
  namespace: object.metadata.namespace,
  name: object.metadata.name,
})

/** Works on after each change, once the call that made it is through. Answers how to stop it. */
export function collectGarbage(store: Store, registry: Registry): () => void {
  const living = new Map<string, Place>()
  const dependents = new Map<string, Map<string, Place>>()
  let queue: Change[] = []

  const read = (place: Place): KubeObject | undefined => store.get(place.storage, place.namespace, place.name)
  const remove = (place: Place): void => {
    const resource = registry.ofStorage(place.storage)
    const object = read(place)
    if (resource === undefined || object === undefined || object.metadata.deletionTimestamp !== undefined)
      return
    deleteObject(store, resource, object, background)
  }
  const dependentsOf = (uid: string): Place[] => [...(dependents.get(uid)?.values() ?? [])]
  const noteOwners = (change: Change): void => {
    const { uid } = change.object.metadata
    for (const owner of ownersOf(change.previous)) dependents.get(owner.uid)?.delete(uid)
    if (change.type === 'DELETED') return void living.delete(uid)
    living.set(uid, placeOf(change.storage, change.object))
    for (const owner of ownersOf(change.object)) {
      const known = dependents.get(owner.uid) ?? new Map<string, Place>()
      known.set(uid, placeOf(change.storage, change.object))
      dependents.set(owner.uid, known)
    }
  }
  const removeIfAlone = (place: Place): void => {
    const owners = ownersOf(read(place))
    if (owners.length > 0 && owners.every((owner) => !living.has(owner.uid))) remove(place)
  }
  const releaseOwner = (uid: string): void => {
    const place = living.get(uid)
    const owner = place === undefined ? undefined : read(place)
    if (place === undefined || owner === undefined || dependentsOf(uid).length > 0) return
    dropFinalizer(store, place.storage, owner, 'foregroundDeletion')
  }
  const disown = (place: Place, uid: string): void => {
    const object = read(place)
    if (object === undefined) return
    const { ownerReferences = [], ...rest } = object.metadata
    const left = ownerReferences.filter((owner) => owner.uid !== uid)
    store.put(place.storage, {
      ...object,
      metadata: left.length > 0 ? { ...rest, ownerReferences: left } : rest,
    })
  }
  const onMarked = (change: Change): void => {
    const { object, storage } = change
    const { uid, finalizers = [] } = object.metadata
    if (finalizers.includes('orphan')) {
      for (const place of dependentsOf(uid)) disown(place, uid)
      const now = read(placeOf(storage, object))
      if (now !== undefined) dropFinalizer(store, storage, now, 'orphan')
    }
    if (finalizers.includes('foregroundDeletion')) {
      for (const place of dependentsOf(uid)) remove(place)
      releaseOwner(uid)
    }
    if (storage === 'namespaces') emptyNamespace(object.metadata.name)
  }
  const emptyNamespace = (namespace: string): void => {
    let left = 0
    for (const storage of store.storages()) {
      if (registry.ofStorage(storage)?.namespaced !== true) continue
      for (const object of store.list(storage, namespace)) remove(placeOf(storage, object))
      left += store.list(storage, namespace).length
    }
    const object = store.get('namespaces', undefined, namespace)
    if (left === 0 && object !== undefined && items(object.metadata.finalizers).length === 0)
      store.remove('namespaces', object)
  }
  const onDeleted = (change: Change): void => {
    const { object } = change
    for (const place of dependentsOf(object.metadata.uid)) removeIfAlone(place)
    for (const owner of ownersOf(object)) releaseOwner(owner.uid)
    const { namespace } = object.metadata
    const home = namespace === undefined ? undefined : store.get('namespaces', undefined, namespace)
    if (home?.metadata.deletionTimestamp !== undefined) emptyNamespace(home.metadata.name)
    if (change.storage === definitionStorage) removeDefined(object)
  }
  const removeDefined = (definition: KubeObject): void => {
    const storage = `${text(at(definition.spec, 'names', 'plural'))}.${text(at(definition.spec, 'group'))}`
    for (const object of store.list(storage)) store.remove(storage, object)
  }
  const work = (): void => {
    for (let change = queue.shift(); change !== undefined; change = queue.shift()) {
      if (change.type === 'DELETED') onDeleted(change)
      else if (change.object.metadata.deletionTimestamp !== undefined) onMarked(change)
      else removeIfAlone(placeOf(change.storage, change.object))
    }
  }
  const stop = store.subscribe(undefined, (change) => {
    noteOwners(change)
    queue.push(change)
    if (queue.length === 1) queueMicrotask(work)
  })
  return () => {
    stop()
    queue = []
  }
}
