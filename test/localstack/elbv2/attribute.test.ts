import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownAttributes } from '../../../localstack/aws/elbv2/attribute.ts'
import { certificate, listener, loadBalancer, newWorld, refused, targetGroup, type World } from './world.ts'

type Pairs = Readonly<Record<string, string>>
function attributes(pairs: Pairs): { Key: string; Value: string }[] {
  return Object.entries(pairs).map(([Key, Value]) => ({ Key, Value }))
}
type Described = { readonly Attributes: readonly { readonly Key: string; readonly Value: string }[] }
function asPairs(answer: Described): Record<string, string> {
  return Object.fromEntries(answer.Attributes.map(({ Key, Value }) => [Key, Value]))
}
const modify = {
  loadBalancer: (world: World, LoadBalancerArn: string, pairs: Pairs) =>
    asPairs(world.call('ModifyLoadBalancerAttributes', { LoadBalancerArn, Attributes: attributes(pairs) })),
  targetGroup: (world: World, TargetGroupArn: string, pairs: Pairs) =>
    asPairs(world.call('ModifyTargetGroupAttributes', { TargetGroupArn, Attributes: attributes(pairs) })),
  listener: (world: World, ListenerArn: string, pairs: Pairs) =>
    asPairs(world.call('ModifyListenerAttributes', { ListenerArn, Attributes: attributes(pairs) })),
}

test('load balancer attributes are merged and checked', () => {
  const world = newWorld()
  const arn = loadBalancer(world)
  const changed = modify.loadBalancer(world, arn, { 'idle_timeout.timeout_seconds': '600' })
  assert.equal(changed['idle_timeout.timeout_seconds'], '600')
  assert.equal(changed['routing.http2.enabled'], 'true')
  const bad: [Pairs, string][] = [
    [{ 'idle_timeout.timeout_seconds': '4001' }, 'ValidationError'],
    [{ 'idle_timeout.timeout_seconds': '0' }, 'ValidationError'],
    [{ 'idle_timeout.timeout_seconds': 'x' }, 'ValidationError'],
    [{ 'client_keep_alive.seconds': '59' }, 'ValidationError'],
    [{ 'routing.http2.enabled': 'yes' }, 'ValidationError'],
    [{ 'routing.http.desync_mitigation_mode': 'off' }, 'ValidationError'],
    [{ 'load_balancing.cross_zone.enabled': 'false' }, 'ValidationError'],
    [{ 'dns_record.client_routing_policy': 'any_availability_zone' }, 'ValidationError'],
    [{ 'access_logs.s3.enabled': 'true' }, 'InvalidConfigurationRequest'],
    [{ 'waf.fail_open.enabled': 'true', 'no.such.key': '1' }, 'ValidationError'],
    [{}, 'ValidationError'],
  ]
  for (const [pairs, code] of bad) refused(() => modify.loadBalancer(world, arn, pairs), code)
  const after = asPairs(world.call('DescribeLoadBalancerAttributes', { LoadBalancerArn: arn }))
  assert.equal(after['waf.fail_open.enabled'], 'false')
  const many = Array.from({ length: 21 }, (_, i) => [`k${i}`, '1'] as const)
  refused(() => modify.loadBalancer(world, arn, Object.fromEntries(many)), 'ValidationError', /20/)
})

test('unknown keys are kept where the account says so', () => {
  const world = newWorld()
  const arn = loadBalancer(world)
  unknownAttributes(world.account, 'keep')
  assert.equal(modify.loadBalancer(world, arn, { 'new.key': 'on' })['new.key'], 'on')
  unknownAttributes(world.account, 'refuse')
  refused(() => modify.loadBalancer(world, arn, { 'other.key': 'on' }), 'ValidationError', /not recognized/)
})

test('target group attributes are merged and checked, alone and together', () => {
  const world = newWorld()
  const arn = targetGroup(world)
  assert.equal(
    Object.keys(asPairs(world.call('DescribeTargetGroupAttributes', { TargetGroupArn: arn }))).length,
    14,
  )
  assert.equal(
    modify.targetGroup(world, arn, { 'deregistration_delay.timeout_seconds': '3600' })[
      'deregistration_delay.timeout_seconds'
    ],
    '3600',
  )
  const bad: [Pairs, string][] = [
    [{ 'deregistration_delay.timeout_seconds': '3601' }, 'ValidationError'],
    [{ 'slow_start.duration_seconds': '29' }, 'ValidationError'],
    [{ 'stickiness.type': 'source_ip' }, 'ValidationError'],
    [{ 'stickiness.app_cookie.cookie_name': 'AWSALBTG1' }, 'ValidationError'],
    [{ 'preserve_client_ip.enabled': 'true' }, 'ValidationError'],
    [{ 'lambda.multi_value_headers.enabled': 'true' }, 'ValidationError'],
    [{ 'stickiness.enabled': 'true', 'stickiness.type': 'app_cookie' }, 'InvalidConfigurationRequest'],
    [
      { 'stickiness.enabled': 'true', 'load_balancing.cross_zone.enabled': 'false' },
      'InvalidConfigurationRequest',
    ],
    [{ 'load_balancing.algorithm.anomaly_mitigation': 'on' }, 'InvalidConfigurationRequest'],
    [
      { 'slow_start.duration_seconds': '30', 'load_balancing.algorithm.type': 'least_outstanding_requests' },
      'InvalidConfigurationRequest',
    ],
  ]
  for (const [pairs, code] of bad) refused(() => modify.targetGroup(world, arn, pairs), code)
  const lambda = world.call('CreateTargetGroup', { Name: 'fn', TargetType: 'lambda' }).TargetGroups[0]
    .TargetGroupArn
  assert.deepEqual(asPairs(world.call('DescribeTargetGroupAttributes', { TargetGroupArn: lambda })), {
    'lambda.multi_value_headers.enabled': 'false',
  })
})

test('listener attributes: by protocol, and an empty value is the default again', () => {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const plain = listener(world, balancer)
  const secure = listener(world, balancer, {
    Port: 443,
    Protocol: 'HTTPS',
    Certificates: [{ CertificateArn: certificate(world, 'one') }],
  })
  const count = (arn: string): number =>
    world.call('DescribeListenerAttributes', { ListenerArn: arn }).Attributes.length
  assert.equal(count(plain), 11)
  assert.equal(count(secure), 19)
  const hsts = 'routing.http.response.strict_transport_security.header_value'
  const name = 'routing.http.request.x_amzn_tls_version.header_name'
  assert.equal(modify.listener(world, secure, { [hsts]: 'max-age=1' })[hsts], 'max-age=1')
  assert.equal(modify.listener(world, secure, { [hsts]: '', [name]: 'X-T' })[hsts], '')
  assert.equal(modify.listener(world, secure, { [name]: '' })[name], 'X-Amzn-Tls-Version')
  refused(() => modify.listener(world, plain, { [name]: 'X-T' }), 'ValidationError')
  refused(() => modify.listener(world, plain, { [hsts]: 'a\nb' }), 'ValidationError')
  refused(() => modify.listener(world, plain, { 'tcp.idle_timeout.seconds': '60' }), 'ValidationError')
})
