/** Which security group guards a pod or a node: the one on its network interface that may be opened for load balancers. */
import ipaddr from 'ipaddr.js'
import { equal } from '../lib/json.ts'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Tags } from '../model/tag.ts'
import type { SendOptions } from './client.ts'
import {
  interfacesByAddress,
  interfacesById,
  interfacesOfInstances,
  type NetworkInterface,
  normal,
} from './network-interface-read.ts'
import { chunks } from '../lib/chunks.ts'
import { type Reader, securityGroupsBy } from './read.ts'

/** A pod by its address and where to look for that, or a node alone. */
export type Place = {
  /** As the caller knows it. */
  readonly key: string
  /** Absent with an address: it is looked for in the whole VPC, as those of Fargate are. */
  readonly instanceId?: string
  /** The pod has a network interface of its own. */
  readonly interfaceId?: string
  /** Absent: the node itself. */
  readonly ip?: string
}

type Guard =
  | { readonly key: string; readonly securityGroup: string; readonly warning?: string }
  | { readonly key: string; readonly missing: string }

export type InterfaceSettings = {
  readonly clusterName: string
  readonly vpcId: string
  /** Further tags that tell the group to use, where there are several. */
  readonly serviceTargetEniSecurityGroupTags: Tags
}

export type NetworkInterfaces = {
  /** Reads what it has not seen yet, and nothing twice: an event must not wait for a read. */
  guards(places: readonly Place[], options: SendOptions): Promise<Result<readonly Guard[], AwsError>>
  /** Reads again what is known: security groups of network interfaces change, seldom. */
  refresh(options: SendOptions): Promise<Result<void, AwsError>>
}

const perCall = 200
/** What was not found is not looked for again at every event. */
const missingMs = 5_000

/** `aws:///eu-west-1a/i-0123` -> `i-0123`; nodes outside EC2 have none. */
export const instanceIdOf = (providerId: string | undefined): string | undefined =>
  /(?:^|\/)(i-[0-9a-z]+)$/.exec(providerId ?? '')?.[1]

export function createNetworkInterfaces(aws: Reader['aws'], settings: InterfaceSettings): NetworkInterfaces {
  const seen = createSeen(settings.vpcId)
  const tags = new Map<string, Tags>()
  /** Looked for in vain, when. */
  const missing = new Map<string, number>()
  const wasMissing = (place: Place): boolean => {
    const now = Date.now()
    for (const [name, at] of missing) if (now - at > missingMs) missing.delete(name)
    return missing.has(nameOf(place))
  }
  const readTags = async (reader: Reader, ids: readonly string[]): Promise<Result<void, AwsError>> => {
    for (const some of chunks(ids, perCall)) {
      const read = await securityGroupsBy(reader, [{ Name: 'group-id', Values: some }])
      if (!read.ok) return read
      for (const group of read.value) tags.set(group.id, group.tags)
    }
    return ok(undefined)
  }
  // One look at a time: who asks for the same instance next finds it read.
  const alone = oneByOne()

  return {
    guards: (places, options) =>
      alone(async () => {
        const reader = { aws, options }
        // A pod that no known interface has may sit on one that was attached since.
        const unknown = places.filter((place) => seen.find(place) === undefined && !wasMissing(place))
        const read = await seen.read(reader, unknown)
        if (!read.ok) return read
        for (const place of unknown)
          if (seen.find(place) === undefined) missing.set(nameOf(place), Date.now())
        const several = places.flatMap((place) => {
          const groups = seen.find(place)?.securityGroups ?? []
          return groups.length > 1 ? groups : []
        })
        const untold = [...new Set(several)].filter((id) => !tags.has(id)).sort()
        const told = await readTags(reader, untold)
        if (!told.ok) return told
        return ok(places.map((place) => guard(place, seen.find(place), settings, (id) => tags.get(id) ?? {})))
      }),
    refresh: (options) =>
      alone(async () => {
        const reader = { aws, options }
        const read = await seen.again(reader)
        return read.ok ? await readTags(reader, [...tags.keys()].sort()) : read
      }),
  }
}

type Seen = {
  find(place: Place): NetworkInterface | undefined
  read(reader: Reader, places: readonly Place[]): Promise<Result<void, AwsError>>
  again(reader: Reader): Promise<Result<void, AwsError>>
}

function createSeen(vpcId: string): Seen {
  const instances = new Map<string, readonly NetworkInterface[]>()
  /** By id, and those that were looked for by their address by that. */
  const own = new Map<string, NetworkInterface>()
  const readOfInstances = async (reader: Reader, ids: readonly string[]): Promise<Result<void, AwsError>> => {
    const found = await interfacesOfInstances(reader, ids)
    if (!found.ok) return found
    for (const id of ids) {
      const interfaces = found.value.get(id)
      if (interfaces === undefined) instances.delete(id)
      else instances.set(id, interfaces)
    }
    return ok(undefined)
  }
  return {
    find: (place) => {
      if (isOwn(place)) return own.get(place.interfaceId ?? addressOf(place) ?? '')
      const interfaces = instances.get(place.instanceId ?? '') ?? []
      // Where all have the same groups, it doesn't matter on which one a pod's new address is.
      return match(interfaces, place.ip) ?? (alike(interfaces) ? interfaces[0] : undefined)
    },
    read: async (reader, places) => {
      const nodes = places.flatMap((place) => (isOwn(place) ? [] : (place.instanceId ?? [])))
      const read = await readOfInstances(reader, unique(nodes))
      if (!read.ok) return read
      const single = await interfacesById(
        reader,
        unique(places.flatMap(({ interfaceId }) => interfaceId ?? [])),
      )
      if (!single.ok) return single
      for (const one of single.value) own.set(one.id, one)
      const ips = unique(places.flatMap((place) => (isOwn(place) ? (addressOf(place) ?? []) : [])))
      const addressed = await interfacesByAddress(reader, vpcId, ips)
      if (!addressed.ok) return addressed
      for (const one of addressed.value)
        for (const ip of one.addresses) if (ips.includes(ip)) own.set(ip, one)
      return ok(undefined)
    },
    again: (reader) => {
      // Looked for again when somebody needs them: an address may have gone to another pod by then.
      own.clear()
      return readOfInstances(reader, [...instances.keys()].sort())
    },
  }
}

const nameOf = ({ instanceId = '', interfaceId = '', ip = '' }: Place): string =>
  `${instanceId} ${interfaceId} ${ip}`

const unique = (all: readonly string[]): string[] => [...new Set(all)].sort()

/** Not among the network interfaces of a node. */
const isOwn = ({ instanceId, interfaceId }: Place): boolean =>
  interfaceId !== undefined || instanceId === undefined
const addressOf = ({ interfaceId, ip }: Place): string | undefined =>
  interfaceId === undefined && ip !== undefined ? normal(ip) : undefined

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
  place: Place,
  found: NetworkInterface | undefined,
  settings: InterfaceSettings,
  tagsOf: (id: string) => Tags,
): Guard {
  const { key, instanceId, interfaceId, ip } = place
  if (found === undefined)
    return {
      key,
      missing:
        interfaceId !== undefined
          ? `network interface ${interfaceId} of the pod does not exist`
          : ip === undefined
            ? `instance ${instanceId} has no primary network interface`
            : `no network interface ${instanceId === undefined ? 'of the VPC' : `of instance ${instanceId}`} has the address ${ip}`,
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
