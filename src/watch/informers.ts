/** Every object that the controller looks at, followed by one reflector per kind; snapshots of them cost nothing. */
import type { Kube } from '../kube/client.ts'
import type { KubeError } from '../kube/error.ts'
import * as resource from '../kube/resource.ts'
import {
  type Cluster,
  type Endpoints,
  type EndpointSlice,
  type Ingress,
  type IngressClass,
  type IngressClassParams,
  type IngressGroup,
  type IngressReport,
  type KubeObject,
  type Namespace,
  type Node,
  type Pod,
  type Service,
  type TargetGroupBinding,
} from '../model/cluster.ts'
import {
  classOfIngress,
  namespaceOf,
  podsOfSlice,
  serviceOfBinding,
  serviceOfSlice,
  servicesOfIngress,
} from './index-key.ts'
import { type Presence, presence } from './presence.ts'
import { type Reflector, type ReflectorState, startReflector } from './reflector.ts'
import { createStore, type Handler, type Indexer, type Store, type StoreWriter } from './store.ts'
import * as slim from './transform.ts'

type Stores = {
  readonly ingresses: Store<Ingress, 'namespace' | 'service' | 'class'>
  readonly ingressClasses: Store<IngressClass, 'params'>
  readonly ingressClassParams: Store<IngressClassParams>
  readonly services: Store<Service, 'namespace'>
  readonly endpointSlices: Store<EndpointSlice, 'service' | 'pod'>
  readonly pods: Store<Pod, 'namespace' | 'node'>
  readonly nodes: Store<Node>
  readonly namespaces: Store<Namespace>
  readonly targetGroupBindings: Store<TargetGroupBinding, 'service' | 'targetGroup'>
  readonly ingressReports: Store<IngressReport>
  readonly ingressGroups: Store<IngressGroup>
}
type Kind = keyof Stores
type ObjectOf<K extends Kind> = ReturnType<Stores[K]['list']>[number]

/** Ours to write, and no more than told: a cluster may lack them. */
type OptionalKind = 'ingressReports' | 'ingressGroups'

export type Informers = {
  readonly stores: Stores
  /** Which of the kinds that a cluster may lack are there. */
  readonly optional: Readonly<Record<OptionalKind, Presence>>
  /** Begins to follow; before this the stores are empty. */
  start(): void
  /** True once every kind that the cluster must have is complete; false when stopped before. */
  readonly synced: Promise<boolean>
  /** What a group's model reads; the same value until one of its kinds changes. */
  snapshot(): Cluster
  endpointsOf(binding: TargetGroupBinding): Endpoints
  /** Handlers are isolated from each other's throws. Returns what ends it. */
  onChange<K extends Kind>(kind: K, handler: Handler<ObjectOf<K>>): () => void
  state(): Readonly<Record<Kind, ReflectorState & { readonly objects: number }>>
  stop(): Promise<void>
}
export type InformerOptions = {
  readonly onError?: (resource: string, error: KubeError, waitMs: number) => void
  readonly onHandlerError?: (thrown: unknown) => void
  /** A kind that the cluster may lack is not there, or may not be looked at: told once, until it was there. */
  readonly onMissing?: (resource: string, error: KubeError) => void
}

type With = { readonly kube: Kube } & InformerOptions
type Followed<T extends KubeObject, Index extends string> = {
  readonly store: Store<T, Index>
  readonly start: () => Reflector
}
type Optional<T extends KubeObject> = Followed<T, never> & { readonly presence: Presence }

/** Nothing runs yet: a reflector begins with `start`. */
function follow<T extends KubeObject, Index extends string = never>(
  of: resource.Resource<T>,
  {
    transform,
    indexers,
  }: { readonly transform: (object: T) => T; readonly indexers: Readonly<Record<Index, Indexer<T>>> },
  { kube, onError, onHandlerError }: With,
): Followed<T, Index> {
  const store: Store<T, Index> & StoreWriter<T> = createStore<T, Index>(indexers, (thrown) =>
    onHandlerError?.(thrown),
  )
  const kind = of.plural
  return {
    store,
    start: () =>
      startReflector({
        kube,
        resource: of,
        store,
        transform,
        onError: (error, waitMs) => onError?.(kind, error, waitMs),
      }),
  }
}

function followOptional<T extends KubeObject>(
  of: resource.Resource<T>,
  transform: (object: T) => T,
  { kube, onError, onHandlerError, onMissing }: With,
): Optional<T> {
  const store = createStore<T>({}, (thrown) => onHandlerError?.(thrown))
  const watched = presence((error) => onMissing?.(of.plural, error))
  return {
    store,
    presence: watched,
    start: () =>
      startReflector({
        kube,
        resource: of,
        store,
        transform,
        onHeard: () => watched.heard(),
        onError: (error, waitMs) => {
          watched.failed(error)
          if (error.status !== 404 && error.status !== 403) onError?.(of.plural, error, waitMs)
        },
      }),
  }
}

const paramsOfClass = ({ spec }: IngressClass): readonly string[] =>
  spec.parameters?.kind === 'IngressClassParams' ? [spec.parameters.name] : []
const nodeOfPod = ({ spec }: Pod): readonly string[] => (spec.nodeName ? [spec.nodeName] : [])
const targetGroupOf = ({ spec }: TargetGroupBinding): readonly string[] =>
  spec.targetGroupARN ? [spec.targetGroupARN] : []

type All = {
  readonly [K in Kind]: {
    readonly store: Stores[K]
    readonly start: () => Reflector
  } & (K extends OptionalKind ? { readonly presence: Presence } : object)
}
const followAll = (options: With): All => ({
  ingresses: follow(
    resource.ingresses,
    {
      transform: slim.slimIngress,
      indexers: { namespace: namespaceOf, service: servicesOfIngress, class: classOfIngress },
    },
    options,
  ),
  ingressClasses: follow(
    resource.ingressClasses,
    { transform: slim.slimIngressClass, indexers: { params: paramsOfClass } },
    options,
  ),
  ingressClassParams: follow(
    resource.ingressClassParams,
    { transform: slim.slimIngressClassParams, indexers: {} },
    options,
  ),
  services: follow(
    resource.services,
    { transform: slim.slimService, indexers: { namespace: namespaceOf } },
    options,
  ),
  endpointSlices: follow(
    resource.endpointSlices,
    { transform: slim.slimEndpointSlice, indexers: { service: serviceOfSlice, pod: podsOfSlice } },
    options,
  ),
  pods: follow(
    resource.pods,
    { transform: slim.slimPod, indexers: { namespace: namespaceOf, node: nodeOfPod } },
    options,
  ),
  nodes: follow(resource.nodes, { transform: slim.slimNode, indexers: {} }, options),
  namespaces: follow(resource.namespaces, { transform: slim.slimNamespace, indexers: {} }, options),
  targetGroupBindings: follow(
    resource.targetGroupBindings,
    { transform: slim.slimBinding, indexers: { service: serviceOfBinding, targetGroup: targetGroupOf } },
    options,
  ),
  ingressReports: followOptional(resource.ingressReports, slim.slimReport, options),
  ingressGroups: followOptional(resource.ingressGroups, slim.slimGroup, options),
})

/** The same value until one of its lists is another. */
function snapshots(stores: Stores): () => Cluster {
  let held: Cluster | undefined
  return () => {
    const next: Cluster = {
      ingresses: stores.ingresses.list(),
      ingressClasses: stores.ingressClasses.list(),
      ingressClassParams: stores.ingressClassParams.list(),
      namespaces: stores.namespaces.list(),
      services: stores.services.list(),
    }
    const before = held
    const unchanged =
      before && (Object.keys(next) as (keyof Cluster)[]).every((kind) => before[kind] === next[kind])
    if (!unchanged) held = Object.freeze(next)
    return held ?? next
  }
}

function endpoints(stores: Stores, { metadata, spec }: TargetGroupBinding): Endpoints {
  const service = `${metadata.namespace ?? ''}/${spec.serviceRef.name}`
  const slices = stores.endpointSlices.by('service', service)
  const pods = new Map<string, Pod>()
  for (const key of slices.flatMap(podsOfSlice)) {
    const pod = stores.pods.get(key)
    if (pod) pods.set(key, pod)
  }
  return {
    service: stores.services.get(service),
    slices,
    pods: [...pods.values()],
    nodes: spec.targetType === 'ip' ? nodesUnder(stores, slices, pods) : stores.nodes.list(),
  }
}

/** The nodes that the endpoints run on: all that targets of type ip need. */
function nodesUnder(
  stores: Stores,
  slices: readonly EndpointSlice[],
  pods: ReadonlyMap<string, Pod>,
): readonly Node[] {
  const names = new Set<string>()
  for (const { endpoints: of } of slices)
    for (const { nodeName } of of ?? []) if (nodeName) names.add(nodeName)
  for (const { spec } of pods.values()) if (spec.nodeName) names.add(spec.nodeName)
  return [...names].flatMap((name) => stores.nodes.get(name) ?? [])
}

export function createInformers(kube: Kube, options: InformerOptions = {}): Informers {
  const followed = followAll({ kube, ...options })
  const kinds = Object.keys(followed) as Kind[]
  const optional = {
    ingressReports: followed.ingressReports.presence,
    ingressGroups: followed.ingressGroups.presence,
  }
  const stores = Object.fromEntries(kinds.map((kind) => [kind, followed[kind].store])) as unknown as Stores
  const synced = Promise.withResolvers<boolean>()
  const idle: ReflectorState = { synced: false, failures: 0, heardAtMs: 0 }
  let running: ReadonlyMap<Kind, Reflector> = new Map()
  return {
    stores,
    optional,
    synced: synced.promise,
    start: () => {
      if (running.size > 0) return
      running = new Map(kinds.map((kind) => [kind, followed[kind].start()]))
      const needed = [...running].filter(([kind]) => !(kind in optional))
      void Promise.all([
        ...needed.map(([, reflector]) => reflector.synced),
        ...Object.values(optional).map(({ known }) => known.then(() => true)),
      ]).then((all) => synced.resolve(all.every(Boolean)))
    },
    snapshot: snapshots(stores),
    endpointsOf: (binding) => endpoints(stores, binding),
    onChange: (kind, handler) => (stores[kind] as Store<ObjectOf<typeof kind>>).onChange(handler),
    state: () =>
      Object.fromEntries(
        kinds.map((kind) => [kind, { ...(running.get(kind)?.state() ?? idle), objects: stores[kind].size }]),
      ) as ReturnType<Informers['state']>,
    stop: async () => {
      synced.resolve(false)
      await Promise.all([...running.values()].map((reflector) => reflector.stop()))
    },
  }
}
