/** What one member says of the Network Load Balancer in front of its group: read only where there may be one, as ALBC does. */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/frontend-nlb.ts'
import { goInt } from '../../annotation/parser.ts'
import { exclusive, perPort } from '../../annotation/read.ts'
import type { FrontendHealthCheck, HealthCheckParts } from '../frontend-nlb.ts'
import type { LoadBalancerIpAddressType, Scheme } from '../load-balancer.ts'
import { explicitSubnets } from '../subnet.ts'
import type { Tags } from '../tag.ts'
import { type Stated, stated, type Voice } from './agree.ts'
import { annotationsOf, fault, refuse, type Scope, take, warn } from './scope.ts'
import { securityGroupsOf, type View } from './view.ts'

type Attributes = Readonly<Record<string, string>>
/** Its port -> the port behind. */
type Mapping = ReadonlyMap<number, number>

export type FrontendView = {
  readonly view: View
  readonly scheme: Stated<Scheme>
  /** Ids, in the order in which they are stated. */
  readonly subnets: Stated<readonly string[]>
  readonly addresses: Stated<readonly string[]>
  /** Ids. */
  readonly securityGroups: Stated<readonly string[]>
  readonly attributes: Stated<Attributes>
  readonly tags: Stated<Tags>
  readonly mapping: Stated<Mapping>
  readonly healthCheck: { readonly [Part in keyof FrontendHealthCheck]: Stated<HealthCheckParts[Part]> }
}

export function frontendView(view: View, ipAddressType: LoadBalancerIpAddressType): FrontendView {
  const { scope } = view
  const of = <T>(read: () => T | undefined): Stated<T> => stated(scope, read)
  const annotations = annotationsOf(scope)
  const { healthCheck: check } = declared
  return {
    view,
    scheme: of(() => take(scope, exclusive(annotations, declared.scheme))),
    subnets: of(() => subnetsOf(scope, ipAddressType)),
    addresses: of(() => take(scope, exclusive(annotations, declared.eipAllocations))),
    securityGroups: of(() => securityGroupsOf(scope, declared.securityGroups)),
    attributes: of(() => attributesOf(scope)),
    tags: of(() => take(scope, exclusive(annotations, declared.tags))),
    mapping: of(() => mappingOf(view)),
    healthCheck: {
      port: of(() => checkPortOf(scope)),
      protocol: of(() => take(scope, perPort(annotations, check.protocol))),
      path: of(() => take(scope, perPort(annotations, check.path))),
      codes: of(() => take(scope, perPort(annotations, check.codes))),
      intervalSeconds: of(() => take(scope, perPort(annotations, check.intervalSeconds))),
      timeoutSeconds: of(() => take(scope, perPort(annotations, check.timeoutSeconds))),
      healthyThresholdCount: of(() => take(scope, perPort(annotations, check.healthyThresholdCount))),
      unhealthyThresholdCount: of(() => take(scope, perPort(annotations, check.unhealthyThresholdCount))),
    },
  }
}

function subnetsOf(scope: Scope, ipAddressType: LoadBalancerIpAddressType): readonly string[] | undefined {
  const namesOrIds = take(scope, exclusive(annotationsOf(scope), declared.subnets))
  if (namesOrIds === undefined) return undefined
  const found = explicitSubnets({ namesOrIds }, { ...scope.world, ipAddressType, network: true })
  if (found.ok) return found.value
  return fault(scope, 'SubnetsNotFound', {
    field: keyOf(declared.subnets),
    message: found.error,
    remedy: `Name subnets of VPC ${scope.world.facts.vpcId}, one in each availability zone.`,
  })
}

const routingPolicy = 'dns_record.client_routing_policy'
const routingPolicies = [
  'any_availability_zone',
  'partial_availability_zone_affinity',
  'availability_zone_affinity',
]

function attributesOf(scope: Scope): Attributes | undefined {
  const attributes = take(scope, exclusive(annotationsOf(scope), declared.attributes))
  const policy = attributes?.[routingPolicy]
  if (policy === undefined || routingPolicies.includes(policy)) return attributes
  return refuse(
    scope,
    keyOf(declared.attributes),
    `invalid ${routingPolicy} set in annotation ${keyOf(declared.attributes)}: got '${policy}' expected one of [${routingPolicies.join(', ')}]`,
    `Write one of ${routingPolicies.join(', ')}.`,
  )
}

/** Without a mapping, each port of the member leads to itself. */
function mappingOf({ scope, ports }: View): Mapping | undefined {
  const field = keyOf(declared.listenerPortMapping)
  const wrong = (message: string): undefined =>
    refuse(
      scope,
      field,
      `failed to compute listenPort config for ingress: ${scope.member.key}: ${message}`,
      `Write ports from 1 to 65535 as ${declared.listenerPortMapping.example} in ${field}.`,
    )
  const read = perPort(annotationsOf(scope), declared.listenerPortMapping)
  if (!read.ok)
    return wrong(
      `failed to parse frontend-nlb-listener-port-mapping for ingress map[]: ${read.error.message}`,
    )
  const pairs = Object.entries(read.value ?? {})
  if (pairs.length === 0) return new Map([...ports.keys()].map((port) => [port, port]))
  const mapping = new Map<number, number>()
  for (const [rawFront, rawBehind] of pairs) {
    const [front, behind] = [portOf(rawFront), portOf(rawBehind)]
    if (front === undefined) return wrong(`invalid NLB listener port: ${rawFront}`)
    if (behind === undefined) return wrong(`invalid ALB listener port: ${rawBehind}`)
    if (ports.has(behind)) mapping.set(front, behind)
    else
      warn(scope, 'NoEffect', {
        field,
        message: `${rawFront}=${rawBehind} of ${field} has no effect: the Ingress does not listen on ${behind}`,
        remedy: `Map to a port that it listens on: ${[...ports.keys()].join(', ')}.`,
      })
  }
  return mapping
}

function portOf(raw: string): number | undefined {
  const port = goInt(raw, 32)
  return port.ok && port.value >= 1 && port.value <= 65_535 ? port.value : undefined
}

function checkPortOf(scope: Scope): string | undefined {
  const { port: declaration } = declared.healthCheck
  const port = take(scope, perPort(annotationsOf(scope), declaration))
  if (port === undefined || port === declaration.default) return port
  const number = goInt(port, 32)
  if (number.ok) return String(number.value)
  return refuse(
    scope,
    keyOf(declaration),
    `failed to resolve healthCheckPort (${keyOf(declaration)}: ${port})`,
    `Write ${declaration.parser.allowed} in ${keyOf(declaration)}; names of Service ports mean nothing here.`,
  )
}

export const said = <T>(
  views: readonly FrontendView[],
  pick: (view: FrontendView) => Stated<T>,
): readonly Voice<T>[] => views.map((one) => ({ scope: one.view.scope, stated: pick(one) }))
