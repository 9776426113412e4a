/** What the model must know of the AWS account, read widely and cached, so that the model needs no I/O. */
import type { SecretFact } from './oidc-secret.ts'
import type { Result } from '../lib/result.ts'
import type { AwsError } from './aws-error.ts'
import type { Tags } from './tag.ts'

export type Subnet = {
  readonly id: string
  readonly vpcId: string
  readonly availabilityZone: string
  readonly availabilityZoneId: string
  readonly cidr: string
  /** Only associated IPv6 blocks. */
  readonly ipv6Cidrs: readonly string[]
  readonly availableIpAddressCount: number
  readonly outpostArn?: string
  readonly tags: Tags
}
/** A route table of the VPC: whether it leads to an internet gateway, and for which subnets it stands. */
export type RouteTable = {
  readonly main: boolean
  readonly subnetIds: readonly string[]
  readonly public: boolean
}
type AvailabilityZone = { readonly name: string; readonly id: string; readonly type: string }
export type NamedSecurityGroup = { readonly id: string; readonly vpcId: string; readonly tags: Tags }
export type Certificate = {
  readonly arn: string
  /** Subject alternative names. */
  readonly domains: readonly string[]
  readonly issuerArn?: string
}
export type WebAcl = { readonly arn: string; readonly name: string }

/** Absent until something needs it; a refusal concerns those alone who asked. */
type Asked<T> = Result<T, AwsError>

export type Facts = {
  readonly vpcId: string
  readonly vpcCidrs: readonly string[]
  /** All subnets of the VPC, and those of other VPCs that a user names by id. */
  readonly subnets: readonly Subnet[]
  readonly routeTables: readonly RouteTable[]
  readonly availabilityZones: readonly AvailabilityZone[]
  /** All security groups of the VPC, without rules. */
  readonly securityGroups: readonly NamedSecurityGroup[]
  /** Issued certificates; absent until something needs them. */
  readonly certificates?: readonly Certificate[]
  /** Of the region, by name; absent until somebody names one. */
  readonly trustStores?: ReadonlyMap<string, string>
  /** ARNs of target groups that somebody names; undefined where there is none of this name. */
  readonly namedTargetGroups?: ReadonlyMap<string, string | undefined>
  /** By `<namespace>/<name>`: those that OpenID Connect needs, once they have been looked at. */
  readonly secrets?: ReadonlyMap<string, SecretFact>
  /** Regional web ACLs of WAFv2. */
  readonly webAcls?: Asked<readonly WebAcl[]>
  /** Whether the account has an active subscription of Shield Advanced. */
  readonly shieldSubscribed?: Asked<boolean>
}
