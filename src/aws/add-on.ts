/** What is attached to load balancers, into the mirror: read where somebody states it, and then again by slow sweeps. */
import { DescribeCapacityReservationCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ok, type Result } from '../lib/result.ts'
import type { AddOn, AddOnValues, Protection } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { WebAcl } from '../model/facts.ts'
import type { Mirror } from './mirror.ts'
import type { Reader } from './read.ts'

type Read<T> = Promise<Result<T, AwsError>>

const readers: { readonly [P in AddOn]: (reader: Reader, arn: string) => Read<AddOnValues[P]> } = {
  capacityUnits: async ({ aws, options }, LoadBalancerArn) => {
    const read = await aws.send(new DescribeCapacityReservationCommand({ LoadBalancerArn }), options)
    return read.ok ? ok(read.value.MinimumLoadBalancerCapacity?.CapacityUnits ?? 0) : read
  },
  webAcl: async ({ aws, options }, ResourceArn) => {
    const { GetWebACLForResourceCommand } = await import('@aws-sdk/client-wafv2')
    const read = await aws.send(new GetWebACLForResourceCommand({ ResourceArn }), options)
    return read.ok ? ok(read.value.WebACL?.ARN ?? '') : read
  },
  classicWebAcl: async ({ aws, options }, ResourceArn) => {
    const { GetWebACLForResourceCommand } = await import('./waf-regional.ts')
    const read = await aws.send(new GetWebACLForResourceCommand({ ResourceArn }), options)
    return read.ok ? ok(read.value.WebACLSummary?.WebACLId ?? '') : read
  },
  protection: async ({ aws, options }, ResourceArn) => {
    const { DescribeProtectionCommand } = await import('@aws-sdk/client-shield')
    const read = await aws.send(new DescribeProtectionCommand({ ResourceArn }), options)
    if (!read.ok) return read.error.code === 'ResourceNotFoundException' ? ok('none') : read
    const { Id: id = '', Name: name = '' } = read.value.Protection ?? {}
    return ok<Protection>({ id, name })
  },
}

/** Known for a while: what passes by itself is no refusal. A region without WAF classic has no such host. */
const isRefusal = ({ kind, code }: AwsError): boolean =>
  code === 'ENOTFOUND' || kind === 'denied' || kind === 'invalid' || kind === 'notFound'

export async function readAddOn<P extends AddOn>(
  reader: Reader,
  mirror: Mirror,
  arn: string,
  part: P,
): Read<AddOnValues[P]> {
  const beganAt = Date.now()
  const read = await readers[part](reader, arn)
  if (read.ok) mirror.addOns.read(arn, part, { value: read.value }, beganAt)
  else if (isRefusal(read.error)) mirror.addOns.read(arn, part, { refused: read.error, at: beganAt }, beganAt)
  return read
}

/** WAF takes one read a second for the whole account: a sweep makes no more than this, and the next one goes on from there. */
const perSweep = 60

/** Those that somebody stated; no others ever. What can't be read now is read by a later sweep. */
export async function refreshAddOns(reader: Reader, mirror: Mirror): Promise<void> {
  const due = mirror.loadBalancers
    .values()
    .flatMap(({ arn, addOns = {} }) => (Object.keys(addOns) as AddOn[]).map((part) => ({ arn, part })))
    .sort((a, b) => mirror.addOns.knownAt(a.arn, a.part) - mirror.addOns.knownAt(b.arn, b.part))
  for (const { arn, part } of due.slice(0, perSweep)) {
    const read = await readAddOn(reader, mirror, arn, part)
    if (!read.ok && !isRefusal(read.error)) return
  }
}

/** All regional web ACLs of WAFv2. */
export async function readWebAcls({ aws, options }: Reader): Read<readonly WebAcl[]> {
  const { ListWebACLsCommand } = await import('@aws-sdk/client-wafv2')
  const all: WebAcl[] = []
  let marker: string | undefined
  do {
    const page = marker === undefined ? {} : { NextMarker: marker }
    const read = await aws.send(new ListWebACLsCommand({ Scope: 'REGIONAL', Limit: 100, ...page }), options)
    if (!read.ok) return read
    const acls = read.value.WebACLs ?? []
    all.push(...acls.map(({ ARN: arn = '', Name: name = '' }) => ({ arn, name })))
    // WAF gives a marker with the last page, too.
    marker = acls.length === 0 ? undefined : read.value.NextMarker
  } while (marker !== undefined)
  return ok(all)
}

/** Whether the account has an active subscription of Shield Advanced. */
export async function readShieldSubscribed({ aws, options }: Reader): Read<boolean> {
  const { GetSubscriptionStateCommand } = await import('@aws-sdk/client-shield')
  const read = await aws.send(new GetSubscriptionStateCommand({}), options)
  return read.ok ? ok(read.value.SubscriptionState === 'ACTIVE') : read
}
