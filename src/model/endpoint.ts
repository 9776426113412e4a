/** Which targets a TargetGroupBinding means, from the Service's endpoints or the cluster's nodes (`albc-model` 11.8). */
import { BlockList, isIPv6 } from 'node:net'
import type { Endpoints, Node, Pod, Service, ServicePort, TargetGroupBinding } from './cluster.ts'
import { nodeTargets } from './endpoint-node.ts'
import { podTargets } from './endpoint-pod.ts'
import type { ObjectRef, Problem } from './problem.ts'
import { findPort } from './service.ts'
import type { Settings } from './settings.ts'

export type EndpointAddress = {
  readonly id: string
  readonly port: number
  readonly availabilityZone?: string
}
/** A target, and the pod or node that it is; neither for an address that somebody wrote into a slice by hand. */
export type TargetSource = { readonly target: EndpointAddress; readonly pod?: Pod; readonly node?: Node }

export type Targets = {
  readonly targets: readonly EndpointAddress[]
  readonly sources: readonly TargetSource[]
  /** Pods of the Service that are no targets yet. */
  readonly pending: readonly Pod[]
  /** On their way out: to be deregistered before anything else. */
  readonly leaving: readonly EndpointAddress[]
  /** Nobody knows of these what they are: neither registered nor deregistered. */
  readonly unsure: readonly EndpointAddress[]
  /** That there are no targets is what the cluster says, rather than what it fails to say. */
  readonly emptyObeyed: boolean
  /** An error: what is registered can't be known, so nothing should be deregistered for it. */
  readonly problems: readonly Problem[]
}

export type Why = Pick<Problem, 'kind' | 'field' | 'message' | 'remedy'>
export type Found = Pick<Targets, 'sources' | 'pending' | 'leaving' | 'unsure' | 'emptyObeyed'> & {
  readonly warnings?: readonly Why[]
}

/** `vpcCidrs`: of the target group's VPC; an address outside belongs to no zone. */
export function targetsOf(
  binding: TargetGroupBinding,
  endpoints: Endpoints,
  settings: Settings,
  vpcCidrs: readonly string[],
): Targets {
  const port = portOf(binding, endpoints.service)
  if ('kind' in port) return nothing(binding, port)
  const found =
    binding.spec.targetType === 'instance'
      ? nodeTargets(binding, endpoints, settings, port)
      : podTargets(binding, endpoints, settings, port)
  return 'kind' in found ? nothing(binding, found) : settle(binding, found, vpcCidrs)
}

function portOf(
  { metadata, spec: { serviceRef } }: TargetGroupBinding,
  service: Service | undefined,
): ServicePort | Why {
  const name = `${metadata.namespace}/${serviceRef.name}`
  if (!service)
    return {
      kind: 'ServiceMissing',
      field: 'spec.serviceRef.name',
      message: `Service "${serviceRef.name}" not found`,
      remedy: `Create Service ${name}; what is registered stays until then.`,
    }
  if (service.spec.type === 'ExternalName')
    return {
      kind: 'ServiceUnusable',
      field: 'spec.serviceRef.name',
      message: `Service ${name} is of type ExternalName, which has no endpoints`,
      remedy: 'Name a Service with pods, or write EndpointSlices for a Service without selector.',
    }
  return (
    findPort(service, serviceRef.port) ?? {
      kind: 'ServicePortMissing',
      field: 'spec.serviceRef.port',
      message: `unable to find port ${serviceRef.port} on service ${name}`,
      remedy: `Add the port to Service ${name}; what is registered stays until then.`,
    }
  )
}

export const bindingRef = ({ metadata }: TargetGroupBinding): ObjectRef => ({
  kind: 'TargetGroupBinding',
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name,
})

export const problemOn = (binding: TargetGroupBinding, level: Problem['level'], why: Why): Problem => ({
  ...why,
  level,
  on: bindingRef(binding),
})

const nothing = (binding: TargetGroupBinding, why: Why): Targets => ({
  targets: [],
  sources: [],
  pending: [],
  leaving: [],
  unsure: [],
  emptyObeyed: false,
  problems: [problemOn(binding, 'error', why)],
})

/** One of each, in a fixed order. */
function settle(
  binding: TargetGroupBinding,
  { sources, warnings = [], ...found }: Found,
  vpcCidrs: readonly string[],
): Targets {
  const inVpc = blocks(vpcCidrs)
  const located = sources.map((source): TargetSource => {
    const { target, node } = source
    const outside = !node && !inVpc.check(target.id, isIPv6(target.id) ? 'ipv6' : 'ipv4')
    return outside ? { ...source, target: { ...target, availabilityZone: 'all' } } : source
  })
  const one = new Map(located.map((source) => [`${source.target.id}:${source.target.port}`, source]))
  const all = [...one].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
  return {
    ...found,
    targets: all.map(({ target }) => target),
    sources: all,
    problems: warnings.map((why) => problemOn(binding, 'warning', why)),
  }
}

function blocks(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/')
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4')
  }
  return list
}
