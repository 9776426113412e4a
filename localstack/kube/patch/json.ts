/** JSON Patch (RFC 6902). */
import { equal } from '../../../src/lib/json.ts'
import { copy, type Fields, isFields, text } from '../object.ts'
import { ApiError, badRequest } from '../status.ts'

const refuse = (message: string): ApiError => new ApiError(422, 'Invalid', message, {})

const keysOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  const holder: Fields = { root: copy(document) }
  for (const step of patch) if (isFields(step)) applyStep(holder, step)
  return holder.root
}

function applyStep(holder: Fields, step: Fields): void {
  const path = ['root', ...keysOf(text(step.path))]
  switch (step.op) {
    case 'add':
      return put(holder, path, copy(step.value), 'add')
    case 'replace':
      return put(holder, path, copy(step.value), 'replace')
    case 'remove':
      return void take(holder, path)
    case 'test':
      if (!equal(read(holder, path), step.value))
        throw refuse(`testing value ${text(step.path)} failed: test failed`)
      return
    case 'move':
      return put(holder, path, take(holder, ['root', ...keysOf(text(step.from))]), 'add')
    case 'copy':
      return put(holder, path, copy(read(holder, ['root', ...keysOf(text(step.from))])), 'add')
    default:
      throw refuse(`Unexpected kind: ${text(step.op)}`)
  }
}

function read(from: unknown, path: readonly string[]): unknown {
  let value = from
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)]
    else value = isFields(value) ? value[key] : undefined
  }
  return value
}

function put(holder: Fields, path: readonly string[], value: unknown, op: 'add' | 'replace'): void {
  const last = path.at(-1) ?? ''
  const parent = read(holder, path.slice(0, -1))
  const missing = (): ApiError =>
    refuse(
      `${op} operation does not apply: doc is missing path: "/${path.slice(1).join('/')}": missing value`,
    )
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last)
    if (!(index >= 0 && index <= parent.length)) throw missing()
    parent.splice(index, op === 'add' ? 0 : 1, value)
    return
  }
  if (!isFields(parent) || (op === 'replace' && !(last in parent))) throw missing()
  parent[last] = value
}

function take(holder: Fields, path: readonly string[]): unknown {
  const last = path.at(-1) ?? ''
  const parent = read(holder, path.slice(0, -1))
  if (Array.isArray(parent) && Number(last) < parent.length) return parent.splice(Number(last), 1)[0]
  if (!isFields(parent) || !(last in parent))
    throw refuse(
      `remove operation does not apply: doc is missing path: "/${path.slice(1).join('/')}": missing value`,
    )
  const value = parent[last]
  delete parent[last]
  return value
}
