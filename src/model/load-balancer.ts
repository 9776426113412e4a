/** The load balancer of a group (`albc-model` 10). */
import type { Choice } from './choice.ts'
import type { Ref } from './ref.ts'
import type { Tags } from './tag.ts'

export type Scheme = 'internal' | 'internet-facing'
export type LoadBalancerIpAddressType = 'ipv4' | 'dualstack' | 'dualstack-without-public-ipv4'

export type LoadBalancer = {
  readonly ref: Ref
  /** Name by scheme, since the scheme is in the hash and may be contested. Only used at creation. */
  readonly name: Readonly<Record<Scheme, string>>
  readonly scheme: Choice<Scheme>
  readonly ipAddressType: Choice<LoadBalancerIpAddressType>
  /** Subnet ids, sorted. */
  readonly subnets: Choice<readonly string[]>
  /** Security group ids, or ours by Ref; compared as a set. */
  readonly securityGroups: Choice<readonly (string | Ref)[]>
  /** Only what a user states; an unstated key is left as AWS has it. */
  readonly attributes: Readonly<Record<string, string>>
  /** User tags with the tracking tags. */
  readonly tags: Tags
}
