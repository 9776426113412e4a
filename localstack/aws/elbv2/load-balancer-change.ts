/** SetSubnets, SetSecurityGroups, SetIpAddressType, ModifyIpPools. */
import type { Subnet } from '@aws-sdk/client-ec2'
import type {
  LoadBalancer,
  ModifyIpPoolsInput,
  ModifyIpPoolsOutput,
  SetIpAddressTypeInput,
  SetIpAddressTypeOutput,
  SetSecurityGroupsInput,
  SetSecurityGroupsOutput,
  SetSubnetsInput,
  SetSubnetsOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { LoadBalancerRecord } from '../account.ts'
import { createInterfaces, releaseInterfaces, setGroups } from '../ec2/network-interface.ts'
import type { Context } from '../service.ts'
import { interfaceOwner } from './arn.ts'
import { loadBalancerOf } from './lookup.ts'
import {
  checkIpAddressType,
  checkIpamPool,
  checkSubnets,
  securityGroupsOf,
  subnetsOf,
  zonesOf,
} from './placement.ts'
import { invalid, refuse } from './refuse.ts'

function subnetIds(wire: LoadBalancer): string[] {
  return (wire.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? [])
}

/** That zones can't be changed before it is active is documented; AWS's own words for it are not known. */
function checkActive(record: LoadBalancerRecord, now: number): void {
  if (now < record.activeAt)
    refuse('InvalidConfigurationRequest', `Load balancer '${record.arn}' must be in the active state`)
}

export function setSubnets(input: SetSubnetsInput, context: Context): SetSubnetsOutput {
  const { account, now } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  checkActive(record, now)
  const { wire } = record
  const before = subnetIds(wire)
  const { Type: type, Scheme: scheme = 'internet-facing' } = wire
  const subnets = subnetsOf(account, input, { type, scheme })
  const ipAddressType = input.IpAddressType ?? wire.IpAddressType ?? 'ipv4'
  checkSubnets(account, subnets, {
    type,
    scheme,
    ipAddressType,
    standing: before,
  })
  if (subnets[0]?.VpcId !== wire.VpcId)
    refuse('InvalidConfigurationRequest', `The subnets must belong to VPC '${wire.VpcId ?? ''}'`)
  const after = subnets.flatMap(({ SubnetId }) => SubnetId ?? [])
  const owner = interfaceOwner(record.arn)
  createInterfaces(context, {
    owner,
    subnets: after.filter((id) => !before.includes(id)),
    groups: wire.SecurityGroups ?? [],
  })
  releaseInterfaces(
    context,
    owner,
    before.filter((id) => !after.includes(id)),
  )
  record.wire = {
    ...wire,
    AvailabilityZones: zonesOf(account, subnets, input.SubnetMappings),
    IpAddressType: ipAddressType,
  }
  account.changed()
  return { AvailabilityZones: record.wire.AvailabilityZones, IpAddressType: ipAddressType }
}

export function setSecurityGroups(input: SetSecurityGroupsInput, context: Context): SetSecurityGroupsOutput {
  const { account } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  if (!input.SecurityGroups?.length) invalid('At least one security group must be specified')
  const { VpcId, Type, SecurityGroups: before = [] } = record.wire
  if (Type === 'network' && before.length === 0)
    refuse(
      'InvalidConfigurationRequest',
      'Security groups cannot be set on a network load balancer that was created without any',
    )
  const groups = securityGroupsOf(account, VpcId, input.SecurityGroups, Type)
  record.wire = { ...record.wire, SecurityGroups: groups }
  setGroups(context, interfaceOwner(record.arn), groups)
  account.changed()
  return { SecurityGroupIds: groups }
}

export function setIpAddressType(input: SetIpAddressTypeInput, context: Context): SetIpAddressTypeOutput {
  const { account } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  const type = input.IpAddressType ?? 'ipv4'
  const subnets: Subnet[] = subnetIds(record.wire).flatMap((id) => account.subnets.get(id) ?? [])
  checkIpAddressType(subnets, type, record.wire.Type)
  record.wire = { ...record.wire, IpAddressType: type }
  account.changed()
  return { IpAddressType: type }
}

export function modifyIpPools(input: ModifyIpPoolsInput, context: Context): ModifyIpPoolsOutput {
  const { account } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  const pool = input.IpamPools?.Ipv4IpamPoolId
  const remove = input.RemoveIpamPools ?? []
  checkIpamPool(pool, record.wire.Scheme ?? 'internet-facing')
  if ((pool !== undefined) === remove.length > 0)
    invalid('Specify either the IPAM pools to use or those to remove')
  const { IpamPools: _, ...rest } = record.wire
  record.wire = pool === undefined ? rest : { ...rest, IpamPools: { Ipv4IpamPoolId: pool } }
  account.changed()
  return { IpamPools: record.wire.IpamPools }
}
