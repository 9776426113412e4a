/** What the server knows of one resource in one version: names, shape, and what is special about its kind. */
import type { Fields, KubeObject } from './object.ts'
import type { Schema } from './schema/schema.ts'
import type { Cause } from './status.ts'
import type { Store } from './store.ts'

export type Column = {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** Above 0: shown by `-o wide` alone. */
  readonly priority?: number
  readonly cell: (object: KubeObject) => unknown
}

export type Resource = {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly schema: Schema
  /** Under which name objects are stored: two resources may show the same objects. */
  readonly storage: string
  readonly custom: boolean
  readonly subresources: { readonly status: boolean; readonly scale?: ScalePaths }
  /** Whether metadata.generation counts changes of the spec. */
  readonly generation: boolean
  /** Whether an update must name the resourceVersion that it saw. */
  readonly versionedUpdate: boolean
  readonly columns: readonly Column[]
  /** Beyond name and namespace, what field selectors of a custom resource may name. */
  readonly selectableFields?: readonly string[]
  /** From what is stored to what this version shows, and back. */
  readonly show?: (stored: KubeObject) => KubeObject
  readonly keep?: (shown: KubeObject) => KubeObject
  readonly kindRules: KindRules
}

export type ScalePaths = { readonly spec: string; readonly status: string; readonly selector?: string }

export type KindRules = {
  /** Status that a new object starts with; absent: none. */
  readonly initialStatus?: (object: Fields) => Fields | undefined
  /** Fills what the user left out; `old` is there on an update. */
  readonly defaults?: (object: KubeObject, store: Store, old?: KubeObject) => void
  readonly validate?: (object: KubeObject, store: Store, old?: KubeObject) => readonly Cause[]
}

export const apiVersionOf = (resource: { readonly group: string; readonly version: string }): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
