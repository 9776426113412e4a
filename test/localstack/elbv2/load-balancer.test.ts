import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interfacesOf } from '../../../localstack/aws/ec2/network-interface.ts'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import { listener, loadBalancer, newWorld, path, refused, rule, targetGroup, forward } from './world.ts'

const describe = 'DescribeLoadBalancers'

test('a load balancer: ARN, DNS name, zones, default group, interfaces, provisioning then active', () => {
  const world = newWorld({ loadBalancerActiveMs: 1000 })
  const made = world.call('CreateLoadBalancer', { Name: 'web', Subnets: world.vpc.publicSubnets })
  const [wire] = made.LoadBalancers
  assert.match(
    wire.LoadBalancerArn,
    /^arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer\/app\/web\/[0-9a-f]{16}$/,
  )
  assert.match(wire.DNSName, /^web-\d+\.eu-west-1\.elb\.amazonaws\.com$/)
  assert.equal(wire.Scheme, 'internet-facing')
  assert.deepEqual(wire.State, { Code: 'provisioning' })
  assert.deepEqual(
    wire.AvailabilityZones.map((zone: { ZoneName: string }) => zone.ZoneName),
    ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
  )
  const [group] = wire.SecurityGroups
  assert.equal(world.account.securityGroups.get(group)?.wire.GroupName, 'default')
  const owner = wire.LoadBalancerArn.split(':loadbalancer/')[1] ?? ''
  assert.equal(interfacesOf(world.account, owner).length, 3)
  const state = (): string => world.call(describe, {}).LoadBalancers[0].State.Code
  world.now += 999
  assert.equal(state(), 'provisioning')
  world.now += 1
  assert.equal(state(), 'active')
})

test('an internal load balancer has a prefixed name and denies gateway traffic', () => {
  const world = newWorld()
  const arn = loadBalancer(world, { Scheme: 'internal', Subnets: world.vpc.privateSubnets })
  const [wire] = world.call(describe, { LoadBalancerArns: [arn] }).LoadBalancers
  assert.match(wire.DNSName, /^internal-web-\d+\./)
  const { Attributes } = world.call('DescribeLoadBalancerAttributes', { LoadBalancerArn: arn })
  assert.equal(Attributes.length, 23)
  assert.deepEqual(
    Attributes.find(({ Key }: { Key: string }) => Key === 'ipv6.deny_all_igw_traffic'),
    { Key: 'ipv6.deny_all_igw_traffic', Value: 'true' },
  )
})

test('the same name: same settings give the same load balancer, others are a duplicate', () => {
  const world = newWorld()
  const arn = loadBalancer(world)
  const [, ...two] = world.vpc.publicSubnets
  assert.equal(loadBalancer(world, { Subnets: [...world.vpc.publicSubnets].reverse() }), arn)
  assert.equal(world.account.loadBalancers.size, 1)
  for (const other of [
    { Scheme: 'internal' },
    { Subnets: two },
    { SecurityGroups: [world.vpc.nodeSecurityGroup] },
  ])
    refused(() => loadBalancer(world, other), 'DuplicateLoadBalancerName', /same name 'web' exists, but with/)
})

test('refused load balancers', () => {
  const world = newWorld()
  const [one = '', two = ''] = world.vpc.publicSubnets
  const [other = ''] = world.vpc.privateSubnets
  const cases: [object, string, RegExp][] = [
    [{ Name: 'internal-web' }, 'ValidationError', /cannot begin with 'internal-'/],
    [{ Name: '-web' }, 'ValidationError', /hyphen/],
    [{ Name: 'web_1' }, 'ValidationError', /alphanumeric/],
    [{ Name: 'w'.repeat(33) }, 'ValidationError', /32/],
    [{ Subnets: [] }, 'ValidationError', /either subnets or subnet mappings/],
    [{ SubnetMappings: [{ SubnetId: one }] }, 'ValidationError', /either subnets/],
    [{ Subnets: [one] }, 'ValidationError', /At least two subnets in two different Availability Zones/],
    [{ Subnets: [one, 'subnet-none'] }, 'SubnetNotFound', /subnet-none/],
    [{ Subnets: [one, two, other] }, 'InvalidConfigurationRequest', /same Availability Zone/],
    [{ Scheme: 'public' }, 'ValidationError', /enum/],
    [{ IpAddressType: 'dualstack' }, 'InvalidSubnet', /IPv6/],
    [{ SecurityGroups: ['sg-none'] }, 'InvalidSecurityGroup', /sg-none/],
    [{ Tags: [] }, 'ValidationError', /tags/],
    [{ Tags: [{ Key: 'a' }, { Key: 'a' }] }, 'DuplicateTagKeys', /once/],
    [{ Tags: [{ Key: 'aws:a', Value: '' }] }, 'ValidationError', /aws:/],
  ]
  for (const [more, code, message] of cases) refused(() => loadBalancer(world, more), code, message)
  world.account.internetGateways.clear()
  refused(() => loadBalancer(world), 'InvalidSubnet', /no internet gateway/)
  assert.equal(world.account.loadBalancers.size, 0)
  assert.equal(world.account.tags.has('x'), false)
})

test('quota of load balancers', () => {
  const world = newWorld()
  overrideQuota(world.account, 'application-load-balancers', 1)
  loadBalancer(world)
  refused(() => loadBalancer(world, { Name: 'two' }), 'TooManyLoadBalancers')
})

test('describe: by ARN, by name, unknown, too many, paged', () => {
  const world = newWorld()
  const arns = ['a', 'b', 'c'].map((Name) => loadBalancer(world, { Name }))
  const names = (answer: {
    readonly LoadBalancers: readonly { readonly LoadBalancerName: string }[]
  }): string[] => answer.LoadBalancers.map(({ LoadBalancerName }) => LoadBalancerName)
  assert.deepEqual(names(world.call(describe, { Names: ['b'] })), ['b'])
  assert.deepEqual(names(world.call(describe, { LoadBalancerArns: [arns[2]] })), ['c'])
  refused(() => world.call(describe, { Names: ['b', 'z'] }), 'LoadBalancerNotFound')
  refused(() => world.call(describe, { LoadBalancerArns: [`${arns[0]}x`] }), 'LoadBalancerNotFound')
  refused(() => world.call(describe, { LoadBalancerArns: ['arn:aws:x'] }), 'ValidationError')
  refused(() => world.call(describe, { LoadBalancerArns: arns, Names: ['a'] }), 'ValidationError')
  refused(() => world.call(describe, { LoadBalancerArns: Array(21).fill(arns[0]) }), 'ValidationError', /20/)
  const first = world.call(describe, { PageSize: 2 })
  assert.deepEqual(names(first), ['a', 'b'])
  world.call('DeleteLoadBalancer', { LoadBalancerArn: arns[0] })
  const second = world.call(describe, { PageSize: 2, Marker: first.NextMarker })
  assert.deepEqual(names(second), ['c'])
  assert.equal(second.NextMarker, undefined)
  for (const PageSize of [0, 401]) refused(() => world.call(describe, { PageSize }), 'ValidationError')
})

test('read-after-write lag hides a new load balancer', () => {
  const world = newWorld({ readAfterWriteLagMs: 100 })
  const arn = loadBalancer(world)
  assert.deepEqual(world.call(describe, {}).LoadBalancers, [])
  refused(() => world.call(describe, { LoadBalancerArns: [arn] }), 'LoadBalancerNotFound')
  refused(() => world.call('DescribeTags', { ResourceArns: [arn] }), 'LoadBalancerNotFound')
  listener(world, arn)
  world.now += 100
  assert.equal(world.call(describe, { LoadBalancerArns: [arn] }).LoadBalancers.length, 1)
})

test('delete: protection, then everything goes; interfaces linger; deleting again succeeds', () => {
  const world = newWorld({ networkInterfaceLingerMs: 500 })
  const tags = new Map(world.account.tags)
  const group = targetGroup(world)
  const arn = loadBalancer(world, { Tags: [{ Key: 'a', Value: 'b' }] })
  const web = listener(world, arn, { Tags: [{ Key: 'a', Value: 'b' }] })
  rule(world, web, 1, {
    Actions: [forward(group)],
    Tags: [{ Key: 'a', Value: 'b' }],
    Conditions: [path('/x')],
  })
  const protection = (Value: string): unknown =>
    world.call('ModifyLoadBalancerAttributes', {
      LoadBalancerArn: arn,
      Attributes: [{ Key: 'deletion_protection.enabled', Value }],
    })
  protection('true')
  refused(
    () => world.call('DeleteLoadBalancer', { LoadBalancerArn: arn }),
    'OperationNotPermitted',
    /deletion protection/,
  )
  protection('false')
  world.call('DeleteLoadBalancer', { LoadBalancerArn: arn })
  for (const store of [world.account.loadBalancers, world.account.listeners, world.account.rules])
    assert.equal(store.size, 0)
  assert.deepEqual(world.account.tags, tags)
  assert.deepEqual(world.account.targetGroups.get(group)?.wire.LoadBalancerArns, [])
  const lingering = [...world.account.networkInterfaces.values()].filter(({ gone }) => gone !== undefined)
  assert.equal(lingering.length, 3)
  assert.deepEqual(world.call('DeleteLoadBalancer', { LoadBalancerArn: arn }), {})
})

test('security groups and subnets are replaced whole, and interfaces follow', () => {
  const world = newWorld()
  const arn = loadBalancer(world, { Subnets: world.vpc.publicSubnets.slice(0, 2) })
  const owner = arn.split(':loadbalancer/')[1] ?? ''
  const group = world.vpc.nodeSecurityGroup
  assert.deepEqual(world.call('SetSecurityGroups', { LoadBalancerArn: arn, SecurityGroups: [group] }), {
    SecurityGroupIds: [group],
  })
  refused(
    () => world.call('SetSecurityGroups', { LoadBalancerArn: arn, SecurityGroups: ['sg-0'] }),
    'InvalidSecurityGroup',
  )
  refused(
    () => world.call('SetSecurityGroups', { LoadBalancerArn: arn, SecurityGroups: [] }),
    'ValidationError',
  )
  world.call('SetSubnets', { LoadBalancerArn: arn, Subnets: world.vpc.publicSubnets.slice(1) })
  const interfaces = interfacesOf(world.account, owner)
  assert.deepEqual(
    interfaces.map(({ wire }) => wire.SubnetId ?? '').sort(),
    world.vpc.publicSubnets.slice(1).sort(),
  )
  for (const { wire } of interfaces)
    assert.deepEqual(
      wire.Groups?.map(({ GroupId }) => GroupId),
      [group],
    )
  refused(
    () => world.call('SetSubnets', { LoadBalancerArn: arn, Subnets: [world.vpc.publicSubnets[0]] }),
    'ValidationError',
  )
  refused(
    () => world.call('SetIpAddressType', { LoadBalancerArn: arn, IpAddressType: 'dualstack' }),
    'InvalidSubnet',
  )
  assert.deepEqual(world.call('SetIpAddressType', { LoadBalancerArn: arn, IpAddressType: 'ipv4' }), {
    IpAddressType: 'ipv4',
  })
})

test('IPAM pools are set and removed', () => {
  const world = newWorld()
  const LoadBalancerArn = loadBalancer(world)
  const set = (input: object): unknown => world.call('ModifyIpPools', { LoadBalancerArn, ...input })
  const pools = { Ipv4IpamPoolId: 'ipam-pool-0a' }
  assert.deepEqual(set({ IpamPools: pools }), { IpamPools: pools })
  assert.deepEqual(set({ RemoveIpamPools: ['ipv4'] }), { IpamPools: undefined })
  refused(() => set({ IpamPools: { Ipv4IpamPoolId: 'pool' } }), 'ValidationError')
  refused(() => set({}), 'ValidationError')
})

test('capacity: not while provisioning, not over the quota, reset', () => {
  const world = newWorld({ loadBalancerActiveMs: 10 })
  const LoadBalancerArn = loadBalancer(world)
  const reserve = (CapacityUnits: number) =>
    world.call('ModifyCapacityReservation', {
      LoadBalancerArn,
      MinimumLoadBalancerCapacity: { CapacityUnits },
    })
  refused(() => reserve(100), 'OperationNotPermitted')
  world.now += 10
  refused(() => reserve(100), 'CapacityUnitsLimitExceeded', /region/)
  overrideQuota(world.account, 'capacity-units-per-region', 1000)
  assert.equal(reserve(300).CapacityReservationState[0].EffectiveCapacityUnits, 100)
  world.call('ModifyCapacityReservation', { LoadBalancerArn, ResetCapacityReservation: true })
  const after = world.call('DescribeCapacityReservation', { LoadBalancerArn })
  assert.deepEqual(after, { DecreaseRequestsRemaining: 1, CapacityReservationState: [] })
})
