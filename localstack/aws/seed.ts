/** Accounts made ready: a VPC as EKS tags it, pods' addresses in it, or what a recording found. */
import { createHash } from 'node:crypto'
import type { AvailabilityZone, Instance, NetworkInterface, Subnet } from '@aws-sdk/client-ec2'
import type { Account } from './account.ts'
import { cidrRange, ipv4Text, nextAddress } from './ec2/address.ts'
import { groupIdentifiers } from './ec2/network-interface.ts'
import { setTags } from './tag.ts'

export type VpcSeed = {
  readonly clusterName: string
  readonly vpcCidr?: string
  readonly zones?: number
}
export type SeededVpc = {
  readonly vpcId: string
  readonly publicSubnets: readonly string[]
  readonly privateSubnets: readonly string[]
  readonly nodeSecurityGroup: string
  /** One in each private subnet. */
  readonly instances: readonly SeededInstance[]
}
export type SeededInstance = {
  readonly instanceId: string
  readonly zone: string
  readonly privateIp: string
  readonly privateDnsName: string
}

/** The same account, region and name always give the same id, so that a seed is the same after a reset. */
export function seededId(account: Account, prefix: string, name: string): string {
  const digest = createHash('sha256')
    .update(`${account.id}/${account.region}/${prefix}/${name}`)
    .digest('hex')
  return `${prefix}-0${digest.slice(0, 16)}`
}

export function seedVpc(account: Account, seed: VpcSeed): SeededVpc {
  const { clusterName, vpcCidr = '192.168.0.0/16', zones = 3 } = seed
  const vpcId = seededId(account, 'vpc', clusterName)
  account.vpcs.set(vpcId, {
    VpcId: vpcId,
    CidrBlock: vpcCidr,
    CidrBlockAssociationSet: [
      {
        AssociationId: seededId(account, 'vpc-cidr-assoc', clusterName),
        CidrBlock: vpcCidr,
        CidrBlockState: { State: 'associated' },
      },
    ],
    DhcpOptionsId: 'default',
    InstanceTenancy: 'default',
    IsDefault: false,
    OwnerId: account.id,
    State: 'available',
  })
  setTags(account, vpcId, named(`eks-${clusterName}-vpc`))
  const names = seedZones(account, zones)
  const of = (kind: SubnetKind): string[] =>
    names.map((zone, index) =>
      seedSubnet(account, { ...seed, clusterName, vpcId, vpcCidr }, kind, zone, index),
    )
  const publicSubnets = of('public')
  const privateSubnets = of('private')
  seedRoutes(account, clusterName, vpcId, vpcCidr, publicSubnets)
  seedGroup(account, vpcId, 'default', 'default VPC security group')
  const nodeSecurityGroup = seedGroup(
    account,
    vpcId,
    `eks-cluster-sg-${clusterName}`,
    'EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.',
  )
  setTags(account, nodeSecurityGroup, [
    ...named(`eks-cluster-sg-${clusterName}`),
    ...cluster(clusterName, 'owned'),
  ])
  const instances = privateSubnets.map((subnetId, index) =>
    seedInstance(account, clusterName, subnetId, nodeSecurityGroup, index),
  )
  account.changed()
  return { vpcId, publicSubnets, privateSubnets, nodeSecurityGroup, instances }
}

type SubnetKind = 'public' | 'private'
const named = (Value: string): { Key: string; Value: string }[] => [{ Key: 'Name', Value }]
const cluster = (name: string, Value: 'owned' | 'shared'): { Key: string; Value: string }[] => [
  { Key: `kubernetes.io/cluster/${name}`, Value },
]

function seedZones(account: Account, count: number): string[] {
  const short = account.region.replace(/^([a-z]{2})-(?:gov-)?([a-z])[a-z]*-(\d+)$/, '$1$2$3')
  const zones = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, count).map(
    (letter, index): AvailabilityZone => ({
      ZoneName: `${account.region}${letter}`,
      ZoneId: `${short}-az${index + 1}`,
      ZoneType: 'availability-zone',
      RegionName: account.region,
      State: 'available',
      OptInStatus: 'opt-in-not-required',
    }),
  )
  for (const zone of zones)
    if (!account.availabilityZones.some(({ ZoneName }) => ZoneName === zone.ZoneName))
      account.availabilityZones.push(zone)
  return zones.map(({ ZoneName }) => ZoneName ?? '')
}

/** Eighths of the VPC: public ones first, private ones after them. */
function seedSubnet(
  account: Account,
  { clusterName, vpcId, vpcCidr }: { clusterName: string; vpcId: string; vpcCidr: string },
  kind: SubnetKind,
  zone: string,
  index: number,
): string {
  const range = cidrRange(vpcCidr)
  const bits = Number(vpcCidr.split('/')[1]) + 3
  const place = kind === 'public' ? index : index + 3
  const id = seededId(account, 'subnet', `${clusterName}/${kind}/${zone}`)
  const subnet: Subnet = {
    SubnetId: id,
    SubnetArn: `arn:aws:ec2:${account.region}:${account.id}:subnet/${id}`,
    VpcId: vpcId,
    OwnerId: account.id,
    AvailabilityZone: zone,
    CidrBlock: `${ipv4Text(range.first + (range.size / 8) * place)}/${bits}`,
    AssignIpv6AddressOnCreation: false,
    DefaultForAz: false,
    Ipv6CidrBlockAssociationSet: [],
    Ipv6Native: false,
    MapPublicIpOnLaunch: kind === 'public',
    State: 'available',
  }
  const zoneId = account.availabilityZones.find(({ ZoneName }) => ZoneName === zone)?.ZoneId
  account.subnets.set(id, zoneId === undefined ? subnet : { ...subnet, AvailabilityZoneId: zoneId })
  setTags(account, id, [
    ...named(`eks-${clusterName}-${kind}-${zone.slice(-1)}`),
    { Key: kind === 'public' ? 'kubernetes.io/role/elb' : 'kubernetes.io/role/internal-elb', Value: '1' },
    ...cluster(clusterName, 'shared'),
  ])
  return id
}

function seedRoutes(
  account: Account,
  clusterName: string,
  vpcId: string,
  vpcCidr: string,
  publicSubnets: readonly string[],
): void {
  const gateway = seededId(account, 'igw', clusterName)
  account.internetGateways.set(gateway, {
    InternetGatewayId: gateway,
    OwnerId: account.id,
    Attachments: [{ State: 'available' as 'attached', VpcId: vpcId }],
  })
  const local = {
    DestinationCidrBlock: vpcCidr,
    GatewayId: 'local',
    Origin: 'CreateRouteTable',
    State: 'active',
  } as const
  const main = seededId(account, 'rtb', `${clusterName}/main`)
  const open = seededId(account, 'rtb', `${clusterName}/public`)
  const association = (table: string, subnet?: string): object => ({
    Main: subnet === undefined,
    RouteTableAssociationId: seededId(account, 'rtbassoc', `${table}/${subnet ?? ''}`),
    RouteTableId: table,
    AssociationState: { State: 'associated' },
    ...(subnet === undefined ? {} : { SubnetId: subnet }),
  })
  const table = { VpcId: vpcId, OwnerId: account.id }
  account.routeTables.set(main, {
    ...table,
    RouteTableId: main,
    Associations: [association(main)],
    Routes: [local],
  })
  account.routeTables.set(open, {
    ...table,
    RouteTableId: open,
    Associations: publicSubnets.map((subnet) => association(open, subnet)),
    Routes: [
      local,
      { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway, Origin: 'CreateRoute', State: 'active' },
    ],
  })
}

function seedGroup(account: Account, vpcId: string, name: string, description: string): string {
  const id = seededId(account, 'sg', `${vpcId}/${name}`)
  account.securityGroups.set(id, {
    id,
    wire: {
      GroupId: id,
      GroupName: name,
      Description: description,
      VpcId: vpcId,
      OwnerId: account.id,
      SecurityGroupArn: `arn:aws:ec2:${account.region}:${account.id}:security-group/${id}`,
    },
    rules: [
      {
        SecurityGroupRuleId: seededId(account, 'sgr', `${id}/egress`),
        GroupId: id,
        GroupOwnerId: account.id,
        IsEgress: true,
        IpProtocol: '-1',
        FromPort: -1,
        ToPort: -1,
        CidrIpv4: '0.0.0.0/0',
      },
    ],
  })
  return id
}

function seedInstance(
  account: Account,
  clusterName: string,
  subnetId: string,
  group: string,
  index: number,
): SeededInstance {
  const subnet = account.subnets.get(subnetId)
  const id = seededId(account, 'i', `${clusterName}/${index}`)
  const address = nextAddress(account, subnetId) ?? ''
  const zone = subnet?.AvailabilityZone ?? ''
  const PrivateDnsName = `ip-${address.replaceAll('.', '-')}.${account.region}.compute.internal`
  const place = { SubnetId: subnetId, VpcId: subnet?.VpcId ?? '' }
  const instance: Instance = {
    InstanceId: id,
    InstanceType: 'm5.large',
    State: { Code: 16, Name: 'running' },
    PrivateIpAddress: address,
    PrivateDnsName,
    ...place,
    Placement: { AvailabilityZone: zone },
  }
  account.instances.set(id, instance)
  setTags(account, id, [...named(`${clusterName}-node-${index}`), ...cluster(clusterName, 'owned')])
  const eni = seededId(account, 'eni', `${id}/0`)
  const wire: NetworkInterface = {
    NetworkInterfaceId: eni,
    ...place,
    AvailabilityZone: zone,
    OwnerId: account.id,
    InterfaceType: 'interface',
    Status: 'in-use',
    PrivateDnsName,
    PrivateIpAddress: address,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: address }],
    Groups: groupIdentifiers(account, [group]),
    Attachment: {
      AttachmentId: seededId(account, 'eni-attach', `${id}/0`),
      DeviceIndex: 0,
      InstanceId: id,
      Status: 'attached',
    },
  }
  account.networkInterfaces.set(eni, { id: eni, wire })
  return { instanceId: id, zone, privateIp: address, privateDnsName: PrivateDnsName }
}
