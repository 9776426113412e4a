/** What the caches keep of each kind: the fields that src/model/cluster.ts names, and no more. */
import type {
  Container,
  Endpoint,
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressClassParams,
  IngressGroup,
  IngressReport,
  Metadata,
  Namespace,
  Node,
  Pod,
  OidcSecret,
  Service,
  TargetGroupBinding,
} from '../model/cluster.ts'
import { sha256 } from '../lib/hash.ts'
import { Secret } from '../lib/secret.ts'
import { clientKeys } from '../model/oidc-secret.ts'

/** Its value repeats the object, and nobody reads it. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'
/** Pods: which network interface is theirs. */
const podAnnotations = 'vpc.amazonaws.com/'
const gateConditions = 'target-health.'
const keptConditions = new Set(['Ready', 'ContainersReady'])

/** Only the named members that are there: absent ones stay absent. */
function pick<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> {
  const picked: Partial<T> = {}
  for (const key of keys) if (from[key] !== undefined) picked[key] = from[key]
  return picked as Pick<T, K>
}

function annotationsOf(metadata: Metadata, keep: (key: string) => boolean): Pick<Metadata, 'annotations'> {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== lastApplied && keep(key))
  return kept.length ? { annotations: Object.fromEntries(kept) } : {}
}

const identity = (metadata: Metadata): Metadata =>
  pick(
    metadata,
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'finalizers',
  )
const labelled = (metadata: Metadata): Metadata => ({ ...identity(metadata), ...pick(metadata, 'labels') })
const annotated = (metadata: Metadata): Metadata => ({
  ...labelled(metadata),
  ...annotationsOf(metadata, () => true),
})

export const slimIngress = ({ metadata, spec, status }: Ingress): Ingress => ({
  metadata: annotated(metadata),
  spec: pick(spec ?? {}, 'ingressClassName', 'defaultBackend', 'rules', 'tls'),
  ...(status ? { status: pick(status, 'loadBalancer') } : {}),
})
export const slimIngressClass = ({ metadata, spec }: IngressClass): IngressClass => ({
  metadata: annotated(metadata),
  spec: pick(spec ?? {}, 'controller', 'parameters'),
})
export const slimIngressClassParams = ({ metadata, spec }: IngressClassParams): IngressClassParams => ({
  metadata: labelled(metadata),
  spec: spec ?? {},
})
export const slimNamespace = ({ metadata }: Namespace): Namespace => ({ metadata: labelled(metadata) })
export const slimService = ({ metadata, spec }: Service): Service => ({
  metadata: annotated(metadata),
  spec: pick(spec ?? {}, 'type', 'clusterIP', 'externalName', 'ipFamilies', 'ports', 'selector'),
})
export const slimBinding = ({ metadata, spec, status }: TargetGroupBinding): TargetGroupBinding => ({
  metadata: annotated(metadata),
  spec,
  ...(status ? { status } : {}),
})

export const slimReport = ({ metadata, status }: IngressReport): IngressReport => ({
  metadata: { ...identity(metadata), ...pick(metadata, 'ownerReferences') },
  ...(status ? { status } : {}),
})
export const slimGroup = ({ metadata, status }: IngressGroup): IngressGroup => ({
  metadata: annotated(metadata),
  ...(status ? { status } : {}),
})

const slimEndpoint = (endpoint: Endpoint): Endpoint => ({
  ...pick(endpoint, 'addresses', 'conditions', 'nodeName', 'zone'),
  ...(endpoint.targetRef ? { targetRef: pick(endpoint.targetRef, 'kind', 'namespace', 'name', 'uid') } : {}),
})
/** Without annotations: `last-change-trigger-time` would make every update look new. */
export const slimEndpointSlice = (slice: EndpointSlice): EndpointSlice => ({
  metadata: labelled(slice.metadata),
  addressType: slice.addressType,
  ports: slice.ports ?? [],
  endpoints: (slice.endpoints ?? []).map(slimEndpoint),
})

/** A hook that is a program of its own says nothing that could be read. */
const longestCommand = 256
const isShort = ({ command = [] }: { readonly command?: readonly string[] }): boolean =>
  command.join(' ').length <= longestCommand

function slimContainer({ name, ports, lifecycle }: Container): Container {
  const hook = lifecycle?.preStop
  const preStop = hook && {
    ...pick(hook, 'sleep'),
    ...(hook.exec ? { exec: isShort(hook.exec) ? pick(hook.exec, 'command') : {} } : {}),
    ...(hook.httpGet ? { httpGet: {} } : {}),
    ...(hook.tcpSocket ? { tcpSocket: {} } : {}),
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(ports?.length ? { ports: ports.map((port) => pick(port, 'name', 'containerPort')) } : {}),
    ...(preStop ? { lifecycle: { preStop } } : {}),
  }
}

/** Pods of one template share theirs. */
const shared = new Map<string, readonly Container[]>()
const mostShared = 5_000

function containersOf(containers: readonly Container[]): readonly Container[] {
  const slim = containers.map(slimContainer)
  const key = JSON.stringify(slim)
  const known = shared.get(key)
  if (known !== undefined) return known
  if (shared.size >= mostShared) shared.clear()
  shared.set(key, slim)
  return slim
}

const ownersOf = ({ ownerReferences }: Metadata): Pick<Metadata, 'ownerReferences'> => {
  const owner = ownerReferences?.find(({ controller }) => controller === true)
  return owner ? { ownerReferences: [pick(owner, 'kind', 'name', 'controller')] } : {}
}

/** 0.8 KB instead of 6 to 8. */
export function slimPod({ metadata, spec, status }: Pod): Pod {
  const conditions = (status?.conditions ?? []).filter(
    ({ type }) => keptConditions.has(type) || type.startsWith(gateConditions),
  )
  return {
    metadata: {
      ...identity(metadata),
      ...ownersOf(metadata),
      ...annotationsOf(metadata, (key) => key.startsWith(podAnnotations)),
    },
    spec: {
      ...pick(spec ?? {}, 'nodeName', 'readinessGates', 'terminationGracePeriodSeconds'),
      ...(spec?.containers?.length ? { containers: containersOf(spec.containers) } : {}),
    },
    status: {
      ...pick(status ?? {}, 'phase', 'podIP', 'podIPs'),
      ...(conditions.length
        ? {
            conditions: conditions.map((condition) =>
              pick(condition, 'type', 'status', 'reason', 'message', 'lastTransitionTime'),
            ),
          }
        : {}),
    },
  }
}

export const slimNode = ({ metadata, spec, status }: Node): Node => ({
  metadata: labelled(metadata),
  spec: pick(spec ?? {}, 'providerID', 'unschedulable', 'taints'),
  status: {
    ...pick(status ?? {}, 'addresses'),
    // Without the heartbeat's time, which changes and tells nothing.
    conditions: (status?.conditions ?? [])
      .filter(({ type }) => type === 'Ready')
      .map((condition) => pick(condition, 'type', 'status')),
  },
})

/** What OpenID Connect reads, hidden from here on; a fingerprint tells one content from another. */
export function slimSecret({ metadata, data }: OidcSecret): OidcSecret {
  // As it comes from the API server its values are plain text in base64.
  const raw = (data ?? {}) as unknown as Readonly<Record<string, string>>
  const kept = clientKeys.flatMap((key): [string, string][] =>
    raw[key] === undefined ? [] : [[key, raw[key]]],
  )
  return {
    metadata: labelled(metadata),
    data: Object.fromEntries(kept.map(([key, value]) => [key, new Secret(value)])),
    fingerprint: sha256(JSON.stringify(kept)),
  }
}
