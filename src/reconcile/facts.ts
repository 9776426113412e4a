/** Asks the account only for the facts that a group's model can use now: an unchanged group after a restart needs none. */
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Needs } from '../model/desired.ts'
import type { Facts } from '../model/facts.ts'
import type { Group, Member } from '../model/group.ts'
import type { Pass } from '../watch/queue.ts'
import { type Context, optionsOf } from './context.ts'

const prefix = 'alb.ingress.kubernetes.io/'

export async function factsFor(
  group: Group,
  pass: Pass,
  context: Context,
  needs: Needs,
): Promise<Result<Facts, AwsError>> {
  const network = await networkFor(group, pass, context, needs)
  if (!network.ok) return network
  const options = optionsOf(pass, 'facts', context)
  const trustStores = needs.trustStores ? await context.facts.trustStores(options) : ok(undefined)
  if (!trustStores.ok) return trustStores
  const named = needs.targetGroups
    ? await context.facts.targetGroupsNamed(needs.targetGroups, options)
    : ok(undefined)
  if (!named.ok) return named
  const facts: Facts = {
    ...network.value,
    ...(trustStores.value ? { trustStores: trustStores.value } : {}),
    ...(named.value ? { namedTargetGroups: named.value } : {}),
    ...(await context.facts.asked(needs, options)),
    secrets: await context.secrets.read(group.stack, needs.secrets ?? []),
  }
  return ok(facts)
}

async function networkFor(
  group: Group,
  pass: Pass,
  context: Context,
  needs: Needs,
): Promise<Result<Facts, AwsError>> {
  const securityGroups = group.members.some(
    (member) => states(member, 'security-groups') || states(member, 'frontend-nlb-security-groups'),
  )
  const subnetIds = [...new Set(group.members.flatMap(namedSubnetIds))].sort()
  // A load balancer that exists keeps its subnets, unless somebody names others.
  const [loadBalancers, frontends] = context.mirror.loadBalancersOf(group.stack)
  const served = loadBalancers.length > 0 && (frontends.length > 0 || !group.members.some(wantsFrontend))
  const asked = needs.certificates === true || needs.subnets === true
  const wanted = !served || securityGroups || group.members.some(namesSubnets) || asked
  if (!wanted || group.members.length === 0) return ok(nothingKnown(context.settings.vpcId))
  const read = await context.facts.read(
    {
      ...(needs.certificates ? { certificates: true as const } : {}),
      ...(securityGroups ? { securityGroups: true as const } : {}),
      ...(subnetIds.length > 0 ? { subnetIds } : {}),
    },
    optionsOf(pass, 'facts', context),
  )
  return read.ok ? ok(context.mirror.certificates.without(read.value)) : read
}

const nothingKnown = (vpcId: string): Facts => ({
  vpcId,
  vpcCidrs: [],
  subnets: [],
  routeTables: [],
  availabilityZones: [],
  securityGroups: [],
})

const states = ({ ingress }: Member, suffix: string): boolean =>
  ingress.metadata.annotations?.[`${prefix}${suffix}`] !== undefined
const namesSubnets = (member: Member): boolean =>
  states(member, 'subnets') ||
  states(member, 'frontend-nlb-subnets') ||
  member.params?.spec.subnets !== undefined

const wantsFrontend = ({ ingress }: Member): boolean =>
  (ingress.metadata.annotations?.[`${prefix}enable-frontend-nlb`] ?? 'false') !== 'false'

function namedSubnetIds({ ingress, params }: Member): readonly string[] {
  const annotated = ['subnets', 'frontend-nlb-subnets']
    .flatMap((suffix) => (ingress.metadata.annotations?.[`${prefix}${suffix}`] ?? '').split(','))
    .map((item) => item.trim())
  return [...annotated, ...(params?.spec.subnets?.ids ?? [])].filter((item) => item.startsWith('subnet-'))
}
