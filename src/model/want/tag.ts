/** The tags that a user wants on what is made for a member (`albc-model` 6.5). */
import { keyOf } from '../../annotation/define.ts'
import { tags as tagsAnnotation } from '../../annotation/load-balancer.ts'
import { merged } from '../../annotation/read.ts'
import type { Service } from '../cluster.ts'
import { mergeTags, type Tags } from '../tag.ts'
import { annotationsOf, fault, paramsOf, type Scope, take } from './scope.ts'

const paramsTags = (scope: Scope): Tags =>
  Object.fromEntries((paramsOf(scope)?.tags ?? []).map(({ key, value }) => [key, value]))

/** Of the member's own rules, and its part of those of listeners and load balancer. */
export function memberTags(scope: Scope): Tags {
  const stated = take(scope, merged(annotationsOf(scope), tagsAnnotation)) ?? {}
  const ofClass = paramsTags(scope)
  check(
    scope,
    ofClass,
    `IngressClassParams ${scope.member.params?.metadata.name ?? ''}`,
    'IngressClassParams spec.tags',
  )
  check(scope, stated, `Ingress ${scope.member.key}`)
  return mergeTags(ofClass, stated)
}

/** Of a target group: the Service's beat the Ingress's, by key. */
export function backendTags(scope: Scope, service: Service): Tags {
  const onIngress = take(scope, merged(annotationsOf(scope), tagsAnnotation)) ?? {}
  const onService = take(scope, merged(service.metadata.annotations, tagsAnnotation)) ?? {}
  const name = `${service.metadata.namespace}/${service.metadata.name}`
  check(scope, onService, `Ingress ${scope.member.key} and Service ${name}`)
  return mergeTags(paramsTags(scope), onService, onIngress)
}

/** Whoever states a key that is not ours to set is told, where it stands. */
function check(scope: Scope, tags: Tags, where: string, field: string = keyOf(tagsAnnotation)): void {
  const managed = scope.world.settings.externalManagedTags.find((key) => Object.hasOwn(tags, key))
  if (managed !== undefined)
    fault(scope, 'InvalidAnnotation', {
      field,
      message: `failed build tags for ${where}: external managed tag key ${managed} cannot be specified`,
      remedy: `Remove ${managed} from ${field}: --external-managed-tags leaves it to somebody else.`,
    })
}
