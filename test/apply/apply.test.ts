import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overrideQuota } from '../../localstack/aws/elbv2/quota.ts'
import { seedFacts } from '../../localstack/aws/seed-facts.ts'
import { type ApplyContext, apply } from '../../src/apply/apply.ts'
import { readAddOn, refreshAddOns } from '../../src/aws/add-on.ts'
import { readLoadBalancerStates } from '../../src/aws/observe.ts'
import { ok } from '../../src/lib/result.ts'
import type { Actual } from '../../src/model/actual.ts'
import type { Outcome } from '../../src/plan/outcome.ts'
import type { Step } from '../../src/plan/step.ts'
import {
  account,
  buildSteps,
  calls,
  createWorld,
  lastCall,
  listenerRef,
  loadBalancerRef,
  options,
  planOf,
  region,
  stack,
  step,
  sweeping,
  tagsOf,
  targetGroupRef,
  type TestWorld,
} from '../aws/world.ts'

const context = (world: TestWorld, more: Partial<ApplyContext> = {}): ApplyContext => ({
  aws: world.aws,
  mirror: world.mirror,
  sweeper: world.sweeper,
  stillLeader: () => true,
  writeBinding: async () => ok(undefined),
  options,
  ...more,
})

const results = (outcome: Outcome): Record<string, string> =>
  Object.fromEntries(outcome.results.map((one) => [one.step.id, one.result]))
const allDone = (outcome: Outcome): void => {
  for (const one of outcome.results)
    assert.equal(one.result, 'done', `${one.step.id}: ${JSON.stringify(one)}`)
}

async function built(): Promise<TestWorld> {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  allDone(await apply(planOf(buildSteps(world.vpc)), context(world)))
  return world
}

/** What a controller that starts now would see, targets apart. */
async function seenAfresh(world: TestWorld): Promise<Actual> {
  const { mirror, sweeper } = world.other()
  assert.ok((await sweeper.sweep(sweeping)).ok)
  return mirror.actual(stack, [])
}
const known = (world: TestWorld): Actual => ({ ...world.mirror.actual(stack, []), targets: {} })
const same = async (world: TestWorld): Promise<void> => {
  const fresh = await seenAfresh(world)
  // Provisioning ends by itself; whoever waits for it polls it.
  const arns = fresh.loadBalancers.map(({ arn }) => arn)
  assert.ok((await readLoadBalancerStates({ aws: world.aws, options }, world.mirror, arns)).ok)
  assert.deepEqual(known(world), fresh)
}

test('an empty account is swept by three calls', async () => {
  const { cloud, sweeper, mirror } = createWorld()
  assert.deepEqual(await sweeper.sweep(sweeping), { ok: true, value: { changed: [] } })
  assert.deepEqual(calls(cloud).sort(), [
    'DescribeLoadBalancers',
    'DescribeSecurityGroups',
    'DescribeTargetGroups',
  ])
  assert.deepEqual(mirror.stacks(), [])
})

test('after own writes the mirror is what a fresh sweep sees, and the writes were the only calls', async () => {
  const world = await built()
  assert.deepEqual(calls(world.cloud).slice(3).sort(), [
    'AuthorizeSecurityGroupIngress',
    'CreateListener',
    'CreateLoadBalancer',
    'CreateRule',
    'CreateRule',
    'CreateSecurityGroup',
    'CreateSecurityGroup',
    'CreateTargetGroup',
  ])
  const actual = known(world)
  assert.equal(actual.rules.length, 2)
  assert.deepEqual(actual.targetGroups[0]?.loadBalancerArns, [actual.loadBalancers[0]?.arn])
  assert.equal(actual.securityGroups[0]?.ingress.length, 3)
  await same(world)
})

test('changes of every kind leave the mirror as a fresh sweep sees it', async () => {
  const world = await built()
  const actual = known(world)
  const [redirect, forward] = actual.rules
  const [loadBalancer] = actual.loadBalancers
  const [listener] = actual.listeners
  const [targetGroup] = actual.targetGroups
  const [group] = actual.securityGroups
  assert.ok(redirect && forward && loadBalancer && listener && targetGroup && group)
  const since = lastCall(world.cloud)
  const steps: Step[] = [
    step(
      {
        call: 'SetRulePriorities',
        listener: listener.arn,
        priorities: [
          { rule: redirect.arn, priority: 300 },
          { rule: forward.arn, priority: 200 },
        ],
      },
      'order',
    ),
    step(
      {
        call: 'ModifyRule',
        rule: redirect.arn,
        conditions: [{ field: 'http-header', httpHeaderName: 'X-Team', values: ['a', 'b'] }],
      },
      'conditions',
    ),
    step(
      {
        call: 'ModifyRule',
        rule: forward.arn,
        transforms: [{ type: 'url-rewrite', rewrites: [{ regex: '^/a(.*)$', replace: '/$1' }] }],
      },
      'transforms',
    ),
    step(
      {
        call: 'ModifyListener',
        listener: listenerRef,
        defaultActions: [{ type: 'forward', targetGroups: [{ targetGroup: targetGroupRef }] }],
      },
      'default',
    ),
    step(
      {
        call: 'ModifyTargetGroup',
        targetGroup: targetGroup.arn,
        healthCheck: { ...targetGroup.healthCheck, path: '/healthz' },
      },
      'health',
    ),
    step({ call: 'SetSecurityGroups', loadBalancer: loadBalancerRef, securityGroups: [group.id] }, 'groups'),
    step(
      { call: 'SetSubnets', loadBalancer: loadBalancer.arn, subnets: world.vpc.publicSubnets.slice(0, 2) },
      'subnets',
    ),
    step(
      {
        call: 'RevokeSecurityGroupIngress',
        group: group.id,
        permissions: [{ protocol: 'tcp', fromPort: 80, toPort: 80, source: { cidrV6: '::/0' } }],
      },
      'revoke',
    ),
    step(
      {
        call: 'AddTags',
        resources: [loadBalancer.arn, redirect.arn, targetGroup.arn],
        tags: { team: 'a', env: 'x' },
      },
      'tag',
    ),
    step({ call: 'RemoveTags', resources: [loadBalancer.arn], keys: ['env'] }, 'untag', ['tag']),
    step({ call: 'CreateTags', group: group.id, tags: { team: 'a' } }, 'tag group'),
    step({ call: 'DeleteTags', group: group.id, keys: ['team'] }, 'untag group', ['tag group']),
    step(
      {
        call: 'RegisterTargets',
        targetGroup: targetGroup.arn,
        targets: [{ id: '192.168.100.10', port: 8080 }],
      },
      'register',
    ),
  ]
  allDone(await apply(planOf(steps), context(world)))
  const after = known(world)
  assert.deepEqual(
    after.rules.map(({ arn, priority }) => [arn, priority]),
    [
      [forward.arn, 200],
      [redirect.arn, 300],
    ],
  )
  assert.deepEqual(after.rules[1]?.conditions, [
    { field: 'http-header', httpHeaderName: 'X-Team', values: ['a', 'b'] },
  ])
  assert.equal(after.rules[1]?.tags['team'], 'a')
  assert.deepEqual(after.loadBalancers[0]?.subnets, world.vpc.publicSubnets.slice(0, 2).sort())
  assert.equal(after.loadBalancers[0]?.tags['env'], undefined)
  assert.deepEqual(world.mirror.actual(stack, []).targets[targetGroup.arn], [
    { id: '192.168.100.10', port: 8080, state: 'unknown' },
  ])
  // Last looks: at the load balancer twice, at the security group once.
  const reads = calls(world.cloud, since).filter((action) => action.startsWith('Describe'))
  assert.deepEqual(reads.sort(), [
    'DescribeLoadBalancers',
    'DescribeLoadBalancers',
    'DescribeSecurityGroups',
    'DescribeTags',
    'DescribeTags',
  ])
  await same(world)
})

test('everything deleted in dependency order leaves nothing, each delete after a look', async () => {
  const world = await built()
  const actual = known(world)
  const [redirect] = actual.rules
  const [loadBalancer] = actual.loadBalancers
  const [targetGroup] = actual.targetGroups
  const [group] = actual.securityGroups
  assert.ok(redirect && loadBalancer && targetGroup && group)
  const steps = [
    step({ call: 'DeleteRule', rule: redirect.arn }, 'rule'),
    step({ call: 'DeleteLoadBalancer', loadBalancer: loadBalancer.arn }, 'lb', ['rule']),
    step({ call: 'DeleteTargetGroup', targetGroup: targetGroup.arn }, 'tg', ['lb']),
    step({ call: 'DeleteSecurityGroup', group: group.id }, 'sg', ['lb']),
  ]
  allDone(await apply(planOf(steps), context(world)))
  const left = known(world)
  assert.deepEqual(
    [left.loadBalancers, left.listeners, left.rules, left.targetGroups, left.securityGroups],
    [[], [], [], [], []],
  )
  assert.ok(left.backendSecurityGroup)
  await same(world)
})

test('a delete of what somebody else changed is skipped, and the mirror knows the change', async () => {
  const world = await built()
  const [redirect, forward] = known(world).rules
  assert.ok(redirect && forward)
  // Another hand.
  const intruder = world.other()
  assert.ok((await intruder.sweeper.sweep(sweeping)).ok)
  const edit = step(
    { call: 'ModifyRule', rule: forward.arn, conditions: [{ field: 'path-pattern', values: ['/theirs'] }] },
    'edit',
  )
  allDone(await apply(planOf([edit]), context(world, { mirror: intruder.mirror, sweeper: intruder.sweeper })))

  const outcome = await apply(
    planOf([
      step({ call: 'DeleteRule', rule: forward.arn }, 'changed'),
      step({ call: 'DeleteRule', rule: redirect.arn }, 'unchanged'),
    ]),
    context(world),
  )
  assert.deepEqual(results(outcome), { changed: 'skipped', unchanged: 'done' })
  assert.deepEqual(known(world).rules[0]?.conditions, [{ field: 'path-pattern', values: ['/theirs'] }])
  await same(world)
})

test('deleting what is gone already is success, without a delete', async () => {
  const world = await built()
  const [redirect] = known(world).rules
  assert.ok(redirect)
  const reader = world.other()
  assert.ok((await reader.sweeper.sweep(sweeping)).ok)
  const steps = [step({ call: 'DeleteRule', rule: redirect.arn }, 'delete')]
  allDone(await apply(planOf(steps), context(world)))
  const since = lastCall(world.cloud)
  allDone(await apply(planOf(steps), context(world, { mirror: reader.mirror, sweeper: reader.sweeper })))
  assert.ok(!calls(world.cloud, since).includes('DeleteRule'))
  assert.equal(reader.mirror.rules.get(redirect.arn), undefined)
})

test('what we made a moment ago and AWS does not know is in doubt, not gone', async () => {
  const world = await built()
  const [redirect] = known(world).rules
  assert.ok(redirect)
  const intruder = world.other()
  assert.ok((await intruder.sweeper.sweep(sweeping)).ok)
  const plan = planOf([step({ call: 'DeleteRule', rule: redirect.arn }, 'delete')])
  allDone(await apply(plan, context(world, { mirror: intruder.mirror, sweeper: intruder.sweeper })))
  assert.deepEqual(results(await apply(plan, context(world))), { delete: 'failed' })
  assert.ok(world.mirror.rules.get(redirect.arn))
  assert.ok(world.mirror.doubt(plan.stack)?.suspects.has(redirect.arn))
})

test('an answer that was lost: nothing more is written until a read shows what happened', async () => {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  world.cloud.fault({ action: 'CreateLoadBalancer', error: 'lost-answer' })
  const plan = planOf(buildSteps(world.vpc))
  const first = await apply(plan, context(world))
  assert.deepEqual(results(first), {
    backend: 'done',
    group: 'done',
    authorize: 'done',
    targetGroup: 'done',
    loadBalancer: 'failed',
    listener: 'skipped',
    redirect: 'skipped',
    forward: 'skipped',
  })
  const failed = first.results.find((one) => one.step.id === 'loadBalancer')
  assert.ok(failed?.result === 'failed' && failed.error.kind === 'unknown')
  assert.equal(calls(world.cloud).filter((action) => action === 'CreateLoadBalancer').length, 1)

  const inDoubt = await apply(plan, context(world))
  assert.ok(inDoubt.results.every(({ result }) => result === 'skipped'))

  assert.deepEqual(await world.sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.equal(known(world).loadBalancers.length, 1)
  const rest = plan.steps.slice(5)
  allDone(await apply(planOf(rest), context(world)))
  assert.equal(calls(world.cloud).filter((action) => action === 'CreateLoadBalancer').length, 1)
  await same(world)
})

test('each create whose answer was lost is found again', async () => {
  for (const action of ['CreateSecurityGroup', 'CreateTargetGroup', 'CreateListener', 'CreateRule']) {
    const world = createWorld()
    assert.ok((await world.sweeper.sweep(sweeping)).ok)
    world.cloud.fault({ action, error: 'lost-answer' })
    const plan = planOf(buildSteps(world.vpc))
    const outcome = await apply(plan, context(world))
    assert.equal(outcome.results.filter(({ result }) => result === 'failed').length, 1, action)
    const ready = await world.sweeper.ready(stack, options)
    assert.deepEqual(ready, { ok: true, value: { ready: true } }, action)
    await same(world)
  }
})

test('a create that was lost before it arrived needs two looks ten seconds apart', async (t) => {
  const world = await built()
  world.cloud.fault({ action: 'CreateRule', error: 'reset' })
  const create = step(
    {
      call: 'CreateRule',
      listener: listenerRef,
      priority: 5,
      conditions: [{ field: 'path-pattern', values: ['/x'] }],
      actions: [{ type: 'fixed-response', statusCode: '200' }],
      transforms: [],
      tags: tagsOf('80:3'),
    },
    'create',
  )
  assert.deepEqual(results(await apply(planOf([create]), context(world))), { create: 'failed' })
  const first = await world.sweeper.ready(stack, options)
  assert.ok(first.ok && !first.value.ready)
  assert.ok(first.value.afterMs > 9_000 && first.value.afterMs <= 10_000)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 4_000 })
  const early = await world.sweeper.ready(stack, options)
  assert.ok(early.ok && !early.value.ready && early.value.afterMs <= 6_000)
  t.mock.timers.setTime(Date.now() + 7_000)
  assert.deepEqual(await world.sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.deepEqual(results(await apply(planOf([create]), context(world))), { create: 'done' })
  t.mock.timers.reset()
  await same(world)
})

test('a failed step stops its dependants only, and names what was denied', async () => {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  world.cloud.fault({
    action: 'CreateTargetGroup',
    error: {
      code: 'AccessDenied',
      message:
        'User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: elasticloadbalancing:CreateTargetGroup on resource: x because no policy',
      status: 403,
    },
  })
  const outcome = await apply(planOf(buildSteps(world.vpc)), context(world))
  const { targetGroup, forward, redirect, listener } = results(outcome)
  assert.deepEqual([targetGroup, forward, redirect, listener], ['failed', 'skipped', 'done', 'done'])
  const failed = outcome.results.find((one) => one.step.id === 'targetGroup')
  assert.ok(failed?.result === 'failed')
  assert.equal(failed.error.kind, 'denied')
  assert.equal(failed.error.permission, 'elasticloadbalancing:CreateTargetGroup')
  assert.equal(world.mirror.doubt(stack), undefined)
})

test('PriorityInUse: the load balancer is read again and the mirror knows the rule', async () => {
  const world = await built()
  const intruder = world.other()
  assert.ok((await intruder.sweeper.sweep(sweeping)).ok)
  const create = step(
    {
      call: 'CreateRule',
      listener: listenerRef,
      priority: 7,
      conditions: [{ field: 'path-pattern', values: ['/x'] }],
      actions: [{ type: 'fixed-response', statusCode: '200' }],
      transforms: [],
      tags: {},
    },
    'create',
  )
  allDone(
    await apply(planOf([create]), context(world, { mirror: intruder.mirror, sweeper: intruder.sweeper })),
  )
  const outcome = await apply(planOf([create]), context(world))
  const [result] = outcome.results
  assert.ok(result?.result === 'failed' && result.error.kind === 'exists')
  assert.deepEqual(await world.sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.equal(known(world).rules[0]?.priority, 7)
  await same(world)
})

test('no call starts once leadership or time is over', async () => {
  const world = createWorld()
  assert.ok((await world.sweeper.sweep(sweeping)).ok)
  const since = lastCall(world.cloud)
  const plan = planOf(buildSteps(world.vpc))
  await apply(plan, context(world, { stillLeader: () => false }))
  await apply(plan, context(world, { options: { ...options, deadline: Date.now() - 1 } }))
  assert.deepEqual(calls(world.cloud, since), [])
})

test('a new leadership reads listeners and rules again, once, and plans anew if they differ', async () => {
  const world = await built()
  const [redirect] = known(world).rules
  assert.ok(redirect)
  const intruder = world.other()
  assert.ok((await intruder.sweeper.sweep(sweeping)).ok)
  const remove = step({ call: 'DeleteRule', rule: redirect.arn }, 'remove')
  allDone(
    await apply(planOf([remove]), context(world, { mirror: intruder.mirror, sweeper: intruder.sweeper })),
  )
  // The mirror lets own writes win for a minute: those of the leader before are not own.
  const [loadBalancer] = known(world).loadBalancers
  assert.ok(loadBalancer)
  world.mirror.doubted(stack, 'a test', [redirect.arn])
  world.mirror.setDoubt(stack, undefined)
  const tag = step({ call: 'AddTags', resources: [loadBalancer.arn], tags: { a: 'b' } }, 'tag')
  const leading = context(world, { leaderSince: Date.now() + 1 })
  const since = lastCall(world.cloud)
  assert.deepEqual(results(await apply(planOf([tag]), leading)), { tag: 'skipped' })
  assert.deepEqual(calls(world.cloud, since), ['DescribeListeners', 'DescribeRules', 'DescribeTags'])
  assert.equal(known(world).rules.length, 1)
})

test('a create that AWS answers with what exists already does not pass for new', async (t) => {
  const world = await built()
  const { mirror, sweeper } = world.other()
  // It knows the groups, but was never told of the load balancer.
  assert.ok((await sweeper.sweep(sweeping)).ok)
  const [loadBalancer] = mirror.actual(stack, []).loadBalancers
  assert.ok(loadBalancer)
  mirror.loadBalancers.forget(loadBalancer.arn)
  mirror.prune()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10 * 60_000 })
  const create = buildSteps(world.vpc).filter(({ call }) => call === 'CreateLoadBalancer')
  allDone(await apply(planOf(create), context(world, { mirror, sweeper })))
  assert.equal(mirror.contentReadAt(loadBalancer.arn), undefined)
  assert.deepEqual(await sweeper.ready(stack, options), { ok: true, value: { ready: true } })
  assert.equal(mirror.actual(stack, []).rules.length, 2)
})

test('web ACLs and protections are looked at again before they are replaced: another may have come in between', async () => {
  const world = await built()
  const { cloud, mirror } = world
  const of = cloud.account(account, region)
  const arn = mirror.actual(stack, []).loadBalancers[0]?.arn ?? ''
  const acl = (name: string): string =>
    `arn:aws:wafv2:${region}:${account}:regional/webacl/${name}/00000000-0000-0000-0000-000000000001`
  seedFacts(of, {
    webAcls: ['one', 'two', 'three'].map((Name) => ({ Name, Id: Name, ARN: acl(Name) })),
    classicWebAcls: [{ WebACLId: 'c1', Name: 'c1' }],
    shieldSubscription: 'ACTIVE',
  })
  of.webAclAssociations.set(arn, acl('three'))
  of.classicWebAclAssociations.set(arn, 'c1')
  const longAgo = Date.now() - 3_600_000
  mirror.addOns.read(arn, 'webAcl', { value: acl('one') }, longAgo)
  mirror.addOns.read(arn, 'classicWebAcl', { value: 'c1' }, longAgo)
  mirror.addOns.read(arn, 'protection', { value: { id: 'p1', name: 'office' } }, longAgo)
  const steps = [
    step({ call: 'AssociateWebACL', service: 'wafv2', loadBalancer: arn, webAcl: acl('two') }, 'replace'),
    step({ call: 'DisassociateWebACL', service: 'waf-regional', loadBalancer: arn }, 'take'),
    step({ call: 'DeleteProtection', loadBalancer: arn, protection: 'p1' }, 'unshield'),
  ]
  const before = lastCall(cloud)
  assert.deepEqual(results(await apply(planOf(steps), context(world))), {
    replace: 'skipped',
    take: 'done',
    unshield: 'skipped',
  })
  assert.deepEqual(calls(cloud, before).sort(), [
    'DescribeProtection',
    'DisassociateWebACL',
    'GetWebACLForResource',
    'GetWebACLForResource',
  ])
  assert.deepEqual(mirror.loadBalancers.get(arn)?.addOns, {
    webAcl: { value: acl('three') },
    classicWebAcl: { value: '' },
    protection: { value: 'none' },
  })
  // Planned again on what was just read, it is done at once.
  assert.equal(results(await apply(planOf(steps.slice(0, 1)), context(world)))['replace'], 'done')
  assert.equal(of.webAclAssociations.get(arn), acl('two'))
})

test('what is read is not what we wrote a moment ago, and what AWS refuses to tell is known for a while', async () => {
  const { cloud, mirror, aws } = await built()
  const arn = mirror.actual(stack, []).loadBalancers[0]?.arn ?? ''
  mirror.addOns.wrote(arn, 'webAcl', { value: 'ours' })
  assert.deepEqual(await readAddOn({ aws, options }, mirror, arn, 'webAcl'), { ok: true, value: '' })
  assert.deepEqual(mirror.loadBalancers.get(arn)?.addOns?.webAcl, { value: 'ours' })
  cloud.fault({ action: 'DescribeProtection', error: { code: 'AccessDeniedException', message: 'no' } })
  await readAddOn({ aws, options }, mirror, arn, 'protection')
  const refused = mirror.loadBalancers.get(arn)?.addOns?.protection
  assert.ok(refused && 'refused' in refused && refused.refused.kind === 'denied')
  // The next sweep asks for what somebody stated, and for nothing else.
  const before = lastCall(cloud)
  await refreshAddOns({ aws, options }, mirror)
  assert.deepEqual(calls(cloud, before).sort(), ['DescribeProtection', 'GetWebACLForResource'])
  assert.deepEqual(mirror.loadBalancers.get(arn)?.addOns?.protection, { value: 'none' })
})

test('what AWS has no room for is asked once for each listener; the rest goes on', async () => {
  const world = await built()
  overrideQuota(world.cloud.account(account, region), 'rules-per-application-load-balancer', 5)
  const since = lastCall(world.cloud)
  const rules = Array.from({ length: 40 }, (_, at) =>
    step(
      {
        call: 'CreateRule',
        listener: listenerRef,
        priority: 20_000 + at,
        conditions: [{ field: 'path-pattern', values: [`/${at}`] }],
        actions: [{ type: 'fixed-response', statusCode: '404', contentType: 'text/plain' }],
        transforms: [],
        tags: tagsOf(`80:${at + 3}`),
      },
      `rule-${at}`,
    ),
  )
  const [forward] = known(world).rules.slice(1)
  assert.ok(forward)
  const change = step(
    { call: 'ModifyRule', rule: forward.arn, conditions: [{ field: 'path-pattern', values: ['/all/*'] }] },
    'change',
  )
  const outcome = await apply(planOf([...rules, change]), context(world))
  const made = calls(world.cloud, since).filter((call) => call === 'CreateRule')
  assert.equal(made.length, 4, 'three that are made and one that is refused')
  const refused = outcome.results.filter(({ result }) => result === 'failed')
  assert.equal(refused.length, 37)
  for (const one of refused) assert.equal(one.result === 'failed' ? one.error.code : '', 'TooManyRules')
  assert.equal(results(outcome)['change'], 'done')
  await same(world)
})
