/** Subnets and route tables: wire -> facts. */
import type { RouteTable as WireRouteTable, Subnet as WireSubnet } from '@aws-sdk/client-ec2'
import type { RouteTable, Subnet } from '../../model/facts.ts'
import { present, textOrAbsent } from './compact.ts'
import { readTags } from './tag.ts'

export const readSubnet = (wire: WireSubnet): Subnet =>
  present({
    id: wire.SubnetId ?? '',
    vpcId: wire.VpcId ?? '',
    availabilityZone: wire.AvailabilityZone ?? '',
    availabilityZoneId: wire.AvailabilityZoneId ?? '',
    cidr: wire.CidrBlock ?? '',
    ipv6Cidrs: (wire.Ipv6CidrBlockAssociationSet ?? [])
      .filter(({ Ipv6CidrBlockState: state }) => state?.State === 'associated')
      .flatMap(({ Ipv6CidrBlock }) => Ipv6CidrBlock ?? []),
    availableIpAddressCount: wire.AvailableIpAddressCount ?? 0,
    outpostArn: textOrAbsent(wire.OutpostArn),
    tags: readTags(wire.Tags),
  })

export const readRouteTable = (wire: WireRouteTable): RouteTable => ({
  main: (wire.Associations ?? []).some(({ Main }) => Main === true),
  subnetIds: (wire.Associations ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
  public: (wire.Routes ?? []).some(({ GatewayId }) => GatewayId?.startsWith('igw-') === true),
})
