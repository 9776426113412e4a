/** One account in one region: all that the control plane stores. Shapes are AWS's own, so that Describe returns them. */
import type {
  Address,
  Instance,
  InternetGateway,
  NetworkInterface,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
  AvailabilityZone,
} from '@aws-sdk/client-ec2'
import type {
  Certificate,
  Listener,
  LoadBalancer,
  Rule,
  TargetGroup,
  TargetHealth,
  TrustStore,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { CertificateDetail } from '@aws-sdk/client-acm'
import type { Protection } from '@aws-sdk/client-shield'
import type { WebACL } from '@aws-sdk/client-wafv2'

export type LoadBalancerRecord = {
  readonly arn: string
  wire: LoadBalancer
  readonly attributes: Map<string, string>
  readonly createdAt: number
  /** Epoch milliseconds from which it is `active`. */
  activeAt: number
  capacity?: CapacityRecord
}
/** Reserved capacity units, and since when. */
type CapacityRecord = {
  readonly units: number
  readonly modifiedAt: number
  readonly decreasesLeft: number
}
export type ListenerRecord = {
  readonly arn: string
  readonly loadBalancerArn: string
  wire: Listener
  readonly attributes: Map<string, string>
  /** The SNI list (without IsDefault); the default certificate is in `wire.Certificates`. */
  sniCertificates: Certificate[]
  readonly createdAt?: number
}
export type RuleRecord = {
  readonly arn: string
  readonly listenerArn: string
  /** `Priority` is a string: a number, or `default` for the listener's default rule. */
  wire: Rule
  /** Of an OIDC action: Describe never gives it back. */
  clientSecret?: string
  readonly createdAt?: number
}
export type TargetRecord = {
  readonly id: string
  readonly port: number
  readonly availabilityZone?: string
  readonly registeredAt: number
  /** Set while draining: epoch milliseconds at which it vanishes. */
  drainingUntil?: number
  /** As DescribeTargetHealth would give it, but for `unused` and `draining`, which are derived. */
  health: TargetHealth
}
export type TargetGroupRecord = {
  readonly arn: string
  wire: TargetGroup
  readonly attributes: Map<string, string>
  /** By `<id>:<port>`. */
  readonly targets: Map<string, TargetRecord>
  readonly createdAt?: number
  /** While rules or listeners name it: epoch milliseconds since when. */
  inUseSince?: number
  /** After the last reference went: until when it still counts as in use. */
  inUseUntil?: number
}
export type TrustStoreRecord = {
  readonly arn: string
  wire: TrustStore
  /** PEM; absent for what was seeded. */
  bundle?: string
  readonly createdAt?: number
}
export type WebAclRecord = {
  readonly arn: string
  wire: WebACL
  lockToken: string
  /** Absent for what was seeded. */
  readonly createdAt?: number
}
export type ClassicWebAcl = {
  readonly WebACLId: string
  readonly Name: string
  readonly MetricName: string
  readonly DefaultAction: { readonly Type: string }
  readonly Rules: readonly unknown[]
}
/** What an account has once for all its regions. */
export type Shared = {
  readonly protections: Map<string, Protection>
  subscription: 'ACTIVE' | 'INACTIVE'
}
export type SecurityGroupRecord = {
  readonly id: string
  /** Without permissions: those are `rules`. */
  wire: SecurityGroup
  /** Ingress and egress rules, one source each. */
  rules: SecurityGroupRule[]
  /** Epoch milliseconds; absent for what was seeded. */
  readonly createdAt?: number
}
export type KeyPair = { readonly certificate: string; readonly chain?: string; readonly key: string }
export type NetworkInterfaceRecord = {
  readonly id: string
  wire: NetworkInterface
  /** A load balancer's, once its owner was deleted: epoch milliseconds at which it vanishes. */
  gone?: number
  /** Groups that were taken off but still count as used, until then. */
  former?: { readonly groups: readonly string[]; readonly until: number }
}

export class Account {
  readonly id: string
  readonly region: string
  readonly loadBalancers = new Map<string, LoadBalancerRecord>()
  readonly listeners = new Map<string, ListenerRecord>()
  readonly rules = new Map<string, RuleRecord>()
  readonly targetGroups = new Map<string, TargetGroupRecord>()
  readonly trustStores = new Map<string, TrustStoreRecord>()
  /** What stands for S3: text by `<bucket>/<key>`, put there by `/_local/object`. */
  readonly objects = new Map<string, string>()
  readonly vpcs = new Map<string, Vpc>()
  readonly subnets = new Map<string, Subnet>()
  readonly routeTables = new Map<string, RouteTable>()
  readonly internetGateways = new Map<string, InternetGateway>()
  readonly availabilityZones: AvailabilityZone[] = []
  readonly securityGroups = new Map<string, SecurityGroupRecord>()
  readonly networkInterfaces = new Map<string, NetworkInterfaceRecord>()
  readonly instances = new Map<string, Instance>()
  /** Elastic addresses, by allocation id. */
  readonly addresses = new Map<string, Address>()
  readonly certificates = new Map<string, CertificateDetail>()
  /** PEM of imported certificates, by ARN: for the data plane alone, shown nowhere. */
  readonly keyPairs = new Map<string, KeyPair>()
  readonly webAcls = new Map<string, WebAclRecord>()
  /** Web ACL by load balancer. */
  readonly webAclAssociations = new Map<string, string>()
  readonly classicWebAcls = new Map<string, ClassicWebAcl>()
  /** Id of the web ACL of WAF classic by load balancer. */
  readonly classicWebAclAssociations = new Map<string, string>()
  /** By protection id. */
  readonly protections: Map<string, Protection>
  readonly #shared: Shared
  /** User tags by ARN or EC2 id, for every taggable resource. */
  readonly tags = new Map<string, Map<string, string>>()
  /** By subnet: the address given last, so that a released one is not given again at once. */
  readonly lastAddress = new Map<string, number>()
  readonly #watchers = new Set<() => void>()

  constructor(
    id: string,
    region: string,
    shared: Shared = { protections: new Map(), subscription: 'INACTIVE' },
  ) {
    this.id = id
    this.region = region
    this.protections = shared.protections
    this.#shared = shared
  }
  get shared(): Shared {
    return this.#shared
  }
  get shieldSubscription(): Shared['subscription'] {
    return this.#shared.subscription
  }
  set shieldSubscription(subscription: Shared['subscription']) {
    this.#shared.subscription = subscription
  }
  /** Forgets everything stored; watchers stay. */
  clear(): void {
    for (const value of Object.values(this)) if (value instanceof Map) value.clear()
    this.availabilityZones.length = 0
    this.shieldSubscription = 'INACTIVE'
  }
  /** Called after each change, so that the data plane follows. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
  changed(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
