/** How flags are parsed and declared. */
import { isIP } from 'node:net'
import { fail, ok, type Result } from './lib/result.ts'

export type Flag<T> = {
  readonly parse: (text: string) => Result<T, string>
  /** Absent: the flag must be given. */
  readonly default?: T
  readonly doc: string
  /** Environment variables that stand in for the flag, besides ALBATROSS_<NAME>. */
  readonly env?: readonly string[]
  readonly albc: boolean
}

export const text = (value: string): Result<string, string> => ok(value)
export const bool = (value: string): Result<boolean, string> => {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return ok(true)
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return ok(false)
  return fail('allowed: true, false')
}
export const integer =
  (min: number, max: number) =>
  (value: string): Result<number, string> => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
    return number >= min && number <= max ? ok(number) : fail(`allowed: an integer from ${min} to ${max}`)
  }
export const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (value: string): Result<T, string> => {
    const found = values.find((allowed) => allowed === value)
    return found === undefined ? fail(`allowed: ${values.join(', ')}`) : ok(found)
  }
export const list = (value: string): Result<readonly string[], string> =>
  ok(
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
export const map = (value: string): Result<Readonly<Record<string, string>>, string> => {
  const items = value.split(',').filter((item) => item.trim() !== '')
  const bad = items.find((item) => item.indexOf('=') < 1)
  if (bad !== undefined) return fail(`"${bad.trim()}" is not key=value`)
  return ok(
    Object.fromEntries(
      items.map((item) => {
        const at = item.indexOf('=')
        return [item.slice(0, at).trim(), item.slice(at + 1).trim()]
      }),
    ),
  )
}
export const pattern =
  (regex: RegExp, says: string) =>
  (value: string): Result<string, string> =>
    regex.test(value) ? ok(value) : fail(says)
/** Go's durations, to milliseconds. */
export const duration = (value: string): Result<number, string> => {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return fail('allowed: a duration such as 30s, 10m or 1h30m')
  let total = 0
  for (const [, number, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(number) * (units[unit ?? ''] ?? 0)
  return ok(total)
}
/** `host:port`, host may be empty; `0` turns the server off. */
export const listenAddress = (
  value: string,
): Result<{ readonly host: string; readonly port: number } | 'off', string> => {
  if (value === '0' || value === '') return ok('off')
  const found = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(value)
  const host = (found?.[1] ?? '').replace(/^\[|\]$/g, '')
  if (!found || Number(found[2]) > 65535 || (host !== '' && host !== 'localhost' && isIP(host) === 0)) {
    return fail('allowed: host:port, :port, or 0 for none')
  }
  return ok({ host: host === '' ? '0.0.0.0' : host, port: Number(found[2]) })
}

/** Of a Kubernetes object. */
export const name = pattern(
  /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'not a name as Kubernetes objects have',
)

export const flag = <T>(
  doc: string,
  parse: (text: string) => Result<T, string>,
  more: { readonly default?: NoInfer<T>; readonly env?: readonly string[]; readonly albc?: boolean } = {},
): Flag<T> => ({ doc, parse, albc: true, ...more })

export const address = (value: string): Result<string, string> =>
  value === '' || isIP(value) !== 0 ? ok(value) : fail('not an IP address')

/** Without a path, and without the slash that stands for none. */
export const httpsUrl = (value: string): Result<string, string> => {
  const url = URL.parse(value)
  return value === '' || (url?.protocol === 'https:' && url.pathname === '/' && url.search === '')
    ? ok(value.replace(/\/$/, ''))
    : fail('allowed: https://host:port')
}
