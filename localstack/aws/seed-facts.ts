/** Loads what a recording found in an account (the SDK's Describe shapes) into an account of ours. */
import type { CertificateDetail } from '@aws-sdk/client-acm'
import type {
  Address,
  AvailabilityZone,
  Instance,
  InternetGateway,
  NetworkInterface,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Subnet,
  Vpc,
} from '@aws-sdk/client-ec2'
import type { TargetGroup, TrustStore } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { WebACL } from '@aws-sdk/client-wafv2'
import type { Account, ClassicWebAcl } from './account.ts'
import { expand } from './ec2/permission.ts'
import { overrideQuota, type QuotaName } from './elbv2/quota.ts'
import { newTargetGroupAttributes } from './elbv2/target-group-attribute.ts'
import { seededId } from './seed-network.ts'
import { setTags } from './tag.ts'

export type Facts = {
  readonly vpcs?: readonly Vpc[]
  readonly subnets?: readonly Subnet[]
  readonly securityGroups?: readonly SecurityGroup[]
  readonly instances?: readonly Instance[]
  readonly addresses?: readonly Address[]
  readonly routeTables?: readonly RouteTable[]
  readonly internetGateways?: readonly InternetGateway[]
  readonly availabilityZones?: readonly AvailabilityZone[]
  readonly certificates?: readonly CertificateDetail[]
  readonly targetGroups?: readonly TargetGroup[]
  readonly trustStores?: readonly TrustStore[]
  readonly webAcls?: readonly Pick<WebACL, 'Name' | 'ARN' | 'Id'>[]
  readonly classicWebAcls?: readonly Pick<ClassicWebAcl, 'WebACLId' | 'Name'>[]
  /** Where they differ from AWS's defaults. */
  readonly quotas?: Partial<Readonly<Record<QuotaName, number>>>
  readonly shieldSubscription?: 'ACTIVE' | 'INACTIVE'
}

export function seedFacts(account: Account, facts: Facts): void {
  put(account, account.vpcs, facts.vpcs, ({ VpcId }) => VpcId)
  put(account, account.subnets, facts.subnets, ({ SubnetId }) => SubnetId)
  put(account, account.routeTables, facts.routeTables, ({ RouteTableId }) => RouteTableId)
  put(account, account.internetGateways, facts.internetGateways, ({ InternetGatewayId }) => InternetGatewayId)
  put(account, account.addresses, facts.addresses, ({ AllocationId }) => AllocationId)
  account.availabilityZones.push(...(facts.availabilityZones ?? []))
  for (const certificate of facts.certificates ?? [])
    account.certificates.set(certificate.CertificateArn ?? '', certificate)
  for (const { TrustStoreArn: arn = '', ...wire } of facts.trustStores ?? [])
    account.trustStores.set(arn, { arn, wire: { TrustStoreArn: arn, ...wire } })
  seedAddOns(account, facts)
  for (const wire of facts.targetGroups ?? []) seedTargetGroup(account, wire)
  for (const { Tags, IpPermissions: _in, IpPermissionsEgress: _out, ...wire } of facts.securityGroups ?? []) {
    const id = wire.GroupId ?? ''
    account.securityGroups.set(id, { id, wire, rules: [] })
    setTags(account, id, Tags)
  }
  // A rule may name a group that comes later.
  for (const group of facts.securityGroups ?? []) seedRules(account, group)
  for (const instance of facts.instances ?? []) seedInstance(account, instance)
  account.changed()
}

function put<T extends { Tags?: Parameters<typeof setTags>[2] }>(
  account: Account,
  store: Map<string, T>,
  items: readonly T[] | undefined,
  idOf: (item: T) => string | undefined,
): void {
  for (const item of items ?? []) {
    const id = idOf(item) ?? ''
    const { Tags, ...wire } = item
    store.set(id, wire as T)
    setTags(account, id, Tags)
  }
}

function seedAddOns(account: Account, facts: Facts): void {
  for (const given of facts.webAcls ?? []) seedWebAcl(account, given)
  for (const { WebACLId, Name } of facts.classicWebAcls ?? []) {
    const DefaultAction = { Type: 'ALLOW' }
    account.classicWebAcls.set(WebACLId, { WebACLId, Name, MetricName: Name, DefaultAction, Rules: [] })
  }
  for (const [name, max] of Object.entries(facts.quotas ?? {})) overrideQuota(account, name as QuotaName, max)
  account.shieldSubscription = facts.shieldSubscription ?? account.shieldSubscription
}

function seedWebAcl(
  account: Account,
  { Name, ARN: arn = '', Id }: Pick<WebACL, 'Name' | 'ARN' | 'Id'>,
): void {
  const VisibilityConfig = {
    SampledRequestsEnabled: false,
    CloudWatchMetricsEnabled: false,
    MetricName: Name,
  }
  const wire = { Name, Id, ARN: arn, DefaultAction: { Allow: {} }, VisibilityConfig }
  account.webAcls.set(arn, { arn, wire, lockToken: Id ?? '' })
}

function seedTargetGroup(account: Account, wire: TargetGroup): void {
  const arn = wire.TargetGroupArn ?? ''
  const attributes = newTargetGroupAttributes(wire.TargetType ?? 'instance', wire.Protocol)
  account.targetGroups.set(arn, { arn, wire: { ...wire }, attributes, targets: new Map() })
}

function seedRules(account: Account, group: SecurityGroup): void {
  const record = account.securityGroups.get(group.GroupId ?? '')
  if (!record) return
  for (const [permissions, IsEgress] of [
    [group.IpPermissions, false],
    [group.IpPermissionsEgress, true],
  ] as const) {
    if (!permissions?.length) continue
    const rules = expand(account, permissions).map(
      (permission, index): SecurityGroupRule => ({
        SecurityGroupRuleId: seededId(account, 'sgr', `${record.id}/${IsEgress}/${index}`),
        GroupId: record.id,
        GroupOwnerId: account.id,
        IsEgress,
        ...permission,
      }),
    )
    record.rules = [...record.rules, ...rules]
  }
}

function seedInstance(account: Account, instance: Instance): void {
  const { Tags, NetworkInterfaces, SecurityGroups: _groups, ...wire } = instance
  const id = wire.InstanceId ?? ''
  account.instances.set(id, wire)
  setTags(account, id, Tags)
  const zone = wire.Placement?.AvailabilityZone
  for (const [DeviceIndex, given] of (NetworkInterfaces ?? []).entries()) {
    const eni = given.NetworkInterfaceId ?? ''
    const { Attachment: _attachment, ...rest } = given
    account.networkInterfaces.set(eni, {
      id: eni,
      wire: {
        ...(rest as NetworkInterface),
        OwnerId: account.id,
        InterfaceType: 'interface',
        Status: 'in-use',
        ...(zone === undefined ? {} : { AvailabilityZone: zone }),
        Attachment: { DeviceIndex, InstanceId: id, Status: 'attached' },
      },
    })
  }
}
