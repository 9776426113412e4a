import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actionList, type CredentialsOf, readActions } from '../../src/aws/codec/action.ts'
import {
  conditionList,
  readConditions,
  readTransforms,
  transformList,
} from '../../src/aws/codec/condition.ts'
import { readListener, readSniCertificates, wireMutualAuthentication } from '../../src/aws/codec/listener.ts'
import { listenerArnOf, loadBalancerArnOf } from '../../src/aws/codec/rule.ts'
import {
  byPermission,
  permissionKey,
  permissionList,
  readPermissions,
} from '../../src/aws/codec/security-group.ts'
import { readTags, tagList, tagsMember } from '../../src/aws/codec/tag.ts'
import { readTargetGroup, readTargets, wireHealthCheck } from '../../src/aws/codec/target-group.ts'
import { canonical } from '../../src/lib/json.ts'
import { Secret } from '../../src/lib/secret.ts'
import { type Action, clientOf } from '../../src/model/action.ts'
import type { MutualAuthentication } from '../../src/model/listener.ts'
import type { Permission } from '../../src/model/security-group.ts'
import type { HealthCheck } from '../../src/model/target-group.ts'
import type { Condition, Transform } from '../../src/route/condition.ts'

const text = fc.string({ minLength: 1, maxLength: 12 })
const texts = fc.array(text, { minLength: 1, maxLength: 4 })
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
/** Without the members that are undefined. */
const clean = <T>(value: T): T => JSON.parse(canonical(value)) as T
const arn = (name: unknown): string => String(name)
const rounds = { numRuns: 200 }

const patterns = fc.oneof(
  texts.map((values) => ({ values })),
  texts.map((regexValues) => ({ regexValues })),
)
const condition: fc.Arbitrary<Condition> = fc.oneof(
  patterns.map((some): Condition => ({ field: 'host-header', ...some })),
  patterns.map((some): Condition => ({ field: 'path-pattern', ...some })),
  fc
    .tuple(text, patterns)
    .map(([httpHeaderName, some]): Condition => ({ field: 'http-header', httpHeaderName, ...some })),
  texts.map((values): Condition => ({ field: 'http-request-method', values })),
  texts.map((values): Condition => ({ field: 'source-ip', values })),
  fc
    .array(fc.record({ key: optional(text), value: text }), { minLength: 1, maxLength: 3 })
    .map((values): Condition => clean({ field: 'query-string', values: values as { value: string }[] })),
)

test('conditions: written and read, in an order of their own', () => {
  fc.assert(
    fc.property(fc.array(condition, { maxLength: 5 }), (conditions) => {
      const read = readConditions(conditionList(conditions))
      assert.deepEqual(read.map(canonical).sort(), conditions.map(canonical).sort())
      assert.deepEqual(readConditions(conditionList(conditions.toReversed())), read)
    }),
    rounds,
  )
})

test("conditions: AWS's legacy mirror of the values is read only where it stands alone", () => {
  assert.deepEqual(
    readConditions([
      { Field: 'path-pattern', Values: ['/a'], PathPatternConfig: { Values: ['/a'] } },
      { Field: 'host-header', Values: ['h'] },
      { Field: 'host-header', RegexValues: ['^r$'], HostHeaderConfig: { RegexValues: ['^r$'] } },
    ]),
    [
      { field: 'host-header', regexValues: ['^r$'] },
      { field: 'host-header', values: ['h'] },
      { field: 'path-pattern', values: ['/a'] },
    ],
  )
})

const transform: fc.Arbitrary<Transform> = fc.record({
  type: fc.constantFrom('host-header-rewrite' as const, 'url-rewrite' as const),
  rewrites: fc.array(fc.record({ regex: text, replace: fc.string() }), { minLength: 1, maxLength: 2 }),
})
test('transforms: written and read', () => {
  fc.assert(
    fc.property(fc.uniqueArray(transform, { maxLength: 2, selector: ({ type }) => type }), (transforms) => {
      const sorted = [...transforms].sort((a, b) => (a.type < b.type ? -1 : 1))
      assert.deepEqual(readTransforms(transformList(transforms)), clean(sorted))
    }),
    rounds,
  )
})

const authenticate = {
  onUnauthenticatedRequest: fc.constantFrom('deny', 'allow', 'authenticate'),
  scope: text,
  sessionCookieName: text,
  sessionTimeoutSeconds: fc.integer({ min: 1, max: 604_800 }),
  authenticationRequestExtraParams: optional(
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      text,
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  ),
}
/** What the Secrets of generated actions hold. */
const clientIds = new Map<string, string>()
const credentialsOf: CredentialsOf = ({ secret, version }) => ({
  clientId: new Secret(clientIds.get(secret) ?? ''),
  clientSecret: new Secret('hush'),
  version,
})
function asAwsTells(one: Action): Action {
  if (one.type !== 'authenticate-oidc') return one
  const { credentials: _never, ...told } = one
  return told
}

const action: fc.Arbitrary<Action> = fc.oneof(
  fc
    .uniqueArray(fc.record({ targetGroup: text, weight: fc.integer({ min: 0, max: 999 }) }), {
      minLength: 1,
      maxLength: 5,
      selector: ({ targetGroup }) => targetGroup,
    })
    .map(
      (tuples): Action => ({
        type: 'forward',
        targetGroups:
          tuples.length === 1
            ? tuples.map(({ targetGroup }) => ({ targetGroup }))
            : [...tuples].sort((a, b) => (a.targetGroup < b.targetGroup ? -1 : 1)),
      }),
    ),
  fc
    .record({ durationSeconds: fc.integer({ min: 1, max: 604_800 }), enabled: fc.boolean() })
    .map((stickiness): Action => ({ type: 'forward', targetGroups: [{ targetGroup: 'a' }], stickiness })),
  fc
    .record({
      statusCode: fc.constantFrom('200', '503'),
      contentType: optional(text),
      messageBody: optional(text),
    })
    .map((some) => clean({ type: 'fixed-response', ...some }) as Action),
  fc
    .record({
      statusCode: fc.constantFrom('HTTP_301', 'HTTP_302'),
      protocol: optional(fc.constantFrom('HTTP', 'HTTPS')),
      host: optional(text),
      port: optional(text),
      path: optional(text),
      query: optional(text),
    })
    .map((some) => clean({ type: 'redirect', ...some }) as Action),
  fc
    .record({
      ...authenticate,
      issuer: text,
      authorizationEndpoint: text,
      tokenEndpoint: text,
      userInfoEndpoint: text,
      clientId: text,
    })
    .map(({ clientId, ...some }) => {
      clientIds.set(clientOf(clientId), clientId)
      const credentials = { secret: clientOf(clientId), version: '1' }
      return clean({ type: 'authenticate-oidc', ...some, client: clientOf(clientId), credentials }) as Action
    }),
  fc
    .record({ ...authenticate, userPoolArn: text, userPoolClientId: text, userPoolDomain: text })
    .map((some) => clean({ type: 'authenticate-cognito', ...some }) as Action),
  fc
    .record({
      jwksEndpoint: text,
      issuer: text,
      additionalClaims: optional(
        fc.array(fc.record({ format: text, name: text, values: texts }), { minLength: 1, maxLength: 2 }),
      ),
    })
    .map((some) => clean({ type: 'jwt-validation', ...some }) as Action),
)

test('actions: written and read, in their order', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 3 }), (actions) => {
      const written = actionList(actions, arn, credentialsOf)
      assert.deepEqual(clean(readActions(written)), clean(actions.map(asAwsTells)))
      assert.deepEqual(clean(readActions(written.toReversed())), clean(actions.map(asAwsTells)))
    }),
    rounds,
  )
})

test("actions: AWS's placeholders, mirrors and idle stickiness are dropped", () => {
  assert.deepEqual(
    readActions([
      {
        Type: 'redirect',
        Order: 2,
        RedirectConfig: {
          StatusCode: 'HTTP_301',
          Protocol: 'HTTPS',
          Host: '#{host}',
          Port: '443',
          Path: '/#{path}',
          Query: '#{query}',
        },
      },
      {
        Type: 'forward',
        Order: 1,
        TargetGroupArn: 'tg',
        ForwardConfig: {
          TargetGroups: [{ TargetGroupArn: 'tg', Weight: 1 }],
          TargetGroupStickinessConfig: { Enabled: false },
        },
      },
    ]),
    [
      { type: 'forward', targetGroups: [{ targetGroup: 'tg' }] },
      { type: 'redirect', statusCode: 'HTTP_301', protocol: 'HTTPS', port: '443' },
    ],
  )
})

test('actions: id and secret of a client are those of its Secret; without them nothing is written', () => {
  const oidc = {
    type: 'authenticate-oidc',
    onUnauthenticatedRequest: 'deny',
    scope: 's',
    sessionCookieName: 'c',
    sessionTimeoutSeconds: 1,
    issuer: 'i',
    authorizationEndpoint: 'a',
    tokenEndpoint: 't',
    userInfoEndpoint: 'u',
    client: clientOf('id'),
    credentials: { secret: 'shop/oidc', version: '7' },
  } as const
  const [given] = actionList([oidc], arn, ({ secret, version }) => ({
    clientId: new Secret('id'),
    clientSecret: new Secret(`hush ${secret}`),
    version,
  }))
  const { ClientId, ClientSecret } = given?.AuthenticateOidcConfig ?? {}
  assert.deepEqual([ClientId, ClientSecret], ['id', 'hush shop/oidc'])
  assert.throws(() => actionList([oidc], arn, () => undefined), /no client credentials/)
})

const permission: fc.Arbitrary<Permission> = fc
  .record({
    ports: fc.oneof(
      fc.record({
        protocol: fc.constantFrom('tcp', 'udp'),
        fromPort: fc.nat(65_535),
        toPort: fc.nat(65_535),
      }),
      fc.constant({ protocol: '-1' }),
    ),
    source: fc.oneof(
      text.map((cidr) => ({ cidr })),
      text.map((cidrV6) => ({ cidrV6 })),
      text.map((prefixListId) => ({ prefixListId })),
      text.map((securityGroup) => ({ securityGroup })),
    ),
    description: optional(text),
  })
  .map(({ ports, source, description }) => clean({ ...ports, source, description }) as Permission)

test('permissions: written and read; their description makes no difference', () => {
  fc.assert(
    fc.property(fc.uniqueArray(permission, { maxLength: 6, selector: permissionKey }), (permissions) => {
      assert.deepEqual(
        clean(readPermissions(permissionList(permissions, arn))),
        [...permissions].sort(byPermission),
      )
    }),
    rounds,
  )
})

test('permissions: what AWS merges by port is taken apart', () => {
  assert.deepEqual(
    readPermissions([
      {
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 80,
        IpRanges: [{ CidrIp: '10.0.0.0/8', Description: '' }, { CidrIp: '0.0.0.0/0' }],
        UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '1', Description: 'x' }],
      },
    ]),
    [
      { protocol: 'tcp', fromPort: 80, toPort: 80, source: { cidr: '0.0.0.0/0' } },
      { protocol: 'tcp', fromPort: 80, toPort: 80, source: { cidr: '10.0.0.0/8' } },
      { protocol: 'tcp', fromPort: 80, toPort: 80, source: { securityGroup: 'sg-1' }, description: 'x' },
    ],
  )
})

const healthCheck: fc.Arbitrary<HealthCheck> = fc.record({
  port: text,
  protocol: fc.constantFrom('HTTP', 'HTTPS'),
  path: text,
  matcher: fc.oneof(
    text.map((httpCode) => ({ httpCode })),
    text.map((grpcCode) => ({ grpcCode })),
  ),
  intervalSeconds: fc.nat(300),
  timeoutSeconds: fc.nat(120),
  healthyThresholdCount: fc.nat(10),
  unhealthyThresholdCount: fc.nat(10),
})
test('health checks: written and read', () => {
  fc.assert(
    fc.property(healthCheck, (check) => {
      assert.deepEqual(readTargetGroup(wireHealthCheck(check), {}).healthCheck, clean(check))
    }),
    rounds,
  )
})

const mutual: fc.Arbitrary<MutualAuthentication> = fc
  .record({
    mode: fc.constantFrom('verify', 'passthrough'),
    trustStoreArn: optional(text),
    ignoreClientCertificateExpiry: optional(fc.boolean()),
    advertiseTrustStoreCaNames: optional(fc.constantFrom('on', 'off')),
  })
  .map((some) => clean(some) as MutualAuthentication)
test('mutual authentication: written and read; off is none', () => {
  fc.assert(
    fc.property(mutual, (model) => {
      const read = readListener(
        { Protocol: 'HTTPS', MutualAuthentication: wireMutualAuthentication(model) },
        [],
        {},
      )
      assert.deepEqual(read.mutualAuthentication, model)
    }),
    rounds,
  )
  assert.equal(
    readListener({ MutualAuthentication: { Mode: 'off' } }, [], {}).mutualAuthentication,
    undefined,
  )
})

test('certificates: the default first, then the list, which may hold it again', () => {
  const sni = readSniCertificates([
    { CertificateArn: 'a', IsDefault: true },
    { CertificateArn: 'a', IsDefault: false },
    { CertificateArn: 'b', IsDefault: false },
  ])
  const { certificates } = readListener(
    { Protocol: 'HTTPS', Certificates: [{ CertificateArn: 'a' }] },
    sni,
    {},
  )
  assert.deepEqual(certificates, ['a', 'a', 'b'])
})

test("tags: written and read; AWS's own are not seen, and an empty list is never sent", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        text.filter((key) => !key.startsWith('aws:') && key !== '__proto__'),
        fc.string(),
        { noNullPrototype: true },
      ),
      (tags) => assert.deepEqual(readTags(tagList(tags)), tags),
    ),
    rounds,
  )
  assert.deepEqual(readTags([{ Key: 'aws:cloudformation:stack-name', Value: 'x' }, { Key: 'a' }]), { a: '' })
  assert.deepEqual(tagsMember({}), {})
})

test('targets: what AWS calls not registered is none; draining is one state', () => {
  assert.deepEqual(
    readTargets([
      { Target: { Id: 'b', Port: 1 }, TargetHealth: { State: 'unhealthy.draining' as never } },
      {
        Target: { Id: 'a', Port: 1, AvailabilityZone: 'z' },
        TargetHealth: { State: 'initial', Reason: 'Elb.InitialHealthChecking', Description: 'd' },
      },
      { Target: { Id: 'c', Port: 1 }, TargetHealth: { State: 'unused', Reason: 'Target.NotRegistered' } },
    ]),
    [
      {
        id: 'a',
        port: 1,
        availabilityZone: 'z',
        state: 'initial',
        reason: 'Elb.InitialHealthChecking',
        description: 'd',
      },
      { id: 'b', port: 1, state: 'draining' },
    ],
  )
})

test('a rule knows its listener and load balancer by its ARN', () => {
  const listener = listenerArnOf('arn:aws:elasticloadbalancing:r:1:listener-rule/app/n/lb/ls/rule')
  assert.equal(listener, 'arn:aws:elasticloadbalancing:r:1:listener/app/n/lb/ls')
  assert.equal(loadBalancerArnOf(listener), 'arn:aws:elasticloadbalancing:r:1:loadbalancer/app/n/lb')
})
