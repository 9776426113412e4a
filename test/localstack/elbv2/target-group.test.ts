import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import { forward, listener, loadBalancer, newWorld, refused, rule, targetGroup } from './world.ts'

test('a target group has defaults, and the same call gives it again', () => {
  const world = newWorld()
  const input = { Name: 'pods', Protocol: 'HTTP', Port: 8080, VpcId: world.vpc.vpcId, TargetType: 'ip' }
  const [wire] = world.call('CreateTargetGroup', input).TargetGroups
  const { TargetGroupArn, ...rest } = wire
  assert.match(TargetGroupArn, /:targetgroup\/pods\/[0-9a-f]{16}$/)
  assert.deepEqual(rest, {
    TargetGroupName: 'pods',
    Protocol: 'HTTP',
    ProtocolVersion: 'HTTP1',
    Port: 8080,
    VpcId: world.vpc.vpcId,
    TargetType: 'ip',
    IpAddressType: 'ipv4',
    HealthCheckEnabled: true,
    HealthCheckProtocol: 'HTTP',
    HealthCheckPort: 'traffic-port',
    HealthCheckPath: '/',
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    Matcher: { HttpCode: '200' },
    LoadBalancerArns: [],
  })
  assert.equal(targetGroup(world, { HealthCheckPath: '/', IpAddressType: 'ipv4' }), TargetGroupArn)
  for (const other of [{ Port: 80 }, { HealthCheckPath: '/x' }, { Matcher: { HttpCode: '201' } }])
    refused(() => targetGroup(world, other), 'DuplicateTargetGroupName', /same name 'pods' exists/)
})

test('gRPC and lambda have their own defaults', () => {
  const world = newWorld()
  const grpc = targetGroup(world, { ProtocolVersion: 'GRPC' })
  const wire = world.account.targetGroups.get(grpc)?.wire
  assert.equal(wire?.HealthCheckPath, '/AWS.ALB/healthcheck')
  assert.deepEqual(wire?.Matcher, { GrpcCode: '12' })
  const [lambda] = world.call('CreateTargetGroup', { Name: 'fn', TargetType: 'lambda' }).TargetGroups
  assert.deepEqual(
    [lambda.HealthCheckEnabled, lambda.HealthCheckIntervalSeconds, lambda.Port],
    [false, 35, undefined],
  )
})

test('refused target groups', () => {
  const world = newWorld()
  const cases: [object, RegExp][] = [
    [{ Name: 'a--b' }, /consecutive/],
    [{ Name: 'a-' }, /hyphen/],
    [{ Name: 'a'.repeat(33) }, /32/],
    [{ Port: 0 }, /port/],
    [{ Port: 65_536 }, /port/],
    [{ VpcId: 'vpc-none' }, /not found/],
    [{ Protocol: 'SCTP' }, /protocol/],
    [{ ProtocolVersion: 'HTTP3' }, /protocolVersion/],
    [{ TargetType: 'pod' }, /targetType/],
    [{ TargetType: 'instance', IpAddressType: 'ipv6' }, /ipv6/],
    [{ HealthCheckIntervalSeconds: 4 }, /Interval/],
    [{ HealthCheckIntervalSeconds: 301 }, /Interval/],
    [{ HealthCheckTimeoutSeconds: 121, HealthCheckIntervalSeconds: 300 }, /Timeout/],
    [
      { HealthCheckTimeoutSeconds: 10, HealthCheckIntervalSeconds: 10 },
      /'10' must be smaller than the interval '10'/,
    ],
    [{ HealthyThresholdCount: 1 }, /ThresholdCount/],
    [{ UnhealthyThresholdCount: 11 }, /ThresholdCount/],
    [{ HealthCheckPath: 'x' }, /begin with/],
    [{ HealthCheckPort: '70000' }, /65535/],
    [{ HealthCheckEnabled: false }, /must be true/],
    [{ Matcher: { HttpCode: '500' } }, /200-499/],
    [{ Matcher: { HttpCode: '299-200' } }, /200-499/],
    [{ Matcher: { GrpcCode: '0' } }, /HTTP codes/],
    [{ ProtocolVersion: 'GRPC', Matcher: { GrpcCode: '100' } }, /0-99/],
  ]
  for (const [more, message] of cases) refused(() => targetGroup(world, more), 'ValidationError', message)
  targetGroup(world, { Matcher: { HttpCode: '200-299,302' } })
  overrideQuota(world.account, 'target-groups', 1)
  refused(() => targetGroup(world, { Name: 'two' }), 'TooManyTargetGroups')
})

test('modify merges health check settings alone', () => {
  const world = newWorld()
  const TargetGroupArn = targetGroup(world)
  const modify = (input: object) => world.call('ModifyTargetGroup', { TargetGroupArn, ...input })
  const [wire] = modify({ HealthCheckPath: '/ready', HealthCheckIntervalSeconds: 10 }).TargetGroups
  assert.deepEqual(
    [wire.HealthCheckPath, wire.HealthCheckIntervalSeconds, wire.HealthCheckTimeoutSeconds, wire.Port],
    ['/ready', 10, 5, 8080],
  )
  refused(() => modify({ HealthCheckTimeoutSeconds: 10 }), 'ValidationError')
  refused(
    () => world.call('ModifyTargetGroup', { TargetGroupArn: `${TargetGroupArn}0` }),
    'TargetGroupNotFound',
  )
})

test('describe: by name, ARN and load balancer; 20 at most', () => {
  const world = newWorld()
  const pods = targetGroup(world)
  targetGroup(world, { Name: 'idle' })
  const balancer = loadBalancer(world)
  listener(world, balancer, { DefaultActions: [forward(pods)] })
  const describe = (input: object) => world.call('DescribeTargetGroups', input)
  assert.deepEqual(
    describe({ LoadBalancerArn: balancer }).TargetGroups.map(
      (g: { LoadBalancerArns: string[] }) => g.LoadBalancerArns,
    ),
    [[balancer]],
  )
  assert.equal(describe({}).TargetGroups.length, 2)
  assert.equal(describe({ Names: ['idle'] }).TargetGroups.length, 1)
  refused(() => describe({ Names: ['none'] }), 'TargetGroupNotFound')
  refused(
    () => describe({ TargetGroupArns: Array(21).fill(pods) }),
    'ValidationError',
    /more than '20' target groups/,
  )
  refused(() => describe({ Names: ['idle'], LoadBalancerArn: balancer }), 'ValidationError')
})

test('delete: not while in use, nor for a while after; unknown ones succeed', () => {
  const world = newWorld({ targetGroupInUseLagMs: 100 })
  const TargetGroupArn = targetGroup(world)
  const web = listener(world, loadBalancer(world))
  const first = rule(world, web, 1, { Actions: [forward(TargetGroupArn)] })
  const remove = (): unknown => world.call('DeleteTargetGroup', { TargetGroupArn })
  refused(remove, 'ResourceInUse', /is currently in use by a listener or a rule/)
  world.call('DeleteRule', { RuleArn: first })
  assert.deepEqual(world.account.targetGroups.get(TargetGroupArn)?.wire.LoadBalancerArns, [])
  refused(remove, 'ResourceInUse')
  world.now += 100
  assert.deepEqual(remove(), {})
  assert.deepEqual(remove(), {})
})
