/** Annotations that nothing reads: told, since a typing error otherwise goes unnoticed. */
import { unknownAnnotations } from '../../annotation/unknown.ts'
import { annotationsOf, type Scope, warn } from './scope.ts'

/** An Ingress has room for thousands: nobody reads more than these. */
const mostTold = 10

export function tellUnknown(scope: Scope): void {
  const { some, more } = unknownAnnotations(annotationsOf(scope), mostTold)
  for (const { key, nearest } of some)
    warn(scope, 'UnknownAnnotation', {
      field: key,
      message: `unknown annotation ${key}`,
      remedy: nearest === undefined ? 'Remove it: nothing reads it.' : `Did you mean ${nearest}?`,
    })
  if (more > 0)
    warn(scope, 'UnknownAnnotation', {
      message: `${more} more unknown annotations`,
      remedy: 'Remove them: nothing reads them.',
    })
}
