/** What of an account is the cluster's, by the tag that says so: others may live in it too. */
import { DescribeSecurityGroupsCommand, type SecurityGroup } from '@aws-sdk/client-ec2'
import {
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  type LoadBalancer,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { AccountWorld } from './scenario.ts'

export type Tags = Readonly<Record<string, string>>
type Held<T> = T & { readonly tags: Tags }

export type Holdings = {
  readonly loadBalancers: readonly Held<LoadBalancer>[]
  readonly targetGroups: readonly Held<TargetGroup>[]
  readonly securityGroups: readonly SecurityGroup[]
  /** What may come in to the nodes. */
  readonly nodeRules: readonly string[]
}

const clusterKey = 'elbv2.k8s.aws/cluster'
const perCall = 20

export async function holdingsOf(world: AccountWorld): Promise<Holdings> {
  const [loadBalancers, targetGroups, securityGroups, nodeRules] = await Promise.all([
    loadBalancersOf(world),
    targetGroupsOf(world),
    securityGroupsOf(world),
    nodeRulesOf(world),
  ])
  return { loadBalancers, targetGroups, securityGroups, nodeRules }
}

async function loadBalancersOf(world: AccountWorld): Promise<Held<LoadBalancer>[]> {
  const found: LoadBalancer[] = []
  let Marker: string | undefined
  do {
    const page = await world.elbv2.send(new DescribeLoadBalancersCommand(Marker ? { Marker } : {}))
    found.push(...(page.LoadBalancers ?? []))
    Marker = page.NextMarker
  } while (Marker)
  return own(world, found, ({ LoadBalancerArn }) => LoadBalancerArn)
}

async function targetGroupsOf(world: AccountWorld): Promise<Held<TargetGroup>[]> {
  const found: TargetGroup[] = []
  let Marker: string | undefined
  do {
    const page = await world.elbv2.send(new DescribeTargetGroupsCommand(Marker ? { Marker } : {}))
    found.push(...(page.TargetGroups ?? []))
    Marker = page.NextMarker
  } while (Marker)
  return own(world, found, ({ TargetGroupArn }) => TargetGroupArn)
}

/** One that goes meanwhile refuses the call: who looks again and again bears it. */
async function own<T>(
  { elbv2, clusterName }: AccountWorld,
  all: readonly T[],
  arnOf: (one: T) => string | undefined,
): Promise<Held<T>[]> {
  const tags = new Map<string, Tags>()
  const arns = all.flatMap((one) => arnOf(one) ?? [])
  for (let at = 0; at < arns.length; at += perCall) {
    const ResourceArns = arns.slice(at, at + perCall)
    const { TagDescriptions = [] } = await elbv2.send(new DescribeTagsCommand({ ResourceArns }))
    for (const { ResourceArn = '', Tags: told = [] } of TagDescriptions)
      tags.set(ResourceArn, Object.fromEntries(told.map(({ Key = '', Value = '' }) => [Key, Value])))
  }
  return all
    .map((one) => ({ ...one, tags: tags.get(arnOf(one) ?? '') ?? {} }))
    .filter((one) => one.tags[clusterKey] === clusterName)
}

async function securityGroupsOf({ ec2, clusterName }: AccountWorld): Promise<SecurityGroup[]> {
  const { SecurityGroups = [] } = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: `tag:${clusterKey}`, Values: [clusterName] }] }),
  )
  return SecurityGroups
}

async function nodeRulesOf({ ec2, nodeSecurityGroup }: AccountWorld): Promise<string[]> {
  const { SecurityGroups } = await ec2.send(
    new DescribeSecurityGroupsCommand({ GroupIds: [nodeSecurityGroup] }),
  )
  return (SecurityGroups?.[0]?.IpPermissions ?? [])
    .flatMap(({ FromPort, ToPort, UserIdGroupPairs = [] }) =>
      UserIdGroupPairs.map(({ GroupId }) => `${FromPort}-${ToPort} from ${GroupId}`),
    )
    .sort()
}
