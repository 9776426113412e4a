/** Network interfaces as EC2 describes them: those of instances, single ones, and whoever has an address. */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  type Filter,
  type Instance,
  type NetworkInterface as WireInterface,
} from '@aws-sdk/client-ec2'
import ipaddr from 'ipaddr.js'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { chunks } from '../lib/chunks.ts'
import type { Reader } from './read.ts'

export type NetworkInterface = {
  readonly id: string
  readonly primary: boolean
  readonly addresses: readonly string[]
  /** Delegated prefixes, from which pods get their addresses. */
  readonly prefixes: readonly string[]
  readonly securityGroups: readonly string[]
}
type Read<T> = Promise<Result<T, AwsError>>

const instancesPerCall = 200
/** EC2 takes 200 values a filter; ALBC sends one less. */
const valuesPerCall = 199

export const normal = (ip: string): string => (ipaddr.isValid(ip) ? ipaddr.parse(ip).toString() : ip)

type Wire = Pick<
  WireInterface,
  | 'NetworkInterfaceId'
  | 'PrivateIpAddresses'
  | 'Ipv6Addresses'
  | 'Ipv4Prefixes'
  | 'Ipv6Prefixes'
  | 'Groups'
  | 'Attachment'
>

const readInterface = (wire: Wire): NetworkInterface => ({
  id: wire.NetworkInterfaceId ?? '',
  primary: wire.Attachment?.DeviceIndex === 0,
  addresses: [
    ...(wire.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
    ...(wire.Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
  ].map(normal),
  prefixes: [
    ...(wire.Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix }) => Ipv4Prefix ?? []),
    ...(wire.Ipv6Prefixes ?? []).flatMap(({ Ipv6Prefix }) => Ipv6Prefix ?? []),
  ],
  securityGroups: (wire.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []).sort(),
})

/** Those that are gone are absent in the answer. */
export async function interfacesOfInstances(
  reader: Reader,
  ids: readonly string[],
): Read<ReadonlyMap<string, readonly NetworkInterface[]>> {
  const all = new Map<string, readonly NetworkInterface[]>()
  for (const some of chunks(ids, instancesPerCall)) {
    const read = await instancesOf(reader, some)
    if (!read.ok) return read
    for (const { InstanceId = '', NetworkInterfaces = [] } of read.value)
      all.set(InstanceId, NetworkInterfaces.map(readInterface))
  }
  return ok(all)
}

async function instancesOf({ aws, options }: Reader, ids: readonly string[]): Read<Instance[]> {
  const all: Instance[] = []
  let token: string | undefined
  do {
    const read = await aws.send(
      new DescribeInstancesCommand({
        // A filter, since an id that is gone would refuse the whole call.
        Filters: [{ Name: 'instance-id', Values: [...ids] }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      options,
    )
    if (!read.ok) return read
    all.push(...(read.value.Reservations ?? []).flatMap(({ Instances = [] }) => Instances))
    token = read.value.NextToken === '' ? undefined : read.value.NextToken
  } while (token !== undefined)
  return ok(all)
}

export const interfacesById = (reader: Reader, ids: readonly string[]): Read<NetworkInterface[]> =>
  filtered(reader, ids, (some) => [{ Name: 'network-interface-id', Values: some }])

export async function interfacesByAddress(
  reader: Reader,
  vpcId: string,
  ips: readonly string[],
): Read<NetworkInterface[]> {
  const by = (name: string, some: readonly string[]): Read<NetworkInterface[]> =>
    filtered(reader, some, (values) => [
      { Name: 'vpc-id', Values: [vpcId] },
      { Name: name, Values: values },
    ])
  const four = await by(
    'addresses.private-ip-address',
    ips.filter((ip) => !ip.includes(':')),
  )
  if (!four.ok) return four
  const six = await by(
    'ipv6-addresses.ipv6-address',
    ips.filter((ip) => ip.includes(':')),
  )
  return six.ok ? ok([...four.value, ...six.value]) : six
}

async function filtered(
  { aws, options }: Reader,
  values: readonly string[],
  filters: (some: string[]) => Filter[],
): Read<NetworkInterface[]> {
  const all: NetworkInterface[] = []
  for (const some of chunks(values, valuesPerCall)) {
    let token: string | undefined
    do {
      const read = await aws.send(
        new DescribeNetworkInterfacesCommand({
          Filters: filters(some),
          MaxResults: 1000,
          ...(token === undefined ? {} : { NextToken: token }),
        }),
        options,
      )
      if (!read.ok) return read
      all.push(...(read.value.NetworkInterfaces ?? []).map(readInterface))
      token = read.value.NextToken === '' ? undefined : read.value.NextToken
    } while (token !== undefined)
  }
  return ok(all)
}
