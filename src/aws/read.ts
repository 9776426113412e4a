/** Describe calls, all pages of each, as the model's own types. Nothing here remembers anything. */
import {
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTrustStoresCommand,
  DescribeTargetHealthCommand,
  type Listener,
  type LoadBalancer,
  type Rule,
  type TargetGroup,
  type TrustStore,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { DescribeSecurityGroupsCommand, type Filter } from '@aws-sdk/client-ec2'
import { chunks } from '../lib/chunks.ts'
import { fail, ok, type Result } from '../lib/result.ts'
import type { ActualSecurityGroup, Target } from '../model/actual.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { Tags } from '../model/tag.ts'
import type { Aws, SendOptions } from './client.ts'
import { readSniCertificates } from './codec/listener.ts'
import { isDefaultRule } from './codec/rule.ts'
import { readSecurityGroup } from './codec/security-group.ts'
import { readTags } from './codec/tag.ts'
import { readTargets } from './codec/target-group.ts'

export type Reader = { readonly aws: Pick<Aws, 'send'>; readonly options: SendOptions }
type Read<T> = Promise<Result<T, AwsError>>

/** AWS refuses more ARNs in one call. */
export const arnsPerCall = 20
const pageSize = 400

type Page<T> = { readonly items: readonly T[]; readonly next: string | undefined }

async function pages<T>(
  page: (marker: { Marker?: string }) => Promise<Result<Page<T>, AwsError>>,
): Read<T[]> {
  const all: T[] = []
  let marker: string | undefined
  do {
    const read = await page(marker === undefined ? {} : { Marker: marker })
    if (!read.ok) return read
    all.push(...read.value.items)
    marker = read.value.next === '' ? undefined : read.value.next
  } while (marker !== undefined)
  return ok(all)
}

const map = <T, U>(result: Result<T, AwsError>, change: (value: T) => U): Result<U, AwsError> =>
  result.ok ? ok(change(result.value)) : result

/** Something that is not there is no failure of a read that names it. */
const orEmpty = <T>(result: Result<T[], AwsError>): Result<T[], AwsError> =>
  !result.ok && result.error.kind === 'notFound' ? ok([]) : result

/** One call for all; where AWS refuses the whole for one that is gone, each alone. */
async function each<T>(
  names: readonly string[],
  read: (some: string[]) => Promise<Result<T[], AwsError>>,
): Read<T[]> {
  const all: T[] = []
  for (const some of chunks(names, arnsPerCall)) {
    const together = await read(some)
    if (together.ok) all.push(...together.value)
    else if (together.error.kind !== 'notFound') return together
    else if (some.length > 1)
      for (const one of some) {
        const alone = orEmpty(await read([one]))
        if (!alone.ok) return alone
        all.push(...alone.value)
      }
  }
  return ok(all)
}

const loadBalancerPages = (
  { aws, options }: Reader,
  input: { LoadBalancerArns?: string[]; Names?: string[]; PageSize?: number },
): Read<LoadBalancer[]> =>
  pages(async (marker) =>
    map(await aws.send(new DescribeLoadBalancersCommand({ ...input, ...marker }), options), (output) => ({
      items: output.LoadBalancers ?? [],
      next: output.NextMarker,
    })),
  )
export const allLoadBalancers = (reader: Reader): Read<LoadBalancer[]> =>
  loadBalancerPages(reader, { PageSize: pageSize })
export const loadBalancersByArn = (reader: Reader, arns: readonly string[]): Read<LoadBalancer[]> =>
  each(arns, (some) => loadBalancerPages(reader, { LoadBalancerArns: some }))
export const loadBalancersByName = (reader: Reader, names: readonly string[]): Read<LoadBalancer[]> =>
  each(names, (some) => loadBalancerPages(reader, { Names: some }))

const targetGroupPages = (
  { aws, options }: Reader,
  input: { TargetGroupArns?: string[]; Names?: string[]; LoadBalancerArn?: string; PageSize?: number },
): Read<TargetGroup[]> =>
  pages(async (marker) =>
    map(await aws.send(new DescribeTargetGroupsCommand({ ...input, ...marker }), options), (output) => ({
      items: output.TargetGroups ?? [],
      next: output.NextMarker,
    })),
  )
export const allTargetGroups = (reader: Reader): Read<TargetGroup[]> =>
  targetGroupPages(reader, { PageSize: pageSize })
export const targetGroupsByArn = (reader: Reader, arns: readonly string[]): Read<TargetGroup[]> =>
  each(arns, (some) => targetGroupPages(reader, { TargetGroupArns: some }))
export const targetGroupsByName = (reader: Reader, names: readonly string[]): Read<TargetGroup[]> =>
  each(names, (some) => targetGroupPages(reader, { Names: some }))

/** A region has few. */
export const allTrustStores = ({ aws, options }: Reader): Read<TrustStore[]> =>
  pages(async (marker) =>
    map(
      await aws.send(new DescribeTrustStoresCommand({ PageSize: pageSize, ...marker }), options),
      (output) => ({
        items: output.TrustStores ?? [],
        next: output.NextMarker,
      }),
    ),
  )

const listenerPages = (
  { aws, options }: Reader,
  input: { LoadBalancerArn: string } | { ListenerArns: string[] },
): Read<Listener[]> =>
  pages(async (marker) =>
    map(await aws.send(new DescribeListenersCommand({ ...input, ...marker }), options), (output) => ({
      items: output.Listeners ?? [],
      next: output.NextMarker,
    })),
  )
export const listenersOf = async (reader: Reader, loadBalancerArn: string): Read<Listener[]> =>
  orEmpty(await listenerPages(reader, { LoadBalancerArn: loadBalancerArn }))
export const listenersByArn = (reader: Reader, arns: readonly string[]): Read<Listener[]> =>
  each(arns, (some) => listenerPages(reader, { ListenerArns: some }))

/** Without the default rule. */
export const rulesOf = async ({ aws, options }: Reader, listenerArn: string): Read<Rule[]> =>
  orEmpty(
    await pages(async (marker) =>
      map(
        await aws.send(new DescribeRulesCommand({ ListenerArn: listenerArn, ...marker }), options),
        (output) => ({
          items: (output.Rules ?? []).filter((rule) => !isDefaultRule(rule)),
          next: output.NextMarker,
        }),
      ),
    ),
  )

/** The SNI list of an HTTPS listener; HTTP has none. */
export const sniCertificatesOf = async ({ aws, options }: Reader, listener: Listener): Read<string[]> =>
  listener.Protocol !== 'HTTPS'
    ? ok([])
    : orEmpty(
        await pages(async (marker) =>
          map(
            await aws.send(
              new DescribeListenerCertificatesCommand({
                ListenerArn: listener.ListenerArn ?? '',
                ...marker,
              }),
              options,
            ),
            (output) => ({ items: readSniCertificates(output.Certificates), next: output.NextMarker }),
          ),
        ),
      )

/** Those that are gone are absent in the answer. */
export async function tagsOf(reader: Reader, arns: readonly string[]): Read<Map<string, Tags>> {
  const read = await each(arns, async (some) =>
    map(await reader.aws.send(new DescribeTagsCommand({ ResourceArns: some }), reader.options), (output) =>
      (output.TagDescriptions ?? []).map(({ ResourceArn = '', Tags: tags }): [string, Tags] => [
        ResourceArn,
        readTags(tags),
      ]),
    ),
  )
  return read.ok ? ok(new Map(read.value)) : read
}

export async function securityGroupsBy(
  { aws, options }: Reader,
  filters: readonly Filter[],
): Read<ActualSecurityGroup[]> {
  const all: ActualSecurityGroup[] = []
  let token: string | undefined
  do {
    const read = await aws.send(
      new DescribeSecurityGroupsCommand({
        Filters: [...filters],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      options,
    )
    if (!read.ok) return fail(read.error)
    all.push(...(read.value.SecurityGroups ?? []).map(readSecurityGroup))
    token = read.value.NextToken === '' ? undefined : read.value.NextToken
  } while (token !== undefined)
  return ok(all)
}

export const targetsOf = async ({ aws, options }: Reader, targetGroupArn: string): Read<readonly Target[]> =>
  map(
    await aws.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), options),
    (output) => readTargets(output.TargetHealthDescriptions),
  )
