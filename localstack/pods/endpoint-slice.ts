/** Plays the EndpointSlice controller: one slice a Service, with ready, serving and terminating as Kubernetes says them. */
import { sha256 } from '../../src/lib/hash.ts'
import { equal } from '../../src/lib/json.ts'
import type { Api } from './api.ts'
import { type EndpointSlice, isReady, type Node, type Pod, portOf, selects, type Service } from './kinds.ts'

type World = {
  readonly services: ReadonlyMap<string, Service>
  readonly pods: ReadonlyMap<string, Pod>
  readonly nodes: ReadonlyMap<string, Node>
  readonly slices: ReadonlyMap<string, EndpointSlice>
}

const manager = 'endpointslice-controller.k8s.io'
const path = (namespace: string): string => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`

export async function syncEndpointSlices(api: Api, world: World): Promise<void> {
  for (const service of world.services.values()) {
    if (
      service.metadata.deletionTimestamp === undefined &&
      Object.keys(service.spec.selector ?? {}).length > 0
    ) {
      await syncService(api, world, service)
    }
  }
}

async function syncService(api: Api, world: World, service: Service): Promise<void> {
  const namespace = service.metadata.namespace ?? ''
  const pods = [...world.pods.values()]
    .filter(
      (pod) => pod.metadata.namespace === namespace && selects(service.spec.selector, pod.metadata.labels),
    )
    .filter((pod) => pod.status?.podIP !== undefined && pod.status.phase === 'Running')
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const first = pods[0]
  const ports = (service.spec.ports ?? []).map((port) => ({
    name: port.name ?? '',
    port:
      first === undefined
        ? numberOr(port.targetPort ?? port.port, port.port)
        : (portOf(first, port.targetPort ?? port.port) ?? port.port),
    protocol: port.protocol ?? 'TCP',
  }))
  const endpoints = pods.map((pod) => endpointOf(pod, world.nodes))
  const name = `${service.metadata.name}-${sha256(service.metadata.uid).slice(0, 5)}`
  const existing = world.slices.get(`${namespace}/${name}`)
  if (existing !== undefined) {
    if (equal(existing.endpoints ?? [], endpoints) && equal(existing.ports ?? [], ports)) return
    await api.call(
      'PATCH',
      `${path(namespace)}/${name}`,
      { endpoints, ports },
      'application/merge-patch+json',
    )
    return
  }
  await api.call('POST', path(namespace), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      labels: {
        'kubernetes.io/service-name': service.metadata.name,
        'endpointslice.kubernetes.io/managed-by': manager,
      },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: service.metadata.name,
          uid: service.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    addressType: 'IPv4',
    ports,
    endpoints,
  })
}

const numberOr = (value: number | string, other: number): number =>
  typeof value === 'number' ? value : other

function endpointOf(pod: Pod, nodes: ReadonlyMap<string, Node>): object {
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const serving = isReady(pod)
  const zone = nodes.get(`/${pod.spec.nodeName ?? ''}`)?.metadata.labels?.['topology.kubernetes.io/zone']
  return {
    addresses: [pod.status?.podIP],
    conditions: { ready: serving && !terminating, serving, terminating },
    nodeName: pod.spec.nodeName,
    ...(zone === undefined ? {} : { zone }),
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  }
}
