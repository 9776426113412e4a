/** All objects in memory under one counter of versions, with a window of past changes for watches and pages. */
import { type Change, createHistory } from './history.ts'
import type { KubeObject } from './object.ts'

export type Store = {
  readonly revision: () => number
  readonly get: (storage: string, namespace: string | undefined, name: string) => KubeObject | undefined
  /** Sorted by namespace and name. */
  readonly list: (storage: string, namespace?: string) => readonly KubeObject[]
  readonly storages: () => readonly string[]
  /** Stores under the next revision and answers what was stored. */
  readonly put: (storage: string, object: KubeObject) => KubeObject
  readonly remove: (storage: string, object: KubeObject) => KubeObject
  /** Changes after a revision, or undefined when they are no longer remembered. */
  readonly since: (storage: string, revision: number) => readonly Change[] | undefined
  readonly subscribe: (storage: string | undefined, listener: (change: Change) => void) => () => void
  /** The list as it was at a revision, or undefined when that is no longer known. */
  readonly listAt: (storage: string, revision: number) => readonly KubeObject[] | undefined
  /** Forgets all past changes and pages, as etcd's compaction does. */
  readonly compact: () => void
}

/** What objects are sorted and paged by. */
export const keyOf = (object: KubeObject): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name}`

const byKey = (a: KubeObject, b: KubeObject): number => {
  const left = keyOf(a)
  const right = keyOf(b)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Takes changes back, the newest first. */
function undone(now: readonly KubeObject[], changes: readonly Change[]): readonly KubeObject[] {
  const objects = new Map(now.map((object) => [keyOf(object), object]))
  for (const change of changes.toReversed()) {
    if (change.previous === undefined) objects.delete(keyOf(change.object))
    else objects.set(keyOf(change.object), change.previous)
  }
  return [...objects.values()].sort(byKey)
}

type Shelf = { readonly objects: Map<string, KubeObject>; sorted: readonly KubeObject[] | undefined }

function createShelves(): (storage: string) => Shelf {
  const shelves = new Map<string, Shelf>()
  return (storage) => {
    const found = shelves.get(storage)
    if (found !== undefined) return found
    const made: Shelf = { objects: new Map(), sorted: undefined }
    shelves.set(storage, made)
    return made
  }
}

const sortedOf = (shelf: Shelf): readonly KubeObject[] => {
  shelf.sorted ??= [...shelf.objects.values()].sort(byKey)
  return shelf.sorted
}

export function createStore(historySize: number): Store {
  const used = new Set<string>()
  const shelfOf = createShelves()
  const history = createHistory(historySize)
  const listeners = new Map<string | undefined, Set<(change: Change) => void>>()
  let revision = 1

  const change = (storage: string, object: KubeObject, removed: boolean): KubeObject => {
    const shelf = shelfOf(storage)
    const key = keyOf(object)
    const before = shelf.objects.get(key)
    revision += 1
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: `${revision}` } }
    if (removed) shelf.objects.delete(key)
    else shelf.objects.set(key, next)
    shelf.sorted = undefined
    used.add(storage)
    const type = removed ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED'
    const previous = before ?? (removed ? object : undefined)
    const made = {
      revision,
      type,
      storage,
      object: next,
      ...(previous === undefined ? {} : { previous }),
    } as const
    history.add(made)
    for (const group of [storage, undefined])
      for (const listener of listeners.get(group) ?? []) listener(made)
    return next
  }

  return {
    revision: () => revision,
    get: (storage, namespace, name) => shelfOf(storage).objects.get(`${namespace ?? ''}/${name}`),
    list: (storage, namespace) => {
      const all = sortedOf(shelfOf(storage))
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
    },
    storages: () => [...used],
    put: (storage, object) => change(storage, object, false),
    remove: (storage, object) => change(storage, object, true),
    since: history.since,
    subscribe: (storage, listener) => {
      const group = listeners.get(storage) ?? new Set()
      listeners.set(storage, group)
      group.add(listener)
      return () => group.delete(listener)
    },
    listAt: (storage, from) => {
      const changes = history.since(storage, from)
      return changes === undefined ? undefined : undone(sortedOf(shelfOf(storage)), changes)
    },
    compact: () => history.forget(revision),
  }
}
