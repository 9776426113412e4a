/** All objects in memory under one counter of versions, with a window of past changes for watches and pages. */
import type { KubeObject } from './object.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

export type Change = {
  readonly revision: number
  readonly type: ChangeType
  readonly storage: string
  readonly object: KubeObject
  readonly previous?: KubeObject
}

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

type Shelf = { readonly objects: Map<string, KubeObject>; sorted: readonly KubeObject[] | undefined }

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

export function createStore(historySize: number): Store {
  const shelves = new Map<string, Shelf>()
  const listeners = new Map<string | undefined, Set<(change: Change) => void>>()
  let history: Change[] = []
  let revision = 1
  let forgottenUpTo = 0

  const shelfOf = (storage: string): Shelf => {
    const found = shelves.get(storage)
    if (found !== undefined) return found
    const made: Shelf = { objects: new Map(), sorted: undefined }
    shelves.set(storage, made)
    return made
  }
  const announce = (change: Change): void => {
    history.push(change)
    // Trimmed in bulk, so that a change costs the same however long the window is.
    if (history.length > historySize * 2) {
      forgottenUpTo = history[history.length - historySize - 1]?.revision ?? forgottenUpTo
      history = history.slice(-historySize)
    }
    for (const group of [change.storage, undefined])
      for (const listener of listeners.get(group) ?? []) listener(change)
  }
  const sortedOf = (storage: string): readonly KubeObject[] => {
    const shelf = shelfOf(storage)
    shelf.sorted ??= [...shelf.objects.values()].sort(byKey)
    return shelf.sorted
  }
  const stamped = (object: KubeObject): KubeObject => {
    revision += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: `${revision}` } }
  }

  const since = (storage: string, from: number): readonly Change[] | undefined =>
    from < forgottenUpTo
      ? undefined
      : history.filter((change) => change.storage === storage && change.revision > from)

  return {
    revision: () => revision,
    get: (storage, namespace, name) => shelfOf(storage).objects.get(`${namespace ?? ''}/${name}`),
    list: (storage, namespace) =>
      namespace === undefined
        ? sortedOf(storage)
        : sortedOf(storage).filter((object) => object.metadata.namespace === namespace),
    storages: () => [...shelves.keys()],
    put: (storage, object) => {
      const shelf = shelfOf(storage)
      const next = stamped(object)
      const previous = shelf.objects.get(keyOf(next))
      shelf.objects.set(keyOf(next), next)
      shelf.sorted = undefined
      announce(
        previous === undefined
          ? { revision, type: 'ADDED', storage, object: next }
          : { revision, type: 'MODIFIED', storage, object: next, previous },
      )
      return next
    },
    remove: (storage, object) => {
      const shelf = shelfOf(storage)
      const previous = shelf.objects.get(keyOf(object)) ?? object
      const last = stamped(object)
      shelf.objects.delete(keyOf(object))
      shelf.sorted = undefined
      announce({ revision, type: 'DELETED', storage, object: last, previous })
      return last
    },
    since,
    subscribe: (storage, listener) => {
      const group = listeners.get(storage) ?? new Set()
      listeners.set(storage, group)
      group.add(listener)
      return () => group.delete(listener)
    },
    listAt: (storage, from) => {
      const changes = since(storage, from)
      return changes === undefined ? undefined : undone(sortedOf(storage), changes)
    },
    compact: () => {
      forgottenUpTo = revision
      history = []
    },
  }
}
