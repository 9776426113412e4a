/** Which subnets a load balancer goes into: named, selected by tag, or discovered (`albc-model` 10.2, 10.3). */
import { fail, ok, type Result } from '../lib/result.ts'
import type { Facts, Subnet } from './facts.ts'
import type { LoadBalancerIpAddressType, Scheme } from './load-balancer.ts'
import type { Settings } from './settings.ts'

export type SubnetSelector =
  | { readonly namesOrIds: readonly string[] }
  | { readonly ids: readonly string[] }
  | { readonly tags: Readonly<Record<string, readonly string[]>> }

export type SubnetQuery = {
  readonly facts: Facts
  readonly settings: Settings
  readonly ipAddressType: LoadBalancerIpAddressType
  /** Of a Network Load Balancer: one will do, and named ones stay in the order of their addresses. */
  readonly network?: true
}
/** Subnet ids, sorted where their order means nothing, or ALBC's sentence. */
export type Subnets = Result<readonly string[], string>

const minimumFreeAddresses = 8
const needsIpv6 = (type: LoadBalancerIpAddressType): boolean => type !== 'ipv4'
const byId = (a: Subnet, b: Subnet): number => (a.id < b.id ? -1 : 1)
const prefixed = (prefix: string, subnets: Subnets): Subnets =>
  subnets.ok ? subnets : fail(`${prefix}: ${subnets.error}`)

export function explicitSubnets(selector: SubnetSelector, query: SubnetQuery): Subnets {
  if ('tags' in selector)
    return prefixed('failed to list subnets by tag filters', byTags(selector.tags, query))
  const wanted = 'ids' in selector ? selector.ids : selector.namesOrIds
  const found = resolve(wanted, query.facts)
  const what = 'ids' in selector ? 'failed to list subnets by IDs' : 'failed to list subnets by names or IDs'
  return prefixed(what, found.ok ? validate(found.value, query) : found)
}

export function discoverSubnets(scheme: Scheme, query: SubnetQuery): Subnets {
  const { facts, settings } = query
  const role = scheme === 'internet-facing' ? 'kubernetes.io/role/elb' : 'kubernetes.io/role/internal-elb'
  const inVpc = facts.subnets.filter(({ vpcId }) => vpcId === facts.vpcId)
  const tagged = inVpc.filter(({ tags }) => tags[role] === '1' || tags[role] === '')
  const byReach = tagged.length === 0 && settings.featureGates.SubnetDiscoveryByReachability
  const candidates = byReach
    ? inVpc.filter(({ id }) => isPublic(id, facts) === (scheme === 'internet-facing'))
    : tagged
  const what = byReach ? 'failed to list subnets by reachability' : 'failed to list subnets by role tag'
  return prefixed("couldn't auto-discover subnets", prefixed(what, choosePerZone(candidates, query)))
}

function byTags(tags: Readonly<Record<string, readonly string[]>>, query: SubnetQuery): Subnets {
  const { facts } = query
  const candidates = facts.subnets.filter(
    (subnet) =>
      subnet.vpcId === facts.vpcId &&
      Object.entries(tags).every(([key, values]) => values.includes(subnet.tags[key] ?? '\0')),
  )
  return choosePerZone(candidates, query)
}

function isPublic(id: string, facts: Facts): boolean {
  const table =
    facts.routeTables.find(({ subnetIds }) => subnetIds.includes(id)) ??
    facts.routeTables.find(({ main }) => main)
  return table?.public ?? false
}

/** Ids as they are, names by the Name tag; several subnets may share a name. */
function resolve(wanted: readonly string[], facts: Facts): Result<readonly Subnet[], string> {
  const byIdMap = new Map(facts.subnets.map((subnet) => [subnet.id, subnet]))
  const named = Map.groupBy(
    facts.subnets.filter(({ vpcId }) => vpcId === facts.vpcId).toSorted(byId),
    ({ tags }) => tags['Name'] ?? '',
  )
  const taken = new Map<string, number>()
  const found: Subnet[] = []
  for (const want of wanted) {
    if (want.startsWith('subnet-')) {
      const subnet = byIdMap.get(want)
      if (!subnet) return fail(`subnet ID not found: ${want}`)
      found.push(subnet)
      continue
    }
    const count = taken.get(want) ?? 0
    const same = named.get(want) ?? []
    const subnet = same[count]
    if (!subnet)
      return fail(
        same.length === 0
          ? `subnet with Name tag not found: ${want}`
          : `subnet with Name tag "${want}" requested ${count + 1} times but only ${same.length} subnet(s) found with that name`,
      )
    taken.set(want, count + 1)
    found.push(subnet)
  }
  return ok(found)
}

function validate(subnets: readonly Subnet[], query: SubnetQuery): Subnets {
  if (subnets.length === 0) return fail('unable to resolve at least one subnet')
  for (const [zone, same] of Map.groupBy(subnets, ({ availabilityZone }) => availabilityZone))
    if (same.length > 1)
      return fail(
        `multiple subnets in same Availability Zone ${zone}: [${same.map(({ id }) => id).join(' ')}]`,
      )
  const counted = checkLocaleAndCount(subnets, query)
  if (counted !== undefined) return fail(counted)
  const without = subnets.filter(({ ipv6Cidrs }) => ipv6Cidrs.length === 0)
  if (needsIpv6(query.ipAddressType) && without.length > 0)
    return fail(
      `subnets [${without.map(({ id }) => id).join(' ')}] do not have an associated IPv6 CIDR block, which is required for ${query.ipAddressType} load balancers`,
    )
  const ids = subnets.map(({ id }) => id)
  return ok(query.network ? ids : ids.toSorted())
}

function choosePerZone(candidates: readonly Subnet[], query: SubnetQuery): Subnets {
  const { settings, ipAddressType } = query
  const clusterKey = `kubernetes.io/cluster/${settings.clusterName}`
  const ours = settings.featureGates.SubnetsClusterTagCheck
    ? candidates.filter(
        ({ tags }) =>
          clusterKey in tags || !Object.keys(tags).some((key) => key.startsWith('kubernetes.io/cluster')),
      )
    : candidates
  const roomy = ours.filter(({ availableIpAddressCount }) => availableIpAddressCount >= minimumFreeAddresses)
  const usable = needsIpv6(ipAddressType) ? roomy.filter(({ ipv6Cidrs }) => ipv6Cidrs.length > 0) : roomy
  if (usable.length === 0) {
    const others = `${candidates.length - ours.length} are tagged for other clusters`
    const full = `${ours.length - roomy.length} have insufficient available IP addresses`
    const start = `unable to resolve at least one subnet. Evaluated ${candidates.length} subnets: ${others}`
    return fail(
      needsIpv6(ipAddressType)
        ? `${start}, ${full}, and ${roomy.length - usable.length} don't have an associated IPv6 CIDR block, which is required for ${ipAddressType} load balancers`
        : `${start}, and ${full}`,
    )
  }
  const rank = (subnet: Subnet): number => (clusterKey in subnet.tags ? 0 : 1)
  const chosen = [...Map.groupBy(usable, ({ availabilityZone }) => availabilityZone).values()].flatMap(
    (zone) => zone.toSorted((a, b) => rank(a) - rank(b) || byId(a, b)).slice(0, 1),
  )
  const counted = checkLocaleAndCount(chosen, query)
  return counted === undefined ? ok(chosen.map(({ id }) => id).toSorted()) : fail(counted)
}

/** All in one kind of place, and enough of them. */
function checkLocaleAndCount(subnets: readonly Subnet[], query: SubnetQuery): string | undefined {
  const types = new Map(query.facts.availabilityZones.map(({ id, type }) => [id, type]))
  const locales = [
    ...new Set(
      subnets.map(({ outpostArn, availabilityZoneId }) =>
        outpostArn ? 'outpost' : (types.get(availabilityZoneId) ?? 'availability-zone'),
      ),
    ),
  ]
  if (locales.length > 1) return `subnets in multiple locales: [${locales.join(' ')}]`
  const { ALBSingleSubnet: single } = query.settings.featureGates
  const minimum = locales[0] === 'availability-zone' && !single && !query.network ? 2 : 1
  return subnets.length < minimum
    ? `subnets count less than minimal required count: ${subnets.length} < ${minimum}`
    : undefined
}
