// Network load balancers: what they are made of, what AWS refuses, and application load balancers as their targets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interfacesOf } from '../../../localstack/aws/ec2/network-interface.ts'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import {
  forward,
  listener,
  loadBalancer,
  newWorld,
  notFound,
  refused,
  targetGroup,
  type World,
} from './world.ts'

const network = (world: World, more: object = {}): string =>
  loadBalancer(world, { Name: 'web-nlb', Type: 'network', ...more })
const fronting = (world: World, more: object = {}): string =>
  targetGroup(world, { Name: 'front', Protocol: 'TCP', Port: 80, TargetType: 'alb', ...more })
const tcp = (world: World, arn: string, group: string, more: object = {}): string =>
  listener(world, arn, { Protocol: 'TCP', DefaultActions: [forward(group)], ...more })
const register = (world: World, group: string, id: string, more: object = {}): unknown =>
  world.call('RegisterTargets', { TargetGroupArn: group, Targets: [{ Id: id, ...more }] })
const states = (world: World, group: string): string[] =>
  world
    .call('DescribeTargetHealth', { TargetGroupArn: group })
    .TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth.State)

test('a network load balancer: its ARN, name, zone, addresses, attributes, and no security group unless given', () => {
  const world = newWorld()
  const [one = '', two = ''] = world.vpc.publicSubnets
  world.account.addresses.set('eipalloc-1', { AllocationId: 'eipalloc-1', PublicIp: '198.51.100.1' })
  const made = world.call('CreateLoadBalancer', {
    Name: 'web-nlb',
    Type: 'network',
    SubnetMappings: [{ SubnetId: one, AllocationId: 'eipalloc-1' }],
  })
  const [wire] = made.LoadBalancers
  const [, id = ''] = /:loadbalancer\/net\/web-nlb\/([0-9a-f]{16})$/.exec(wire.LoadBalancerArn) ?? []
  assert.equal(wire.DNSName, `web-nlb-${id}.elb.eu-west-1.amazonaws.com`)
  assert.deepEqual(
    [wire.Type, wire.SecurityGroups, wire.CanonicalHostedZoneId],
    ['network', [], 'Z2IFOLAFXWLO4F'],
  )
  assert.deepEqual(wire.AvailabilityZones[0].LoadBalancerAddresses, [
    { IpAddress: '198.51.100.1', AllocationId: 'eipalloc-1' },
  ])
  const [eni] = interfacesOf(world.account, wire.LoadBalancerArn.split(':loadbalancer/')[1] ?? '')
  assert.equal(eni?.wire.InterfaceType, 'network_load_balancer')
  const { Attributes } = world.call('DescribeLoadBalancerAttributes', {
    LoadBalancerArn: wire.LoadBalancerArn,
  })
  assert.deepEqual(
    Attributes.filter(({ Key }: { Key: string }) => /cross_zone|routing_policy|idle/.test(Key)),
    [
      { Key: 'load_balancing.cross_zone.enabled', Value: 'false' },
      { Key: 'dns_record.client_routing_policy', Value: 'any_availability_zone' },
    ],
  )
  refused(
    () =>
      world.call('SetSecurityGroups', {
        LoadBalancerArn: wire.LoadBalancerArn,
        SecurityGroups: [world.vpc.nodeSecurityGroup],
      }),
    'InvalidConfigurationRequest',
    /without any/,
  )
  const set = world.call('SetSubnets', { LoadBalancerArn: wire.LoadBalancerArn, Subnets: [one, two] })
  assert.equal(set.AvailabilityZones.length, 2)
})

test('refused network load balancers, listeners and target groups', () => {
  const world = newWorld()
  const [one = ''] = world.vpc.publicSubnets
  const elastic = [{ SubnetId: one, AllocationId: 'eipalloc-1' }]
  refused(() => network(world, { Subnets: undefined, SubnetMappings: elastic }), 'AllocationIdNotFound')
  world.account.addresses.set('eipalloc-1', { AllocationId: 'eipalloc-1' })
  refused(
    () => network(world, { Scheme: 'internal', Subnets: undefined, SubnetMappings: elastic }),
    'InvalidConfigurationRequest',
    /internet-facing/,
  )
  refused(
    () => loadBalancer(world, { Subnets: undefined, SubnetMappings: elastic }),
    'ValidationError',
    /application/,
  )
  refused(
    () => network(world, { IpAddressType: 'dualstack-without-public-ipv4' }),
    'ValidationError',
    /IP address type/,
  )
  const arn = network(world)
  const group = fronting(world)
  refused(() => tcp(world, arn, group, { Protocol: 'HTTP' }), 'UnsupportedProtocol', /TCP_UDP, UDP, TLS, TCP/)
  refused(() => tcp(world, arn, group, { Protocol: 'TLS' }), 'IncompatibleProtocols')
  refused(() => tcp(world, arn, group, { Protocol: 'UDP' }), 'IncompatibleProtocols')
  refused(() => tcp(world, arn, targetGroup(world)), 'IncompatibleProtocols', /'HTTP'/)
  refused(() => tcp(world, arn, group, { DefaultActions: [notFound] }), 'InvalidLoadBalancerAction')
  const second = fronting(world, { Name: 'front-2' })
  refused(
    () => tcp(world, arn, group, { DefaultActions: [forward(group, second)] }),
    'TooManyTargetGroups',
    /'1'/,
  )
  refused(
    () => listener(world, loadBalancer(world), { DefaultActions: [forward(group)] }),
    'IncompatibleProtocols',
    /'TCP'/,
  )
  refused(() => fronting(world, { Name: 'x', Protocol: 'HTTP' }), 'ValidationError', /'alb'/)
  refused(() => fronting(world, { Name: 'x', HealthCheckProtocol: 'TCP' }), 'ValidationError', /HTTPS, HTTP/)
  const [wire] = world.call('DescribeTargetGroups', { TargetGroupArns: [group] }).TargetGroups
  assert.deepEqual(
    [wire.HealthCheckProtocol, wire.HealthCheckPath, wire.Matcher],
    ['HTTP', '/', { HttpCode: '200-399' }],
  )
  refused(
    () =>
      world.call('ModifyTargetGroupAttributes', {
        TargetGroupArn: group,
        Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '0' }],
      }),
    'InvalidConfigurationRequest',
  )
  const front = tcp(world, arn, group)
  refused(
    () => world.call('CreateRule', { ListenerArn: front, Priority: 1, Conditions: [], Actions: [notFound] }),
    'UnsupportedProtocol',
  )
  overrideQuota(world.account, 'listeners-per-network-load-balancer', 1)
  refused(() => tcp(world, arn, second, { Port: 81 }), 'TooManyListeners')
  overrideQuota(world.account, 'network-load-balancers', 1)
  refused(() => network(world, { Name: 'other' }), 'TooManyLoadBalancers')
})

test('an application load balancer as a target: active, in the same VPC, listening there, one per group', () => {
  const world = newWorld({ loadBalancerActiveMs: 1000 })
  const alb = loadBalancer(world)
  const group = fronting(world)
  tcp(world, network(world), group)
  refused(
    () => register(world, group, '10.0.0.1'),
    'ValidationError',
    /not a valid Application Load Balancer ARN/,
  )
  refused(() => register(world, group, alb), 'InvalidTarget', /active/)
  world.now += 1000
  refused(() => register(world, group, alb), 'ValidationError', /at least one listener that matches/)
  const standing = listener(world, alb)
  register(world, group, alb)
  register(world, group, alb)
  assert.deepEqual(states(world, group), ['healthy'])
  const secure = listener(world, alb, { Port: 8080 })
  refused(() => register(world, group, alb, { Port: 8080 }), 'TooManyTargets', /'1'/)
  refused(
    () => world.call('DeleteListener', { ListenerArn: standing }),
    'ResourceInUse',
    /^Listener port '80' is in use by registered target '.*app\/web\/.*' and cannot be removed\.$/,
  )
  world.call('DeleteListener', { ListenerArn: secure })
  refused(() => world.call('DeleteLoadBalancer', { LoadBalancerArn: alb }), 'ResourceInUse')
  world.call('DeregisterTargets', { TargetGroupArn: group, Targets: [{ Id: alb }] })
  world.call('DeleteLoadBalancer', { LoadBalancerArn: alb })
})

test('an application load balancer is a target of at most two network load balancers', () => {
  const world = newWorld()
  const alb = loadBalancer(world)
  listener(world, alb)
  for (const name of ['a', 'b', 'c']) {
    const group = fronting(world, { Name: name })
    tcp(world, network(world, { Name: `${name}-nlb` }), group)
    if (name === 'c') refused(() => register(world, group, alb), 'TooManyRegistrationsForTargetId')
    else register(world, group, alb)
  }
})
