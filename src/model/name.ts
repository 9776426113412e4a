/** Names, as ALBC computes them (`albc-model` 6): they count at creation alone, and make a take-over possible in both directions. */
import { sha256 } from '../lib/hash.ts'

const plain = (text: string, length: number): string => text.replace(/[^0-9A-Za-z]/g, '').slice(0, length)
const hash = (parts: readonly string[]): string => sha256(parts.join('')).slice(0, 10)

/** A stack id with a slash is that of one Ingress. */
function visible(stack: string): string {
  const [namespace = '', ingress] = stack.split('/')
  return ingress === undefined ? plain(stack, 17) : `${plain(namespace, 8)}-${plain(ingress, 8)}`
}

export const loadBalancerName = (cluster: string, stack: string, scheme: string): string =>
  `k8s-${visible(stack)}-${hash([cluster, stack, scheme])}`

/** After the load balancer behind it, cut so that both fit. */
export const frontendNlbName = (behind: string): string => `${behind.slice(0, 28)}-nlb`

export const frontendTargetGroupName = (
  cluster: string,
  stack: string,
  of: { readonly port: number; readonly checkPort: string; readonly checkProtocol: string },
): string =>
  `k8s-${visible(stack)}-${hash([cluster, stack, String(of.port), 'alb', 'TCP', of.checkPort, of.checkProtocol])}`

export const managedSecurityGroupName = (cluster: string, stack: string): string =>
  `k8s-${visible(stack)}-${hash([cluster, stack])}`

export const backendSecurityGroupName = (cluster: string): string =>
  `k8s-traffic-${plain(cluster, 232)}-${hash([cluster])}`

export type TargetGroupIdentity = {
  readonly ingress: { readonly namespace: string; readonly name: string }
  readonly service: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** As the backend refers to it: `80` or `http`. */
  readonly servicePort: string
  readonly port: number
  readonly targetType: string
  readonly protocol: string
  readonly protocolVersion: string
  readonly targetControlPort?: number
}

export function targetGroupName(cluster: string, stack: string, id: TargetGroupIdentity): string {
  const digest = hash([
    cluster,
    stack,
    id.ingress.namespace,
    id.ingress.name,
    id.service.uid,
    id.servicePort,
    String(id.port),
    id.targetType,
    id.protocol,
    id.protocolVersion,
    id.targetControlPort === undefined ? '' : String(id.targetControlPort),
  ])
  return `k8s-${plain(id.service.namespace, 8)}-${plain(id.service.name, 8)}-${digest}`
}
