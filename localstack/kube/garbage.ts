/** What goes when something else goes: dependents of an owner, a namespace's content, a definition's objects. */
import { at, items, type KubeObject, type OwnerReference, text } from './object.ts'
import { type DeleteOptions, deleteObject, dropFinalizer } from './delete.ts'
import { definitionStorage, type Registry } from './registry.ts'
import type { Change } from './history.ts'
import type { Store } from './store.ts'

const background: DeleteOptions = { dryRun: false }
type Place = { readonly storage: string; readonly namespace: string | undefined; readonly name: string }

const ownersOf = (object: KubeObject | undefined): readonly OwnerReference[] =>
  object?.metadata.ownerReferences ?? []
const placeOf = (storage: string, object: KubeObject): Place => ({
  storage,
  namespace: object.metadata.namespace,
  name: object.metadata.name,
})

/** Works on after each change, once the call that made it is through. */
class Collector {
  readonly #store: Store
  readonly #registry: Registry
  readonly #living = new Map<string, Place>()
  readonly #dependents = new Map<string, Map<string, Place>>()
  readonly #namespaceDelayMs: number
  readonly #emptying = new Set<string>()
  #queue: Change[] = []

  constructor(store: Store, registry: Registry, namespaceDelayMs: number) {
    this.#namespaceDelayMs = namespaceDelayMs
    this.#store = store
    this.#registry = registry
  }

  note(change: Change): void {
    this.#noteOwners(change)
    this.#queue.push(change)
    if (this.#queue.length === 1) queueMicrotask(() => this.#work())
  }

  forget(): void {
    this.#queue = []
  }

  #work(): void {
    for (let change = this.#queue.shift(); change !== undefined; change = this.#queue.shift()) {
      if (change.type === 'DELETED') this.#onDeleted(change)
      else if (change.object.metadata.deletionTimestamp !== undefined) this.#onMarked(change)
      else this.#removeIfAlone(placeOf(change.storage, change.object))
    }
  }

  #read(place: Place): KubeObject | undefined {
    return this.#store.get(place.storage, place.namespace, place.name)
  }

  #remove(place: Place): void {
    const resource = this.#registry.ofStorage(place.storage)
    const object = this.#read(place)
    if (resource === undefined || object === undefined || object.metadata.deletionTimestamp !== undefined)
      return
    deleteObject(this.#store, resource, object, background)
  }

  #dependentsOf(uid: string): Place[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])]
  }

  #noteOwners(change: Change): void {
    const { uid } = change.object.metadata
    for (const owner of ownersOf(change.previous)) this.#dependents.get(owner.uid)?.delete(uid)
    if (change.type === 'DELETED') {
      this.#living.delete(uid)
      return
    }
    const place = placeOf(change.storage, change.object)
    this.#living.set(uid, place)
    for (const owner of ownersOf(change.object)) {
      const known = this.#dependents.get(owner.uid) ?? new Map<string, Place>()
      known.set(uid, place)
      this.#dependents.set(owner.uid, known)
    }
  }

  #removeIfAlone(place: Place): void {
    const owners = ownersOf(this.#read(place))
    if (owners.length > 0 && owners.every((owner) => !this.#living.has(owner.uid))) this.#remove(place)
  }

  #releaseOwner(uid: string): void {
    const place = this.#living.get(uid)
    const owner = place === undefined ? undefined : this.#read(place)
    if (place === undefined || owner === undefined || this.#dependentsOf(uid).length > 0) return
    dropFinalizer(this.#store, place.storage, owner, 'foregroundDeletion')
  }

  #disown(place: Place, uid: string): void {
    const object = this.#read(place)
    if (object === undefined) return
    const { ownerReferences = [], ...rest } = object.metadata
    const left = ownerReferences.filter((owner) => owner.uid !== uid)
    const metadata = left.length > 0 ? { ...rest, ownerReferences: left } : rest
    this.#store.put(place.storage, { ...object, metadata })
  }

  #onMarked(change: Change): void {
    const { object, storage } = change
    const { uid, finalizers = [] } = object.metadata
    if (finalizers.includes('orphan')) {
      for (const place of this.#dependentsOf(uid)) this.#disown(place, uid)
      const now = this.#read(placeOf(storage, object))
      if (now !== undefined) dropFinalizer(this.#store, storage, now, 'orphan')
    }
    if (finalizers.includes('foregroundDeletion')) {
      for (const place of this.#dependentsOf(uid)) this.#remove(place)
      this.#releaseOwner(uid)
    }
    if (storage === 'namespaces') this.#beginEmptying(object.metadata.name)
  }

  #beginEmptying(namespace: string): void {
    if (this.#emptying.has(namespace)) return this.#emptyNamespace(namespace)
    const begin = (): void => {
      this.#emptying.add(namespace)
      this.#emptyNamespace(namespace)
    }
    if (this.#namespaceDelayMs > 0) setTimeout(begin, this.#namespaceDelayMs).unref()
    else begin()
  }

  #emptyNamespace(namespace: string): void {
    const store = this.#store
    let left = 0
    for (const storage of store.storages()) {
      if (this.#registry.ofStorage(storage)?.namespaced !== true) continue
      for (const object of store.list(storage, namespace)) this.#remove(placeOf(storage, object))
      left += store.list(storage, namespace).length
    }
    const object = store.get('namespaces', undefined, namespace)
    if (left > 0 || object === undefined || items(object.metadata.finalizers).length > 0) return
    this.#emptying.delete(namespace)
    store.remove('namespaces', object)
  }

  #onDeleted(change: Change): void {
    const { object } = change
    for (const place of this.#dependentsOf(object.metadata.uid)) this.#removeIfAlone(place)
    for (const owner of ownersOf(object)) this.#releaseOwner(owner.uid)
    const { namespace } = object.metadata
    if (namespace !== undefined && this.#emptying.has(namespace)) this.#emptyNamespace(namespace)
    if (change.storage !== definitionStorage) return
    const storage = `${text(at(object.spec, 'names', 'plural'))}.${text(at(object.spec, 'group'))}`
    for (const one of this.#store.list(storage)) this.#store.remove(storage, one)
  }
}

/** Answers how to stop it. */
export function collectGarbage(store: Store, registry: Registry, namespaceDelayMs: number): () => void {
  const collector = new Collector(store, registry, namespaceDelayMs)
  const stop = store.subscribe(undefined, (change) => collector.note(change))
  return () => {
    stop()
    collector.forget()
  }
}
