/** Cookies as clients send them and as the load balancer sets its own. */
import { type Headers, valuesOf } from './header.ts'

export function cookiesOf(headers: Headers): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const part of valuesOf(headers, 'cookie').flatMap((value) => value.split(';'))) {
    const at = part.indexOf('=')
    const name = part.slice(0, at).trim()
    if (at > 0 && !found.has(name)) found.set(name, part.slice(at + 1).trim())
  }
  return found
}

/** Whether a response sets a cookie of this name. */
export const sets = (headers: Headers, name: string): boolean =>
  valuesOf(headers, 'set-cookie').some((value) => value.slice(0, value.indexOf('=')).trim() === name)

const week = 7 * 24 * 3600 * 1000

/** A cookie lives for a week with the client, whatever is said inside it. */
export const setCookie = (name: string, value: string, now: number, more = ''): Headers[number] => [
  'Set-Cookie',
  `${name}=${value}; Expires=${new Date(now + week).toUTCString()}; Path=/${more}`,
]
