/** The RFC 7386 patch that turns one JSON value into another; undefined when there is nothing to change. */
import { equal } from '../lib/json.ts'

type Members = Readonly<Record<string, unknown>>
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function mergePatch(from: Members, to: Members): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && to[key] === undefined) patch[key] = null
  }
  for (const [key, value] of Object.entries(to)) {
    if (value === undefined) continue
    const old = from[key]
    if (isMembers(value) && isMembers(old)) {
      const inner = mergePatch(old, value)
      if (inner) patch[key] = inner
    } else if (!equal(old, value)) patch[key] = value
  }
  return Object.keys(patch).length ? patch : undefined
}
