/** Reads on demand, into the mirror: attributes, targets, one load balancer's state, security groups of nodes and pods. */
import {
  DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Filter } from '@aws-sdk/client-ec2'
import { ok, type Result } from '../lib/result.ts'
import type { ActualSecurityGroup, Target } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { clusterTag } from '../model/tag.ts'
import { bounded } from './bounded.ts'
import type { Mirror } from './mirror.ts'
import { chunks } from '../lib/chunks.ts'
import { loadBalancersByArn, type Reader, securityGroupsBy, targetsOf } from './read.ts'

type Attributes = Readonly<Record<string, string>>
type WireAttributes = { Key?: string | undefined; Value?: string | undefined }[] | undefined

const record = (attributes: WireAttributes): Attributes =>
  Object.fromEntries((attributes ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

/** Of a load balancer, listener or target group. */
export async function readAttributes(
  { aws, options }: Reader,
  mirror: Mirror,
  arn: string,
): Promise<Result<void, AwsError>> {
  if (arn.includes(':targetgroup/')) {
    const read = await aws.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }), options)
    if (!read.ok) return read
    const attributes = record(read.value.Attributes)
    mirror.targetGroups.learn(arn, (group) => ({ ...group, attributes }))
  } else if (arn.includes(':listener/')) {
    const read = await aws.send(new DescribeListenerAttributesCommand({ ListenerArn: arn }), options)
    if (!read.ok) return read
    const attributes = record(read.value.Attributes)
    mirror.listeners.learn(arn, (listener) => ({ ...listener, attributes }))
  } else {
    const read = await aws.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }), options)
    if (!read.ok) return read
    const attributes = record(read.value.Attributes)
    mirror.loadBalancers.learn(arn, (loadBalancer) => ({ ...loadBalancer, attributes }))
  }
  return ok(undefined)
}

/** Those that somebody needed are read again by each sweep; no others ever. */
export async function refreshAttributes(reader: Reader, mirror: Mirror): Promise<Result<void, AwsError>> {
  const known = [
    ...mirror.loadBalancers.values(),
    ...mirror.listeners.values(),
    ...mirror.targetGroups.values(),
  ]
    .filter(({ attributes }) => attributes !== undefined)
    .map(({ arn }) => arn)
  const read = await bounded(known, 2, async (arn) => {
    const one = await readAttributes(reader, mirror, arn)
    return !one.ok && one.error.kind === 'notFound' ? ok(undefined) : one
  })
  return read.ok ? ok(undefined) : read
}

/** The targets of one target group and their health: at first need, and while health is waited for. */
export async function readTargets(
  reader: Reader,
  mirror: Mirror,
  targetGroupArn: string,
): Promise<Result<readonly Target[], AwsError>> {
  const beganAt = Date.now()
  const read = await targetsOf(reader, targetGroupArn)
  if (!read.ok) return read
  return ok(mirror.registrations.read(targetGroupArn, read.value, beganAt))
}

/** The states of load balancers that are being made. */
export async function readLoadBalancerStates(
  reader: Reader,
  mirror: Mirror,
  arns: readonly string[],
): Promise<Result<void, AwsError>> {
  const read = await loadBalancersByArn(reader, arns)
  if (!read.ok) return read
  for (const { LoadBalancerArn: arn = '', State } of read.value) {
    const state = State?.Code
    if (state !== undefined) mirror.loadBalancers.learn(arn, (one) => ({ ...one, state }))
  }
  return ok(undefined)
}

/** Of any owner: those of nodes and pods. Absent in the answer: gone. */
export async function readSecurityGroups(
  reader: Reader,
  mirror: Mirror,
  ids: readonly string[],
): Promise<Result<readonly ActualSecurityGroup[], AwsError>> {
  const all: ActualSecurityGroup[] = []
  for (const some of chunks(ids, 200)) {
    const beganAt = Date.now()
    // A filter, since an id that is gone would refuse the whole call.
    const read = await securityGroupsBy(reader, [{ Name: 'group-id', Values: some }])
    if (!read.ok) return read
    mirror.securityGroups.read(read.value, { scope: ({ id }) => some.includes(id), beganAt })
    all.push(...some.flatMap((id) => mirror.securityGroups.get(id) ?? []))
  }
  return ok(all)
}

/** Those with the tag of the cluster's controller. */
export async function readOwnSecurityGroups(reader: Reader, mirror: Mirror): Promise<Result<void, AwsError>> {
  const beganAt = Date.now()
  const read = await securityGroupsBy(reader, [
    { Name: 'vpc-id', Values: [mirror.vpcId] },
    { Name: `tag:${clusterTag}`, Values: [mirror.clusterName] },
  ])
  if (!read.ok) return read
  mirror.securityGroups.read(read.value, { scope: () => false, beganAt })
  return ok(undefined)
}

/**
 * Groups of nodes and pods on which rules of ours may be left by one who ended before closing them: those with the tag of
 * the cluster, and those that let the shared group in.
 */
export async function readEndpointGroups(
  reader: Reader,
  mirror: Mirror,
  shared: string | undefined,
): Promise<Result<void, AwsError>> {
  const filters: Filter[][] = [
    [
      { Name: 'vpc-id', Values: [mirror.vpcId] },
      { Name: 'tag-key', Values: [`kubernetes.io/cluster/${mirror.clusterName}`] },
    ],
    ...(shared === undefined ? [] : [[{ Name: 'ip-permission.group-id', Values: [shared] }]]),
  ]
  for (const filter of filters) {
    const beganAt = Date.now()
    const found = await securityGroupsBy(reader, filter)
    if (!found.ok) return found
    mirror.securityGroups.read(found.value, { scope: () => false, beganAt })
  }
  return ok(undefined)
}
