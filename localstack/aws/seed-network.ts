/** The parts of a seeded VPC: zones, subnets, routes, security groups; each id follows from its name. */
import { createHash } from 'node:crypto'
import type { AvailabilityZone, Subnet } from '@aws-sdk/client-ec2'
import type { Account } from './account.ts'
import { cidrRange, ipv4Text } from './ec2/address.ts'
import { setTags } from './tag.ts'

/** The same account, region and name always give the same id, so that a seed is the same after a reset. */
export function seededId(account: Account, prefix: string, name: string): string {
  const digest = createHash('sha256')
    .update(`${account.id}/${account.region}/${prefix}/${name}`)
    .digest('hex')
  return `${prefix}-0${digest.slice(0, 16)}`
}

export type SubnetKind = 'public' | 'private'
export const named = (Value: string): { Key: string; Value: string }[] => [{ Key: 'Name', Value }]
export const cluster = (name: string, Value: 'owned' | 'shared'): { Key: string; Value: string }[] => [
  { Key: `kubernetes.io/cluster/${name}`, Value },
]

export function seedZones(account: Account, count: number): string[] {
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
export function seedSubnet(
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

export function seedRoutes(
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

export function seedGroup(account: Account, vpcId: string, name: string, description: string): string {
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
