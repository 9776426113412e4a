/** A plan as plain JSON: the calls that are safe now, what it waits for, and what it holds. */
import type { Action } from '../model/action.ts'
import type { IngressKey } from '../model/choice.ts'
import type { MutualAuthentication, Protocol } from '../model/listener.ts'
import type { LoadBalancerIpAddressType, Scheme } from '../model/load-balancer.ts'
import type { Problem } from '../model/problem.ts'
import type { Ref } from '../model/ref.ts'
import type { Permission } from '../model/security-group.ts'
import type { Tags } from '../model/tag.ts'
import type { HealthCheck, IpFamily, TargetType } from '../model/target-group.ts'
import type { TargetGroupBindingSpec } from '../kind/target-group-binding.ts'
import type { Condition, Transform } from '../route/condition.ts'

type Attributes = Readonly<Record<string, string>>
/** An ARN or id that AWS gave, or one of ours that a step before this one creates. */
export type Name = string | Ref

export type WafService = 'wafv2' | 'waf-regional'

/** One AWS call, or one write of a TargetGroupBinding; named as AWS names it, its input in the model's words. */
export type Call =
  | {
      readonly call: 'CreateSecurityGroup'
      readonly ref: Ref
      readonly name: string
      readonly description: string
      readonly vpcId: string
      readonly tags: Tags
    }
  | {
      readonly call: 'AuthorizeSecurityGroupIngress'
      readonly group: Name
      readonly permissions: readonly Permission[]
    }
  | {
      readonly call: 'RevokeSecurityGroupIngress'
      readonly group: Name
      readonly permissions: readonly Permission[]
    }
  | { readonly call: 'DeleteSecurityGroup'; readonly group: string }
  | { readonly call: 'CreateTags'; readonly group: string; readonly tags: Tags }
  | { readonly call: 'DeleteTags'; readonly group: string; readonly keys: readonly string[] }
  | {
      readonly call: 'RequestCertificate'
      readonly ref: Ref
      readonly hosts: readonly string[]
      readonly authorityArn?: string
      readonly tags: Tags
    }
  | { readonly call: 'DeleteCertificate'; readonly certificate: string }
  | {
      readonly call: 'CreateTargetGroup'
      readonly ref: Ref
      readonly name: string
      readonly targetType: TargetType | 'alb'
      readonly protocol: string
      /** Of HTTP and HTTPS. */
      readonly protocolVersion?: string
      readonly port: number
      readonly ipAddressType: IpFamily
      readonly vpcId: string
      readonly targetControlPort?: number
      readonly healthCheck: HealthCheck
      readonly tags: Tags
    }
  | { readonly call: 'ModifyTargetGroup'; readonly targetGroup: Name; readonly healthCheck: HealthCheck }
  | {
      readonly call: 'ModifyTargetGroupAttributes'
      readonly targetGroup: Name
      readonly attributes: Attributes
    }
  | { readonly call: 'DeleteTargetGroup'; readonly targetGroup: string }
  | {
      readonly call: 'CreateLoadBalancer'
      readonly ref: Ref
      /** Absent: application. */
      readonly type?: 'network'
      readonly name: string
      readonly scheme: Scheme
      readonly ipAddressType: LoadBalancerIpAddressType
      readonly subnets: readonly string[]
      /** Allocation ids of elastic addresses, by subnet. */
      readonly addresses?: Readonly<Record<string, string>>
      readonly securityGroups: readonly Name[]
      readonly customerOwnedIpv4Pool?: string
      readonly ipamPool?: string
      readonly tags: Tags
    }
  | {
      readonly call: 'SetSecurityGroups'
      readonly loadBalancer: Name
      readonly securityGroups: readonly Name[]
    }
  | {
      readonly call: 'SetSubnets'
      readonly loadBalancer: Name
      readonly subnets: readonly string[]
      readonly addresses?: Readonly<Record<string, string>>
    }
  | {
      readonly call: 'SetIpAddressType'
      readonly loadBalancer: Name
      readonly ipAddressType: LoadBalancerIpAddressType
    }
  | {
      readonly call: 'ModifyLoadBalancerAttributes'
      readonly loadBalancer: Name
      readonly attributes: Attributes
    }
  /** An empty text gives the pool up. */
  | { readonly call: 'ModifyIpPools'; readonly loadBalancer: Name; readonly ipamPool: string }
  /** 0 ends the reservation. */
  | {
      readonly call: 'ModifyCapacityReservation'
      readonly loadBalancer: Name
      readonly capacityUnits: number
    }
  /** By ARN with WAFv2, by id with WAF classic. */
  | {
      readonly call: 'AssociateWebACL'
      readonly service: WafService
      readonly loadBalancer: Name
      readonly webAcl: string
    }
  | { readonly call: 'DisassociateWebACL'; readonly service: WafService; readonly loadBalancer: string }
  | { readonly call: 'CreateProtection'; readonly loadBalancer: Name; readonly name: string }
  | { readonly call: 'DeleteProtection'; readonly loadBalancer: string; readonly protection: string }
  | { readonly call: 'DeleteLoadBalancer'; readonly loadBalancer: string }
  | {
      readonly call: 'CreateListener'
      readonly ref: Ref
      readonly loadBalancer: Name
      readonly port: number
      readonly protocol: Protocol | 'TCP'
      readonly defaultActions: readonly Action[]
      /** The default certificate alone; AWS takes one at creation. */
      readonly certificate?: string
      readonly sslPolicy?: string
      readonly mutualAuthentication?: MutualAuthentication
      readonly tags: Tags
    }
  | {
      readonly call: 'ModifyListener'
      readonly listener: Name
      readonly protocol?: Protocol | 'TCP'
      readonly defaultActions?: readonly Action[]
      readonly certificate?: string
      readonly sslPolicy?: string
      readonly mutualAuthentication?: MutualAuthentication
    }
  | { readonly call: 'ModifyListenerAttributes'; readonly listener: Name; readonly attributes: Attributes }
  | { readonly call: 'AddListenerCertificates'; readonly listener: Name; readonly certificate: string }
  | { readonly call: 'RemoveListenerCertificates'; readonly listener: string; readonly certificate: string }
  | { readonly call: 'DeleteListener'; readonly listener: string }
  | {
      readonly call: 'CreateRule'
      readonly listener: Name
      readonly priority: number
      readonly conditions: readonly Condition[]
      readonly actions: readonly Action[]
      readonly transforms: readonly Transform[]
      readonly tags: Tags
    }
  | {
      readonly call: 'ModifyRule'
      readonly rule: string
      readonly conditions?: readonly Condition[]
      readonly actions?: readonly Action[]
      /** An empty list resets them. */
      readonly transforms?: readonly Transform[]
    }
  | {
      readonly call: 'SetRulePriorities'
      readonly listener: string
      readonly priorities: readonly { readonly rule: string; readonly priority: number }[]
    }
  | { readonly call: 'DeleteRule'; readonly rule: string }
  | { readonly call: 'AddTags'; readonly resources: readonly string[]; readonly tags: Tags }
  | { readonly call: 'RemoveTags'; readonly resources: readonly string[]; readonly keys: readonly string[] }
  | {
      readonly call: 'RegisterTargets'
      readonly targetGroup: string
      readonly targets: readonly TargetAddress[]
    }
  | {
      readonly call: 'DeregisterTargets'
      readonly targetGroup: string
      readonly targets: readonly TargetAddress[]
    }
  | {
      readonly call: 'CreateTargetGroupBinding'
      readonly namespace: string
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly targetGroup: Name
      /** Without the ARN. Security groups of ours stand as `{ groupID: Ref }` in `from`. */
      readonly spec: BindingSpec
    }
  | {
      readonly call: 'UpdateTargetGroupBinding'
      readonly namespace: string
      readonly name: string
      readonly labels: Readonly<Record<string, string>>
      readonly spec: BindingSpec
    }
  | {
      readonly call: 'DeleteTargetGroupBinding'
      readonly namespace: string
      readonly name: string
      readonly uid: string
    }

export type BindingSpec = Omit<TargetGroupBindingSpec, 'networking' | 'targetGroupARN'> & {
  readonly networking?: {
    readonly ingress: readonly {
      readonly from: readonly { readonly securityGroup: { readonly groupID: Name } }[]
      readonly ports: readonly { readonly protocol: 'TCP' | 'UDP'; readonly port?: number | string }[]
    }[]
  }
}

export type TargetAddress = { readonly id: string; readonly port: number; readonly availabilityZone?: string }

export type Impact = 'none' | 'in place' | 'replaces' | 'deletes'

export type Step = Call & {
  /** Stable within equal plans: `<call>:<ref key, ARN or name>`. */
  readonly id: string
  /** Steps that must have succeeded first. */
  readonly after: readonly string[]
  readonly impact: Impact
  /** The Ingress this is for; `group` where it serves all. */
  readonly owner: IngressKey
  /** Why, as a short clause: `missing`, `path changed`, `no member wants it`. */
  readonly reason: string
}

/** Something only time or another loop can bring. */
export type Wait = {
  readonly for:
    | 'backendSecurityGroup'
    | 'loadBalancerActive'
    | 'targetHealth'
    | 'targetsRead'
    | 'targetsRegistered'
    | 'attributesRead'
    | 'capacityRead'
    | 'webAclRead'
    | 'classicWebAclRead'
    | 'protectionRead'
    | 'readRefused'
    | 'certificateIssued'
    | 'bindingGone'
    | 'draining'
    | 'heldMember'
    | 'statusMoved'
    | 'grace'
  /** Absent: it concerns all. */
  readonly owner?: IngressKey
  /** ARN, id or binding key waited on. */
  readonly on: string
  /** Look again after this many milliseconds, if nothing nudges before. */
  readonly afterMs: number
  readonly why: string
}

export type Hold = { readonly ingress: IngressKey; readonly what: string }

type Exposure = {
  readonly ingress: IngressKey
  /** Where, and in what way. */
  readonly what: readonly string[]
  /** 503 is answered in place of some of it. */
  readonly closed: boolean
}

export type Plan = {
  readonly stack: string
  readonly steps: readonly Step[]
  readonly waits: readonly Wait[]
  readonly holds: readonly Hold[]
  /** What planning itself found wrong, on the member at fault. */
  readonly problems: readonly Problem[]
  /** ARN of the load balancer whose address Ingresses show; absent: none is there. */
  readonly address?: string
  /** What the guard keeps from running until somebody approves of this hash. */
  readonly guarded?: { readonly hash: string; readonly steps: readonly Step[] }
  /** Held members that AWS serves to more than they would let in by now. */
  readonly exposed?: readonly Exposure[]
  /** Whose each served rule is, as far as that is known; rules that go aside. */
  readonly owned?: readonly { readonly rule: string; readonly owner: IngressKey }[]
}
