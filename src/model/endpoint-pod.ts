/** Targets of type ip: what the Service's EndpointSlices list, pods as the cluster knows them. */
import type {
  Endpoint,
  Endpoints,
  EndpointSlice,
  Node,
  Pod,
  ServicePort,
  TargetGroupBinding,
} from './cluster.ts'
import type { EndpointAddress, Found, TargetSource, Why } from './endpoint.ts'
import type { Settings } from './settings.ts'

/** unsure: its node is silent. unknown: a slice names a pod that is not in the cache (yet, or any more). */
type State = 'ready' | 'unsure' | 'pending' | 'leaving' | 'unknown'
type Judged = { readonly state: State; readonly pod?: Pod; readonly sources: readonly TargetSource[] }

export function podTargets(
  binding: TargetGroupBinding,
  endpoints: Endpoints,
  settings: Settings,
  port: ServicePort,
): Found | Why {
  const family = binding.spec.ipAddressType === 'ipv6' ? 'IPv6' : 'IPv4'
  const slices = endpoints.slices.filter(({ addressType }) => addressType === family)
  const others = endpoints.slices.filter(
    ({ addressType, endpoints: of }) => addressType !== family && of?.length,
  )
  if (slices.length === 0 && others.length > 0) return otherFamily(binding, family, others)
  const judged = judge(slices, endpoints, port)
  const those = (state: State): TargetSource[] =>
    judged.filter((one) => one.state === state).flatMap(({ sources }) => sources)
  const targets = (sources: readonly TargetSource[]): EndpointAddress[] => sources.map(({ target }) => target)
  const ready = those('ready')
  const unsure = those('unsure')
  const open = ready.length === 0 && unsure.length > 0 && settings.featureGates.EndpointsFailOpen
  const waiting = judged.filter(({ state }) => state === 'pending' || (state === 'unsure' && !open))
  return {
    sources: open ? unsure : ready,
    pending: open ? [] : [...new Set(waiting.flatMap(({ pod }) => pod ?? []))],
    leaving: targets(those('leaving')),
    unsure: targets(those('unknown')),
    emptyObeyed: slices.length > 0,
  }
}

function otherFamily(
  { metadata, spec }: TargetGroupBinding,
  family: string,
  others: readonly EndpointSlice[],
): Why {
  const name = `${metadata.namespace}/${spec.serviceRef.name}`
  return {
    kind: 'EndpointsUnusable',
    field: 'spec.ipAddressType',
    message: `the target group takes ${family} addresses, and Service ${name} has ${others[0]?.addressType} endpoints alone`,
    remedy: `Make Service ${name} of IP family ${family}, or use a target group of the other family.`,
  }
}

function judge(slices: readonly EndpointSlice[], endpoints: Endpoints, port: ServicePort): Judged[] {
  const pods = new Map(endpoints.pods.map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]))
  const nodes = new Map(endpoints.nodes.map((node) => [node.metadata.name, node]))
  return slices.flatMap((slice) =>
    (slice.endpoints ?? []).map((endpoint): Judged => {
      const { targetRef } = endpoint
      if (targetRef?.kind !== 'Pod') {
        const state = targetRef === undefined ? handWritten(endpoint) : 'pending'
        return { state, sources: addresses(slice, endpoint, port, undefined) }
      }
      const pod = pods.get(`${targetRef.namespace ?? slice.metadata.namespace}/${targetRef.name}`)
      // A pod created anew under the name of one that this slice still lists.
      const same = targetRef.uid === undefined || targetRef.uid === pod?.metadata.uid
      const sources = addresses(slice, endpoint, port, pod)
      if (!pod || !same) return { state: isLeaving(endpoint) ? 'leaving' : 'unknown', sources }
      return { state: stateOf(endpoint, pod, nodes.get(pod.spec.nodeName ?? '')), pod, sources }
    }),
  )
}

/** Of a Service without selector: nobody but its author knows more. */
const handWritten = (endpoint: Endpoint): State =>
  endpoint.conditions?.ready !== false ? 'ready' : isLeaving(endpoint) ? 'leaving' : 'pending'

const isLeaving = ({ conditions }: Endpoint): boolean =>
  conditions?.ready === false && conditions.terminating === true

function addresses(
  slice: EndpointSlice,
  endpoint: Endpoint,
  { name = '' }: ServicePort,
  pod: Pod | undefined,
): readonly TargetSource[] {
  const [id] = endpoint.addresses
  if (id === undefined) return []
  return (slice.ports ?? [])
    .filter((candidate) => name === '' || candidate.name === name)
    .flatMap(({ port }) =>
      port === undefined ? [] : [{ target: { id, port }, ...(pod === undefined ? {} : { pod }) }],
    )
}

function stateOf(endpoint: Endpoint, pod: Pod, node: Node | undefined): State {
  // The pod says it before the slice does.
  if (isLeaving(endpoint) || pod.metadata.deletionTimestamp !== undefined) return 'leaving'
  if (endpoint.conditions?.ready !== false) return 'ready'
  if (condition(pod, 'ContainersReady') !== 'True') return 'pending'
  const nodeReady = node && condition(node, 'Ready')
  if (nodeReady === 'True') return 'ready'
  return nodeReady === 'Unknown' ? 'unsure' : 'pending'
}

const condition = (object: Pod | Node, type: string): string | undefined =>
  (object.status?.conditions as readonly { type: string; status: string }[] | undefined)?.find(
    (one) => one.type === type,
  )?.status
