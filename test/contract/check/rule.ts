// Rules: conditions, actions, transforms and priorities; made, read back, changed, removed.
import assert from 'node:assert/strict'
import {
  type Action,
  DeleteRuleCommand,
  DescribeRulesCommand,
  ModifyRuleCommand,
  type Rule,
  type RuleCondition,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { check, forward, onPath, refused, type Bench } from '../bench.ts'

const described = async ({ clients }: Bench, arn: string): Promise<Rule | undefined> => {
  const { Rules } = await clients.elbv2.send(new DescribeRulesCommand({ RuleArns: [arn] }))
  return Rules?.[0]
}
const listed = async ({ clients }: Bench, ListenerArn: string): Promise<readonly Rule[]> => {
  const { Rules = [] } = await clients.elbv2.send(new DescribeRulesCommand({ ListenerArn }))
  return Rules
}

const conditions: Readonly<Record<string, RuleCondition>> = {
  'path-pattern': { Field: 'path-pattern', PathPatternConfig: { Values: ['/a', '/a/*'] } },
  'host-header': { Field: 'host-header', HostHeaderConfig: { Values: ['*.example.com'] } },
  'http-header': { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Team', Values: ['a*'] } },
  'http-request-method': { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'] } },
  'query-string': { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'v', Value: '1' }] } },
  'source-ip': { Field: 'source-ip', SourceIpConfig: { Values: ['192.0.2.0/24'] } },
}
const ofConditions = Object.entries(conditions).map(([field, condition]) =>
  check(`rule/${field}`, `a condition on ${field} is read back as it was made`, async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener, { Conditions: [condition] })
    const read = await bench.eventually(() => described(bench, RuleArn))
    const [found] = read?.Conditions ?? []
    for (const [key, value] of Object.entries(condition))
      assert.deepEqual(found?.[key as keyof RuleCondition], value, key)
  }),
)

export const ruleChecks = [
  ...ofConditions,
  check('rule/regex', 'a condition may be a regular expression', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener, {
      Conditions: [{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/v[0-9]+/.*$'] } }],
    })
    const read = await bench.eventually(() => described(bench, RuleArn))
    assert.deepEqual(read?.Conditions?.[0]?.PathPatternConfig?.RegexValues, ['^/v[0-9]+/.*$'])
  }),
  check('rule/redirect', 'what a redirect does not say is filled in', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener, {
      Actions: [
        { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', Protocol: 'HTTPS', Port: '443' } },
      ],
    })
    const read = await bench.eventually(() => described(bench, RuleArn))
    assert.deepEqual(read?.Actions?.[0]?.RedirectConfig, {
      StatusCode: 'HTTP_301',
      Protocol: 'HTTPS',
      Port: '443',
      Host: '#{host}',
      Path: '/#{path}',
      Query: '#{query}',
    })
  }),
  check('rule/weighted', 'weights and stickiness are read back as they were made', async (bench) => {
    const { listener } = await bench.shared()
    const [a, b] = [await bench.targetGroup(), await bench.targetGroup()]
    const config = {
      TargetGroups: [
        { TargetGroupArn: a.TargetGroupArn, Weight: 90 },
        { TargetGroupArn: b.TargetGroupArn, Weight: 10 },
      ],
      TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
    }
    const { RuleArn } = await bench.rule(listener, {
      Actions: [{ Type: 'forward', Order: 1, ForwardConfig: config }],
    })
    const read = await bench.eventually(() => described(bench, RuleArn))
    const byArn = (groups: readonly { TargetGroupArn?: string | undefined }[] = []) =>
      groups.toSorted((x, y) => ((x.TargetGroupArn ?? '') < (y.TargetGroupArn ?? '') ? -1 : 1))
    const found = read?.Actions?.[0]?.ForwardConfig
    assert.deepEqual(byArn(found?.TargetGroups), byArn(config.TargetGroups))
    assert.deepEqual(found?.TargetGroupStickinessConfig, config.TargetGroupStickinessConfig)
  }),
  check('rule/fixed', 'a fixed response is read back as it was made', async (bench) => {
    const { listener } = await bench.shared()
    const FixedResponseConfig = { StatusCode: '503', ContentType: 'text/plain', MessageBody: 'later' }
    const { RuleArn } = await bench.rule(listener, {
      Actions: [{ Type: 'fixed-response', FixedResponseConfig }],
    })
    const read = await bench.eventually(() => described(bench, RuleArn))
    assert.deepEqual(read?.Actions?.[0]?.FixedResponseConfig, FixedResponseConfig)
  }),
  check('rule/secret', 'the secret of an OIDC action is never told', async (bench) => {
    const { listener } = await bench.shared()
    const oidc: Action = {
      Type: 'authenticate-oidc',
      Order: 1,
      AuthenticateOidcConfig: {
        Issuer: 'https://idp.example.com',
        AuthorizationEndpoint: 'https://idp.example.com/authorize',
        TokenEndpoint: 'https://idp.example.com/token',
        UserInfoEndpoint: 'https://idp.example.com/userinfo',
        ClientId: 'client',
        ClientSecret: 'not-to-be-told',
      },
    }
    // HTTPS alone takes it: whatever the answer is, the secret is not in it.
    const made = bench.rule(listener, { Actions: [oidc, { ...forwardLater, Order: 2 }] })
    const told = await made.then(JSON.stringify, (error: unknown) => String(error))
    assert.doesNotMatch(told, /not-to-be-told/)
  }),
  check('rule/needs-https', 'authentication needs HTTPS', async (bench) => {
    const { listener } = await bench.shared()
    const cognito: Action = {
      Type: 'authenticate-cognito',
      Order: 1,
      AuthenticateCognitoConfig: {
        UserPoolArn: `arn:aws:cognito-idp:${bench.region}:123456789012:userpool/${bench.region}_abcdefghi`,
        UserPoolClientId: 'client',
        UserPoolDomain: 'domain',
      },
    }
    await refused(
      bench.rule(listener, { Actions: [cognito, { ...forwardLater, Order: 2 }] }),
      'InvalidLoadBalancerAction',
      'ValidationError',
      'InvalidConfigurationRequest',
    )
  }),
  check('rule/priority-taken', 'a priority is taken once', async (bench) => {
    const { listener } = await bench.shared()
    const Priority = 49_001
    await bench.rule(listener, { Priority })
    await refused(bench.rule(listener, { Priority, Conditions: onPath('/other') }), 'PriorityInUse')
  }),
  check('rule/bad-priority', 'priorities are checked', async (bench) => {
    const { listener } = await bench.shared()
    await refused(bench.rule(listener, { Priority: 50_001 }), 'ValidationError')
  }),
  check('rule/too-many-values', 'a rule takes five values', async (bench) => {
    const { listener } = await bench.shared()
    const six = ['/1', '/2', '/3', '/4', '/5', '/6']
    await refused(
      bench.rule(listener, { Conditions: onPath(...six) }),
      'ValidationError',
      'TooManyConditions',
    )
  }),
  check('rule/no-condition', 'a rule needs a condition', async (bench) => {
    const { listener } = await bench.shared()
    await refused(bench.rule(listener, { Conditions: [] }), 'ValidationError')
  }),
  check('rule/swapped', 'two rules change places in one call', async (bench) => {
    const { listener } = await bench.shared()
    const a = await bench.rule(listener, { Priority: 49_010 })
    const b = await bench.rule(listener, { Priority: 49_011, Conditions: onPath('/b') })
    await bench.clients.elbv2.send(
      new SetRulePrioritiesCommand({
        RulePriorities: [
          { RuleArn: a.RuleArn, Priority: 49_011 },
          { RuleArn: b.RuleArn, Priority: 49_010 },
        ],
      }),
    )
    await bench.eventually(async () => {
      const [x, y] = [await described(bench, a.RuleArn), await described(bench, b.RuleArn)]
      assert.deepEqual([x?.Priority, y?.Priority], ['49011', '49010'])
    })
  }),
  check('rule/moved', 'a rule is moved to a free priority', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener, { Priority: 49_020 })
    await bench.clients.elbv2.send(
      new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 49_021 }] }),
    )
    await bench.eventually(async () => assert.equal((await described(bench, RuleArn))?.Priority, '49021'))
  }),
  check('rule/modified', 'conditions and actions are replaced, each as a whole', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener, { Conditions: onPath('/a', '/b') })
    await bench.clients.elbv2.send(new ModifyRuleCommand({ RuleArn, Conditions: onPath('/c') }))
    await bench.eventually(async () => {
      const read = await described(bench, RuleArn)
      assert.deepEqual(read?.Conditions?.[0]?.PathPatternConfig?.Values, ['/c'])
      assert.equal(read?.Actions?.[0]?.FixedResponseConfig?.StatusCode, '404')
    })
  }),
  check('rule/transforms', 'a rule rewrites paths, until that is reset', async (bench) => {
    const { listener } = await bench.shared()
    const Transforms = [
      {
        Type: 'url-rewrite' as const,
        UrlRewriteConfig: { Rewrites: [{ Regex: '^/api/(.*)$', Replace: '/$1' }] },
      },
    ]
    const { TargetGroupArn } = await bench.targetGroup()
    const { RuleArn } = await bench.rule(listener, { Actions: [forward(TargetGroupArn)], Transforms })
    await bench.eventually(async () =>
      assert.deepEqual((await described(bench, RuleArn))?.Transforms, Transforms),
    )
    await bench.clients.elbv2.send(new ModifyRuleCommand({ RuleArn, ResetTransforms: true }))
    await bench.eventually(async () =>
      assert.deepEqual((await described(bench, RuleArn))?.Transforms ?? [], []),
    )
  }),
  check(
    'rule/default',
    'the default rule is listed, and can neither be changed nor deleted',
    async (bench) => {
      const { listener } = await bench.shared()
      const all = await bench.eventually(() => listed(bench, listener))
      const byDefault = all.find(({ IsDefault }) => IsDefault)
      assert.equal(byDefault?.Priority, 'default')
      await refused(
        bench.clients.elbv2.send(new DeleteRuleCommand({ RuleArn: byDefault?.RuleArn })),
        'OperationNotPermitted',
      )
    },
  ),
  check('rule/deleted', 'a deleted one is not found', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener)
    const { elbv2 } = bench.clients
    await elbv2.send(new DeleteRuleCommand({ RuleArn }))
    await bench.eventually(() => refused(described(bench, RuleArn), 'RuleNotFound'))
  }),
  check('rule/unknown', 'to delete what is not there is refused', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener)
    const unknown = RuleArn.replace(/[0-9a-f]{16}$/, '0123456789abcdef')
    await refused(bench.clients.elbv2.send(new DeleteRuleCommand({ RuleArn: unknown })), 'RuleNotFound')
  }),
]

const forwardLater: Action = {
  Type: 'fixed-response',
  FixedResponseConfig: { StatusCode: '200', ContentType: 'text/plain' },
}
