/** The window of past changes that watches and pages may ask for. */
import type { KubeObject } from './object.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

export type Change = {
  readonly revision: number
  readonly type: ChangeType
  readonly storage: string
  readonly object: KubeObject
  readonly previous?: KubeObject
}

export type History = {
  readonly add: (change: Change) => void
  /** Changes after a revision, or undefined when they are no longer remembered. */
  readonly since: (storage: string, revision: number) => readonly Change[] | undefined
  /** Forgets everything up to a revision. */
  readonly forget: (revision: number) => void
}

export function createHistory(size: number): History {
  let changes: Change[] = []
  let forgottenUpTo = 0
  return {
    add: (change) => {
      changes.push(change)
      // Trimmed in bulk, so that a change costs the same however long the window is.
      if (changes.length <= size * 2) return
      forgottenUpTo = changes[changes.length - size - 1]?.revision ?? forgottenUpTo
      changes = changes.slice(-size)
    },
    since: (storage, revision) =>
      revision < forgottenUpTo
        ? undefined
        : changes.filter((change) => change.storage === storage && change.revision > revision),
    forget: (revision) => {
      forgottenUpTo = revision
      changes = changes.filter((change) => change.revision > revision)
    },
  }
}
