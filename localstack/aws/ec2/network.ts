/** The network as Describe shows it: VPCs, subnets, route tables, internet gateways, zones. */
import type {
  DescribeAvailabilityZonesRequest,
  DescribeInternetGatewaysRequest,
  DescribeRouteTablesRequest,
  DescribeSubnetsRequest,
  DescribeVpcsRequest,
  InternetGateway,
  RouteTable,
  Subnet,
  Vpc,
} from '@aws-sdk/client-ec2'
import { Fault, type Context } from '../service.ts'
import { tagsOf } from '../tag.ts'
import { freeAddressCount } from './address.ts'
import { select, type Selection } from './select.ts'

function stored<T>(
  { account }: Context,
  items: ReadonlyMap<string, T>,
  idOf: (item: T) => string | undefined,
  absent: readonly [code: string, noun: string],
  fields: Selection<T>['fields'],
): Selection<T> {
  const id = (item: T): string => idOf(item) ?? ''
  return {
    items: [...items.values()],
    idOf: id,
    tagsOf: (item) => tagsOf(account, id(item)),
    absent: (missing) => new Fault(absent[0], `The ${absent[1]} '${missing}' does not exist`),
    fields,
  }
}

export function describeVpcs(input: DescribeVpcsRequest, context: Context): unknown {
  const selection = stored(
    context,
    context.account.vpcs,
    (vpc) => vpc.VpcId,
    ['InvalidVpcID.NotFound', 'vpc ID'],
    {
      'vpc-id': (vpc: Vpc) => vpc.VpcId,
      cidr: (vpc) => vpc.CidrBlock,
      'cidr-block-association.cidr-block': (vpc) =>
        (vpc.CidrBlockAssociationSet ?? []).map(({ CidrBlock }) => CidrBlock),
      'is-default': (vpc) => vpc.IsDefault ?? false,
      state: (vpc) => vpc.State,
      'owner-id': (vpc) => vpc.OwnerId,
    },
  )
  const { page, next } = select(selection, input, input.VpcIds)
  return { Vpcs: page.map((vpc) => ({ ...vpc, Tags: selection.tagsOf(vpc) })), ...next }
}

export function describeSubnets(input: DescribeSubnetsRequest, context: Context): unknown {
  const { account } = context
  const zone = (subnet: Subnet): string | undefined => subnet.AvailabilityZone
  const cidr = (subnet: Subnet): string | undefined => subnet.CidrBlock
  const selection = stored(
    context,
    account.subnets,
    (subnet) => subnet.SubnetId,
    ['InvalidSubnetID.NotFound', 'subnet ID'],
    {
      'subnet-id': (subnet: Subnet) => subnet.SubnetId,
      'vpc-id': (subnet) => subnet.VpcId,
      'availability-zone': zone,
      availabilityZone: zone,
      'availability-zone-id': (subnet) => subnet.AvailabilityZoneId,
      'cidr-block': cidr,
      cidr,
      state: (subnet) => subnet.State,
      'owner-id': (subnet) => subnet.OwnerId,
      'default-for-az': (subnet) => subnet.DefaultForAz ?? false,
      'map-public-ip-on-launch': (subnet) => subnet.MapPublicIpOnLaunch ?? false,
    },
  )
  const { page, next } = select(selection, input, input.SubnetIds)
  const Subnets = page.map((subnet) => ({
    ...subnet,
    AvailableIpAddressCount: freeAddressCount(account, subnet.SubnetId ?? ''),
    Tags: selection.tagsOf(subnet),
  }))
  return { Subnets, ...next }
}

export function describeRouteTables(input: DescribeRouteTablesRequest, context: Context): unknown {
  const selection = stored(
    context,
    context.account.routeTables,
    (table) => table.RouteTableId,
    ['InvalidRouteTableID.NotFound', 'routeTable ID'],
    {
      'route-table-id': (table: RouteTable) => table.RouteTableId,
      'vpc-id': (table) => table.VpcId,
      'owner-id': (table) => table.OwnerId,
      'association.subnet-id': (table) => (table.Associations ?? []).map(({ SubnetId }) => SubnetId),
      'association.main': (table) => (table.Associations ?? []).map(({ Main }) => String(Main ?? false)),
      'association.route-table-association-id': (table) =>
        (table.Associations ?? []).map(({ RouteTableAssociationId }) => RouteTableAssociationId),
      'route.gateway-id': (table) => (table.Routes ?? []).map(({ GatewayId }) => GatewayId),
      'route.destination-cidr-block': (table) =>
        (table.Routes ?? []).map(({ DestinationCidrBlock }) => DestinationCidrBlock),
    },
  )
  const { page, next } = select(selection, input, input.RouteTableIds)
  return { RouteTables: page.map((table) => ({ ...table, Tags: selection.tagsOf(table) })), ...next }
}

export function describeInternetGateways(input: DescribeInternetGatewaysRequest, context: Context): unknown {
  const selection = stored(
    context,
    context.account.internetGateways,
    (gateway) => gateway.InternetGatewayId,
    ['InvalidInternetGatewayID.NotFound', 'internetGateway ID'],
    {
      'internet-gateway-id': (gateway: InternetGateway) => gateway.InternetGatewayId,
      'owner-id': (gateway) => gateway.OwnerId,
      'attachment.vpc-id': (gateway) => (gateway.Attachments ?? []).map(({ VpcId }) => VpcId),
      'attachment.state': (gateway) => (gateway.Attachments ?? []).map(({ State }) => State),
    },
  )
  const { page, next } = select(selection, input, input.InternetGatewayIds)
  return {
    InternetGateways: page.map((gateway) => ({ ...gateway, Tags: selection.tagsOf(gateway) })),
    ...next,
  }
}

export function describeAvailabilityZones(
  input: DescribeAvailabilityZonesRequest,
  { account }: Context,
): unknown {
  const zones = account.availabilityZones
  for (const [wanted, known] of [
    [input.ZoneNames, zones.map(({ ZoneName }) => ZoneName)],
    [input.ZoneIds, zones.map(({ ZoneId }) => ZoneId)],
  ] as const) {
    const unknown = (wanted ?? []).filter((zone) => !known.includes(zone))
    if (unknown.length > 0)
      throw new Fault('InvalidParameterValue', `Invalid availability zone: [${unknown.join(', ')}]`)
  }
  const { page } = select(
    {
      items: zones.filter(
        (zone) =>
          (!input.ZoneNames?.length || input.ZoneNames.includes(zone.ZoneName ?? '')) &&
          (!input.ZoneIds?.length || input.ZoneIds.includes(zone.ZoneId ?? '')),
      ),
      idOf: (zone) => zone.ZoneName ?? '',
      tagsOf: () => [],
      absent: (id) => new Fault('InvalidParameterValue', `Invalid availability zone: [${id}]`),
      fields: {
        'zone-name': (zone) => zone.ZoneName,
        'zone-id': (zone) => zone.ZoneId,
        'zone-type': (zone) => zone.ZoneType,
        'region-name': (zone) => zone.RegionName,
        'opt-in-status': (zone) => zone.OptInStatus,
        state: (zone) => zone.State,
      },
    },
    input.Filters ? { Filters: input.Filters } : {},
    undefined,
  )
  return { AvailabilityZones: page }
}
