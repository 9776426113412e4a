/** Annotations and class settings that are known but not acted upon yet: said, never silently ignored. */
import { keyOf } from '../../annotation/define.ts'
import { createAcmCert } from '../../annotation/listener.ts'
import { own } from '../../annotation/read.ts'
import { unknownAnnotations } from '../../annotation/unknown.ts'
import { annotationsOf, fault, type Scope, warn } from './scope.ts'

export function tellUnsupported(scope: Scope): void {
  const annotations = annotationsOf(scope)
  const { settings } = scope.world
  const refuse = (field: string): undefined =>
    fault(scope, 'Unsupported', {
      field,
      message: `${field} is not supported yet`,
      remedy: `Remove ${field}; until then nothing of this Ingress is changed.`,
    })
  if (settings.featureGates.EnableCertificateManagement) {
    const create = own(annotations, createAcmCert)
    if (create.ok && create.value) refuse(keyOf(createAcmCert))
  }
}

export function tellUnknown(scope: Scope): void {
  for (const { key, nearest } of unknownAnnotations(annotationsOf(scope)))
    warn(scope, 'UnknownAnnotation', {
      field: key,
      message: `unknown annotation ${key}`,
      remedy: nearest === undefined ? 'Remove it: nothing reads it.' : `Did you mean ${nearest}?`,
    })
}
