/** Which targets a TargetGroupBinding means, from the Service's endpoints or the cluster's nodes (`albc-model` 11.8). */
import { BlockList, isIPv6 } from 'node:net'
import type {
  Endpoint,
  Endpoints,
  EndpointSlice,
  Node,
  Pod,
  ServicePort,
  TargetGroupBinding,
} from './cluster.ts'
import { usableNodes } from './node.ts'
import type { Problem } from './problem.ts'
import { findPort } from './service.ts'
import type { Settings } from './settings.ts'

type TargetAddress = { readonly id: string; readonly port: number; readonly availabilityZone?: string }
/** A target, and the pod or node that it is. */
export type TargetSource = { readonly target: TargetAddress; readonly pod?: Pod; readonly node?: Node }

export type Targets = {
  readonly targets: readonly TargetAddress[]
  readonly sources: readonly TargetSource[]
  /** Pods of the Service that are no targets yet. */
  readonly pending: readonly Pod[]
  /** An error: what is registered can't be known, so nothing should be deregistered for it. */
  readonly problems: readonly Problem[]
}

export function targetsOf(
  binding: TargetGroupBinding,
  endpoints: Endpoints,
  settings: Settings,
  vpcCidrs: readonly string[],
): Targets {
  const { serviceRef } = binding.spec
  const { service } = endpoints
  const name = `${binding.metadata.namespace}/${serviceRef.name}`
  if (!service)
    return nothing(binding, {
      kind: 'ServiceMissing',
      field: 'spec.serviceRef.name',
      message: `Service "${serviceRef.name}" not found`,
      remedy: `Create Service ${name}; what is registered stays until then.`,
    })
  const port = findPort(service, serviceRef.port)
  if (!port)
    return nothing(binding, {
      kind: 'ServicePortMissing',
      field: 'spec.serviceRef.port',
      message: `unable to find port ${serviceRef.port} on service ${name}`,
      remedy: `Add the port to Service ${name}; what is registered stays until then.`,
    })
  const found =
    binding.spec.targetType === 'instance'
      ? instances(binding, endpoints, settings, port)
      : pods(binding, endpoints, settings, port)
  return 'kind' in found ? nothing(binding, found) : settle(binding, found, settings, vpcCidrs)
}

type Why = Pick<Problem, 'kind' | 'field' | 'message' | 'remedy'>
type Found = { readonly sources: readonly TargetSource[]; readonly pending: readonly Pod[] }

const problemOn = (binding: TargetGroupBinding, level: Problem['level'], why: Why): Problem => ({
  ...why,
  level,
  on: {
    kind: 'TargetGroupBinding',
    ...(binding.metadata.namespace === undefined ? {} : { namespace: binding.metadata.namespace }),
    name: binding.metadata.name,
  },
})
const nothing = (binding: TargetGroupBinding, why: Why): Targets => ({
  targets: [],
  sources: [],
  pending: [],
  problems: [problemOn(binding, 'error', why)],
})

/** One of each, within the limit; an address outside the VPC belongs to no zone. */
function settle(
  binding: TargetGroupBinding,
  { sources, pending }: Found,
  settings: Settings,
  vpcCidrs: readonly string[],
): Targets {
  const inVpc = blocks(vpcCidrs)
  const located = sources.map(({ target, ...rest }): TargetSource => {
    const outside = rest.pod && !inVpc.check(target.id, isIPv6(target.id) ? 'ipv6' : 'ipv4')
    return { ...rest, target: outside ? { ...target, availabilityZone: 'all' } : target }
  })
  const one = new Map(located.map((source) => [`${source.target.id}:${source.target.port}`, source]))
  const all = [...one].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
  const most = settings.maxTargetsPerTargetGroup
  const kept = most > 0 ? all.slice(0, most) : all
  const problems =
    kept.length === all.length
      ? []
      : [
          problemOn(binding, 'warning', {
            kind: 'EndpointsUnusable',
            message: `${all.length - kept.length} of ${all.length} targets are left out: at most ${most} are registered`,
            remedy: 'Raise --max-targets-per-target-group, or spread the pods over more Services.',
          }),
        ]
  return { targets: kept.map(({ target }) => target), sources: kept, pending, problems }
}

function blocks(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}

function instances(
  binding: TargetGroupBinding,
  { service, nodes }: Endpoints,
  settings: Settings,
  { nodePort }: ServicePort,
): Found | Why {
  const type = service?.spec.type
  const name = `${binding.metadata.namespace}/${binding.spec.serviceRef.name}`
  if ((type !== 'NodePort' && type !== 'LoadBalancer') || !nodePort)
    return {
      kind: 'ServiceUnusable',
      field: 'spec.serviceRef',
      message: `service type must be either 'NodePort' or 'LoadBalancer': ${name}`,
      remedy: `Make Service ${name} of type NodePort, or use targets of type ip.`,
    }
  const failOpen = settings.featureGates.EndpointsFailOpen
  const sources = usableNodes(nodes, binding.spec.nodeSelector, failOpen).flatMap((node) => {
    const id = /i-[0-9a-f]+$/.exec(node.spec.providerID ?? '')?.[0]
    return id === undefined ? [] : [{ target: { id, port: nodePort }, node }]
  })
  return { sources, pending: [] }
}

function pods(
  binding: TargetGroupBinding,
  endpoints: Endpoints,
  settings: Settings,
  port: ServicePort,
): Found {
  const podsByKey = new Map(
    endpoints.pods.map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]),
  )
  const nodes = new Map(endpoints.nodes.map((node) => [node.metadata.name, node]))
  const family = binding.spec.ipAddressType === 'ipv6' ? 'IPv6' : 'IPv4'
  const ready: TargetSource[] = []
  const unsure: TargetSource[] = []
  const pending = new Map<string, Pod>()
  for (const slice of endpoints.slices.filter(({ addressType }) => addressType === family))
    for (const endpoint of slice.endpoints ?? []) {
      const key = `${endpoint.targetRef?.namespace}/${endpoint.targetRef?.name}`
      const pod = endpoint.targetRef?.kind === 'Pod' ? podsByKey.get(key) : undefined
      if (!pod) continue
      const state = stateOf(endpoint, pod, nodes.get(pod.spec.nodeName ?? ''))
      if (state === 'ready') ready.push(...addresses(slice, endpoint, port, pod))
      else if (state === 'unsure') unsure.push(...addresses(slice, endpoint, port, pod))
      if (state === 'pending' || state === 'unsure') pending.set(key, pod)
    }
  const open = ready.length === 0 && unsure.length > 0 && settings.featureGates.EndpointsFailOpen
  return open ? { sources: unsure, pending: [] } : { sources: ready, pending: [...pending.values()] }
}

function addresses(
  slice: EndpointSlice,
  endpoint: Endpoint,
  { name = '' }: ServicePort,
  pod: Pod,
): readonly TargetSource[] {
  const [id] = endpoint.addresses
  if (id === undefined) return []
  return (slice.ports ?? [])
    .filter((candidate) => name === '' || candidate.name === name)
    .flatMap(({ port }) => (port === undefined ? [] : [{ target: { id, port }, pod }]))
}

/** unsure: its node is silent, so nobody knows. */
function stateOf(
  { conditions }: Endpoint,
  pod: Pod,
  node: Node | undefined,
): 'ready' | 'unsure' | 'pending' | 'leaving' {
  if (conditions?.ready !== false) return 'ready'
  if (conditions.terminating || pod.metadata.deletionTimestamp !== undefined) return 'leaving'
  if (condition(pod, 'ContainersReady') !== 'True') return 'pending'
  const nodeReady = node && condition(node, 'Ready')
  if (nodeReady === 'True') return 'ready'
  return nodeReady === 'Unknown' ? 'unsure' : 'pending'
}

const condition = (object: Pod | Node, type: string): string | undefined =>
  (object.status?.conditions as readonly { type: string; status: string }[] | undefined)?.find(
    (one) => one.type === type,
  )?.status
