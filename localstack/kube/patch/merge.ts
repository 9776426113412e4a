/** JSON Merge Patch (RFC 7386). */
import { copy, type Fields, isFields } from '../object.ts'

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return copy(patch)
  const out: Fields = isFields(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key]
    else out[key] = mergePatch(out[key], value)
  }
  return out
}
