/** How cells of kubectl's tables are made: names, ages, and joined lists. */
import { type KubeObject, text } from '../object.ts'
import type { Column } from '../resource.ts'

/** As kubectl shortens a duration: `5s`, `3m20s`, `2h`, `5d`. */
function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (days < 365 * 2) return `${days}d`
  return `${Math.floor(days / 365)}y`
}

export const since = (time: string): string => {
  const then = Date.parse(time)
  return Number.isNaN(then) ? '<unknown>' : humanDuration(Date.now() - then)
}

export const column = (
  name: string,
  cell: (object: KubeObject) => unknown,
  options: { readonly type?: Column['type']; readonly wide?: true; readonly format?: string } = {},
): Column => ({
  name,
  type: options.type ?? 'string',
  format: options.format ?? '',
  description: '',
  priority: options.wide === true ? 1 : 0,
  cell,
})

export const name = column('Name', (object) => object.metadata.name, { format: 'name' })
export const age = column('Age', (object) => since(object.metadata.creationTimestamp))

export const or = (value: string, none = '<none>'): string => (value === '' ? none : value)
export const pairs = (map: Readonly<Record<string, unknown>>): string =>
  or(
    Object.entries(map)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${text(value)}`)
      .join(','),
  )
