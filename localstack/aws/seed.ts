/** An account made ready: a VPC as EKS tags it, with nodes; and pods' addresses on those nodes. */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2'
import type { Account, NetworkInterfaceRecord } from './account.ts'
import { nextAddress } from './ec2/address.ts'
import { groupIdentifiers } from './ec2/network-interface.ts'
import { Fault } from './service.ts'
import {
  cluster,
  named,
  seededId,
  seedGroup,
  seedRoutes,
  seedSubnet,
  seedZones,
  type SubnetKind,
} from './seed-network.ts'
import { setTags } from './tag.ts'

export type VpcSeed = {
  readonly clusterName: string
  /** The account's own; stated where the reader should see it. */
  readonly region?: string
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
type SeededInstance = {
  readonly instanceId: string
  readonly zone: string
  readonly privateIp: string
  readonly privateDnsName: string
}

export function seedVpc(account: Account, seed: VpcSeed): SeededVpc {
  const { clusterName, vpcCidr = '192.168.0.0/16', zones = 3 } = seed
  if (seed.region !== undefined && seed.region !== account.region)
    throw new Error(`the account is in ${account.region}, not in ${seed.region}`)
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

/** Pods' addresses are secondary private IPs of their node's interface, as the VPC CNI gives them. */
export function assignPodIp(account: Account, instanceId: string): string {
  const record = interfaceOf(account, instanceId)
  const address = nextAddress(account, record.wire.SubnetId ?? '')
  if (address === undefined)
    throw new Fault('InsufficientFreeAddressesInSubnet', `${record.wire.SubnetId} has no free address`)
  const PrivateIpAddresses = [
    ...(record.wire.PrivateIpAddresses ?? []),
    { Primary: false, PrivateIpAddress: address },
  ]
  record.wire = { ...record.wire, PrivateIpAddresses }
  account.changed()
  return address
}

/** Nothing happens if the node doesn't have it; its own address stays. */
export function releasePodIp(account: Account, instanceId: string, address: string): void {
  const record = interfaceOf(account, instanceId)
  const PrivateIpAddresses = (record.wire.PrivateIpAddresses ?? []).filter(
    ({ Primary, PrivateIpAddress }) => Primary || PrivateIpAddress !== address,
  )
  record.wire = { ...record.wire, PrivateIpAddresses }
  account.changed()
}

function interfaceOf(account: Account, instanceId: string): NetworkInterfaceRecord {
  const record = [...account.networkInterfaces.values()].find(
    ({ wire }) => wire.Attachment?.InstanceId === instanceId,
  )
  if (!record) throw new Fault('InvalidInstanceID.NotFound', `The instance ID '${instanceId}' does not exist`)
  return record
}
