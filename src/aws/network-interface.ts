/** Which security group guards a pod or a node: the one on its network interface that may be opened for load balancers. */
import { DescribeInstancesCommand, type Instance } from '@aws-sdk/client-ec2'
import ipaddr from 'ipaddr.js'
import { equal } from '../lib/json.ts'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Tags } from '../model/tag.ts'
import type { SendOptions } from './client.ts'
import { chunks, type Reader, securityGroupsBy } from './read.ts'

type NetworkInterface = {
  readonly id: string
  readonly primary: boolean
  readonly addresses: readonly string[]
  /** Delegated prefixes, from which pods get their addresses. */
  readonly prefixes: readonly string[]
  readonly securityGroups: readonly string[]
}

/** A pod by its address and node, or a node alone. */
export type Place = {
  /** As the caller knows it. */
  readonly key: string
  readonly instanceId: string
  /** Absent: the node itself. */
  readonly ip?: string
}

type Guard =
  | { readonly key: string; readonly securityGroup: string; readonly warning?: string }
  | { readonly key: string; readonly missing: string }

export type InterfaceSettings = {
  readonly clusterName: string
  /** Further tags that tell the group to use, where there are several. */
  readonly serviceTargetEniSecurityGroupTags: Tags
}

export type NetworkInterfaces = {
  guards(places: readonly Place[], options: SendOptions): Promise<Result<readonly Guard[], AwsError>>
}

const keptMs = 10 * 60_000
const perCall = 200

/** `aws:///eu-west-1a/i-0123` -> `i-0123`; nodes outside EC2 have none. */
export const instanceIdOf = (providerId: string | undefined): string | undefined =>
  /(?:^|\/)(i-[0-9a-z]+)$/.exec(providerId ?? '')?.[1]

export function createNetworkInterfaces(aws: Reader['aws'], settings: InterfaceSettings): NetworkInterfaces {
  const instances = new Map<
    string,
    { readonly at: number; readonly interfaces: readonly NetworkInterface[] }
  >()
  const tags = new Map<string, { readonly at: number; readonly tags: Tags }>()
  const isFresh = (entry: { readonly at: number } | undefined): boolean =>
    entry !== undefined && Date.now() - entry.at < keptMs

  const readInstances = async (reader: Reader, ids: readonly string[]): Promise<Result<void, AwsError>> => {
    for (const some of chunks(ids, perCall)) {
      const at = Date.now()
      const read = await instancesOf(reader, some)
      if (!read.ok) return read
      for (const instance of read.value)
        instances.set(instance.InstanceId ?? '', { at, interfaces: interfacesOf(instance) })
    }
    return ok(undefined)
  }
  const readTags = async (reader: Reader, ids: readonly string[]): Promise<Result<void, AwsError>> => {
    for (const some of chunks(ids, perCall)) {
      const at = Date.now()
      const read = await securityGroupsBy(reader, [{ Name: 'group-id', Values: some }])
      if (!read.ok) return read
      for (const group of read.value) tags.set(group.id, { at, tags: group.tags })
    }
    return ok(undefined)
  }
  const find = (place: Place): NetworkInterface | undefined => {
    const interfaces = instances.get(place.instanceId)?.interfaces ?? []
    // Where all have the same groups, it doesn't matter on which one a pod's new address is.
    return match(interfaces, place.ip) ?? (alike(interfaces) ? interfaces[0] : undefined)
  }
  // One look at a time: who asks for the same instance next finds it read.
  const alone = oneByOne()

  return {
    guards: (places, options) =>
      alone(async () => {
        const reader = { aws, options }
        // A pod that no known interface has may sit on one that was attached since.
        const unknown = places.filter(
          (place) => !isFresh(instances.get(place.instanceId)) || find(place) === undefined,
        )
        const read = await readInstances(
          reader,
          [...new Set(unknown.map(({ instanceId }) => instanceId))].sort(),
        )
        if (!read.ok) return read
        const several = places.flatMap((place) => {
          const groups = find(place)?.securityGroups ?? []
          return groups.length > 1 ? groups : []
        })
        const untold = [...new Set(several)].filter((id) => !isFresh(tags.get(id))).sort()
        const told = await readTags(reader, untold)
        if (!told.ok) return told
        return ok(
          places.map((place) => guard(place, find(place), settings, (id) => tags.get(id)?.tags ?? {})),
        )
      }),
  }
}

function oneByOne(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (run) => {
    const mine = last.then(run, run)
    last = mine
    return mine
  }
}

const alike = ([first, ...others]: readonly NetworkInterface[]): boolean =>
  first !== undefined && others.every(({ securityGroups }) => equal(securityGroups, first.securityGroups))

function guard(
  { key, instanceId, ip }: Place,
  found: NetworkInterface | undefined,
  settings: InterfaceSettings,
  tagsOf: (id: string) => Tags,
): Guard {
  if (found === undefined)
    return {
      key,
      missing:
        ip === undefined
          ? `instance ${instanceId} has no primary network interface`
          : `no network interface of instance ${instanceId} has the address ${ip}`,
    }
  const [only, ...more] = found.securityGroups
  if (only === undefined) return { key, missing: `network interface ${found.id} has no security group` }
  if (more.length === 0) return { key, securityGroup: only }
  const clusterKey = `kubernetes.io/cluster/${settings.clusterName}`
  const tagged = found.securityGroups
    .filter((id) => {
      const tags = tagsOf(id)
      const wanted = Object.entries(settings.serviceTargetEniSecurityGroupTags)
      return clusterKey in tags && wanted.every(([name, value]) => tags[name] === value)
    })
    .sort()
  const [first, second] = tagged
  if (first === undefined)
    return {
      key,
      missing: `none of the security groups ${found.securityGroups.join(', ')} of network interface ${found.id} is tagged ${clusterKey}`,
    }
  if (second === undefined) return { key, securityGroup: first }
  return {
    key,
    securityGroup: first,
    warning: `several security groups of network interface ${found.id} are tagged ${clusterKey}: ${tagged.join(', ')}; ${first} is used`,
  }
}

function match(
  interfaces: readonly NetworkInterface[],
  ip: string | undefined,
): NetworkInterface | undefined {
  if (ip === undefined) return interfaces.find(({ primary }) => primary)
  const address = ipaddr.isValid(ip) ? ipaddr.parse(ip) : undefined
  if (address === undefined) return undefined
  const text = address.toString()
  return (
    interfaces.find(({ addresses }) => addresses.includes(text)) ??
    interfaces.find(({ prefixes }) => prefixes.some((prefix) => contains(prefix, ip)))
  )
}

function contains(prefix: string, ip: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(prefix)
  const address = ipaddr.parse(ip)
  return address.kind() === network.kind() && address.match(network, bits)
}

const normal = (ip: string): string => (ipaddr.isValid(ip) ? ipaddr.parse(ip).toString() : ip)

const interfacesOf = (instance: Instance): NetworkInterface[] =>
  (instance.NetworkInterfaces ?? []).map((wire) => ({
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
  }))

async function instancesOf(
  { aws, options }: Reader,
  ids: readonly string[],
): Promise<Result<Instance[], AwsError>> {
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
