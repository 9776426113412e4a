/** A stack in doubt, read again: by ARN, and by the names that a create may have left. Absence needs two reads. */
import { ok, type Result } from '../lib/result.ts'
import { everyLoadBalancer, everyTargetGroup } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { clusterTag, resourceTag, stackTag } from '../model/tag.ts'
import { readLoadBalancer } from './codec/load-balancer.ts'
import { readTargetGroup } from './codec/target-group.ts'
import { type Keep, readContent } from './content.ts'
import { afterRead, type Awaited, type Doubt } from './doubt.ts'
import type { Mirror } from './mirror.ts'
import { readOwnCertificates } from './own-certificate.ts'
import {
  loadBalancersByArn,
  loadBalancersByName,
  type Reader,
  securityGroupsBy,
  tagsOf,
  targetGroupsByArn,
  targetGroupsByName,
} from './read.ts'

export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly afterMs: number; readonly why: string }

export async function settle(
  reader: Reader,
  mirror: Mirror,
  stack: string,
  doubt: Doubt,
): Promise<Result<Readiness, AwsError>> {
  const beganAt = Date.now()
  const last = doubt.absentAt !== undefined && afterRead(doubt, true, beganAt).doubt === undefined
  const keep: Keep = (key) => !last && doubt.suspects.has(key)
  const seen = await reread(reader, mirror, { stack, doubt, keep, beganAt })
  if (!seen.ok) return seen
  const missing =
    [...doubt.suspects].some((key) => !seen.value.has(key)) ||
    doubt.awaited.some((one) => !isVisible(mirror, one))
  const next = afterRead(doubt, missing, beganAt)
  mirror.setDoubt(stack, next.doubt)
  return ok(
    next.doubt === undefined
      ? { ready: true }
      : { ready: false, afterMs: next.afterMs, why: `waiting to see whether ${doubt.why}` },
  )
}

type Reread = {
  readonly stack: string
  readonly doubt: Doubt
  readonly keep: Keep
  readonly beganAt: number
}

async function reread(
  reader: Reader,
  mirror: Mirror,
  { stack, doubt, keep, beganAt }: Reread,
): Promise<Result<Set<string>, AwsError>> {
  const actual = mirror.actual(stack, [])
  const awaitedNames = (kind: Awaited['kind']): string[] =>
    doubt.awaited.flatMap((one) => (one.kind === kind && 'name' in one ? [one.name] : []))

  const loadBalancers = await found(
    loadBalancersByArn(
      reader,
      everyLoadBalancer(actual).map(({ arn }) => arn),
    ),
    loadBalancersByName(reader, awaitedNames('loadBalancer')),
  )
  if (!loadBalancers.ok) return loadBalancers
  const targetGroups = await found(
    targetGroupsByArn(
      reader,
      everyTargetGroup(actual).map(({ arn }) => arn),
    ),
    targetGroupsByName(reader, awaitedNames('targetGroup')),
  )
  if (!targetGroups.ok) return targetGroups
  const arns = [
    ...loadBalancers.value.map(({ LoadBalancerArn = '' }) => LoadBalancerArn),
    ...targetGroups.value.map(({ TargetGroupArn = '' }) => TargetGroupArn),
  ]
  const tags = await tagsOf(reader, arns)
  if (!tags.ok) return tags
  const groups = await securityGroupsBy(reader, [
    { Name: 'vpc-id', Values: [mirror.vpcId] },
    { Name: `tag:${clusterTag}`, Values: [mirror.clusterName] },
  ])
  if (!groups.ok) return groups

  const within = ({ tags: own }: { readonly tags: Readonly<Record<string, string>> }): boolean =>
    own[stackTag] === stack
  mirror.loadBalancers.read(
    loadBalancers.value
      .map((wire) => readLoadBalancer(wire, tags.value.get(wire.LoadBalancerArn ?? '') ?? {}))
      .filter((one) => mirror.owns(one)),
    { scope: within, beganAt, keep },
  )
  mirror.targetGroups.read(
    targetGroups.value
      .map((wire) => readTargetGroup(wire, tags.value.get(wire.TargetGroupArn ?? '') ?? {}))
      .filter((one) => mirror.owns(one)),
    { scope: within, beganAt, keep },
  )
  mirror.securityGroups.read(groups.value, { scope: (group) => mirror.owns(group), beganAt, keep })
  if (doubt.awaited.some(({ kind }) => kind === 'certificate')) {
    const certificates = await readOwnCertificates(reader, mirror)
    if (!certificates.ok) return certificates
  }
  const owned = everyLoadBalancer(mirror.actual(stack, [])).map(({ arn }) => arn)
  const content = await readContent(reader, mirror, owned, keep)
  if (!content.ok) return content
  return ok(new Set([...arns, ...groups.value.map(({ id }) => id), ...content.value]))
}

async function found<T>(...reads: readonly Promise<Result<T[], AwsError>>[]): Promise<Result<T[], AwsError>> {
  const all: T[] = []
  for (const read of reads) {
    const result = await read
    if (!result.ok) return result
    all.push(...result.value)
  }
  return ok(all)
}

function isVisible(mirror: Mirror, awaited: Awaited): boolean {
  switch (awaited.kind) {
    case 'loadBalancer':
      return mirror.loadBalancers.values().some(({ name }) => name === awaited.name)
    case 'targetGroup':
      return mirror.targetGroups.values().some(({ name }) => name === awaited.name)
    case 'securityGroup':
      return mirror.securityGroups.values().some(({ name }) => name === awaited.name)
    case 'certificate':
      return mirror.certificates.values().some(({ tags }) => tags[resourceTag] === awaited.id)
    case 'listener':
      return mirror.listeners
        .values()
        .some((one) => one.loadBalancerArn === awaited.loadBalancer && one.port === awaited.port)
    case 'rule':
      return mirror.rules
        .values()
        .some((one) => one.listenerArn === awaited.listener && one.priority === awaited.priority)
  }
}
