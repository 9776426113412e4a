/** What the model must know of the account, each fact read when first needed and then kept for a while. */
import {
  DescribeAvailabilityZonesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Filter,
} from '@aws-sdk/client-ec2'
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Certificate, Facts, NamedSecurityGroup, RouteTable, Subnet } from '../model/facts.ts'
import { readCertificates } from './certificate.ts'
import type { SendOptions } from './client.ts'
import { readRouteTable, readSubnet } from './codec/network.ts'
import { createFewReader, type FewFacts, type FewNeeds } from './few.ts'
import { kept, keptBy } from './kept.ts'
import { createNamedReader } from './named.ts'
import { type Reader, securityGroupsBy } from './read.ts'

type FactNeeds = {
  /** Somebody's HTTPS listener looks for certificates. */
  readonly certificates?: true
  /** Somebody names security groups. */
  readonly securityGroups?: true
  /** Subnets named by id, which may lie in another VPC. */
  readonly subnetIds?: readonly string[]
}

/** Purpose `facts` unless another is given. */
type FactOptions = Omit<SendOptions, 'purpose'> & Partial<Pick<SendOptions, 'purpose'>>

export type FactReader = {
  read(needs: FactNeeds, options: FactOptions): Promise<Result<Facts, AwsError>>
  /** All that the targets of a binding need to know of their target group's VPC; of one that we may not see: none. */
  vpcCidrs(options: FactOptions, vpcId?: string): Promise<Result<readonly string[], AwsError>>
  /** What few need: a refusal concerns only who asked, and is part of the answer. */
  asked(needs: FewNeeds, options: FactOptions): Promise<FewFacts>
  /** ARNs by name. */
  trustStores(options: FactOptions): Promise<Result<ReadonlyMap<string, string>, AwsError>>
  /** ARNs by name; undefined where there is none. */
  targetGroupsNamed(
    names: readonly string[],
    options: FactOptions,
  ): Promise<Result<ReadonlyMap<string, string | undefined>, AwsError>>
  /** Something in AWS was not as the facts said: the next read asks again for what is older than this. */
  forget(olderThanMs: number): void
}

/** The VPC's blocks, where somebody read them a moment ago. */
export type KnownVpcCidrs = () => Promise<readonly string[] | undefined>
export type FactSettings = {
  readonly vpcId: string
  readonly allowedCertificateAuthorityArns: readonly string[]
  readonly knownVpcCidrs?: KnownVpcCidrs | undefined
}

const keptMs = 10 * 60_000
const certificatesKeptMs = 60_000

export function createFactReader(aws: Reader['aws'], settings: FactSettings): FactReader {
  const { vpcId } = settings
  const inVpc: Filter = { Name: 'vpc-id', Values: [vpcId] }
  const vpc = kept(keptMs, (reader) => vpcCidrsOf(reader, settings))
  const subnets = kept(keptMs, (reader) => readSubnets(reader, [inVpc]))
  const routeTables = kept(keptMs, (reader) => readRouteTables(reader, inVpc))
  const zones = kept(Infinity, readZones)
  const securityGroups = kept(keptMs, (reader) => readSecurityGroups(reader, inVpc))
  const certificates = kept(certificatesKeptMs, (reader) =>
    readCertificates(reader, settings.allowedCertificateAuthorityArns.length > 0),
  )
  const otherVpcs = keptBy((id: string) => kept(keptMs, (reader) => readOtherVpcCidrs(reader, id)))
  const foreign = keptBy((id: string) =>
    kept(keptMs, (reader) => readSubnets(reader, [{ Name: 'subnet-id', Values: [id] }])),
  )
  const network = [vpc, subnets, routeTables, securityGroups, foreign, otherVpcs]
  const named = createNamedReader()
  const few = createFewReader()

  const readerWith = (options: FactOptions): Reader => ({ aws, options: { purpose: 'facts', ...options } })
  return {
    asked: (needs, options) => few.read(needs, readerWith(options)),
    vpcCidrs: (options, id = vpcId) => (id === vpcId ? vpc : otherVpcs.of(id)).get(readerWith(options)),
    trustStores: (options) => named.trustStores(readerWith(options)),
    targetGroupsNamed: (names, options) => named.targetGroups(readerWith(options), names),
    read: async (needs, options) => {
      const reader = readerWith(options)
      const [cidrs, own, availabilityZones] = await Promise.all([
        vpc.get(reader),
        subnets.get(reader),
        zones.get(reader),
      ])
      if (!cidrs.ok) return cidrs
      if (!own.ok) return own
      if (!availabilityZones.ok) return availabilityZones
      const all = await withForeign(own.value, needs.subnetIds ?? [], (id) => foreign.of(id).get(reader))
      if (!all.ok) return all
      const routes = rolesAreTagged(own.value) ? none<RouteTable>() : await routeTables.get(reader)
      if (!routes.ok) return routes
      const groups = needs.securityGroups ? await securityGroups.get(reader) : none<NamedSecurityGroup>()
      if (!groups.ok) return groups
      const issued = needs.certificates ? await certificates.get(reader) : ok(undefined)
      if (!issued.ok) return issued
      return ok({
        vpcId,
        vpcCidrs: cidrs.value,
        subnets: all.value,
        routeTables: routes.value,
        availabilityZones: availabilityZones.value,
        securityGroups: groups.value,
        ...(issued.value === undefined ? {} : { certificates: issued.value as readonly Certificate[] }),
      })
    },
    forget: (olderThanMs) => {
      for (const one of [...network, certificates, named, few]) one.forget(olderThanMs)
    },
  }
}

/** Those named by id may lie in another VPC. */
async function withForeign(
  own: readonly Subnet[],
  ids: readonly string[],
  read: (id: string) => Promise<Result<Subnet[], AwsError>>,
): Promise<Result<readonly Subnet[], AwsError>> {
  const all = [...own]
  for (const id of ids) {
    if (all.some((subnet) => subnet.id === id)) continue
    const other = await read(id)
    if (!other.ok) return other
    all.push(...other.value)
  }
  return ok(all)
}

const none = <T>(): Result<readonly T[], AwsError> => ok([])

/** Where both roles are tagged, nobody asks where a subnet's routes lead. */
const rolesAreTagged = (subnets: readonly Subnet[]): boolean =>
  ['kubernetes.io/role/elb', 'kubernetes.io/role/internal-elb'].every((role) =>
    subnets.some(({ tags }) => tags[role] === '1' || tags[role] === ''),
  )

async function vpcCidrsOf(
  reader: Reader,
  { vpcId, knownVpcCidrs }: FactSettings,
): Promise<Result<readonly string[], AwsError>> {
  const cidrs = knownVpcCidrs && (await knownVpcCidrs())
  return cidrs === undefined ? await readVpcCidrs(reader, vpcId) : ok(cidrs)
}

/** Of its own blocks and those associated with it, IPv6 as well; none where there is no such VPC. */
export async function readVpcCidrs(
  { aws, options }: Reader,
  vpcId: string,
): Promise<Result<readonly string[], AwsError>> {
  const read = await aws.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }), options)
  if (!read.ok) return read
  const [vpc] = read.value.Vpcs ?? []
  const associated = (vpc?.CidrBlockAssociationSet ?? [])
    .filter(({ CidrBlockState: state }) => state?.State === undefined || state.State === 'associated')
    .flatMap(({ CidrBlock }) => CidrBlock ?? [])
  const v6 = (vpc?.Ipv6CidrBlockAssociationSet ?? [])
    .filter(({ Ipv6CidrBlockState: state }) => state?.State === undefined || state.State === 'associated')
    .flatMap(({ Ipv6CidrBlock }) => Ipv6CidrBlock ?? [])
  return ok([...new Set([...(vpc?.CidrBlock === undefined ? [] : [vpc.CidrBlock]), ...associated, ...v6])])
}

/** One of another account is not shown: every address is outside of what we know. */
async function readOtherVpcCidrs(
  reader: Reader,
  vpcId: string,
): Promise<Result<readonly string[], AwsError>> {
  const read = await readVpcCidrs(reader, vpcId)
  return !read.ok && read.error.code === 'InvalidVpcID.NotFound' ? ok([]) : read
}

async function readSubnets({ aws, options }: Reader, filters: Filter[]): Promise<Result<Subnet[], AwsError>> {
  const all: Subnet[] = []
  let token: string | undefined
  do {
    const page = token === undefined ? {} : { NextToken: token }
    const read = await aws.send(
      new DescribeSubnetsCommand({ Filters: filters, MaxResults: 1000, ...page }),
      options,
    )
    if (!read.ok) return read
    all.push(...(read.value.Subnets ?? []).map(readSubnet))
    token = read.value.NextToken === '' ? undefined : read.value.NextToken
  } while (token !== undefined)
  return ok(all.sort((a, b) => (a.id < b.id ? -1 : 1)))
}

async function readRouteTables(
  { aws, options }: Reader,
  inVpc: Filter,
): Promise<Result<readonly RouteTable[], AwsError>> {
  const all: RouteTable[] = []
  let token: string | undefined
  do {
    const page = token === undefined ? {} : { NextToken: token }
    const read = await aws.send(
      new DescribeRouteTablesCommand({ Filters: [inVpc], MaxResults: 100, ...page }),
      options,
    )
    if (!read.ok) return read
    all.push(...(read.value.RouteTables ?? []).map(readRouteTable))
    token = read.value.NextToken === '' ? undefined : read.value.NextToken
  } while (token !== undefined)
  return ok(all)
}

async function readZones({ aws, options }: Reader): Promise<Result<Facts['availabilityZones'], AwsError>> {
  const read = await aws.send(new DescribeAvailabilityZonesCommand({}), options)
  if (!read.ok) return read
  return ok(
    (read.value.AvailabilityZones ?? []).map(({ ZoneName = '', ZoneId = '', ZoneType }) => ({
      name: ZoneName,
      id: ZoneId,
      type: ZoneType ?? 'availability-zone',
    })),
  )
}

async function readSecurityGroups(
  reader: Reader,
  inVpc: Filter,
): Promise<Result<readonly NamedSecurityGroup[], AwsError>> {
  const read = await securityGroupsBy(reader, [inVpc])
  return read.ok ? ok(read.value.map(({ id, vpcId, tags }) => ({ id, vpcId, tags }))) : read
}
