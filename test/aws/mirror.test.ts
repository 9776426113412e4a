import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply } from '../../src/apply/apply.ts'
import { readAttributes, readSecurityGroups, readTargets } from '../../src/aws/observe.ts'
import { ok } from '../../src/lib/result.ts'
import type { Step } from '../../src/plan/step.ts'
import {
  account,
  buildSteps,
  calls,
  createWorld,
  lastCall,
  listenerRef,
  options,
  planOf,
  region,
  stack,
  step,
  sweeping,
  targetGroupRef,
  type TestWorld,
} from './world.ts'

const run = async (world: Pick<TestWorld, 'aws' | 'mirror'>, steps: readonly Step[]) =>
  apply(planOf(steps), {
    aws: world.aws,
    mirror: world.mirror,
    stillLeader: () => true,
    writeBinding: async () => ok(undefined),
    options,
  })
async function done(world: Pick<TestWorld, 'aws' | 'mirror'>, ...steps: Step[]): Promise<void> {
  const outcome = await run(world, steps)
  for (const one of outcome.results) assert.equal(one.result, 'done', JSON.stringify(one))
}
async function built(): Promise<TestWorld> {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  await done(world, ...buildSteps(world.vpc))
  return world
}
const only = <T>(list: readonly T[]): T => {
  const [one] = list
  assert.ok(one !== undefined && list.length === 1)
  return one
}

test('one stack is filled on demand; a sweep afterwards reads only what it did not', async () => {
  const world = await built()
  const { mirror, sweeper } = world.other()
  const since = lastCall(world.cloud)
  assert.deepEqual(await sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.deepEqual(calls(world.cloud, since), [
    'DescribeLoadBalancers',
    'DescribeTargetGroups',
    'DescribeSecurityGroups',
    'DescribeTags',
    'DescribeListeners',
    'DescribeRules',
    'DescribeTags',
  ])
  assert.equal(mirror.actual(stack, []).rules.length, 2)
  const again = lastCall(world.cloud)
  assert.deepEqual(await sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.deepEqual(calls(world.cloud, again), [])
})

test('what others own is not seen: another cluster, another VPC, no tag', async () => {
  const world = await built()
  const of = world.cloud.account(account, region)
  const { loadBalancers, targetGroups } = world.mirror.actual(stack, [])
  const [lb, tg] = [only(loadBalancers).arn, only(targetGroups).arn]
  of.tags.get(lb)?.set('elbv2.k8s.aws/cluster', 'other')
  of.tags.delete(tg)
  const { mirror, sweeper } = world.other()
  assert.ok((await sweeper.sweep(sweeping)).ok)
  const seen = mirror.actual(stack, [])
  assert.deepEqual([seen.loadBalancers, seen.listeners, seen.rules, seen.targetGroups], [[], [], [], []])
  assert.equal(seen.securityGroups.length, 1)
})

test('a sweep reports drift, but not what our own writes of the last minute say', async (t) => {
  const world = await built()
  const { rules } = world.mirror.actual(stack, [])
  const [first] = rules
  assert.ok(first)
  const quiet = await world.sweeper.sweep(sweeping)
  assert.deepEqual(quiet, { ok: true, value: { changed: [stack] } }, 'the load balancer became active')
  assert.deepEqual(await world.sweeper.sweep(sweeping), { ok: true, value: { changed: [] } })
  // Another hand deletes a rule, at once after our own write: AWS may as well be late.
  const other = world.other()
  assert.ok((await other.sweeper.sweep(sweeping)).ok)
  await done(
    { aws: world.aws, mirror: other.mirror },
    step({ call: 'DeleteRule', rule: first.arn }, 'delete'),
  )
  assert.deepEqual(await world.sweeper.sweep(sweeping), { ok: true, value: { changed: [] } })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })
  assert.deepEqual(await world.sweeper.sweep(sweeping), { ok: true, value: { changed: [stack] } })
  assert.equal(world.mirror.actual(stack, []).rules.length, 1)
})

test('attributes are read on demand, follow our writes, and are read again by a sweep', async () => {
  const world = await built()
  const { loadBalancers, targetGroups, listeners } = world.mirror.actual(stack, [])
  const arns = [only(loadBalancers).arn, only(targetGroups).arn, only(listeners).arn]
  const reader = { aws: world.aws, options }
  for (const arn of arns) assert.ok((await readAttributes(reader, world.mirror, arn)).ok)
  const before = world.mirror.actual(stack, [])
  assert.equal(only(before.loadBalancers).attributes?.['idle_timeout.timeout_seconds'], '60')
  assert.equal(only(before.targetGroups).attributes?.['deregistration_delay.timeout_seconds'], '300')
  assert.ok(only(before.listeners).attributes)
  await done(
    world,
    step(
      {
        call: 'ModifyLoadBalancerAttributes',
        loadBalancer: only(loadBalancers).arn,
        attributes: { 'idle_timeout.timeout_seconds': '90' },
      },
      'lb',
    ),
    step(
      {
        call: 'ModifyTargetGroupAttributes',
        targetGroup: targetGroupRef,
        attributes: { 'deregistration_delay.timeout_seconds': '5' },
      },
      'tg',
    ),
    step(
      {
        call: 'ModifyListenerAttributes',
        listener: listenerRef,
        attributes: { 'routing.http.response.server.enabled': 'false' },
      },
      'listener',
    ),
  )
  const after = world.mirror.actual(stack, [])
  assert.equal(only(after.loadBalancers).attributes?.['idle_timeout.timeout_seconds'], '90')
  for (const arn of arns) assert.ok((await readAttributes(reader, world.mirror, arn)).ok)
  assert.deepEqual(world.mirror.actual(stack, []), after)
  const since = lastCall(world.cloud)
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  assert.equal(calls(world.cloud, since).filter((action) => action.endsWith('Attributes')).length, 3)
})

test('targets: registered, read, deregistered; the last ones only after a look', async () => {
  const world = await built()
  const arn = only(world.mirror.actual(stack, []).targetGroups).arn
  const targets = [
    { id: '192.168.100.10', port: 8080 },
    { id: '192.168.100.11', port: 8080 },
  ]
  await done(world, step({ call: 'RegisterTargets', targetGroup: arn, targets }, 'register'))
  const read = await readTargets({ aws: world.aws, options }, world.mirror, arn)
  assert.ok(read.ok)
  assert.deepEqual(
    read.value.map(({ id }) => id),
    ['192.168.100.10', '192.168.100.11'],
  )
  assert.ok(read.value.every(({ state }) => state !== 'unknown'))
  let since = lastCall(world.cloud)
  await done(
    world,
    step({ call: 'DeregisterTargets', targetGroup: arn, targets: targets.slice(0, 1) }, 'one'),
  )
  assert.deepEqual(calls(world.cloud, since), ['DeregisterTargets'])
  since = lastCall(world.cloud)
  await done(world, step({ call: 'DeregisterTargets', targetGroup: arn, targets: targets.slice(1) }, 'last'))
  assert.deepEqual(calls(world.cloud, since), ['DescribeTargetHealth', 'DeregisterTargets'])
  assert.ok(world.mirror.registrations.get(arn)?.every(({ state }) => state === 'draining'))
})

test('rules on the group of the nodes: read at need, followed, and read again when they were not as thought', async () => {
  const world = await built()
  const node = world.vpc.nodeSecurityGroup
  const backend = world.mirror.backendSecurityGroup
  assert.ok(backend)
  const permission = {
    protocol: 'tcp',
    fromPort: 8080,
    toPort: 8080,
    source: { securityGroup: { ref: 'securityGroup', stack: '', id: 'backend-sg' } },
    description: 'elbv2.k8s.aws/targetGroupBinding=shared',
  } as const
  const reader = { aws: world.aws, options }
  assert.ok((await readSecurityGroups(reader, world.mirror, [node])).ok)
  const authorize = step(
    { call: 'AuthorizeSecurityGroupIngress', group: node, permissions: [permission] },
    'open',
  )
  await done(world, authorize)
  const ingress = () => world.mirror.securityGroups.get(node)?.ingress
  const open = ingress()
  assert.ok(
    open?.some(
      ({ source, fromPort }) =>
        'securityGroup' in source && source.securityGroup === backend && fromPort === 8080,
    ),
  )
  const fresh = world.other().mirror
  assert.ok((await readSecurityGroups(reader, fresh, [node])).ok)
  assert.deepEqual(open, fresh.securityGroups.get(node)?.ingress)
  assert.deepEqual(world.mirror.stacks(), [stack])
  // A second one is a duplicate: nothing failed, but what we thought was wrong.
  const twice = await run(world, [authorize])
  assert.equal(twice.results[0]?.result, 'skipped')
  assert.equal(ingress(), undefined)
  assert.equal(world.mirror.doubt(stack), undefined)
})

test('where many load balancers wait for their turn, the step is left for later', async () => {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  const busy = {
    ...world.aws,
    readyIn: (action: string) => (action === 'elbv2:CreateLoadBalancer' ? 5_600 : 0),
  }
  const outcome = await run({ aws: busy, mirror: world.mirror }, buildSteps(world.vpc))
  const result = (id: string) => outcome.results.find((one) => one.step.id === id)?.result
  assert.deepEqual(
    [result('targetGroup'), result('loadBalancer'), result('listener')],
    ['done', 'skipped', 'skipped'],
  )
})

test('HTTPS: certificates, policy and protocol follow our writes as a sweep sees them', async () => {
  const world = await built()
  const of = world.cloud.account(account, region)
  const certificate = (name: string): string => {
    const arn = `arn:aws:acm:${region}:${account}:certificate/${name}`
    of.certificates.set(arn, {
      CertificateArn: arn,
      Status: 'ISSUED',
      DomainName: `${name}.example.com`,
      SubjectAlternativeNames: [`${name}.example.com`],
      KeyAlgorithm: 'RSA_2048',
      Type: 'AMAZON_ISSUED',
    })
    return arn
  }
  const [a, b, c] = [certificate('a'), certificate('b'), certificate('c')]
  const secure = { ref: 'listener', stack, id: '443' } as const
  await done(
    world,
    step(
      {
        call: 'CreateListener',
        ref: secure,
        loadBalancer: only(world.mirror.actual(stack, []).loadBalancers).arn,
        port: 443,
        protocol: 'HTTPS',
        defaultActions: [{ type: 'fixed-response', statusCode: '404', contentType: 'text/plain' }],
        certificate: a,
        sslPolicy: 'ELBSecurityPolicy-2016-08',
        tags: {},
      },
      'create',
    ),
    step({ call: 'AddListenerCertificates', listener: secure, certificate: b }, 'add b', ['create']),
    step({ call: 'AddListenerCertificates', listener: secure, certificate: c }, 'add c', ['add b']),
    step(
      {
        call: 'ModifyListener',
        listener: secure,
        certificate: b,
        sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      },
      'default b',
      ['add c'],
    ),
  )
  const arn = world.mirror.resolve(secure)
  assert.ok(arn)
  await done(world, step({ call: 'RemoveListenerCertificates', listener: arn, certificate: c }, 'remove c'))
  const listener = world.mirror.listeners.get(arn)
  assert.deepEqual(listener?.certificates[0], b)
  assert.equal(listener?.sslPolicy, 'ELBSecurityPolicy-TLS13-1-2-2021-06')
  const { mirror, sweeper } = world.other()
  assert.ok((await sweeper.sweep(sweeping)).ok)
  assert.deepEqual(listener, mirror.listeners.get(arn))
  // Back to HTTP: certificates and policy go.
  await done(world, step({ call: 'ModifyListener', listener: arn, protocol: 'HTTP' }, 'plain'))
  assert.deepEqual(world.mirror.listeners.get(arn)?.certificates, [])
})
