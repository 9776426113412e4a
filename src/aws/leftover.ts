/** The last look before a finalizer leaves: is anything of the stack in AWS that the mirror does not know of? */
import { ok, type Result } from '../lib/result.ts'
import type { AwsError } from '../model/aws-error.ts'
import { clusterTag, stackTag } from '../model/tag.ts'
import { readLoadBalancer } from './codec/load-balancer.ts'
import type { Mirror } from './mirror.ts'
import { readOwnCertificates } from './own-certificate.ts'
import { allLoadBalancers, type Reader, securityGroupsBy, tagsOf } from './read.ts'

export type Stack = {
  readonly stack: string
  /** What a load balancer of it would be called, but for the hash at the end, which may be another. */
  readonly names: readonly string[]
  readonly clusterName: string
  readonly vpcId: string
  /** Its security group was deleted just now, after a fresh read. */
  readonly groupsAreGone: boolean
}

/** By tag and by name; what is found is in the mirror then. True: something is left. */
export async function leftover(
  reader: Reader,
  mirror: Mirror,
  { stack, names, clusterName, vpcId, groupsAreGone }: Stack,
): Promise<Result<boolean, AwsError>> {
  const beganAt = Date.now()
  const groups = groupsAreGone
    ? ok([])
    : await securityGroupsBy(reader, [
        { Name: 'vpc-id', Values: [vpcId] },
        { Name: `tag:${clusterTag}`, Values: [clusterName] },
        { Name: `tag:${stackTag}`, Values: [stack] },
      ])
  if (!groups.ok) return groups
  // One page of all: asking by names that nothing has would take a refused call for each.
  const all = await allLoadBalancers(reader)
  if (!all.ok) return all
  const starts = new Set(names.map(withoutHash))
  const named = all.value.filter(({ LoadBalancerName = '' }) => starts.has(withoutHash(LoadBalancerName)))
  const tags = await tagsOf(
    reader,
    named.map(({ LoadBalancerArn = '' }) => LoadBalancerArn),
  )
  if (!tags.ok) return tags
  const loadBalancers = named
    .map((wire) => readLoadBalancer(wire, tags.value.get(wire.LoadBalancerArn ?? '') ?? {}))
    .filter((one) => mirror.owns(one) && one.tags[stackTag] === stack)
  const certificates = await readOwnCertificates(reader, mirror)
  if (!certificates.ok) return certificates
  const own = mirror.certificates.of(clusterName, stack)
  // Nothing but what was read is touched: the scope of both reads is empty.
  const scope = (): boolean => false
  mirror.securityGroups.read(groups.value, { scope, beganAt })
  mirror.loadBalancers.read(loadBalancers, { scope, beganAt })
  return ok(groups.value.length + loadBalancers.length + own.length > 0)
}

const withoutHash = (name: string): string => name.replace(/-[0-9a-f]{10}$/, '')
