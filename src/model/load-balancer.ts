/** The load balancer of a group (`albc-model` 10). */
import type { Choice, IngressKey } from './choice.ts'
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
  /** Of an Outpost; counts at creation only. */
  readonly customerOwnedIpv4Pool?: Owned<string>
  /** Where public addresses come from. Absent: from no pool, and one that is served is given up. */
  readonly ipamPool?: Owned<string>
  /** Capacity units that are reserved, 0 for none. Absent: left as AWS has it, as are all below. */
  readonly capacityUnits?: Owned<number>
  /** ARN of the WAFv2 web ACL; empty for none. */
  readonly webAcl?: Owned<string>
  /** Id of the WAF classic web ACL; empty for none. */
  readonly classicWebAcl?: Owned<string>
  /** Whether Shield Advanced protects it. */
  readonly shield?: Owned<boolean>
}

/** A setting with the member that states it first: who is told when AWS refuses it. */
export type Owned<T> = { readonly choice: Choice<T>; readonly by: IngressKey }
