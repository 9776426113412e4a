/** Instances and network interfaces as Describe shows them; an instance's interfaces are those attached to it. */
import type {
  DescribeInstancesRequest,
  DescribeNetworkInterfacesRequest,
  Instance,
  NetworkInterface,
} from '@aws-sdk/client-ec2'
import type { Account } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { tagsOf } from '../tag.ts'
import { settleInterfaces } from './network-interface.ts'
import { select } from './select.ts'

function addresses(wire: NetworkInterface): (string | undefined)[] {
  return (wire.PrivateIpAddresses ?? []).map(({ PrivateIpAddress }) => PrivateIpAddress)
}

export function describeNetworkInterfaces(
  input: DescribeNetworkInterfacesRequest,
  context: Context,
): unknown {
  const { account, now } = context
  settleInterfaces(account, now)
  const { page, next } = select<NetworkInterface>(
    {
      items: [...account.networkInterfaces.values()].map(({ wire }) => wire),
      idOf: (wire) => wire.NetworkInterfaceId ?? '',
      tagsOf: (wire) => tagsOf(account, wire.NetworkInterfaceId ?? ''),
      absent: (id) =>
        new Fault('InvalidNetworkInterfaceID.NotFound', `The networkInterface ID '${id}' does not exist`),
      fields: {
        'network-interface-id': (wire) => wire.NetworkInterfaceId,
        'vpc-id': (wire) => wire.VpcId,
        'subnet-id': (wire) => wire.SubnetId,
        'availability-zone': (wire) => wire.AvailabilityZone,
        description: (wire) => wire.Description,
        status: (wire) => wire.Status,
        'interface-type': (wire) => wire.InterfaceType,
        'owner-id': (wire) => wire.OwnerId,
        'requester-id': (wire) => wire.RequesterId,
        'requester-managed': (wire) => wire.RequesterManaged ?? false,
        'mac-address': (wire) => wire.MacAddress,
        'private-dns-name': (wire) => wire.PrivateDnsName,
        'private-ip-address': addresses,
        'addresses.private-ip-address': addresses,
        'ipv6-addresses.ipv6-address': (wire) =>
          (wire.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address),
        'group-id': (wire) => (wire.Groups ?? []).map(({ GroupId }) => GroupId),
        'group-name': (wire) => (wire.Groups ?? []).map(({ GroupName }) => GroupName),
        'attachment.instance-id': (wire) => wire.Attachment?.InstanceId,
        'attachment.status': (wire) => wire.Attachment?.Status,
        'attachment.device-index': (wire) => wire.Attachment?.DeviceIndex,
      },
    },
    input,
    input.NetworkInterfaceIds,
  )
  const NetworkInterfaces = page.map((wire) => ({
    ...wire,
    TagSet: tagsOf(account, wire.NetworkInterfaceId ?? ''),
  }))
  return { NetworkInterfaces, ...next }
}

export function describeInstances(input: DescribeInstancesRequest, context: Context): unknown {
  const { account, now } = context
  settleInterfaces(account, now)
  const { page, next } = select<Instance>(
    {
      items: [...account.instances.values()].map((instance) => shown(account, instance)),
      idOf: (instance) => instance.InstanceId ?? '',
      tagsOf: (instance) => tagsOf(account, instance.InstanceId ?? ''),
      absent: (id) => new Fault('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`),
      fields: {
        'instance-id': (instance) => instance.InstanceId,
        'vpc-id': (instance) => instance.VpcId,
        'subnet-id': (instance) => instance.SubnetId,
        'instance-type': (instance) => instance.InstanceType,
        'instance-state-name': (instance) => instance.State?.Name,
        'availability-zone': (instance) => instance.Placement?.AvailabilityZone,
        'private-dns-name': (instance) => instance.PrivateDnsName,
        'private-ip-address': (instance) => instance.PrivateIpAddress,
        'instance.group-id': (instance) => (instance.SecurityGroups ?? []).map(({ GroupId }) => GroupId),
        'network-interface.network-interface-id': (instance) =>
          (instance.NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId),
        'network-interface.addresses.private-ip-address': (instance) =>
          (instance.NetworkInterfaces ?? []).flatMap((wire) => addresses(wire as NetworkInterface)),
        'network-interface.group-id': (instance) =>
          (instance.NetworkInterfaces ?? []).flatMap(({ Groups }) =>
            (Groups ?? []).map(({ GroupId }) => GroupId),
          ),
      },
    },
    input,
    input.InstanceIds,
  )
  const Reservations = page.map((instance) => ({
    ReservationId: `r-${(instance.InstanceId ?? '').slice(2)}`,
    OwnerId: account.id,
    Groups: [],
    Instances: [instance],
  }))
  return { Reservations, ...next }
}

function shown(account: Account, instance: Instance): Instance {
  const interfaces = [...account.networkInterfaces.values()]
    .map(({ wire }) => wire)
    .filter((wire) => wire.Attachment?.InstanceId === instance.InstanceId)
    .sort((a, b) => (a.Attachment?.DeviceIndex ?? 0) - (b.Attachment?.DeviceIndex ?? 0))
  return {
    ...instance,
    NetworkInterfaces: interfaces.map(({ Attachment, ...wire }) => ({
      ...wire,
      ...(Attachment
        ? {
            Attachment: {
              ...(Attachment.AttachmentId === undefined ? {} : { AttachmentId: Attachment.AttachmentId }),
              DeviceIndex: Attachment.DeviceIndex ?? 0,
              Status: 'attached' as const,
            },
          }
        : {}),
    })) as NonNullable<Instance['NetworkInterfaces']>,
    SecurityGroups: interfaces[0]?.Groups ?? [],
    Tags: tagsOf(account, instance.InstanceId ?? ''),
  }
}
