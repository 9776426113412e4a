/** CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer. */
import type {
  CreateLoadBalancerInput,
  CreateLoadBalancerOutput,
  DeleteLoadBalancerInput,
  DeleteLoadBalancerOutput,
  DescribeLoadBalancersInput,
  DescribeLoadBalancersOutput,
  LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account, LoadBalancerRecord } from '../account.ts'
import { createInterfaces, releaseInterfaces } from '../ec2/network-interface.ts'
import type { Context } from '../service.ts'
import { removeTags, setTags } from '../tag.ts'
import { checkArn, interfaceOwner, loadBalancerArn } from './arn.ts'
import { compact } from './compact.ts'
import { removeListener } from './listener-removal.ts'
import { newLoadBalancerAttributes } from './load-balancer-attribute.ts'
import { listenersOf, loadBalancerOf, missing, seen, seenOrMissing } from './lookup.ts'
import { checkLoadBalancerName } from './name.ts'
import { page } from './page.ts'
import { refuseRegistered } from './target-load-balancer.ts'
import { checkPools, checkSubnets, securityGroupsOf, subnetsOf, zonesOf } from './placement.ts'
import { quota } from './quota.ts'
import { among, constraint, invalid, refuse } from './refuse.ts'
import { settleUse } from './association.ts'
import { checkTags } from './tag.ts'

const maxArns = 20
/** Of the load balancers' own domain in each region; one made-up zone serves the regions not listed. */
const hostedZones: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Z14GRHDCWA56QT',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-west-2': 'Z1H1FL5HABSF5',
}

/** Of the network load balancers' own domain. */
const networkHostedZones: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Z31USIVHYNEOWT',
  'ap-southeast-1': 'ZKVM4W9LS7TM',
  'ap-southeast-2': 'ZCT6FZBF4DROD',
  'eu-central-1': 'Z3F0SRJ5LGBH90',
  'eu-west-1': 'Z2IFOLAFXWLO4F',
  'eu-west-2': 'ZD4D7Y8KGAS4G',
  'us-east-1': 'Z26RNL4JYFTOTI',
  'us-east-2': 'ZLMOA37VPKANP',
  'us-west-2': 'Z18D5FSROUN65G',
}

/** As it is now: `State` follows from the clock. */
function loadBalancerNow(record: LoadBalancerRecord, now: number): LoadBalancer {
  return { ...record.wire, State: { Code: now >= record.activeAt ? 'active' : 'provisioning' } }
}

export function createLoadBalancer(
  input: CreateLoadBalancerInput,
  context: Context,
): CreateLoadBalancerOutput {
  const { account, now } = context
  const wanted = wantedLoadBalancer(input, account)
  checkTags(context, input.Tags)
  const existing = named(account, wanted.LoadBalancerName)
  if (existing) {
    if (!sameLoadBalancer(existing.wire, wanted))
      refuse(
        'DuplicateLoadBalancerName',
        `A load balancer with the same name '${input.Name ?? ''}' exists, but with different settings`,
      )
    return { LoadBalancers: [loadBalancerNow(existing, now)] }
  }
  const { Type: type } = wanted
  const alike = [...account.loadBalancers.values()].filter(({ wire }) => wire.Type === type).length
  if (alike >= quota(account, type === 'network' ? 'network-load-balancers' : 'application-load-balancers'))
    refuse('TooManyLoadBalancers', 'The maximum number of load balancers has been reached')
  const record = newRecord(wanted, context)
  createInterfaces(context, {
    owner: interfaceOwner(record.arn),
    subnets: (wanted.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
    groups: wanted.SecurityGroups ?? [],
  })
  account.loadBalancers.set(record.arn, record)
  setTags(account, record.arn, input.Tags)
  account.changed()
  return { LoadBalancers: [record.wire] }
}

function wantedLoadBalancer(input: CreateLoadBalancerInput, account: Account): LoadBalancer {
  checkLoadBalancerName(input.Name)
  const { Scheme: scheme = 'internet-facing', IpAddressType: ipAddressType = 'ipv4' } = input
  among('scheme', scheme, ['internet-facing', 'internal'])
  among('type', input.Type, ['application', 'network', 'gateway'])
  const { Type: type = 'application' } = input
  if (type === 'gateway') invalid(`Load balancers of type '${type}' are not offered here`)
  const subnets = subnetsOf(account, input, { type, scheme })
  checkSubnets(account, subnets, { type, scheme, ipAddressType })
  checkPools(input, subnets, scheme)
  const vpcId = subnets[0]?.VpcId
  return compact<LoadBalancer>({
    LoadBalancerName: input.Name,
    Scheme: scheme,
    VpcId: vpcId,
    Type: type,
    AvailabilityZones: zonesOf(account, subnets, input.SubnetMappings),
    SecurityGroups: securityGroupsOf(account, vpcId, input.SecurityGroups, type),
    IpAddressType: ipAddressType,
    IpamPools: input.IpamPools,
    CustomerOwnedIpv4Pool: input.CustomerOwnedIpv4Pool,
  })
}

function newRecord(wanted: LoadBalancer, { account, ids, timing, now }: Context): LoadBalancerRecord {
  const { LoadBalancerName: name = '', Scheme, Type } = wanted
  const network = Type === 'network'
  const id = ids.hex('loadbalancer', 16)
  const arn = loadBalancerArn(account, network ? 'net' : 'app', name, id)
  const internal = Scheme === 'internal'
  const { region } = account
  const host = (): string => `${internal ? 'internal-' : ''}${name}-${ids.digits('loadbalancer')}`
  return {
    arn,
    wire: {
      LoadBalancerArn: arn,
      DNSName: network
        ? `${name}-${id}.elb.${region}.amazonaws.com`
        : `${host()}.${region}.elb.amazonaws.com`,
      CanonicalHostedZoneId: (network ? networkHostedZones : hostedZones)[region] ?? 'Z35SXDOTRQ7X7K',
      CreatedTime: new Date(now),
      State: { Code: 'provisioning' },
      ...wanted,
    },
    attributes: newLoadBalancerAttributes(Type, internal),
    createdAt: now,
    activeAt: now + timing.loadBalancerActiveMs,
  }
}

function named(account: Account, name: string | undefined): LoadBalancerRecord | undefined {
  return [...account.loadBalancers.values()].find(({ wire }) => wire.LoadBalancerName === name)
}

/** Whether AWS compares the tags too is not known: they are not compared here. */
function sameLoadBalancer(a: LoadBalancer, b: LoadBalancer): boolean {
  const settings = (wire: LoadBalancer): string =>
    JSON.stringify([
      wire.Scheme,
      wire.Type,
      wire.IpAddressType,
      wire.IpamPools?.Ipv4IpamPoolId,
      (wire.AvailabilityZones ?? []).map(({ SubnetId = '' }) => SubnetId).sort(),
      [...(wire.SecurityGroups ?? [])].sort(),
    ])
  return settings(a) === settings(b)
}

export function describeLoadBalancers(
  input: DescribeLoadBalancersInput,
  context: Context,
): DescribeLoadBalancersOutput {
  const { items, NextMarker } = page(selected(input, context), input, ({ arn }) => arn)
  return { LoadBalancers: items.map((record) => loadBalancerNow(record, context.now)), NextMarker }
}

function selected(input: DescribeLoadBalancersInput, context: Context): LoadBalancerRecord[] {
  const { account } = context
  const { LoadBalancerArns: arns = [], Names: names = [] } = input
  if (arns.length > 0 && names.length > 0)
    invalid('Load balancer names and load balancer ARNs cannot be specified at the same time')
  if (arns.length > maxArns)
    constraint('loadBalancerArns', `[${arns.length}]`, `have length less than or equal to ${maxArns}`)
  if (arns.length > 0)
    return arns.map((arn) => seenOrMissing(context, 'load balancer', loadBalancerOf(context, arn)))
  if (names.length > 0)
    return names.map((name) =>
      seenOrMissing(context, 'load balancer', named(account, name) ?? missing('load balancer')),
    )
  return [...account.loadBalancers.values()].filter((record) => seen(context, record))
}

export function deleteLoadBalancer(
  input: DeleteLoadBalancerInput,
  context: Context,
): DeleteLoadBalancerOutput {
  const { account } = context
  const record = account.loadBalancers.get(checkArn('load balancer', input.LoadBalancerArn))
  if (!record) return {}
  if (record.attributes.get('deletion_protection.enabled') === 'true')
    refuse(
      'OperationNotPermitted',
      `Load balancer '${record.arn}' cannot be deleted because deletion protection is enabled`,
    )
  refuseRegistered(context, record)
  const touched = listenersOf(context, record.arn).flatMap((listener) => removeListener(context, listener))
  account.loadBalancers.delete(record.arn)
  account.webAclAssociations.delete(record.arn)
  account.classicWebAclAssociations.delete(record.arn)
  removeTags(account, record.arn)
  settleUse(context, touched)
  releaseInterfaces(context, interfaceOwner(record.arn))
  account.changed()
  return {}
}
