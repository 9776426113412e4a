/** Under which values objects are found again: what an Ingress or a slice refers to. */
import type { EndpointSlice, Ingress, TargetGroupBinding } from '../model/cluster.ts'

const serviceNameLabel = 'kubernetes.io/service-name'
const classAnnotation = 'kubernetes.io/ingress.class'
const actions = /^[^/]+\/actions\./

/** Every `serviceName` in an action, however deep; Go reads JSON keys in any case, so ALBC does. */
function servicesIn(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) servicesIn(item, found)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key.toLowerCase() === 'servicename' && typeof member === 'string') found.add(member)
      else servicesIn(member, found)
    }
  }
}

function servicesOfAction(text: string, found: Set<string>): void {
  try {
    servicesIn(JSON.parse(text), found)
  } catch {
    // The model reports an action that is no JSON; it names no Service.
  }
}

/** `<namespace>/<name>` of every Service that an Ingress names: backends, and actions in annotations. */
export function servicesOfIngress({ metadata, spec }: Ingress): readonly string[] {
  const names = new Set<string>()
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ]
  for (const backend of backends) if (backend?.service) names.add(backend.service.name)
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (actions.test(key)) servicesOfAction(value, names)
  }
  return [...names].map((name) => `${metadata.namespace ?? ''}/${name}`)
}

/** Its class by field or by the old annotation; an empty text for none. */
export const classOfIngress = ({ metadata, spec }: Ingress): readonly string[] => [
  spec.ingressClassName ?? metadata.annotations?.[classAnnotation] ?? '',
]

export const serviceOfSlice = ({ metadata }: EndpointSlice): readonly string[] => {
  const service = metadata.labels?.[serviceNameLabel]
  return service ? [`${metadata.namespace ?? ''}/${service}`] : []
}

/** `<namespace>/<name>` of the bindings that have an endpoint in this Service. */
export const serviceOfBinding = ({ metadata, spec }: TargetGroupBinding): readonly string[] => [
  `${metadata.namespace ?? ''}/${spec.serviceRef.name}`,
]

export const namespaceOf = ({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string }
}): readonly string[] => [metadata.namespace ?? '']

/** Pods that slices name, as `<namespace>/<name>`. */
export function podsOfSlice(slice: EndpointSlice): readonly string[] {
  const keys = new Set<string>()
  for (const { targetRef } of slice.endpoints ?? []) {
    if (targetRef?.kind === 'Pod' && targetRef.name) {
      keys.add(`${targetRef.namespace ?? slice.metadata.namespace ?? ''}/${targetRef.name}`)
    }
  }
  return [...keys]
}
