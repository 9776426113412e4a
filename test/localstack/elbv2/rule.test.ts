import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overrideQuota } from '../../../localstack/aws/elbv2/quota.ts'
import {
  certificate,
  forward,
  listener,
  loadBalancer,
  newWorld,
  notFound,
  path,
  refused,
  rule,
  targetGroup,
  type World,
} from './world.ts'

function scene() {
  const world = newWorld()
  const balancer = loadBalancer(world)
  const web = listener(world, balancer)
  return { world, balancer, web }
}
function secure(world: World, balancer: string): string {
  const Certificates = [{ CertificateArn: certificate(world, 'one') }]
  return listener(world, balancer, { Protocol: 'HTTPS', Port: 443, Certificates })
}
function stored(world: World, arn: string) {
  const record = world.account.rules.get(arn)
  assert.ok(record)
  return record
}
const host = (...Values: string[]): object => ({ Field: 'host-header', HostHeaderConfig: { Values } })
const header = (HttpHeaderName: string, ...Values: string[]): object => ({
  Field: 'http-header',
  HttpHeaderConfig: { HttpHeaderName, Values },
})
const method = (...Values: string[]): object => ({
  Field: 'http-request-method',
  HttpRequestMethodConfig: { Values },
})
const query = (...Values: object[]): object => ({ Field: 'query-string', QueryStringConfig: { Values } })
const source = (...Values: string[]): object => ({ Field: 'source-ip', SourceIpConfig: { Values } })

test('what a rule is given back as', () => {
  const { world, web } = scene()
  const group = targetGroup(world)
  const arn = rule(world, web, 5, {
    Conditions: [{ Field: 'host-header', Values: ['a.example.com'] }, path('/x'), query({ Value: 'v' })],
    Actions: [{ Type: 'forward', TargetGroupArn: group }],
  })
  const actions = [
    {
      Type: 'forward',
      TargetGroupArn: group,
      ForwardConfig: {
        TargetGroups: [{ TargetGroupArn: group, Weight: 1 }],
        TargetGroupStickinessConfig: { Enabled: false },
      },
    },
  ]
  assert.deepEqual(world.call('DescribeRules', { RuleArns: [arn] }).Rules, [
    {
      RuleArn: arn,
      Priority: '5',
      Conditions: [
        { Field: 'host-header', HostHeaderConfig: { Values: ['a.example.com'] }, Values: ['a.example.com'] },
        { Field: 'path-pattern', PathPatternConfig: { Values: ['/x'] }, Values: ['/x'] },
        { Field: 'query-string', QueryStringConfig: { Values: [{ Value: 'v' }] } },
      ],
      Actions: actions,
      IsDefault: false,
      Transforms: [],
    },
  ])
  const again = stored(world, arn).wire
  world.call('ModifyRule', { RuleArn: arn, Conditions: again.Conditions, Actions: again.Actions })
  assert.deepEqual(stored(world, arn).wire, again)
})

test('conditions that AWS accepts', () => {
  const { world, web } = scene()
  const cases: object[][] = [
    [host('*.example.com', 'a?.example.com')],
    [path('/a', '/a/*', '/b', '/c', '/d')],
    [header('X-Version', 'v1', 'v2*'), header('X-Other', 'x')],
    [method('GET', 'MY-METHOD')],
    [query({ Key: 'a', Value: 'b' }, { Value: '*x*' })],
    [source('10.0.0.0/8', '2001:db8::/32')],
    [{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/api/v[12]/.+$'] } }],
  ]
  for (const [index, Conditions] of cases.entries()) rule(world, web, index + 1, { Conditions })
  assert.equal(world.call('DescribeRules', { ListenerArn: web }).Rules.length, cases.length + 1)
})

test('refused conditions', () => {
  const { world, web } = scene()
  const cases: [object[], RegExp][] = [
    [[], /at least one condition/],
    [[path('/1', '/2', '/3', '/4', '/5', '/6')], /A rule can only have '5' condition values/],
    [[path('/1', '/2', '/3'), host('a.b', 'b.b', 'c.b')], /A rule can only have '5' condition values/],
    [[path('/*/*/*/*/*/*')], /condition wildcards/],
    [[path('/a'), path('/b')], /one 'path-pattern'/],
    [[path('/a'.repeat(65))], /128/],
    [[path('/a b')], /not valid/],
    [[path()], /exactly one of values/],
    [[host('localhost')], /'\.'/],
    [[host('a.b1')], /letters/],
    [[host('a_b.com')], /not valid/],
    [[header('host', 'x')], /host-header/],
    [[header('a b', 'x')], /header name/],
    [[header('a'.repeat(41), 'x')], /40/],
    [[method('get')], /not valid/],
    [[query({ Key: 'a' })], /value/],
    [[source('10.0.0.1')], /CIDR/],
    [[source('10.0.0.0/33')], /CIDR/],
    [[source('255.255.255.255/32')], /not allowed/],
    [[{ Field: 'path', Values: ['/'] }], /must be one of/],
    [[{ Field: 'source-ip', Values: ['10.0.0.0/8'] }], /SourceIpConfig/],
    [[{ Field: 'path-pattern' }], /must have values/],
    [[{ Field: 'path-pattern', PathPatternConfig: { Values: ['/a'] }, Values: ['/b'] }], /both/],
    [[{ Field: 'path-pattern', HostHeaderConfig: { Values: ['a.b'] } }], /cannot be specified/],
    [[{ Field: 'path-pattern', PathPatternConfig: { Values: ['/a'], RegexValues: ['/a'] } }], /exactly one/],
    [[{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['(?=a)'] } }], /regex/],
    [[{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['(a)\\1'] } }], /regex/],
    [[{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['(a'] } }], /regex/],
  ]
  for (const [Conditions, message] of cases)
    refused(() => rule(world, web, 1, { Conditions }), 'ValidationError', message)
  assert.equal(world.account.rules.size, 1)
})

test('refused actions', () => {
  const { world, web } = scene()
  const fixed = (config: object): object => ({
    Type: 'fixed-response',
    FixedResponseConfig: { StatusCode: '404', ...config },
  })
  const redirect = (config: object): object => ({
    Type: 'redirect',
    RedirectConfig: { StatusCode: 'HTTP_301', ...config },
  })
  const jwt = {
    Type: 'jwt-validation',
    Order: 1,
    JwtValidationConfig: { JwksEndpoint: 'https://i/j', Issuer: 'i' },
  }
  const six = Array.from({ length: 6 }, (_, i) => targetGroup(world, { Name: `pods${i}` }))
  const tcp = targetGroup(world, { Name: 'tcp', Protocol: 'TCP' })
  const grpc = targetGroup(world, { Name: 'grpc', ProtocolVersion: 'GRPC' })
  const ipv6 = targetGroup(world, { Name: 'six', IpAddressType: 'ipv6' })
  const [first = ''] = six
  const weighted = (config: object): object => ({
    Type: 'forward',
    ForwardConfig: { TargetGroups: [{ TargetGroupArn: first }], ...config },
  })
  const cases: [object[], string][] = [
    [[], 'ValidationError'],
    [[{ Type: 'answer' }], 'ValidationError'],
    [[notFound, { ...notFound, Order: 2 }], 'InvalidLoadBalancerAction'],
    [[notFound, { ...forward(first), Order: 1 }], 'InvalidLoadBalancerAction'],
    [[jwt, { ...notFound, Order: 2 }], 'InvalidLoadBalancerAction'],
    [[jwt], 'InvalidLoadBalancerAction'],
    [[{ ...notFound, Order: 50_001 }], 'ValidationError'],
    [[fixed({ StatusCode: '301' })], 'ValidationError'],
    [[fixed({ ContentType: 'image/png' })], 'ValidationError'],
    [[fixed({ MessageBody: 'x'.repeat(1025) })], 'ValidationError'],
    [[redirect({})], 'InvalidLoadBalancerAction'],
    [[redirect({ Protocol: 'HTTP', Port: '80' })], 'InvalidLoadBalancerAction'],
    [[redirect({ Protocol: 'FTP' })], 'ValidationError'],
    [[redirect({ Port: '0' })], 'ValidationError'],
    [[redirect({ Path: 'x' })], 'ValidationError'],
    [[redirect({ Host: 'x', Query: '?a' })], 'ValidationError'],
    [[redirect({ Host: 'x', StatusCode: 'HTTP_307' })], 'ValidationError'],
    [[{ Type: 'forward' }], 'ValidationError'],
    [[forward(`${first}0`)], 'TargetGroupNotFound'],
    [[forward(first, first)], 'ValidationError'],
    [[forward(...six)], 'TooManyTargetGroups'],
    [[forward(tcp)], 'IncompatibleProtocols'],
    [[forward(grpc)], 'InvalidConfigurationRequest'],
    [[forward(ipv6)], 'InvalidConfigurationRequest'],
    [[weighted({ TargetGroups: [{ TargetGroupArn: first, Weight: 1000 }] })], 'ValidationError'],
    [[weighted({ TargetGroupStickinessConfig: { Enabled: true } })], 'ValidationError'],
    [
      [weighted({ TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 604_801 } })],
      'ValidationError',
    ],
    [[{ Type: 'forward', FixedResponseConfig: { StatusCode: '404' } }], 'ValidationError'],
  ]
  for (const [Actions, code] of cases) refused(() => rule(world, web, 1, { Actions }), code)
  assert.equal(world.account.rules.size, 1)
})

test('a target group serves one load balancer', () => {
  const { world, web } = scene()
  const group = targetGroup(world)
  rule(world, web, 1, { Actions: [forward(group)] })
  rule(world, web, 2, { Actions: [forward(group)] })
  const other = listener(world, loadBalancer(world, { Name: 'other' }))
  refused(
    () => rule(world, other, 1, { Actions: [forward(group)] }),
    'TargetGroupAssociationLimit',
    /cannot be associated with more than one load balancer: arn/,
  )
})

test('sticky targets need a sticky rule when there are several groups', () => {
  const { world, web } = scene()
  const [a = '', b = ''] = ['a', 'b'].map((Name) => targetGroup(world, { Name }))
  world.call('ModifyTargetGroupAttributes', {
    TargetGroupArn: a,
    Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
  })
  rule(world, web, 1, { Actions: [forward(a)] })
  refused(
    () => rule(world, web, 2, { Actions: [forward(a, b)] }),
    'InvalidConfigurationRequest',
    /group stickiness/,
  )
})

test('quotas: rules and target groups of a load balancer', () => {
  const { world, balancer, web } = scene()
  const other = listener(world, balancer, { Port: 81 })
  overrideQuota(world.account, 'rules-per-application-load-balancer', 2)
  rule(world, web, 1)
  const last = rule(world, other, 1)
  refused(() => rule(world, web, 2), 'TooManyRules')
  overrideQuota(world.account, 'target-groups-per-application-load-balancer', 1)
  const [a = '', b = ''] = ['a', 'b'].map((Name) => targetGroup(world, { Name }))
  world.call('ModifyRule', { RuleArn: last, Actions: [forward(a)] })
  const use = (RuleArn: string): unknown => world.call('ModifyRule', { RuleArn, Actions: [forward(b)] })
  const [{ RuleArn: first }] = world.call('DescribeRules', { ListenerArn: web }).Rules
  refused(() => use(first), 'TooManyUniqueTargetGroupsPerLoadBalancer')
  use(last)
  assert.deepEqual(world.account.targetGroups.get(a)?.wire.LoadBalancerArns, [])
  assert.deepEqual(world.account.targetGroups.get(b)?.wire.LoadBalancerArns, [balancer])
})

test('priorities: in use, out of range, described in order', () => {
  const { world, web } = scene()
  for (const priority of [300, 5, 20]) rule(world, web, priority)
  refused(() => rule(world, web, 5), 'PriorityInUse', /Priority '5' is currently in use/)
  for (const priority of [0, 50_001, 1.5]) refused(() => rule(world, web, priority), 'ValidationError')
  const order = world.call('DescribeRules', { ListenerArn: web }).Rules
  assert.deepEqual(
    order.map(({ Priority }: { Priority: string }) => Priority),
    ['5', '20', '300', 'default'],
  )
})

test('SetRulePriorities is all or nothing, and judges the order that would result', () => {
  const { world, web } = scene()
  const [a = '', b = '', c = ''] = [1, 2, 3].map((priority) => rule(world, web, priority))
  const set = (...pairs: [string, number][]) =>
    world.call('SetRulePriorities', {
      RulePriorities: pairs.map(([RuleArn, Priority]) => ({ RuleArn, Priority })),
    })
  const now = (): (string | undefined)[] => [a, b, c].map((arn) => stored(world, arn).wire.Priority)
  assert.equal(set([a, 2], [b, 1]).Rules.length, 2)
  assert.deepEqual(now(), ['2', '1', '3'])
  set([c, 3])
  refused(() => set([a, 10], [b, 3]), 'PriorityInUse')
  refused(() => set([a, 10], [b, 10]), 'PriorityInUse')
  refused(() => set([a, 10], [`${b.slice(0, -1)}f`, 11]), 'RuleNotFound')
  refused(() => set([a, 50_001]), 'ValidationError')
  refused(() => set([a, 7], [a, 8]), 'ValidationError')
  refused(() => set(), 'ValidationError')
  assert.deepEqual(now(), ['2', '1', '3'])
})

test('modify replaces lists whole and leaves the rest; delete ends it', () => {
  const { world, web } = scene()
  const Transforms = [
    { Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/a(.*)$', Replace: '/b$1' }] } },
  ]
  const RuleArn = rule(world, web, 1, { Transforms })
  const modify = (input: object): unknown => world.call('ModifyRule', { RuleArn, ...input })
  modify({ Conditions: [path('/new')] })
  const { wire } = stored(world, RuleArn)
  assert.deepEqual(
    [wire.Conditions?.[0]?.Values, wire.Transforms, wire.Actions],
    [['/new'], Transforms, [notFound]],
  )
  modify({ Transforms: [] })
  assert.deepEqual(stored(world, RuleArn).wire.Transforms, Transforms)
  refused(() => modify({ Transforms, ResetTransforms: true }), 'ValidationError')
  refused(
    () => modify({ Transforms: [...Transforms, ...Transforms] }),
    'ValidationError',
    /one 'url-rewrite'/,
  )
  refused(() => modify({ Conditions: [path('/x')], Actions: [] }), 'ValidationError')
  assert.deepEqual(stored(world, RuleArn).wire.Conditions?.[0]?.Values, ['/new'])
  modify({ ResetTransforms: true })
  assert.deepEqual(stored(world, RuleArn).wire.Transforms, [])
  world.call('DeleteRule', { RuleArn })
  refused(() => world.call('DeleteRule', { RuleArn }), 'RuleNotFound')
  refused(() => world.call('DescribeRules', { RuleArns: [RuleArn] }), 'RuleNotFound')
})

test('OIDC: defaults filled, the secret kept but never given back', () => {
  const { world, balancer } = scene()
  const web = secure(world, balancer)
  const idp = 'https://idp.example.com'
  const config = {
    Issuer: idp,
    AuthorizationEndpoint: `${idp}/a`,
    TokenEndpoint: `${idp}/t`,
    UserInfoEndpoint: `${idp}/u`,
    ClientId: 'id',
  }
  const oidc = (more: object): object[] => [
    { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { ...config, ...more } },
    { ...notFound, Order: 2 },
  ]
  refused(() => rule(world, web, 1, { Actions: oidc({}) }), 'ValidationError', /secret/)
  refused(
    () => rule(world, web, 1, { Actions: oidc({ ClientSecret: 's', Issuer: 'http://x' }) }),
    'ValidationError',
  )
  const RuleArn = rule(world, web, 1, { Actions: oidc({ ClientSecret: 'hush' }) })
  assert.deepEqual(stored(world, RuleArn).wire.Actions?.[0]?.AuthenticateOidcConfig, {
    ...config,
    SessionCookieName: 'AWSELBAuthSessionCookie',
    Scope: 'openid',
    SessionTimeout: 604_800,
    OnUnauthenticatedRequest: 'authenticate',
  })
  world.call('ModifyRule', { RuleArn, Actions: oidc({ UseExistingClientSecret: true, Scope: 'email' }) })
  assert.equal(stored(world, RuleArn).clientSecret, 'hush')
  assert.doesNotMatch(JSON.stringify(world.call('DescribeRules', { ListenerArn: web })), /hush/)
  world.call('ModifyRule', { RuleArn, Actions: [notFound] })
  assert.equal(stored(world, RuleArn).clientSecret, undefined)
})

test('an HTTPS listener never redirects to HTTP; gRPC groups are served there', () => {
  const { world, balancer } = scene()
  const web = secure(world, balancer)
  const RedirectConfig = { Protocol: 'HTTP', Port: '80', StatusCode: 'HTTP_301' }
  refused(
    () => rule(world, web, 1, { Actions: [{ Type: 'redirect', RedirectConfig }] }),
    'InvalidLoadBalancerAction',
  )
  rule(world, web, 1, { Actions: [forward(targetGroup(world, { ProtocolVersion: 'GRPC' }))] })
})
