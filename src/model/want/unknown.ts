/** Annotations that nobody knows, told with the nearest known name. */
import type { Annotations } from '../../annotation/define.ts'
import { unknownAnnotations } from '../../annotation/unknown.ts'
import { annotationsOf, type Scope, type Told, warn } from './scope.ts'

/** An object has room for thousands: nobody reads more than these. */
const mostTold = 10

export function tellUnknown(scope: Scope): void {
  for (const told of misspelt(annotationsOf(scope))) warn(scope, 'UnknownAnnotation', told)
}

export function misspelt(annotations: Annotations): readonly Told[] {
  const { some, more } = unknownAnnotations(annotations, mostTold)
  const told = some.map(({ key, nearest }) => ({
    field: key,
    message: `unknown annotation ${key}`,
    remedy: nearest === undefined ? 'Remove it: nothing reads it.' : `Did you mean ${nearest}?`,
  }))
  const rest = { message: `${more} more unknown annotations`, remedy: 'Remove them: nothing reads them.' }
  return more > 0 ? [...told, rest] : told
}
