/** Steps on load balancers and on what is attached to them, tried. */
import type { ActualLoadBalancer, AddOns } from '../../model/actual.ts'
import { partOf } from '../add-on.ts'
import { networkLoadBalancerDefaults, loadBalancerDefaults } from '../default-attribute.ts'
import type { Name } from '../step.ts'
import { type Arm, changed, created, drop, put, refuse, resolve, type Sim } from './sim.ts'

const on = (sim: Sim, name: Name, change: (one: ActualLoadBalancer) => ActualLoadBalancer): Sim => {
  const arn = resolve(sim, name)
  return changed(sim, { loadBalancers: put(sim.actual.loadBalancers, (one) => one.arn === arn, change) })
}

const nothingAttached: AddOns = {
  capacityUnits: { value: 0 },
  webAcl: { value: '' },
  classicWebAcl: { value: '' },
  protection: { value: 'none' },
}

export const createLoadBalancer: Arm<'CreateLoadBalancer'> = (sim, step) => {
  const { ref, name, type = 'application', scheme, ipAddressType, subnets, tags, ipamPool } = step
  if (sim.actual.loadBalancers.some((one) => one.name === name)) refuse('DuplicateLoadBalancerName')
  const securityGroups = step.securityGroups.map((one) => resolve(sim, one))
  return created(sim, 'lb', ref, (arn) => ({
    loadBalancers: [
      ...sim.actual.loadBalancers,
      {
        arn,
        name,
        scheme,
        ipAddressType,
        subnets: [...subnets].sort(),
        securityGroups,
        tags,
        dnsName: `${name}.test`,
        canonicalHostedZoneId: 'Z',
        state: 'provisioning',
        type,
        vpcId: '',
        createdAt: sim.now,
        attributes: type === 'network' ? networkLoadBalancerDefaults : loadBalancerDefaults,
        ...(ipamPool === undefined ? {} : { ipamPool }),
        addOns: nothingAttached,
      },
    ],
  }))
}

export const setSecurityGroups: Arm<'SetSecurityGroups'> = (sim, { loadBalancer, securityGroups }) =>
  on(sim, loadBalancer, (one) => ({
    ...one,
    securityGroups: securityGroups.map((name) => resolve(sim, name)),
  }))

export const setSubnets: Arm<'SetSubnets'> = (sim, { loadBalancer, subnets }) =>
  on(sim, loadBalancer, (one) => ({ ...one, subnets: [...subnets].sort() }))

export const setIpAddressType: Arm<'SetIpAddressType'> = (sim, { loadBalancer, ipAddressType }) =>
  on(sim, loadBalancer, (one) => ({ ...one, ipAddressType }))

export const loadBalancerAttributes: Arm<'ModifyLoadBalancerAttributes'> = (
  sim,
  { loadBalancer, attributes },
) => on(sim, loadBalancer, (one) => ({ ...one, attributes: { ...one.attributes, ...attributes } }))

export const deleteLoadBalancer: Arm<'DeleteLoadBalancer'> = (sim, { loadBalancer }) => {
  const { loadBalancers, listeners, rules } = sim.actual
  const gone = new Set(listeners.filter((one) => one.loadBalancerArn === loadBalancer).map(({ arn }) => arn))
  return changed(sim, {
    loadBalancers: drop(loadBalancers, ({ arn }) => arn === loadBalancer),
    listeners: listeners.filter(({ arn }) => !gone.has(arn)),
    rules: rules.filter(({ listenerArn }) => !gone.has(listenerArn)),
  })
}

export const modifyIpPools: Arm<'ModifyIpPools'> = (sim, { loadBalancer, ipamPool }) =>
  on(sim, loadBalancer, ({ ipamPool: _before, ...one }) => (ipamPool === '' ? one : { ...one, ipamPool }))

const attach = (sim: Sim, name: Name, addOns: AddOns): Sim =>
  on(sim, name, (one) => ({ ...one, addOns: { ...one.addOns, ...addOns } }))

export const capacity: Arm<'ModifyCapacityReservation'> = (sim, { loadBalancer, capacityUnits }) =>
  attach(sim, loadBalancer, { capacityUnits: { value: capacityUnits } })

export const associate: Arm<'AssociateWebACL'> = (sim, call) =>
  attach(sim, call.loadBalancer, { [partOf(call)]: { value: call.webAcl } })

export const disassociate: Arm<'DisassociateWebACL'> = (sim, call) =>
  attach(sim, call.loadBalancer, { [partOf(call)]: { value: '' } })

export const protect: Arm<'CreateProtection'> = (sim, { loadBalancer, name }) =>
  attach(sim, loadBalancer, {
    protection: { value: { id: `protection-${resolve(sim, loadBalancer)}`, name } },
  })

export const unprotect: Arm<'DeleteProtection'> = (sim, { loadBalancer }) =>
  attach(sim, loadBalancer, { protection: { value: 'none' } })
