/** Load balancers: wire -> ActualLoadBalancer. Subnets and security groups are sets: sorted. */
import type { LoadBalancer } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ActualLoadBalancer } from '../../model/actual.ts'
import type { Tags } from '../../model/tag.ts'

export function readLoadBalancer(wire: LoadBalancer, tags: Tags): ActualLoadBalancer {
  return {
    arn: wire.LoadBalancerArn ?? '',
    name: wire.LoadBalancerName ?? '',
    dnsName: wire.DNSName ?? '',
    canonicalHostedZoneId: wire.CanonicalHostedZoneId ?? '',
    state: wire.State?.Code ?? 'provisioning',
    type: wire.Type ?? 'application',
    scheme: wire.Scheme === 'internet-facing' ? 'internet-facing' : 'internal',
    ipAddressType: wire.IpAddressType ?? 'ipv4',
    vpcId: wire.VpcId ?? '',
    subnets: readSubnets(wire.AvailabilityZones),
    securityGroups: [...(wire.SecurityGroups ?? [])].sort(),
    tags,
    createdAt: wire.CreatedTime?.getTime() ?? 0,
    ...(wire.CustomerOwnedIpv4Pool ? { customerOwnedIpv4Pool: wire.CustomerOwnedIpv4Pool } : {}),
    ...(wire.IpamPools?.Ipv4IpamPoolId ? { ipamPool: wire.IpamPools.Ipv4IpamPoolId } : {}),
  }
}

export const readSubnets = (
  zones: readonly { SubnetId?: string | undefined }[] | undefined,
): readonly string[] => (zones ?? []).map(({ SubnetId = '' }) => SubnetId).sort()
