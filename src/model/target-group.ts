/** Target groups and the TargetGroupBinding that fills each (`albc-model` 11). */
import type { IngressKey } from './choice.ts'
import type { Ref } from './ref.ts'
import type { Tags } from './tag.ts'

export type TargetType = 'instance' | 'ip'
export type IpFamily = 'ipv4' | 'ipv6'

export type HealthCheck = {
  /** `traffic-port` or a number as text. */
  readonly port: string
  readonly protocol: string
  readonly path: string
  readonly matcher: { readonly httpCode: string } | { readonly grpcCode: string }
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  readonly healthyThresholdCount: number
  readonly unhealthyThresholdCount: number
}

export type TargetGroup = {
  readonly ref: Ref
  /** For a new one; an existing target group keeps its own. */
  readonly name: string
  readonly targetType: TargetType
  readonly protocol: string
  readonly protocolVersion: string
  readonly port: number
  readonly ipAddressType: IpFamily
  readonly vpcId: string
  readonly targetControlPort?: number
  readonly healthCheck: HealthCheck
  /** Only what a user states. */
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Tags
  readonly owner: IngressKey
  readonly binding: Binding
}

/** What the TargetGroupBinding of a target group must say, apart from its ARN. */
export type Binding = {
  readonly namespace: string
  /** For a new one: the target group's name. */
  readonly name: string
  /** Exactly the stack labels. */
  readonly labels: Readonly<Record<string, string>>
  readonly serviceRef: { readonly name: string; readonly port: number | string }
  readonly networking?: { readonly ingress: readonly BindingIngress[] }
  readonly nodeSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly multiClusterTargetGroup?: boolean
}
export type BindingIngress = {
  /** Who may reach the targets. */
  readonly from: readonly (string | Ref)[]
  /** No port: all TCP ports. */
  readonly ports: readonly { readonly protocol: 'TCP' | 'UDP'; readonly port?: number | string }[]
}
