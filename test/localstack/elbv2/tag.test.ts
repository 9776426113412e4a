import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listener, loadBalancer, newWorld, refused, rule, targetGroup } from './world.ts'

const tag = (Key: string, Value = ''): { Key: string; Value: string } => ({ Key, Value })

test('every type is tagged at its creation, and later', () => {
  const world = newWorld()
  const Tags = [tag('owner', 'a')]
  const balancer = loadBalancer(world, { Tags })
  const web = listener(world, balancer, { Tags })
  const arns = [balancer, web, rule(world, web, 1, { Tags }), targetGroup(world, { Tags })]
  world.call('AddTags', { ResourceArns: arns, Tags: [tag('owner', 'b'), tag('x')] })
  world.call('RemoveTags', { ResourceArns: arns.slice(1), TagKeys: ['owner', 'none'] })
  assert.deepEqual(
    world.call('DescribeTags', { ResourceArns: arns }).TagDescriptions,
    arns.map((ResourceArn) => ({
      ResourceArn,
      Tags: ResourceArn === balancer ? [tag('owner', 'b'), tag('x')] : [tag('x')],
    })),
  )
})

test('an unknown ARN fails the whole call with the NotFound of its type', () => {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const prefix = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012'
  const cases: [string, string][] = [
    ['loadbalancer/app/none/1', 'LoadBalancerNotFound'],
    ['listener/app/none/1/2', 'ListenerNotFound'],
    ['listener-rule/app/none/1/2/3', 'RuleNotFound'],
    ['targetgroup/none/1', 'TargetGroupNotFound'],
    ['truststore/none/1', 'TrustStoreNotFound'],
    ['other/none', 'ValidationError'],
  ]
  for (const [name, code] of cases) {
    const ResourceArns = [balancer, `${prefix}:${name}`]
    refused(() => world.call('DescribeTags', { ResourceArns }), code)
    refused(() => world.call('AddTags', { ResourceArns, Tags: [tag('a')] }), code)
    refused(() => world.call('RemoveTags', { ResourceArns, TagKeys: ['a'] }), code)
  }
  assert.equal(world.account.tags.has(balancer), false)
})

test('limits: 20 ARNs, 50 tags, charset, lengths', () => {
  const world = newWorld()
  const arn = loadBalancer(world)
  const add = (...Tags: object[]): unknown => world.call('AddTags', { ResourceArns: [arn], Tags })
  refused(() => world.call('DescribeTags', { ResourceArns: Array(21).fill(arn) }), 'ValidationError', /20/)
  for (const bad of [tag(''), tag('k'.repeat(129)), tag('k', 'v'.repeat(257)), tag('a!'), tag('aws:x')])
    refused(() => add(bad), 'ValidationError')
  refused(() => add(), 'ValidationError')
  refused(() => add(tag('a'), tag('a')), 'DuplicateTagKeys')
  const fifty = Array.from({ length: 50 }, (_, i) => tag(`k${i}`))
  add(...fifty)
  add(tag('k1', 'changed'))
  refused(() => add(tag('one-more')), 'TooManyTags')
})

test('the tables that can be read', () => {
  const world = newWorld()
  const { Limits } = world.call('DescribeAccountLimits', { PageSize: 3 })
  assert.deepEqual(Limits[0], { Name: 'application-load-balancers', Max: '50' })
  assert.equal(Limits.length, 3)
  const [policy] = world.call('DescribeSSLPolicies', { Names: ['ELBSecurityPolicy-TLS13-1-3-2021-06'] })[
    'SslPolicies'
  ]
  assert.deepEqual(policy.SslProtocols, ['TLSv1.3'])
  refused(() => world.call('DescribeSSLPolicies', { Names: ['none'] }), 'SSLPolicyNotFound')
})
