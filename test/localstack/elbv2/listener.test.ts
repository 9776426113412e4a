import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issued } from '../../../localstack/aws/acm/self-signed.ts'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import {
  certificate,
  forward,
  listener,
  loadBalancer,
  newWorld,
  notFound,
  refused,
  rule,
  targetGroup,
} from './world.ts'

const redirect = {
  Type: 'redirect',
  RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' },
}

test('the same port: same settings give the same listener, others are a duplicate', () => {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const arn = listener(world, balancer)
  assert.match(arn, /:listener\/app\/web\/[0-9a-f]{16}\/[0-9a-f]{16}$/)
  assert.equal(listener(world, balancer), arn)
  refused(
    () => listener(world, balancer, { DefaultActions: [redirect] }),
    'DuplicateListener',
    /on this port/,
  )
  assert.notEqual(listener(world, balancer, { Port: 81 }), arn)
  assert.equal(world.account.rules.size, 2)
})

test('refused listeners', () => {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const one = { CertificateArn: certificate(world, 'one') }
  const two = { CertificateArn: certificate(world, 'two') }
  const pending = { CertificateArn: certificate(world, 'three', 'PENDING_VALIDATION') }
  const https = { Protocol: 'HTTPS', Port: 443 }
  const cases: [object, string][] = [
    [{ Protocol: 'TCP' }, 'UnsupportedProtocol'],
    [{ Protocol: undefined }, 'ValidationError'],
    [{ Port: undefined }, 'ValidationError'],
    [{ Port: 0 }, 'ValidationError'],
    [{ Port: 65_536 }, 'ValidationError'],
    [{ DefaultActions: [] }, 'ValidationError'],
    [{ LoadBalancerArn: `${balancer}0` }, 'LoadBalancerNotFound'],
    [{ LoadBalancerArn: 'arn:x' }, 'ValidationError'],
    [{ Certificates: [one] }, 'ValidationError'],
    [https, 'ValidationError'],
    [{ ...https, Certificates: [one, two] }, 'TooManyCertificates'],
    [{ ...https, Certificates: [{ ...one, IsDefault: true }] }, 'ValidationError'],
    [{ ...https, Certificates: [{ CertificateArn: `${one.CertificateArn}x` }] }, 'CertificateNotFound'],
    [{ ...https, Certificates: [pending] }, 'UnsupportedCertificate'],
    [{ ...https, Certificates: [one], SslPolicy: 'none' }, 'SSLPolicyNotFound'],
    [{ ...https, Certificates: [one], MutualAuthentication: { Mode: 'verify' } }, 'ValidationError'],
    [
      {
        ...https,
        Certificates: [one],
        MutualAuthentication: {
          Mode: 'verify',
          TrustStoreArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:truststore/t/1',
        },
      },
      'TrustStoreNotFound',
    ],
  ]
  for (const [more, code] of cases) refused(() => listener(world, balancer, more), code)
  assert.equal(world.account.listeners.size, 0)
  overrideQuota(world.account, 'listeners-per-application-load-balancer', 1)
  listener(world, balancer)
  refused(() => listener(world, balancer, { Port: 81 }), 'TooManyListeners')
})

test('an HTTPS listener has a policy and mutual authentication, and loses them as HTTP', () => {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const Certificates = [{ CertificateArn: certificate(world, 'one') }]
  const ListenerArn = listener(world, balancer, { Protocol: 'HTTPS', Port: 443, Certificates })
  const describe = () => world.call('DescribeListeners', { ListenerArns: [ListenerArn] }).Listeners[0]
  assert.deepEqual(describe(), {
    ListenerArn,
    LoadBalancerArn: balancer,
    Port: 443,
    Protocol: 'HTTPS',
    Certificates,
    SslPolicy: 'ELBSecurityPolicy-2016-08',
    MutualAuthentication: { Mode: 'off' },
    DefaultActions: [notFound],
  })
  world.call('ModifyListener', {
    ListenerArn,
    MutualAuthentication: { Mode: 'passthrough', TrustStoreArn: '' },
  })
  assert.deepEqual(describe().MutualAuthentication, { Mode: 'passthrough' })
  world.call('ModifyListener', { ListenerArn, SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06', Port: 8443 })
  assert.deepEqual([describe().SslPolicy, describe().Port], ['ELBSecurityPolicy-TLS13-1-2-2021-06', 8443])
  assert.deepEqual(describe().MutualAuthentication, { Mode: 'passthrough' })
  world.call('ModifyListener', { ListenerArn, Protocol: 'HTTP' })
  assert.deepEqual([describe().Certificates, describe().SslPolicy], [undefined, undefined])
  refused(
    () => world.call('ModifyListener', { ListenerArn, Protocol: 'HTTPS' }),
    'ValidationError',
    /certificate/,
  )
  listener(world, balancer)
  refused(() => world.call('ModifyListener', { ListenerArn, Port: 80 }), 'DuplicateListener')
})

test('the default rule follows its listener, and can be neither changed, moved nor deleted', () => {
  const world = newWorld()
  const ListenerArn = listener(world, loadBalancer(world))
  world.call('ModifyListener', { ListenerArn, DefaultActions: [redirect] })
  const [wire] = world.call('DescribeRules', { ListenerArn }).Rules
  assert.deepEqual([wire.Priority, wire.IsDefault, wire.Conditions], ['default', true, []])
  assert.deepEqual(wire.Actions[0].RedirectConfig, {
    Protocol: 'HTTPS',
    Port: '443',
    Host: '#{host}',
    Path: '/#{path}',
    Query: '#{query}',
    StatusCode: 'HTTP_301',
  })
  const { RuleArn } = wire
  refused(() => world.call('ModifyRule', { RuleArn, Actions: [notFound] }), 'OperationNotPermitted')
  refused(() => world.call('DeleteRule', { RuleArn }), 'OperationNotPermitted')
  refused(
    () => world.call('SetRulePriorities', { RulePriorities: [{ RuleArn, Priority: 5 }] }),
    'OperationNotPermitted',
  )
})

test('certificates: one per call, the default listed first and irremovable', () => {
  const world = newWorld()
  const [one = '', two = '', three = ''] = ['one', 'two', 'three'].map((name) => certificate(world, name))
  const ListenerArn = listener(world, loadBalancer(world), {
    Protocol: 'HTTPS',
    Port: 443,
    Certificates: [{ CertificateArn: one }],
  })
  const call = (action: 'Add' | 'Remove', ...arns: string[]) =>
    world.call(`${action}ListenerCertificates`, {
      ListenerArn,
      Certificates: arns.map((CertificateArn) => ({ CertificateArn })),
    })
  const listed = (): [string, boolean][] =>
    world
      .call('DescribeListenerCertificates', { ListenerArn })
      .Certificates.map((c: { CertificateArn: string; IsDefault: boolean }) => [
        c.CertificateArn,
        c.IsDefault,
      ])
  call('Add', one)
  const added = call('Add', two)
  assert.ok('Certificates' in added)
  assert.deepEqual(added.Certificates, [{ CertificateArn: two, IsDefault: false }])
  call('Add', two)
  assert.deepEqual(listed(), [
    [one, true],
    [one, false],
    [two, false],
  ])
  refused(() => call('Add', two, three), 'ValidationError')
  refused(() => call('Add', `${three}x`), 'CertificateNotFound')
  refused(() => call('Remove', one), 'OperationNotPermitted')
  call('Remove', two)
  call('Remove', three)
  assert.deepEqual(listed(), [
    [one, true],
    [one, false],
  ])
  overrideQuota(world.account, 'certificates-per-application-load-balancer', 1)
  refused(() => call('Add', three), 'TooManyCertificates')
})

test('delete takes the rules along; describe needs one selector', () => {
  const world = newWorld()
  const group = targetGroup(world)
  const balancer = loadBalancer(world)
  const ListenerArn = listener(world, balancer, { DefaultActions: [forward(group)] })
  rule(world, ListenerArn, 1)
  refused(() => world.call('DescribeListeners', {}), 'ValidationError')
  refused(
    () => world.call('DescribeListeners', { LoadBalancerArn: balancer, ListenerArns: [ListenerArn] }),
    'ValidationError',
  )
  world.call('DeleteListener', { ListenerArn })
  assert.equal(world.account.rules.size, 0)
  assert.deepEqual(world.account.targetGroups.get(group)?.wire.LoadBalancerArns, [])
  refused(() => world.call('DeleteListener', { ListenerArn }), 'ListenerNotFound')
  refused(() => world.call('DescribeListeners', { ListenerArns: [ListenerArn] }), 'ListenerNotFound')
  refused(() => rule(world, ListenerArn, 1), 'ListenerNotFound')
})

test('a listener is not found by what follows its creation too soon', () => {
  const world = newWorld({ readAfterWriteLagMs: 100 })
  const balancer = loadBalancer(world)
  const web = listener(world, balancer)
  refused(() => rule(world, web, 1), 'ListenerNotFound')
  world.now += 100
  rule(world, web, 1)
  const rules = (): number => world.call('DescribeRules', { ListenerArn: web }).Rules.length
  assert.equal(rules(), 1)
  world.now += 100
  assert.equal(rules(), 2)
})

test('a trust store in use stays', () => {
  const world = newWorld()
  const input = { Name: 'clients', CaCertificatesBundleS3Bucket: 'b', CaCertificatesBundleS3Key: 'k' }
  refused(() => world.call('CreateTrustStore', input), 'CaCertificatesBundleNotFound')
  world.account.objects.set('b/k', 'no certificate')
  refused(() => world.call('CreateTrustStore', input), 'InvalidCaCertificatesBundle')
  const names = ['clients'] as const
  const years = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') }
  const authority = issued({ names, ...years })
  world.account.objects.set('b/k', issued({ names, ...years, by: authority }).certificate)
  refused(() => world.call('CreateTrustStore', input), 'InvalidCaCertificatesBundle')
  world.account.objects.set('b/k', authority.certificate)
  const [{ TrustStoreArn }] = world.call('CreateTrustStore', input).TrustStores
  refused(() => world.call('CreateTrustStore', input), 'DuplicateTrustStoreName')
  const ListenerArn = listener(world, loadBalancer(world), {
    Protocol: 'HTTPS',
    Port: 443,
    Certificates: [{ CertificateArn: certificate(world, 'one') }],
    MutualAuthentication: { Mode: 'verify', TrustStoreArn },
  })
  assert.deepEqual(world.account.listeners.get(ListenerArn)?.wire.MutualAuthentication, {
    Mode: 'verify',
    TrustStoreArn,
    IgnoreClientCertificateExpiry: false,
    AdvertiseTrustStoreCaNames: 'off',
    TrustStoreAssociationStatus: 'active',
  })
  refused(() => world.call('DeleteTrustStore', { TrustStoreArn }), 'TrustStoreInUse')
  world.call('DeleteListener', { ListenerArn })
  world.call('DeleteTrustStore', { TrustStoreArn })
  refused(() => world.call('DescribeTrustStores', { Names: ['clients'] }), 'TrustStoreNotFound')
})
