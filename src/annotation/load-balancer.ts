/** Annotations about the load balancer: all members of a group share in them. */
import { annotation } from './define.ts'
import { bool, list, map, oneOf, text } from './parser.ts'

export const scheme = annotation('scheme', {
  parse: oneOf(['internal', 'internet-facing'], (raw) => `unknown scheme: ${raw}`),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: '`--default-load-balancer-scheme`',
  params: 'scheme',
  doc: 'Where the load balancer can be reached from. Changing it replaces the load balancer.',
  example: 'internet-facing',
  call: 'elbv2:CreateLoadBalancer',
})
export const ipAddressType = annotation('ip-address-type', {
  parse: oneOf(
    ['ipv4', 'dualstack', 'dualstack-without-public-ipv4'],
    (raw) => `unknown IPAddressType: ${raw}`,
  ),
  on: ['Ingress'],
  merge: 'exclusive',
  default: 'ipv4',
  params: 'ipAddressType',
  doc: 'Which address families the load balancer has.',
  example: 'dualstack',
  call: 'elbv2:SetIpAddressType',
})
export const loadBalancerName = annotation('load-balancer-name', {
  parse: text('at most 32 characters'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'generated',
  params: 'loadBalancerName',
  doc: 'The name of the load balancer. Counts at creation only.',
  example: 'custom-name',
  call: 'elbv2:CreateLoadBalancer',
})
export const subnets = annotation('subnets', {
  parse: list('subnet ids or values of the `Name` tag'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'discovered by tag',
  params: 'subnets',
  doc: 'The subnets of the load balancer, one per availability zone.',
  example: 'subnet-0aa1, my-subnet',
  call: 'elbv2:SetSubnets',
})
export const securityGroups = annotation('security-groups', {
  parse: list('security group ids or values of the `Name` tag'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'one that the controller manages',
  doc: 'The security groups of the load balancer, in place of a managed one.',
  example: 'sg-0aa1, my-security-group',
  call: 'elbv2:SetSecurityGroups',
})
export const manageBackendSecurityGroupRules = annotation('manage-backend-security-group-rules', {
  parse: bool,
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: '`--enable-manage-backend-security-group-rules`',
  doc: 'With security groups of your own: whether the controller opens the targets to the load balancer.',
  example: 'true',
  call: 'ec2:AuthorizeSecurityGroupIngress',
})
export const loadBalancerAttributes = annotation('load-balancer-attributes', {
  parse: map(),
  on: ['Ingress'],
  merge: 'merge',
  default: {},
  params: 'loadBalancerAttributes',
  doc: 'Attributes of the load balancer. What is not stated is left as it is.',
  example: 'idle_timeout.timeout_seconds=600,deletion_protection.enabled=true',
  call: 'elbv2:ModifyLoadBalancerAttributes',
})
export const tags = annotation('tags', {
  parse: map(),
  on: ['Ingress', 'Service'],
  merge: 'merge',
  default: {},
  params: 'tags',
  doc: 'Tags of everything made for this Ingress; on a Service, of its target groups.',
  example: 'env=dev,team=shop',
  call: 'elbv2:AddTags',
})
export const customerOwnedIpv4Pool = annotation('customer-owned-ipv4-pool', {
  parse: text('the id of a pool'),
  on: ['Ingress'],
  merge: 'exclusive',
  doc: 'The customer-owned address pool, on Outposts.',
  example: 'ipv4pool-coip-0aa1',
  call: 'elbv2:CreateLoadBalancer',
})
export const ipamIpv4PoolId = annotation('ipam-ipv4-pool-id', {
  parse: text('the id of a pool'),
  on: ['Ingress'],
  merge: 'exclusive',
  params: 'ipamConfiguration.ipv4IPAMPoolId',
  doc: 'The IPAM pool from which public addresses come.',
  example: 'ipam-pool-0aa1',
  call: 'elbv2:ModifyIpPools',
})
export const minimumLoadBalancerCapacity = annotation('minimum-load-balancer-capacity', {
  parse: map('CapacityUnits=<number>'),
  on: ['Ingress'],
  merge: 'merge',
  params: 'minimumLoadBalancerCapacity',
  doc: 'Capacity that is reserved; 0 ends the reservation.',
  example: 'CapacityUnits=3000',
  call: 'elbv2:ModifyCapacityReservation',
})
