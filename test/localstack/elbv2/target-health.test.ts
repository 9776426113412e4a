import assert from 'node:assert/strict'
import { test } from 'node:test'
import { automaticHealth } from '../../../localstack/aws/elbv2/automatic-health.ts'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import { setTargetHealth } from '../../../localstack/aws/elbv2/target-state.ts'
import type { Timing } from '../../../localstack/timing.ts'
import { forward, listener, loadBalancer, newWorld, refused, rule, targetGroup } from './world.ts'

const pod = '192.168.0.20'
function scene(timing: Partial<Timing> = {}) {
  const world = newWorld({ firstHealthCheckMs: 100, drainScale: 0.001, ...timing })
  const TargetGroupArn = targetGroup(world)
  const web = listener(world, loadBalancer(world))
  const use = (): string => rule(world, web, 1, { Actions: [forward(TargetGroupArn)] })
  const register = (...Targets: object[]): unknown =>
    world.call('RegisterTargets', { TargetGroupArn, Targets })
  const deregister = (...Targets: object[]): unknown =>
    world.call('DeregisterTargets', { TargetGroupArn, Targets })
  const health = (input: object = {}) =>
    world.call('DescribeTargetHealth', { TargetGroupArn, ...input }).TargetHealthDescriptions
  const states = (): string[] =>
    health().map(({ TargetHealth: { State, Reason } }) => [State, Reason].filter(Boolean).join(' '))
  return { world, TargetGroupArn, use, register, deregister, health, states }
}

test('unused, initial, healthy, draining, gone', () => {
  const { world, use, register, deregister, health, states } = scene()
  register({ Id: pod })
  assert.deepEqual(health(), [
    {
      Target: { Id: pod, Port: 8080, AvailabilityZone: 'eu-west-1a' },
      HealthCheckPort: '8080',
      TargetHealth: {
        State: 'unused',
        Reason: 'Target.NotInUse',
        Description: 'Target group is not configured to receive traffic from the load balancer',
      },
    },
  ])
  world.now += 1000
  const ruleArn = use()
  assert.deepEqual(states(), ['initial Elb.RegistrationInProgress'])
  world.now += 100
  assert.deepEqual(states(), ['healthy'])
  deregister({ Id: pod, Port: 8080, AvailabilityZone: 'eu-west-1a' })
  assert.deepEqual(states(), ['draining Target.DeregistrationInProgress'])
  world.now += 299
  assert.equal(states().length, 1)
  world.now += 1
  assert.deepEqual(states(), [])
  register({ Id: pod })
  world.call('DeleteRule', { RuleArn: ruleArn })
  assert.deepEqual(states(), ['unused Target.NotInUse'])
  deregister({ Id: pod })
  assert.deepEqual(states(), [])
})

test('targets are keyed by id and port; registering again changes nothing; unknown ones deregister', () => {
  const { world, use, register, deregister, states, health } = scene()
  use()
  register({ Id: pod }, { Id: pod, Port: 9000 }, { Id: pod, Port: 8080 })
  world.now += 100
  register({ Id: pod })
  assert.deepEqual(states(), ['healthy', 'healthy'])
  deregister({ Id: pod, Port: 1234 }, { Id: '10.0.0.1' })
  assert.deepEqual(states(), ['healthy', 'healthy'])
  deregister({ Id: pod, Port: 9000 })
  assert.deepEqual(states(), ['healthy', 'draining Target.DeregistrationInProgress'])
  const filtered = health({
    Targets: [
      { Id: pod, Port: 8080 },
      { Id: pod, Port: 1 },
    ],
  })
  assert.deepEqual(
    filtered.map(({ Target, TargetHealth }) => [Target.Port, TargetHealth.State, TargetHealth.Reason]),
    [
      [8080, 'healthy', undefined],
      [1, 'unused', 'Target.NotRegistered'],
    ],
  )
})

test('a draining target that is registered again starts anew', () => {
  const { world, use, register, deregister, states } = scene()
  use()
  register({ Id: pod })
  world.now += 100
  deregister({ Id: pod })
  register({ Id: pod })
  assert.deepEqual(states(), ['initial Elb.RegistrationInProgress'])
  world.now += 100
  assert.deepEqual(states(), ['healthy'])
})

test('health waits for the load balancer to be active', () => {
  const { world, use, register, states } = scene({ loadBalancerActiveMs: 500 })
  use()
  register({ Id: pod })
  world.now += 100
  assert.deepEqual(states(), ['initial Elb.RegistrationInProgress'])
  world.now += 500
  assert.deepEqual(states(), ['healthy'])
})

test('what the data plane found is what is described', () => {
  const { world, TargetGroupArn, use, register, states } = scene()
  automaticHealth(world.account, false)
  use()
  register({ Id: pod })
  world.now += 10_000
  assert.deepEqual(states(), ['initial Elb.RegistrationInProgress'])
  setTargetHealth(world.account, TargetGroupArn, `${pod}:8080`, {
    State: 'unhealthy',
    Reason: 'Target.Timeout',
  })
  setTargetHealth(world.account, TargetGroupArn, 'nobody:1', { State: 'healthy' })
  assert.deepEqual(states(), ['unhealthy Target.Timeout'])
})

test('a target in a zone that the load balancer is not in is not used', () => {
  const world = newWorld()
  const TargetGroupArn = targetGroup(world)
  const balancer = loadBalancer(world, { Subnets: world.vpc.publicSubnets.slice(1) })
  listener(world, balancer, { DefaultActions: [forward(TargetGroupArn)] })
  world.call('RegisterTargets', { TargetGroupArn, Targets: [{ Id: pod }, { Id: '192.168.32.9' }] })
  const { TargetHealthDescriptions: all } = world.call('DescribeTargetHealth', { TargetGroupArn })
  assert.deepEqual(
    all.map(({ TargetHealth }: { TargetHealth: { State: string } }) => TargetHealth.State),
    ['unused', 'healthy'],
  )
  assert.match(all[0].TargetHealth.Description, /Availability Zone that is not enabled/)
})

test('instances must run, and are described by state', () => {
  const world = newWorld()
  const TargetGroupArn = targetGroup(world, { Name: 'nodes', TargetType: 'instance', Port: 30_080 })
  listener(world, loadBalancer(world), { DefaultActions: [forward(TargetGroupArn)] })
  const id = world.vpc.instances[0]?.instanceId ?? ''
  const register = (Id: string): unknown =>
    world.call('RegisterTargets', { TargetGroupArn, Targets: [{ Id }] })
  register(id)
  refused(() => register('i-00000000000000000'), 'InvalidTarget', /not in a running state/)
  refused(() => register(pod), 'ValidationError')
  const state = () =>
    world.call('DescribeTargetHealth', { TargetGroupArn }).TargetHealthDescriptions[0].TargetHealth
  assert.deepEqual(state(), { State: 'healthy' })
  const instance = world.account.instances.get(id)
  world.account.instances.set(id, { ...instance, State: { Name: 'stopped' } })
  assert.deepEqual(state(), {
    State: 'unused',
    Reason: 'Target.InvalidState',
    Description: 'Target is in the stopped state',
  })
})

test('refused targets change nothing', () => {
  const { world, use, register, states } = scene()
  use()
  refused(() => register({ Id: pod }, { Id: '8.8.8.8' }), 'InvalidTarget')
  refused(() => register({ Id: 'i-0123456789abcdef0' }), 'ValidationError')
  refused(() => register({ Id: '::1' }), 'ValidationError')
  refused(() => register({ Id: '10.1.2.3' }), 'ValidationError', /'all'/)
  refused(() => register({ Id: pod, Port: 0 }), 'ValidationError')
  refused(() => register(), 'ValidationError')
  assert.deepEqual(states(), [])
  register({ Id: '10.1.2.3', AvailabilityZone: 'all' })
  overrideQuota(world.account, 'targets-per-target-group', 2)
  refused(() => register({ Id: pod }, { Id: pod, Port: 1 }), 'TooManyTargets', /per target group '2'/)
  overrideQuota(world.account, 'targets-per-application-load-balancer', 1)
  refused(() => register({ Id: pod }), 'TooManyTargets', /targets per load balancer '1' has been reached/)
})
