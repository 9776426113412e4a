/** The objects of one kind as last heard of, with indexes; tells who listens what changed. */
import { equal } from '../lib/json.ts'
import { type KubeObject, keyOf } from '../model/cluster.ts'

/** `old` undefined: new. `now` undefined: gone (`old` is the last known state, also when a re-list found it missing). */
export type Handler<T> = (old: T | undefined, now: T | undefined) => void
/** The values under which an object is found. */
export type Indexer<T> = (object: T) => readonly string[]
export type Store<T extends KubeObject, Index extends string = never> = {
  get(key: string): T | undefined
  /** Frozen, and the same array until something changes. */
  list(): readonly T[]
  by(index: Index, value: string): readonly T[]
  readonly size: number
  onChange(handler: Handler<T>): () => void
}
export type StoreWriter<T> = {
  set(object: T): void
  remove(object: T): void
  /** Makes these all there is. */
  replace(objects: readonly T[]): void
}

const none: readonly never[] = Object.freeze([])

/** A new resourceVersion alone is no news: pods and nodes get many that change nothing we keep. */
const sameBut = (a: KubeObject, b: KubeObject): boolean =>
  equal(
    { ...a, metadata: { ...a.metadata, resourceVersion: '' } },
    { ...b, metadata: { ...b.metadata, resourceVersion: '' } },
  )

type IndexTable<T> = {
  readonly by: (value: string) => readonly T[]
  readonly change: (key: string, old: T | undefined, now: T | undefined) => void
}

function indexTable<T>(indexer: Indexer<T>): IndexTable<T> {
  const table = new Map<string, { readonly objects: Map<string, T>; array?: readonly T[] | undefined }>()
  const drop = (key: string, value: string): void => {
    const slot = table.get(value)
    if (!slot) return
    slot.objects.delete(key)
    slot.array = undefined
    if (slot.objects.size === 0) table.delete(value)
  }
  const put = (key: string, value: string, object: T): void => {
    const slot = table.get(value) ?? { objects: new Map<string, T>() }
    slot.objects.set(key, object)
    slot.array = undefined
    table.set(value, slot)
  }
  return {
    by: (value) => {
      const slot = table.get(value)
      if (!slot) return none
      slot.array ??= Object.freeze([...slot.objects.values()])
      return slot.array
    },
    change: (key, old, now) => {
      const values = now === undefined ? none : indexer(now)
      for (const value of old === undefined ? none : indexer(old)) {
        if (!values.includes(value)) drop(key, value)
      }
      if (now !== undefined) for (const value of values) put(key, value, now)
    },
  }
}

export function createStore<T extends KubeObject, Index extends string = never>(
  indexers: Readonly<Record<Index, Indexer<T>>>,
  onHandlerError: (thrown: unknown) => void,
): Store<T, Index> & StoreWriter<T> {
  const objects = new Map<string, T>()
  const indexes = new Map<string, IndexTable<T>>(
    Object.entries<Indexer<T>>(indexers).map(([name, indexer]) => [name, indexTable(indexer)]),
  )
  const handlers = new Set<Handler<T>>()
  let array: readonly T[] | undefined

  const tell = (old: T | undefined, now: T | undefined): void => {
    for (const handler of handlers) {
      try {
        handler(old, now)
      } catch (thrown) {
        onHandlerError(thrown)
      }
    }
  }
  const change = (key: string, now: T | undefined): void => {
    const old = objects.get(key)
    if (old === undefined && now === undefined) return
    if (now === undefined) objects.delete(key)
    else objects.set(key, now)
    array = undefined
    for (const index of indexes.values()) index.change(key, old, now)
    if (old && now && sameBut(old, now)) return
    tell(old, now)
  }
  const set = (object: T): void => {
    const key = keyOf(object)
    const old = objects.get(key)
    if (old && old.metadata.uid !== object.metadata.uid) change(key, undefined)
    else if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return
    change(key, object)
  }
  return {
    get: (key) => objects.get(key),
    list: () => {
      array ??= Object.freeze([...objects.values()])
      return array
    },
    by: (index, value) => indexes.get(index)?.by(value) ?? none,
    get size() {
      return objects.size
    },
    onChange: (handler) => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    set,
    remove: (object) => change(keyOf(object), undefined),
    replace: (all) => {
      const present = new Set(all.map(keyOf))
      for (const key of objects.keys()) if (!present.has(key)) change(key, undefined)
      for (const object of all) set(object)
    },
  }
}
