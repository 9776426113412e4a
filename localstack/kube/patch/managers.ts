/** Who set which field (`managedFields`): kept up to date by every write, asked by server-side apply. */
import {
  type Fields,
  isFields,
  items,
  type KubeObject,
  type ManagedField,
  text,
  timestamp,
} from '../object.ts'
import type { Schema } from '../schema/schema.ts'
import { ApiError, type Cause } from '../status.ts'
import { overlay, withoutPaths } from './apply.ts'
import { fromFieldsV1, hasUnder, leavesOf, ownable, type Paths, printed, toFieldsV1 } from './field-set.ts'

export type Writer = { readonly manager: string; readonly subresource?: string; readonly apiVersion: string }

type Manager = Omit<ManagedField, 'fieldsV1' | 'fieldsType'> & { readonly paths: Paths }

const managersOf = (object: KubeObject | undefined): Manager[] =>
  items(object?.metadata.managedFields).flatMap((entry) => {
    if (!isFields(entry) || entry.manager === undefined) return []
    const { fieldsV1, fieldsType: _type, ...rest } = entry as ManagedField
    return [{ ...rest, paths: fromFieldsV1(fieldsV1) }]
  })

const rank = (one: ManagedField): string =>
  `${one.operation} ${one.time} ${one.manager} ${one.apiVersion} ${one.subresource ?? ''}`

const written = (managers: readonly Manager[]): ManagedField[] =>
  managers
    .filter((one) => one.paths.size > 0)
    .map(
      ({ paths, ...rest }): ManagedField => ({
        ...rest,
        fieldsType: 'FieldsV1',
        fieldsV1: toFieldsV1(paths),
      }),
    )
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))

const isSame = (one: Manager, writer: Writer, operation: string): boolean =>
  one.manager === writer.manager &&
  one.operation === operation &&
  (one.subresource ?? '') === (writer.subresource ?? '')

const minus = (paths: Paths, gone: (path: string) => boolean): Paths =>
  new Set([...paths].filter((path) => !gone(path)))

type Difference = { readonly changed: Paths; readonly removed: Paths }

function difference(old: KubeObject | undefined, next: KubeObject, schema: Schema): Difference {
  const before = old === undefined ? new Map<string, string>() : ownable(leavesOf(old, schema))
  const after = ownable(leavesOf(next, schema))
  return {
    changed: new Set([...after].filter(([path, value]) => before.get(path) !== value).map(([path]) => path)),
    removed: new Set([...before.keys()].filter((path) => !after.has(path))),
  }
}

function entry(writer: Writer, operation: 'Apply' | 'Update', paths: Paths): Manager {
  const { manager, apiVersion, subresource } = writer
  const base = { manager, operation, apiVersion, time: timestamp(), paths }
  return subresource === undefined ? base : { ...base, subresource }
}

/** managedFields after a create, an update or a patch that isn't an apply. */
export function afterUpdate(
  old: KubeObject | undefined,
  next: KubeObject,
  schema: Schema,
  writer: Writer,
): ManagedField[] {
  const { changed, removed } = difference(old, next, schema)
  const managers = managersOf(next.metadata.managedFields === undefined ? old : next)
  if (changed.size === 0 && removed.size === 0) return written(managers)
  const mine = managers.find((one) => isSame(one, writer, 'Update'))
  const others = managers
    .filter((one) => one !== mine)
    .map((one) => ({ ...one, paths: minus(one.paths, (path) => changed.has(path) || removed.has(path)) }))
  const own = minus(new Set([...(mine?.paths ?? []), ...changed]), (path) => removed.has(path))
  return written([...others, entry(writer, 'Update', own)])
}

export type Applied = { readonly object: KubeObject; readonly managedFields: ManagedField[] }

/** What the object becomes when this manager applies `wanted`; refuses with 409 unless forced. */
export function applied(
  live: KubeObject | undefined,
  wanted: KubeObject,
  schema: Schema,
  writer: Writer,
  force: boolean,
): Applied {
  const managers = managersOf(live)
  const mine = managers.find((one) => isSame(one, writer, 'Apply'))
  const others = managers.filter((one) => one !== mine)
  const set: Paths = new Set(ownable(leavesOf(wanted, schema)).keys())
  const kept: Paths = new Set([...set, ...others.flatMap((one) => [...one.paths])])
  const gone = minus(mine?.paths ?? new Set(), (path) => hasUnder(set, path))
  const merged = live === undefined ? wanted : overlay(live, wanted, schema)
  const object = (gone.size === 0 ? merged : withoutPaths(merged, schema, { gone, kept })) as KubeObject
  const { changed, removed } = difference(live, object, schema)
  const conflicts = others.flatMap((one) =>
    [...one.paths].filter((path) => changed.has(path)).map((path) => ({ one, path })),
  )
  if (conflicts.length > 0 && !force) throw conflictOf(conflicts)
  const rest = others.map((one) => ({
    ...one,
    paths: minus(one.paths, (path) => changed.has(path) || removed.has(path)),
  }))
  const unchanged =
    mine !== undefined && mine.paths.size === set.size && [...set].every((path) => mine.paths.has(path))
  const own = unchanged && changed.size === 0 && removed.size === 0 ? mine : entry(writer, 'Apply', set)
  return { object, managedFields: written([...rest, own]) }
}

function conflictOf(conflicts: readonly { readonly one: Manager; readonly path: string }[]): ApiError {
  const who = ({ manager, operation, subresource, apiVersion, time }: Manager): string => {
    if (operation === 'Apply') return `conflict with "${manager}"`
    const part = subresource === undefined ? '' : ` with subresource "${subresource}"`
    return `conflict with "${manager}"${part} using ${apiVersion} at ${time}`
  }
  const causes: Cause[] = conflicts.map(({ one, path }) => ({
    reason: 'FieldManagerConflict',
    message: who(one),
    field: printed(path),
  }))
  const groups = new Map<string, string[]>()
  for (const { message, field } of causes) groups.set(message, [...(groups.get(message) ?? []), field])
  const lines = [...groups].map(([message, paths]) =>
    paths.length === 1
      ? `${message}: ${paths[0]}`
      : `${message.replace('conflict', 'conflicts')}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
  )
  const head = `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}`
  return new ApiError(409, 'Conflict', `${head}: ${lines.join('\n')}`, { causes })
}

/** What a write calls itself when it doesn't say: the program of the User-Agent. */
export const managerName = (asked: string | null, userAgent: unknown): string =>
  asked !== null && asked !== '' ? asked : text(userAgent).split('/')[0] || 'unknown'

export const validManagedFields = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => isFields(one) && Object.keys(one as Fields).length > 0)
