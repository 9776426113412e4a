/** Which resources are served now: the built-in ones and those that definitions in the store add. */
import { builtinResources } from './kinds/builtin.ts'
import { definedResources } from './kinds/definition.ts'
import type { Resource } from './resource.ts'
import type { Store } from './store.ts'

export type Registry = {
  readonly all: () => readonly Resource[]
  readonly find: (group: string, version: string, plural: string) => Resource | undefined
  /** Any version in which objects of this storage can be written. */
  readonly ofStorage: (storage: string) => Resource | undefined
}

export const definitionStorage = 'customresourcedefinitions.apiextensions.k8s.io'

export function createRegistry(store: Store, policies = true): Registry {
  const builtin = builtinResources.filter(
    ({ plural }) => policies || !plural.startsWith('validatingadmissionpolic'),
  )
  let defined: readonly Resource[] | undefined
  store.subscribe(definitionStorage, () => {
    defined = undefined
  })
  const all = (): readonly Resource[] => {
    defined ??= store.list(definitionStorage).flatMap(definedResources)
    return [...builtin, ...defined]
  }
  return {
    all,
    find: (group, version, plural) =>
      all().find((one) => one.plural === plural && one.group === group && one.version === version),
    ofStorage: (storage) => all().find((one) => one.storage === storage),
  }
}
