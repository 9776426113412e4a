/** The target group of one Ingress, Service and port, and its binding (`albc-model` 11). */
import { keyOf } from '../../annotation/define.ts'
import { own, preferService, preferServiceOf } from '../../annotation/read.ts'
import * as declared from '../../annotation/target-group.ts'
import { sha256 } from '../../lib/hash.ts'
import type { Service, ServicePort } from '../cluster.ts'
import { stackLabels } from '../group.ts'
import { targetGroupName } from '../name.ts'
import type { Ref } from '../ref.ts'
import { findPort } from '../service.ts'
import { trackingTags, withDefaults } from '../tag.ts'
import type { Binding, BindingIngress, TargetGroup, TargetType } from '../target-group.ts'
import { healthCheckOf } from './health-check.ts'
import { annotationsOf, fault, paramsOf, refuse, type Scope, take, warn } from './scope.ts'
import { backendTags } from './tag.ts'

/** What target groups must know of their load balancer. */
export type GroupShape = {
  /** Who may reach the targets; absent: the user opens them. */
  readonly source?: string | Ref
  readonly dualStack: boolean
}

/** Of one kind, by what can't be changed in place. */
type Kind = {
  readonly targetType: TargetType
  readonly protocol: string
  readonly protocolVersion: string
  readonly targetControlPort?: number
}
export type Backing = {
  readonly service: Service
  readonly reference: number | string
  readonly port: ServicePort
  readonly kind: Kind
}

export function targetGroupOf(
  scope: Scope,
  service: Service,
  reference: number | string,
  shape: GroupShape,
): TargetGroup | undefined {
  const id = `${scope.member.key}-${service.metadata.name}:${reference}`
  const known = scope.world.targetGroups.get(id) ?? scope.targetGroups.get(id)
  if (known) {
    if (known.owner !== scope.member.key || known.binding.serviceRef.name !== service.metadata.name)
      warn(scope, 'Conflict', {
        message: `target group ${id} is also that of Ingress ${known.owner} with Service ${known.binding.serviceRef.name}, which serves both`,
        remedy:
          'Rename this Ingress or the Service: names and Service names together must differ within a group.',
      })
    return known
  }
  const backing = backingOf(scope, service, reference)
  const made = backing && build(scope, backing, id, shape)
  if (made) scope.targetGroups.set(id, made)
  return made
}

function backingOf(scope: Scope, service: Service, reference: number | string): Backing | undefined {
  const name = `${service.metadata.namespace}/${service.metadata.name}`
  if (service.spec.type === 'ExternalName')
    return fault(scope, 'ServiceUnusable', {
      field: 'spec.rules.http.paths.backend.service.name',
      message: `Service ${name} is of type ExternalName, which has no pods`,
      remedy: 'Name a Service that selects pods; to leave the cluster, use a redirect action.',
    })
  const port = findPort(service, reference)
  if (!port) {
    const has = (service.spec.ports ?? []).map((one) => (one.name ? `${one.port} (${one.name})` : one.port))
    return fault(scope, 'ServicePortMissing', {
      field: 'spec.rules.http.paths.backend.service.port',
      message: `unable to find port ${reference} on service ${name}`,
      remedy: `Use a port that Service ${name} has: ${has.join(', ') || 'it has none'}.`,
    })
  }
  const kind = kindOf(scope, service, reference)
  return kind && { service, reference, port, kind }
}

function kindOf(scope: Scope, service: Service, reference: number | string): Kind | undefined {
  const { settings } = scope.world
  const pick = [annotationsOf(scope), service.metadata.annotations] as const
  const annotated = preferService(...pick, declared.targetType)
  const stated = take(scope, annotated)
  // Nothing is concluded from a default that the user did not mean.
  if (!annotated.ok && paramsOf(scope)?.targetType === undefined) return undefined
  const targetType = paramsOf(scope)?.targetType ?? stated ?? settings.defaultTargetType
  if (targetType === 'ip' && !settings.featureGates.EnableIPTargetType)
    return refuse(
      scope,
      keyOf(declared.targetType),
      'unsupported targetType: ip when EnableIPTargetType is false',
      'Use target type instance, or turn the feature gate EnableIPTargetType on.',
    )
  const protocol = take(scope, preferService(...pick, declared.backendProtocol))
  const protocolVersion = take(scope, preferService(...pick, declared.backendProtocolVersion))
  const member = `${service.metadata.name}.${reference}`
  const targetControlPort = take(scope, preferServiceOf(...pick, declared.targetControlPort, member))
  if (protocol === undefined || protocolVersion === undefined) return undefined
  if (targetControlPort === undefined) return { targetType, protocol, protocolVersion }
  if (targetType === 'instance')
    return refuse(
      scope,
      keyOf(declared.targetControlPort, member),
      'target control port is not supported for instance target target group',
      'Use target type ip, or remove the target control port.',
    )
  return { targetType, protocol, protocolVersion, targetControlPort }
}

function portOf(scope: Scope, { port, kind, service }: Backing): number | undefined {
  const target = port.targetPort ?? port.port
  const number = kind.targetType === 'instance' ? port.nodePort : typeof target === 'number' ? target : 1
  if (number) return number
  const name = `${service.metadata.namespace}/${service.metadata.name}`
  return fault(scope, 'ServiceUnusable', {
    field: keyOf(declared.targetType),
    message:
      kind.targetType === 'ip'
        ? 'TargetGroup port is empty. Are you using the correct service type?'
        : "TargetGroup port is empty. When using Instance targets, your service be must of type 'NodePort' or 'LoadBalancer'",
    remedy:
      kind.targetType === 'ip'
        ? `Give port ${port.port} of Service ${name} a targetPort.`
        : `Make Service ${name} of type NodePort, or set ${keyOf(declared.targetType)} to ip.`,
  })
}

function familyOf(scope: Scope, service: Service, shape: GroupShape): 'ipv4' | 'ipv6' | undefined {
  if (!service.spec.ipFamilies?.includes('IPv6')) return 'ipv4'
  if (shape.dualStack) return 'ipv6'
  return fault(scope, 'ServiceUnusable', {
    field: 'spec.rules.http.paths.backend.service.name',
    message: 'unsupported IPv6 configuration, lb not dual-stack',
    remedy: `Set alb.ingress.kubernetes.io/ip-address-type to dualstack, or make Service ${service.metadata.name} IPv4 only.`,
  })
}

function build(scope: Scope, backing: Backing, id: string, shape: GroupShape): TargetGroup | undefined {
  const { stack, settings, facts } = scope.world
  const { service, kind, reference } = backing
  const port = portOf(scope, backing)
  const ipAddressType = familyOf(scope, service, shape)
  const healthCheck = healthCheckOf(scope, backing)
  const attributes = take(
    scope,
    preferService(annotationsOf(scope), service.metadata.annotations, declared.targetGroupAttributes),
  )
  if (!port || !ipAddressType || !healthCheck || !attributes) return undefined
  const { namespace = '', name } = service.metadata
  const { metadata } = scope.member.ingress
  const groupName = targetGroupName(settings.clusterName, stack, {
    ingress: { namespace: metadata.namespace ?? '', name: metadata.name },
    service: { namespace, name, uid: service.metadata.uid },
    servicePort: String(reference),
    port,
    ...kind,
  })
  const incarnation = sha256(
    [kind.targetType, kind.protocol, kind.protocolVersion, kind.targetControlPort ?? ''].join('|'),
  ).slice(0, 8)
  return {
    ref: { ref: 'targetGroup', stack, id, incarnation },
    name: groupName,
    ...kind,
    port,
    ipAddressType,
    vpcId: facts.vpcId,
    healthCheck,
    attributes,
    tags: {
      ...withDefaults(settings, backendTags(scope, service)),
      ...trackingTags(settings, stack, id),
    },
    owner: scope.member.key,
    binding: bindingOf(scope, backing, { name: groupName, port, healthCheckPort: healthCheck.port, shape }),
  }
}

type Bound = {
  readonly name: string
  readonly port: number
  readonly healthCheckPort: string
  readonly shape: GroupShape
}

function bindingOf(scope: Scope, backing: Backing, bound: Bound): Binding {
  const { service, kind, reference } = backing
  const pick = [annotationsOf(scope), service.metadata.annotations] as const
  const labels =
    kind.targetType === 'instance'
      ? take(scope, preferService(...pick, declared.targetNodeLabels))
      : undefined
  const shared = pick.map((annotations) => take(scope, own(annotations, declared.multiClusterTargetGroup)))
  const networking = networkingOf(scope, backing, bound)
  return {
    namespace: service.metadata.namespace ?? '',
    name: bound.name,
    labels: stackLabels(scope.world.stack),
    serviceRef: { name: service.metadata.name, port: reference },
    ...(networking ? { networking } : {}),
    ...(labels && Object.keys(labels).length > 0 ? { nodeSelector: { matchLabels: labels } } : {}),
    ...(shared.includes(true) ? { multiClusterTargetGroup: true } : {}),
  }
}

/** One rule per port, in ALBC's order and with its repetitions. */
function networkingOf(
  scope: Scope,
  { port, kind }: Backing,
  { port: number, healthCheckPort, shape }: Bound,
): { readonly ingress: readonly BindingIngress[] } | undefined {
  const { source } = shape
  if (source === undefined) return undefined
  if (scope.world.settings.disableRestrictedSecurityGroupRules)
    return { ingress: [{ from: [source], ports: [{ protocol: 'TCP' }] }] }
  const target = kind.targetType === 'ip' ? (port.targetPort ?? port.port) : number
  const ports = [
    target,
    ...(healthCheckPort === 'traffic-port' ? [] : [Number(healthCheckPort)]),
    ...(kind.targetControlPort === undefined ? [] : [kind.targetControlPort]),
  ]
  return { ingress: ports.map((one) => ({ from: [source], ports: [{ protocol: 'TCP', port: one }] })) }
}
