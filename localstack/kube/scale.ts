/** The scale subresource: replicas of whatever kind, read and written as `autoscaling/v1` Scale. */
import { type Fields, fields, isFields, type KubeObject, number, text } from './object.ts'
import type { Resource, ScalePaths } from './resource.ts'
import { jsonPath } from './table/json-path.ts'

function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector
  return Object.entries(fields(fields(selector).matchLabels))
    .map(([key, value]) => `${key}=${text(value)}`)
    .join(',')
}

export function scaleOf(resource: Resource, object: KubeObject, paths: ScalePaths): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = selectorText(jsonPath(object, paths.selector ?? '.spec.selector')[0])
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: number(jsonPath(object, paths.spec)[0]) },
    status: {
      replicas: number(jsonPath(object, paths.status)[0]),
      ...(selector === '' || resource.plural === '' ? {} : { selector }),
    },
  }
}

/** A copy of the object with the replicas that the scale asks for. */
export function rescaled(object: KubeObject, scale: KubeObject, paths: ScalePaths): KubeObject {
  const out = structuredClone(object)
  const keys = paths.spec.split('.').slice(1)
  let place: Fields = out
  for (const key of keys.slice(0, -1)) {
    const next = place[key]
    place = isFields(next) ? next : (place[key] = {})
  }
  place[keys.at(-1) ?? ''] = number(fields(scale.spec).replicas)
  const { resourceVersion } = scale.metadata
  if (resourceVersion !== undefined) out.metadata.resourceVersion = resourceVersion
  return out
}
