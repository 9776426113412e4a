/** Annotations that nothing reads: told, since a typing error otherwise goes unnoticed. */
import { unknownAnnotations } from '../../annotation/unknown.ts'
import { annotationsOf, type Scope, warn } from './scope.ts'

export function tellUnknown(scope: Scope): void {
  for (const { key, nearest } of unknownAnnotations(annotationsOf(scope)))
    warn(scope, 'UnknownAnnotation', {
      field: key,
      message: `unknown annotation ${key}`,
      remedy: nearest === undefined ? 'Remove it: nothing reads it.' : `Did you mean ${nearest}?`,
    })
}
