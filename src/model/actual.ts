/** What exists in AWS of one group, as the mirror knows it: the model's own types, with ARNs and what only AWS knows. */
import type { Condition, Transform } from '../route/condition.ts'
import type { Action } from './action.ts'
import type { AwsError } from './aws-error.ts'
import type { MutualAuthentication, Protocol } from './listener.ts'
import type { LoadBalancerIpAddressType, Scheme } from './load-balancer.ts'
import type { Permission } from './security-group.ts'
import type { Tags } from './tag.ts'
import type { HealthCheck, IpFamily, TargetType } from './target-group.ts'
import type { TargetGroupBinding } from './cluster.ts'

type Attributes = Readonly<Record<string, string>>

export type ActualLoadBalancer = {
  readonly arn: string
  readonly name: string
  readonly dnsName: string
  readonly canonicalHostedZoneId: string
  readonly state: 'provisioning' | 'active' | 'active_impaired' | 'failed'
  readonly type: string
  readonly scheme: Scheme
  readonly ipAddressType: LoadBalancerIpAddressType
  readonly vpcId: string
  /** Sorted. */
  readonly subnets: readonly string[]
  readonly securityGroups: readonly string[]
  readonly tags: Tags
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Absent: not read; needed only where the user states attributes. */
  readonly attributes?: Attributes
  readonly customerOwnedIpv4Pool?: string
  readonly ipamPool?: string
  /** What is attached to it: a part that is absent has not been read, as nobody states it. */
  readonly addOns?: AddOns
}

/** `other`: on a Network Load Balancer alone, and never of our making. */
export type ActualProtocol = Protocol | 'TCP' | 'other'

/** A read that AWS refused is not made again for a while. `at` in epoch milliseconds. */
export type Seen<T> = { readonly value: T } | { readonly refused: AwsError; readonly at: number }
export type Protection = { readonly id: string; readonly name: string }
export type AddOnValues = {
  readonly capacityUnits: number
  /** ARN, empty for none. */
  readonly webAcl: string
  /** Id, empty for none. */
  readonly classicWebAcl: string
  readonly protection: Protection | 'none'
}
export type AddOn = keyof AddOnValues
export type AddOns = { readonly [P in AddOn]?: Seen<AddOnValues[P]> }

export type ActualListener = {
  readonly arn: string
  readonly loadBalancerArn: string
  readonly port: number
  readonly protocol: ActualProtocol
  readonly defaultActions: readonly Action[]
  /** The default first, then the SNI list as AWS has it (which may hold the default again). */
  readonly certificates: readonly string[]
  readonly sslPolicy?: string
  readonly mutualAuthentication?: MutualAuthentication
  readonly tags: Tags
  readonly attributes?: Attributes
}

export type ActualRule = {
  readonly arn: string
  readonly listenerArn: string
  readonly priority: number
  readonly conditions: readonly Condition[]
  readonly actions: readonly Action[]
  readonly transforms: readonly Transform[]
  readonly tags: Tags
}

export type ActualTargetGroup = {
  readonly arn: string
  readonly name: string
  readonly targetType: TargetType | 'alb' | 'lambda'
  readonly protocol: string
  readonly protocolVersion: string
  readonly port: number
  readonly ipAddressType: IpFamily
  readonly vpcId: string
  readonly targetControlPort?: number
  readonly healthCheck: HealthCheck
  readonly loadBalancerArns: readonly string[]
  readonly tags: Tags
  readonly attributes?: Attributes
}

export type ActualSecurityGroup = {
  readonly id: string
  readonly name: string
  readonly vpcId: string
  readonly tags: Tags
  readonly ingress: readonly Permission[]
}

/** One that we asked ACM for. */
export type ActualCertificate = {
  readonly arn: string
  /** ACM's own: `PENDING_VALIDATION`, `ISSUED`, `FAILED`, ... */
  readonly status: string
  /** Sorted. */
  readonly names: readonly string[]
  readonly tags: Tags
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly failure?: string
  /** What has to stand in the DNS before it is issued; absent: not read. */
  readonly records?: readonly { readonly name: string; readonly value: string }[]
}

export type TargetState =
  | 'initial'
  | 'healthy'
  | 'unhealthy'
  | 'unused'
  | 'draining'
  | 'unavailable'
  | 'unknown'
/** A registered target; `unknown` state: registered by us, not polled since. */
export type Target = {
  readonly id: string
  readonly port: number
  readonly availabilityZone?: string
  readonly state: TargetState
  readonly reason?: string
  readonly description?: string
}

/** The Network Load Balancer in front of the group's load balancer, with all that is its own. */
export type ActualFrontend = {
  readonly loadBalancers: readonly ActualLoadBalancer[]
  readonly listeners: readonly ActualListener[]
  /** Their target is a load balancer. */
  readonly targetGroups: readonly ActualTargetGroup[]
}

/** One group's part of the mirror. Lists hold everything that bears its stack tag, also what nothing wants any more. */
export type Actual = {
  readonly stack: string
  readonly loadBalancers: readonly ActualLoadBalancer[]
  readonly listeners: readonly ActualListener[]
  readonly rules: readonly ActualRule[]
  readonly targetGroups: readonly ActualTargetGroup[]
  /** Apart from the rest, so that none of it is ever taken for the group's own load balancer. */
  readonly frontend: ActualFrontend
  /** The managed group(s) of the stack. */
  readonly securityGroups: readonly ActualSecurityGroup[]
  /** Absent: nobody manages any. */
  readonly certificates?: readonly ActualCertificate[]
  /** They can't be read: nothing is known of any. */
  readonly certificatesRefused?: AwsError
  /** The shared backend security group's id, when it exists. */
  readonly backendSecurityGroup?: string
  /** Bindings with the stack's labels or on its target groups, from the cluster. */
  readonly bindings: readonly TargetGroupBinding[]
  /** By target group ARN; absent: not read yet. */
  readonly targets: Readonly<Record<string, readonly Target[]>>
}

export const noFrontend: ActualFrontend = { loadBalancers: [], listeners: [], targetGroups: [] }

/** The group's own and the one in front. */
export const everyLoadBalancer = ({ loadBalancers, frontend }: Actual): readonly ActualLoadBalancer[] => [
  ...loadBalancers,
  ...frontend.loadBalancers,
]
export const everyTargetGroup = ({ targetGroups, frontend }: Actual): readonly ActualTargetGroup[] => [
  ...targetGroups,
  ...frontend.targetGroups,
]
