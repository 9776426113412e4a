/** The Network Load Balancer in front of a group's load balancer (`albc-model` 12): it passes connections to it, port by port. */
import type { Choice, IngressKey } from './choice.ts'
import type { LoadBalancerIpAddressType, Scheme } from './load-balancer.ts'
import type { Ref } from './ref.ts'
import type { Tags } from './tag.ts'
import type { HealthCheck } from './target-group.ts'

export type FrontendNlb = {
  readonly ref: Ref
  /** Whether there is to be one at all: members may disagree, or one that can't be read may say so. */
  readonly enabled: Choice<boolean>
  /** Who says so. */
  readonly by: readonly IngressKey[]
  /** By the scheme of the load balancer behind, after which it is named. Only used at creation. */
  readonly name: Readonly<Record<Scheme, string>>
  readonly scheme: Choice<Scheme>
  readonly ipAddressType: Choice<LoadBalancerIpAddressType>
  /** Subnet ids, in the order of the elastic addresses. */
  readonly subnets: Choice<readonly string[]>
  /** Allocation ids, one per subnet, or none. Only used at creation. */
  readonly addresses: readonly string[]
  /** Security group ids, or ours by Ref; compared as a set. */
  readonly securityGroups: Choice<readonly (string | Ref)[]>
  /** Only what a user states; an unstated key is left as AWS has it. */
  readonly attributes: Choice<Readonly<Record<string, string>>>
  /** User tags, without the tracking tags; its listeners and target groups have the same. */
  readonly tags: Choice<Tags>
  readonly listeners: readonly FrontendListener[]
}

/** TCP, with a target group of its own. */
export type FrontendListener = {
  readonly ref: Ref
  readonly port: number
  /** The listener behind that connections go to. */
  readonly targetPort: Choice<number>
  readonly targetGroup: FrontendTargetGroup
}

type FrontendTargetGroup = {
  readonly ref: Ref
  readonly name: string
  readonly vpcId: string
  readonly healthCheck: FrontendHealthCheck
}
/** `codes`: those of the matcher. */
export type HealthCheckParts = Omit<HealthCheck, 'matcher'> & { readonly codes: string }
export type FrontendHealthCheck = {
  readonly [Part in keyof HealthCheckParts]: Choice<HealthCheckParts[Part]>
}
