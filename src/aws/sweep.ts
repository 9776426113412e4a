/** Fills the mirror: everything once, one stack on demand, and what is in doubt again; then heals it for ever. */
import { ok, type Result } from '../lib/result.ts'
import { everyLoadBalancer } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import { clusterTag } from '../model/tag.ts'
import { refreshAddOns } from './add-on.ts'
import type { Aws, SendOptions } from './client.ts'
import { readLoadBalancer } from './codec/load-balancer.ts'
import { readTargetGroup } from './codec/target-group.ts'
import { readOwnCertificates } from './own-certificate.ts'
import { type Keep, readContent } from './content.ts'
import type { Mirror } from './mirror.ts'
import { refreshAttributes } from './observe.ts'
import { chunks } from '../lib/chunks.ts'
import { allLoadBalancers, allTargetGroups, type Reader, securityGroupsBy, tagsOf } from './read.ts'
import { type Readiness, settle } from './settle.ts'

export type Sweeper = {
  /** Reads everything; answers with the stacks whose content differs from what the mirror held. */
  sweep(options: SendOptions): Promise<Result<{ readonly changed: readonly string[] }, AwsError>>
  /** Makes the mirror complete and certain for one stack, reading no more than that needs. */
  ready(stack: string, options: SendOptions): Promise<Result<Readiness, AwsError>>
  /** Reads the listeners and rules of a stack again where they were read before `since`; true if anything differed. */
  refresh(stack: string, since: number, options: SendOptions): Promise<Result<boolean, AwsError>>
}

/** Load balancers whose listeners and rules are read together, so that their tags share calls. */
const together = 10

/** `content`: false where nobody needs listeners and rules but those of single stacks. */
export function createSweeper(
  aws: Pick<Aws, 'send'>,
  mirror: Mirror,
  { content = true }: { readonly content?: boolean } = {},
): Sweeper {
  let indexing: Promise<Result<void, AwsError>> | undefined
  const indexOnce = (reader: Reader): Promise<Result<void, AwsError>> => {
    indexing ??= index(reader, mirror).finally(() => {
      indexing = undefined
    })
    return indexing
  }
  const contentOnce = once((reader: Reader, arn: string) => readContent(reader, mirror, [arn]))
  const missing = (stack: string, since: number): string[] =>
    everyLoadBalancer(mirror.actual(stack, []))
      .map(({ arn }) => arn)
      .filter((arn) => (mirror.contentReadAt(arn) ?? -1) < since)

  return {
    sweep: async (options) => {
      const reader = { aws, options }
      const before = mirror.digests()
      const startedAt = Date.now()
      const indexed = await indexOnce(reader)
      if (!indexed.ok) return indexed
      const owned = content ? mirror.loadBalancers.values().map(({ arn }) => arn) : []
      for (const arns of chunks(owned, together)) {
        // What an edit read in the meantime is not read twice.
        const due = arns.filter((arn) => (mirror.contentReadAt(arn) ?? -1) < startedAt)
        const read = await readContent(reader, mirror, due, isSuspect(mirror))
        if (!read.ok) return read
      }
      const refreshed = await refreshAttributes(reader, mirror)
      if (!refreshed.ok) return refreshed
      await refreshAddOns(reader, mirror)
      return ok({ changed: differing(before, mirror.digests()) })
    },
    ready: async (stack, options) => {
      const reader = { aws, options }
      if (mirror.indexedAt === undefined) {
        const indexed = await indexOnce(reader)
        if (!indexed.ok) return indexed
      }
      for (const arn of missing(stack, 0)) {
        const read = await contentOnce(arn, reader, arn)
        if (!read.ok) return read
      }
      const doubt = mirror.doubt(stack)
      return doubt === undefined ? ok({ ready: true }) : settle(reader, mirror, stack, doubt)
    },
    refresh: async (stack, since, options) => {
      const before = mirror.digests().get(stack)
      const arns = missing(stack, since)
      if (arns.length === 0) return ok(false)
      const read = await readContent({ aws, options }, mirror, arns)
      return read.ok ? ok(mirror.digests().get(stack) !== before) : read
    },
  }
}

/** Callers that ask for the same at the same time share one answer. */
function once<A extends unknown[], T>(
  run: (...args: A) => Promise<T>,
): (key: string, ...args: A) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  return (key, ...args) => {
    const known = running.get(key)
    if (known !== undefined) return known
    const started = run(...args).finally(() => running.delete(key))
    running.set(key, started)
    return started
  }
}

const differing = (before: Map<string, string>, after: Map<string, string>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((stack) => before.get(stack) !== after.get(stack))
    .sort()

/** What is in doubt is settled by its own reads: one that lacks it, as this, proves nothing. */
const isSuspect =
  (mirror: Mirror): Keep =>
  (key) =>
    mirror.isSuspect(key)

async function index(reader: Reader, mirror: Mirror): Promise<Result<void, AwsError>> {
  const beganAt = Date.now()
  const [loadBalancers, targetGroups, securityGroups] = await Promise.all([
    allLoadBalancers(reader),
    allTargetGroups(reader),
    securityGroupsBy(reader, [
      { Name: 'vpc-id', Values: [mirror.vpcId] },
      { Name: `tag:${clusterTag}`, Values: [mirror.clusterName] },
    ]),
  ])
  if (!loadBalancers.ok) return loadBalancers
  if (!targetGroups.ok) return targetGroups
  if (!securityGroups.ok) return securityGroups
  // Others of the VPC can't be told from ours without their tags; those of other VPCs can.
  const candidates = loadBalancers.value.filter(
    (one) => one.VpcId === mirror.vpcId && (one.Type === 'application' || one.Type === 'network'),
  )
  const groups = targetGroups.value.filter((one) => one.VpcId === mirror.vpcId)
  const tags = await tagsOf(reader, [
    ...candidates.map(({ LoadBalancerArn = '' }) => LoadBalancerArn),
    ...groups.map(({ TargetGroupArn = '' }) => TargetGroupArn),
  ])
  if (!tags.ok) return tags
  const scope = (): boolean => true
  const keep = isSuspect(mirror)
  mirror.loadBalancers.read(
    candidates
      .map((wire) => readLoadBalancer(wire, tags.value.get(wire.LoadBalancerArn ?? '') ?? {}))
      .filter((one) => mirror.owns(one)),
    { scope, beganAt, keep },
  )
  mirror.targetGroups.read(
    groups
      .map((wire) => readTargetGroup(wire, tags.value.get(wire.TargetGroupArn ?? '') ?? {}))
      .filter((one) => mirror.owns(one)),
    { scope, beganAt, keep },
  )
  mirror.securityGroups.read(securityGroups.value, { scope: (group) => mirror.owns(group), beganAt, keep })
  const certificates = await readOwnCertificates(reader, mirror)
  if (!certificates.ok) return certificates
  mirror.indexedAt = beganAt
  mirror.prune()
  return ok(undefined)
}
