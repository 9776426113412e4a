/** All that a group wants to exist, and what the model still has to be told. */
import type { OwnCertificate } from './certificate.ts'
import type { IngressKey } from './choice.ts'
import type { Claims } from './claim.ts'
import type { FrontendNlb } from './frontend-nlb.ts'
import type { Listener } from './listener.ts'
import type { LoadBalancer } from './load-balancer.ts'
import type { Problem } from './problem.ts'
import type { SecurityGroup } from './security-group.ts'
import type { TargetGroup } from './target-group.ts'

export type Desired = {
  /** Stack id: `<group name>` or `<namespace>/<ingress>`. */
  readonly stack: string
  /** Absent: nothing is wanted any more (no member) or nothing can be built yet. */
  readonly loadBalancer?: LoadBalancer
  /** The managed security group, where there is one. */
  readonly securityGroups: readonly SecurityGroup[]
  readonly listeners: readonly Listener[]
  readonly targetGroups: readonly TargetGroup[]
  /** That the controller asks ACM for. */
  readonly certificates?: readonly OwnCertificate[]
  /** Absent: no member says anything of one. */
  readonly frontendNlb?: FrontendNlb
  /** Members whose settings must stay as they are served. */
  readonly held: readonly IngressKey[]
  /** Of held members: whom they would let in by now. */
  readonly claims?: Readonly<Record<IngressKey, Claims>>
  /** True when the last member is gone: what the stack owns may be deleted. */
  readonly gone: boolean
  /** A member that is being deleted states `deletion_protection.enabled=false`: its own word may end the protection. */
  readonly unprotect?: true
  /** The same of the Network Load Balancer in front. */
  readonly unprotectFrontend?: true
  /** A member that is being deleted states `shield-advanced-protection: true`: our protection ends before the load balancer. */
  readonly unshield?: true
}

/** What the effect must fetch before the model can be complete; then build runs again. */
export type Needs = {
  readonly certificates?: true
  readonly trustStores?: true
  /** Asked for where a load balancer is to be made anew; one that stays has its own. */
  readonly subnets?: true
  readonly webAcls?: true
  readonly shieldSubscribed?: true
  /** Names. */
  readonly targetGroups?: readonly string[]
  /** `<namespace>/<name>`. */
  readonly secrets?: readonly string[]
}

export type Built = {
  readonly desired: Desired
  readonly problems: readonly Problem[]
  readonly needs: Needs
  /** All Secrets that the members name for what they serve, whether they exist or not: a change of one is a change of the group. */
  readonly secrets: readonly string[]
}
