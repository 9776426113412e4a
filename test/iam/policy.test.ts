// What the controller needs of IAM: each call that the code makes has a statement, and it works under exactly that, and under ALBC's policy.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAllowed, type Policy } from '../../localstack/aws/iam/policy.ts'
import { deployment, ingress, ingressClass, namespace, service } from '../../localstack/scenario/manifest.ts'
import { timings } from '../../localstack/timing.ts'
import { statements } from '../../scripts/iam.ts'
import { eventually, startTestWorld } from '../world.ts'

const ours: Policy = { Version: '2012-10-17', Statement: statements }
const albcs = JSON.parse(readFileSync(join(import.meta.dirname, 'albc-policy.json'), 'utf8')) as Policy

test('conditions and patterns are those of IAM', () => {
  const policy: Policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'ec2:DeleteSecurityGroup',
        Resource: 'arn:aws:ec2:*:*:security-group/*',
        Condition: { Null: { 'aws:ResourceTag/a': 'false' } },
      },
      {
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: { StringEquals: { 'aws:ResourceTag/a': ['no', 'never'] } },
      },
    ],
  }
  const arn = 'arn:aws:ec2:eu-west-1:1:security-group/sg-1'
  const may = (action: string, resource: string, keys = {}): boolean =>
    isAllowed([policy], { action, resource, keys })
  assert.ok(may('ec2:describeVpcs', '*'))
  assert.ok(!may('ec2:DeleteSecurityGroup', arn))
  assert.ok(may('ec2:DeleteSecurityGroup', arn, { 'aws:ResourceTag/a': 'yes' }))
  assert.ok(!may('ec2:DeleteSecurityGroup', arn, { 'aws:ResourceTag/a': 'never' }))
  assert.ok(!may('ec2:DeleteSecurityGroup', '*', { 'aws:ResourceTag/a': 'yes' }))
})

const prefixes: Readonly<Record<string, string>> = {
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  ec2: 'ec2',
  acm: 'acm',
  sts: 'sts',
  wafv2: 'wafv2',
  shield: 'shield',
  'waf-regional': 'waf-regional',
  'resource-groups-tagging-api': 'tag',
}
/** Roles that a binding names: they are allowed one by one. */
const elsewhere = new Set(['sts:AssumeRole'])

test('each call that the code makes has a statement', () => {
  const folder = join(import.meta.dirname, '../../src')
  const calls = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(join(folder, path), 'utf8').matchAll(
        /(?:import|const) \{([^}]*)\} (?:from|= await import\()\s*'(?:@aws-sdk\/client-|[\w./]*\/(?=waf-regional))([\w-]+)(?:\.ts)?'/g,
      ),
    ])
    .flatMap(([, names = '', client = '']) =>
      [...names.matchAll(/\b(\w+)Command\b(?!\w)/g)].map(([, call = '']) => `${prefixes[client]}:${call}`),
    )
  assert.ok(calls.length > 50)
  assert.ok(calls.includes('waf-regional:AssociateWebACL'))
  const allowed = new Set(statements.flatMap(({ Action }) => Action))
  assert.deepEqual(
    [...new Set(calls)].filter((call) => !allowed.has(call) && !elsewhere.has(call)).sort(),
    [],
  )
})

for (const [whose, policy] of [
  ['its own', ours],
  ["ALBC's", albcs],
] as const)
  test(`a load balancer comes, changes and goes under ${whose} policy`, async (t) => {
    const world = await startTestWorld(timings.instant, {
      policiesOf: (accessKey) => (accessKey === 'CONTROLLER' ? [policy] : undefined),
    })
    t.after(() => world.end())
    world.controller()
    await world.kube.apply(
      namespace('shop'),
      ingressClass('alb'),
      deployment('web', { namespace: 'shop', port: 8080 }),
      service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
    )
    const web = (annotations: Readonly<Record<string, string>>, paths: readonly string[]) =>
      ingress('web', {
        namespace: 'shop',
        class: 'alb',
        annotations: { scheme: 'internet-facing', 'target-type': 'ip', ...annotations },
        paths: paths.map((path) => ({ path, service: 'web', port: 80 })),
      })
    await world.kube.apply(web({}, ['/']))
    const host = await eventually(async () => {
      const found = await world.kube.get<{
        status?: { loadBalancer?: { ingress?: { hostname: string }[] } }
      }>('/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web')
      const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
      assert.ok(hostname !== undefined)
      return hostname
    }, 20_000)
    await eventually(async () => assert.equal((await world.request(host, '/')).status, 200), 20_000)
    const changes = {
      tags: 'team=shop',
      'load-balancer-attributes': 'idle_timeout.timeout_seconds=120',
      'target-group-attributes': 'deregistration_delay.timeout_seconds=5',
      'healthcheck-path': '/healthz',
      'inbound-cidrs': '10.0.0.0/8',
      'listen-ports': '[{"HTTP": 80}, {"HTTP": 8080}]',
    }
    await world.kube.apply(web(changes, ['/', '/new']))
    await eventually(() => {
      const made = new Set(world.cloud.journal.since().map(({ action }) => action))
      for (const action of [
        'CreateRule',
        'ModifyTargetGroup',
        'ModifyLoadBalancerAttributes',
        'RevokeSecurityGroupIngress',
        'AddTags',
      ])
        assert.ok(made.has(action), action)
    }, 20_000)
    await world.kube.remove(web({}, []))
    await eventually(
      () => assert.deepEqual([world.account.loadBalancers.size, world.account.targetGroups.size], [0, 0]),
      20_000,
    )
    const refused = world.cloud.journal
      .since()
      .filter(({ status, error }) => status === 403 && error !== undefined)
    assert.deepEqual(
      refused.map(({ action, message }) => `${action}: ${message}`),
      [],
    )
  })
