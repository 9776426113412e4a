/** One member's mistake holds that member alone (design D3); every bad input has its own reason and remedy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHeld, type Listener } from '../../src/model/listener.ts'
import type { Ingress } from '../../src/model/cluster.ts'
import type { Built } from '../../src/model/desired.ts'
import { inOrder } from '../../src/model/want/rule.ts'
import {
  built,
  byDefault,
  clusterOf,
  factsOf,
  ingress,
  ingressClass,
  p,
  path,
  rule,
  service,
  subnet,
} from './fixture.ts'

type Annotations = Readonly<Record<string, string>>
const member = (key: string, annotations: Annotations = {}, spec: Partial<Ingress['spec']> = {}): Ingress =>
  ingress(key, { annotations: { 'group.name': 'g', ...annotations }, spec })

/** `port: owner or !held, in order`. */
const rulesOf = ({ desired }: Built): readonly string[] =>
  desired.listeners.map(
    ({ port, rules }) =>
      `${port}: ${rules.map((item) => (isHeld(item) ? `!${item.held}` : item.owner)).join(' ')}`,
  )
const told = ({ problems }: Built): readonly string[] =>
  problems.map(({ level, kind, on }) => `${level} ${kind} ${on.namespace}/${on.name}`)
const listener = ({ desired }: Built, port: number): Listener => {
  const found = desired.listeners.find((one) => one.port === port)
  assert.ok(found)
  return found
}

const bad: readonly [string, Annotations, Partial<Ingress['spec']>, RegExp, RegExp][] = [
  [
    'InvalidAnnotation',
    { 'healthcheck-interval-seconds': 'soon' },
    {},
    /^failed to parse int32 annotation, .*healthcheck-interval-seconds: soon: /,
    /a whole number/,
  ],
  ['InvalidAnnotation', { 'target-type': 'pod' }, {}, /unknown targetType: pod/, /`instance` or `ip`/],
  ['InvalidAnnotation', { tags: 'a' }, {}, /failed to parse stringMap annotation/, /key=value/],
  ['InvalidAnnotation', { 'inbound-cidrs': '10.0.0.0' }, {}, /invalid CIDR address: 10.0.0.0/, /10.0.0.0\/8/],
  [
    'InvalidAnnotation',
    { 'conditions.b': '[{"field":"source-ip"}]' },
    {},
    /missing sourceIPConfig/,
    /conditions.b/,
  ],
  ['InvalidListenPorts', { 'listen-ports': '[]' }, {}, /empty listen-ports configuration: `\[\]`/, /HTTPS/],
  [
    'InvalidListenPorts',
    { 'listen-ports': '[{"TCP": 80}]' },
    {},
    /must be within \[HTTP, HTTPS\]: TCP/,
    /HTTPS/,
  ],
  [
    'ServicePortMissing',
    {},
    { rules: [rule(path('/', 'b', { backend: { service: { name: 'b', port: { name: 'nope' } } } }))] },
    /^unable to find port nope on service n\/b$/,
    /80 \(http\)/,
  ],
  ['ServiceUnusable', {}, { rules: [rule(path('/', 'external'))] }, /ExternalName/, /selects pods/],
  ['ServiceUnusable', { 'target-type': 'instance' }, {}, /TargetGroup port is empty/, /NodePort/],
  [
    'InvalidPath',
    {},
    { rules: [rule(path('/*', 'b'))] },
    /prefix path shouldn't contain wildcards: \/\*/,
    /ImplementationSpecific/,
  ],
  [
    'InvalidBackend',
    {},
    { rules: [rule(path('/', 'b', { backend: { resource: {} } }))] },
    /missing required "service"/,
    /Service/,
  ],
  [
    'SubnetsNotFound',
    { subnets: 'nowhere' },
    {},
    /subnet with Name tag not found: nowhere/,
    /availability zone/,
  ],
  [
    'SecurityGroupsNotFound',
    { 'security-groups': 'sg-9' },
    {},
    /requested ids \[sg-9\] but found \[\]/,
    /vpc-1/,
  ],
  [
    'InvalidAnnotation',
    { 'minimum-load-balancer-capacity': 'Units=1' },
    {},
    /invalid key to set the capacity: Units, Expected key: CapacityUnits/,
    /CapacityUnits=<number>/,
  ],
  ['InvalidGroupOrder', { 'group.order': '9999' }, {}, /within \[-1000:1000\]/, /-1000 to 1000/],
]
const external = service('n/external', { type: 'ExternalName', externalName: 'example.com' })

for (const [kind, annotations, spec, message, remedy] of bad)
  test(`${kind} ${JSON.stringify(annotations)} holds its member, in its place, and nobody else`, () => {
    const members = [member('n/a'), member('n/b', annotations, spec), member('n/c')]
    const base = clusterOf(members)
    const result = built('g', { ...base, services: [...base.services, external] })
    assert.deepEqual(rulesOf(result), ['80: n/a !n/b n/c'])
    assert.deepEqual(result.desired.held, ['n/b'])
    assert.deepEqual(told(result), [`error ${kind} n/b`])
    assert.match(result.problems[0]?.message ?? '', message)
    assert.match(result.problems[0]?.remedy ?? '', remedy)
    assert.deepEqual(
      result.desired.targetGroups.map(({ owner }) => owner),
      ['n/a', 'n/c'],
    )
    assert.equal(result.desired.gone, false)
    const strict = built('g', { ...base, services: [...base.services, external] }, { groupFailure: 'strict' })
    assert.deepEqual(strict.desired.held, ['n/a', 'n/b', 'n/c'])
    assert.equal(strict.desired.loadBalancer, undefined)
    assert.equal(strict.desired.gone, false)
  })

test('an unknown annotation warns with the nearest name; the rules are served', () => {
  const result = built('g', clusterOf([member('n/a', { 'target-typ': 'ip' })]))
  assert.deepEqual(told(result), ['warning UnknownAnnotation n/a'])
  assert.equal(result.problems[0]?.remedy, `Did you mean ${p}target-type?`)
  assert.deepEqual(rulesOf(result), ['80: n/a'])
})

test('a missing Service answers 503 and warns; without tolerance it holds', () => {
  const cluster = clusterOf([member('n/a')], { services: [] })
  const result = built('g', cluster)
  assert.deepEqual(told(result), ['warning ServiceMissing n/a'])
  const [only] = listener(result, 80).rules
  assert.ok(only && !isHeld(only))
  assert.deepEqual(only.actions, [
    {
      type: 'fixed-response',
      contentType: 'text/plain',
      statusCode: '503',
      messageBody: 'Backend service does not exist',
    },
  ])
  assert.deepEqual(result.desired.targetGroups, [])
  const strictly = built('g', cluster, { tolerateNonExistentBackendService: false })
  assert.deepEqual(told(strictly), ['error ServiceMissing n/a'])
})

test('no subnets to discover: told, but the rules are wanted all the same', () => {
  const result = built('g', clusterOf([member('n/a')]), {}, factsOf({ subnets: [] }))
  assert.deepEqual(told(result), ['error SubnetsNotFound n/a'])
  assert.deepEqual(result.desired.loadBalancer?.subnets, { keep: true, else: [] })
  assert.deepEqual(rulesOf(result), ['80: n/a'])
  assert.deepEqual(result.desired.held, [])
})

test('classes at fault hold who was served before, and only them', () => {
  const finalizers = ['group.ingress.k8s.aws/g']
  const classless = ingress('n/b', { annotations: { 'group.name': 'g' }, metadata: { finalizers } })
  const { ingressClassName: _, ...spec } = classless.spec
  const ingressClasses = [ingressClass('alb'), byDefault('one'), byDefault('two')]
  const cluster = clusterOf([member('n/a'), { ...classless, spec }], { ingressClasses })
  const result = built('g', cluster)
  assert.deepEqual(told(result), ['error MultipleDefaultIngressClasses n/b'])
  assert.deepEqual(rulesOf(result), ['80: n/a !n/b'])
  const { loadBalancer } = result.desired
  assert.deepEqual(loadBalancer?.scheme, { keep: true, else: 'internal' })
  assert.equal(listener(result, 80).maybeRedirected, true)
})

test('members that disagree: all are served, and what AWS serves decides', () => {
  const members = [member('n/a', { scheme: 'internal' }), member('n/b', { scheme: 'internet-facing' })]
  const result = built('g', clusterOf([...members, member('n/c')]))
  assert.deepEqual(result.desired.loadBalancer?.scheme, {
    oneOf: [
      { value: 'internal', by: 'n/a' },
      { value: 'internet-facing', by: 'n/b' },
    ],
  })
  assert.deepEqual(told(result), ['warning Conflict n/a', 'warning Conflict n/b'])
  assert.equal(result.problems[0]?.message, 'conflicting scheme: map[internal:{} internet-facing:{}]')
  assert.deepEqual(rulesOf(result), ['80: n/a n/b n/c'])
})

test('IngressClassParams come first', () => {
  const ingressClassParams = [
    { metadata: { name: 'x', uid: 'x' }, spec: { scheme: 'internet-facing' as const, group: { name: 'g' } } },
  ]
  const parameters = { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: 'x' }
  const ingressClasses = [
    ingressClass('alb'),
    ingressClass('strong', { spec: { controller: 'ingress.k8s.aws/alb', parameters } }),
  ]
  const members = [member('n/a', { scheme: 'internal' }), member('n/b', {}, { ingressClassName: 'strong' })]
  const tags = { 'kubernetes.io/role/elb': '1' }
  const facts = factsOf({ subnets: [subnet('a', 'a', { tags }), subnet('b', 'b', { tags })] })
  const result = built('g', clusterOf(members, { ingressClasses, ingressClassParams }), {}, facts)
  assert.deepEqual(result.desired.loadBalancer?.scheme, { is: 'internet-facing' })
  assert.deepEqual(told(result), ['warning Conflict n/a'])
})

test("a held member's settings are kept, and only those", () => {
  const members = [
    member('n/a', { 'ip-address-type': 'ipv4' }),
    member('n/b', { scheme: 'internet-facing', 'healthcheck-port': 'x y' }),
  ]
  const { desired } = built('g', clusterOf(members))
  assert.deepEqual(desired.held, ['n/b'])
  assert.deepEqual(desired.loadBalancer?.scheme, { keep: true, else: 'internet-facing' })
  assert.deepEqual(desired.loadBalancer?.ipAddressType, { is: 'ipv4' })
})

test('two protocols on one port: the older member is served, the other held', () => {
  const at = (creationTimestamp: string) => ({ metadata: { creationTimestamp } })
  const arn = { 'certificate-arn': 'arn:1' }
  const younger = ingress('n/a', {
    annotations: { 'group.name': 'g', 'group.order': '-9', 'listen-ports': '[{"HTTP": 443}]' },
    metadata: { namespace: 'n', name: 'a', ...at('2026-02-01T00:00:00Z').metadata },
  })
  const older = ingress('n/b', {
    annotations: { 'group.name': 'g', ...arn },
    metadata: { namespace: 'n', name: 'b', ...at('2026-01-01T00:00:00Z').metadata },
  })
  const withOwn = (one: Ingress, annotations: Ingress): Ingress => ({
    ...one,
    metadata: { ...one.metadata, annotations: annotations.metadata.annotations ?? {} },
  })
  const result = built('g', clusterOf([withOwn(younger, younger), withOwn(older, older)]))
  assert.deepEqual(rulesOf(result), ['443: !n/a n/b'])
  assert.equal(listener(result, 443).protocol, 'HTTPS')
  assert.deepEqual(told(result), ['error Conflict n/a'])
})

test('ssl-redirect empties HTTP; asked for by a held member alone, it stays only where AWS has it', () => {
  const both = { 'listen-ports': '[{"HTTP": 80}, {"HTTPS": 443}]', 'certificate-arn': 'arn:1' }
  const secure = member('n/a', { ...both, 'ssl-redirect': '443' })
  const result = built('g', clusterOf([secure, member('n/b')]))
  assert.deepEqual(rulesOf(result), ['80: ', '443: n/a'])
  const redirect = [{ type: 'redirect', port: '443', protocol: 'HTTPS', statusCode: 'HTTP_301' }]
  assert.deepEqual(listener(result, 80).defaultActions, { is: redirect })
  const wrong = member('n/a', { ...both, 'ssl-redirect': '443', 'healthy-threshold-count': 'x' })
  const held = built('g', clusterOf([wrong, member('n/b')]))
  assert.deepEqual(rulesOf(held), ['80: !n/a n/b'])
  assert.equal(listener(held, 80).maybeRedirected, true)
})

test('a redirect to a port that nobody serves: told, and the others are served', () => {
  const result = built('g', clusterOf([member('n/a', { 'ssl-redirect': '8443' }), member('n/b')]))
  assert.deepEqual(told(result), ['error InvalidListenPorts n/a'])
  assert.equal(result.problems[0]?.message, 'listener does not exist for SSLRedirect port: 8443')
  assert.deepEqual(rulesOf(result), ['80: !n/a n/b'])
  assert.equal(listener(result, 80).maybeRedirected, true)
})

test('certificates are asked for once, then found by host, the smallest ARN first', () => {
  const https = { 'listen-ports': '[{"HTTPS": 443}]' }
  const hosts = { rules: [{ host: 'www.example.com', ...rule(path('/', 'a')) }] }
  const cluster = clusterOf([member('n/a', https, hosts), member('n/b')])
  const first = built('g', cluster)
  assert.deepEqual(first.needs, { certificates: true })
  assert.deepEqual(first.problems, [])
  assert.deepEqual(rulesOf(first), ['80: !n/a n/b'])
  const certificates = [
    { arn: 'arn:2', domains: ['www.example.com'] },
    { arn: 'arn:1', domains: ['*.example.com'] },
    { arn: 'arn:0', domains: ['example.com', '*.www.example.com'] },
  ]
  const second = built('g', cluster, {}, factsOf({ certificates }))
  assert.deepEqual(second.needs, {})
  assert.deepEqual(listener(second, 443).certificates, { is: ['arn:1', 'arn:2'] })
  const none = built('g', cluster, {}, factsOf({ certificates: [] }))
  assert.deepEqual(told(none), ['error CertificateNotFound n/a'])
})

test('default backends: one is served, two are contested, none is 404', () => {
  const backend = { defaultBackend: { service: { name: 'a', port: { number: 80 } } }, rules: [] }
  const other = { defaultBackend: { service: { name: 'b', port: { number: 80 } } }, rules: [] }
  const one = built('g', clusterOf([member('n/a', {}, backend)]))
  assert.ok('is' in listener(one, 80).defaultActions)
  const two = built('g', clusterOf([member('n/a', {}, backend), member('n/b', {}, other)]))
  assert.ok('oneOf' in listener(two, 80).defaultActions)
  assert.deepEqual(told(two), ['warning Conflict n/a', 'warning Conflict n/b'])
})

test('gone only when no member is left; deletion protection stops that', () => {
  const finalizers = ['group.ingress.k8s.aws/g']
  const leaving = (annotations: Annotations): Ingress =>
    ingress('n/a', {
      annotations,
      metadata: { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' },
    })
  assert.equal(built('g', clusterOf([leaving({})])).desired.gone, true)
  assert.equal(built('never', clusterOf([])).desired.gone, true)
  const one = leaving({})
  const annotations = { [`${p}load-balancer-attributes`]: 'deletion_protection.enabled=T' }
  const kept = built('g', clusterOf([{ ...one, metadata: { ...one.metadata, annotations } }]))
  assert.equal(kept.desired.gone, false)
  assert.deepEqual(kept.desired.held, ['n/a'])
  assert.deepEqual(told(kept), ['error DeletionProtected n/a'])
})

test('what is replaced has another incarnation; what is not keeps it', () => {
  const incarnation = (annotations: Annotations): string | undefined =>
    built('g', clusterOf([member('n/a', annotations)])).desired.targetGroups[0]?.ref.incarnation
  const plain = incarnation({})
  assert.equal(incarnation({ 'healthcheck-path': '/x' }), plain)
  assert.notEqual(incarnation({ 'backend-protocol': 'HTTPS' }), plain)
  assert.notEqual(incarnation({ 'backend-protocol-version': 'GRPC' }), plain)
})

test('two members whose names collide share the first target group, as in ALBC, and are told', () => {
  const members = [
    member('n/a', {}, { rules: [rule(path('/a', 'b-c'))] }),
    member('n/a-b', {}, { rules: [rule(path('/b', 'c'))] }),
  ]
  const result = built('g', clusterOf(members, { services: [service('n/b-c'), service('n/c')] }))
  assert.deepEqual(
    result.desired.targetGroups.map(({ ref, binding }) => [ref.id, binding.serviceRef.name]),
    [['n/a-b-c:80', 'b-c']],
  )
  assert.deepEqual(told(result), ['warning Conflict n/a-b'])
})

test('who may connect: the union of nothing is everybody, and a dispute is decided for the older', () => {
  const aged = (key: string, creationTimestamp: string, annotations: Annotations): Ingress => {
    const one = member(key, annotations)
    return { ...one, metadata: { ...one.metadata, creationTimestamp } }
  }
  const cidrs = (...members: readonly Ingress[]) => {
    const result = built('g', clusterOf(members))
    return result.desired.securityGroups[0]?.ingress.map(({ source }) =>
      'cidr' in source ? source.cidr : '',
    )
  }
  const older = aged('n/z', '2025-01-01T00:00:00Z', { 'inbound-cidrs': '10.0.0.0/8' })
  const silent = aged('n/s', '2024-01-01T00:00:00Z', {})
  const open = { 'inbound-cidrs': '0.0.0.0/0', 'group.order': '-1000' }
  assert.deepEqual(cidrs(silent), ['0.0.0.0/0'])
  assert.deepEqual(cidrs(silent, older), ['10.0.0.0/8'])
  assert.deepEqual(cidrs(older, aged('n/a', '2026-01-01T00:00:00Z', open)), ['10.0.0.0/8'])
  const broken = { 'inbound-cidrs': '10.0.0.0' }
  assert.deepEqual(cidrs(silent, aged('n/b', '2026-01-01T00:00:00Z', broken)), [])
})

test('paths: Exact, then Prefix by length, then the rest; equals as written', () => {
  const paths = [
    path('/legacy/*', 'a', { pathType: 'ImplementationSpecific' }),
    path('/a', 'a'),
    path('/x', 'a', { pathType: 'Exact' }),
    path('/a/bb/', 'a'),
    path('/b', 'a'),
    path('/', 'a'),
  ]
  assert.deepEqual(
    inOrder(paths).map((one) => one.path),
    ['/x', '/a/bb/', '/a', '/b', '/', '/legacy/*'],
  )
  const rules = [{ host: 'app.example.com', ...rule(...paths) }]
  const values = listener(built('g', clusterOf([member('n/a', {}, { rules })])), 80).rules.map((item) =>
    isHeld(item) ? [] : item.conditions.map(({ values: all }) => all),
  )
  assert.deepEqual(values[1], [['app.example.com'], ['/a/bb', '/a/bb/*']])
  assert.deepEqual(values[4], [['app.example.com'], ['/*']])
})

test('a redirect to itself is left out, and so is what a redirect covers', () => {
  const annotations = {
    'actions.loop': '{"type":"redirect","redirectConfig":{"port":"80","statusCode":"HTTP_301"}}',
    'actions.away': '{"type":"redirect","redirectConfig":{"host":"x.example.com","statusCode":"HTTP_301"}}',
  }
  const by = (text: string, name: string) =>
    path(text, name, { backend: { service: { name, port: { name: 'use-annotation' } } } })
  const rules = [
    rule(by('/one', 'loop')),
    rule(by('/two', 'away')),
    rule(path('/two', 'a')),
    rule(path('/', 'a')),
  ]
  const kept = listener(built('g', clusterOf([member('n/a', annotations, { rules })])), 80).rules
  assert.deepEqual(
    kept.map((item) => (isHeld(item) ? '' : item.conditions[0]?.values?.[0])),
    ['/two', '/*'],
  )
})

test('a group of a thousand members is built in well under a second', () => {
  const cluster = clusterOf(Array.from({ length: 1000 }, (_, index) => member(`n/i${index}`)))
  const start = performance.now()
  const result = built('g', cluster)
  assert.ok(performance.now() - start < 2000)
  assert.equal(listener(result, 80).rules.length, 1000)
})
