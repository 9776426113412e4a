import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Desired } from '../../src/model/desired.ts'
import { resourceTag } from '../../src/model/tag.ts'
import { guard } from '../../src/plan/guard.ts'
import { plan } from '../../src/plan/plan.ts'
import { calls, converge, desired, forward, gone, input, listener, rule, targetGroup } from './fixture.ts'
import { applyPlan, empty, settle, simOf } from './simulate.ts'

const workshop = desired([listener(80, [rule('/new', '503'), rule('/*', 'web')])])

test('a fresh group is one plan of exactly the calls it needs, all of which a plan after finds done', () => {
  const { plans, sim } = converge(workshop)
  assert.equal(plans.length, 1)
  assert.deepEqual(calls(plans[0]?.steps ?? []), [
    'CreateSecurityGroup',
    'AuthorizeSecurityGroupIngress',
    'CreateTargetGroup',
    'CreateTargetGroupBinding',
    'CreateLoadBalancer',
    'CreateListener',
    'CreateRule',
    'CreateRule',
  ])
  assert.deepEqual(
    sim.actual.rules.map(({ priority, tags }) => [
      priority,
      tags[resourceTag],
      tags['albatross.dev/ingress'],
    ]),
    [
      [10_000, '80:10000', 'ns/app'],
      [10_100, '80:10100', 'ns/app'],
    ],
  )
})

test('equal inputs give equal plans, and every step id is its own', () => {
  const one = plan(workshop, empty, input)
  assert.equal(JSON.stringify(one), JSON.stringify(plan(workshop, empty, input)))
  assert.equal(new Set(one.steps.map(({ id }) => id)).size, one.steps.length)
})

test('without the shared backend group only what does not need it is made', () => {
  const { backendSecurityGroup: _, ...actual } = empty
  const next = plan(workshop, actual, input)
  assert.deepEqual(calls(next.steps), [
    'CreateSecurityGroup',
    'AuthorizeSecurityGroupIngress',
    'CreateTargetGroup',
  ])
  assert.deepEqual(
    next.waits.map((wait) => wait.for),
    ['backendSecurityGroup'],
  )
})

test('a plan that stopped half way is taken up where it stopped', () => {
  const first = plan(workshop, empty, input)
  for (let count = 0; count < first.steps.length; count += 1) {
    const half = applyPlan(simOf(empty), first.steps.slice(0, count)).sim
    const { steps } = converge(workshop, half)
    assert.equal(steps.length + count, first.steps.length, `after ${count} steps`)
  }
})

test('deletion leaves nothing, in an order that AWS takes', () => {
  const { sim } = converge(workshop)
  const { steps, sim: end } = converge(gone(), sim)
  assert.deepEqual(calls(steps), [
    'DeleteLoadBalancer',
    'DeleteTargetGroupBinding',
    'DeleteSecurityGroup',
    'DeleteTargetGroup',
  ])
  assert.deepEqual({ ...end.actual, targets: {} }, empty)
})

test('a backend that appears replaces its fixed answer at once', () => {
  const { sim } = converge(workshop)
  const { plans } = converge(desired([listener(80, [rule('/new', 'fresh'), rule('/*', 'web')])]), sim)
  assert.deepEqual(
    plans.map(({ steps }) => calls(steps)),
    [['CreateTargetGroup', 'CreateTargetGroupBinding', 'ModifyRule']],
  )
})

test('a served rule goes to a new target group only once that is healthy, and the old one goes last', () => {
  const { sim } = converge(workshop)
  const next = desired([listener(80, [rule('/new', '503'), rule('/*', 'web/HTTPS')])])
  const { plans, sim: end } = converge(next, sim)
  assert.deepEqual(
    plans.map(({ steps }) => calls(steps)),
    [
      ['CreateTargetGroup', 'CreateTargetGroupBinding', 'CreateRule'],
      ['ModifyRule', 'DeleteRule', 'DeleteTargetGroupBinding'],
      ['AddTags', 'AddTags', 'DeleteTargetGroup'],
    ],
  )
  assert.deepEqual(
    end.actual.targetGroups.map((one) => [one.protocol, one.tags[resourceTag]]),
    [['HTTPS', 'ns/app-web:80']],
  )
})

test('an unhealthy replacement is waited for two minutes, no longer', () => {
  const next = desired([listener(80, [rule('/new', '503'), rule('/*', 'web/HTTPS')])])
  const first = converge(workshop).sim
  const parked = applyPlan(first, plan(next, first.actual, input).steps).sim
  const arn = parked.actual.targetGroups[1]?.arn ?? ''
  const sick = {
    ...parked.actual,
    targets: { ...parked.actual.targets, [arn]: [{ id: 'a', port: 1, state: 'unhealthy' as const }] },
  }
  const soon = plan(next, sick, { ...input, now: input.now + 119_000 })
  assert.deepEqual(
    [calls(soon.steps), soon.waits.map((wait) => [wait.for, wait.on, wait.afterMs])],
    [[], [['targetHealth', arn, 1_000]]],
  )
  const late = plan(next, sick, { ...input, now: input.now + 120_000 })
  assert.equal(late.steps[0]?.call, 'ModifyRule')
})

test('whether to wait is read first where targets are not known', () => {
  const next = desired([listener(80, [rule('/new', '503'), rule('/*', 'web/HTTPS')])])
  const { sim } = converge(workshop)
  const { waits } = plan(next, { ...sim.actual, targets: {} }, input)
  assert.deepEqual(
    waits.map((wait) => wait.for),
    ['targetsRead'],
  )
})

test('stated attributes are read before they are compared, and only what differs is sent', () => {
  const base = workshop.loadBalancer
  assert.ok(base)
  const next = { ...workshop, loadBalancer: { ...base, attributes: { a: '1', b: '2' } } }
  const { sim: made } = converge(workshop)
  const sim = simOf({
    ...made.actual,
    loadBalancers: made.actual.loadBalancers.map(({ attributes: _unread, ...one }) => one),
  })
  assert.deepEqual(
    plan(next, sim.actual, input).waits.map((wait) => wait.for),
    ['attributesRead'],
  )
  const read = {
    ...sim.actual,
    loadBalancers: sim.actual.loadBalancers.map((one) => ({ ...one, attributes: { a: '1', b: '3' } })),
  }
  const [step] = plan(next, read, input).steps
  assert.deepEqual(step?.call === 'ModifyLoadBalancerAttributes' && step.attributes, { b: '2' })
})

test('a listener on a new port is made before the old one goes', () => {
  const { sim } = converge(workshop)
  const { steps } = converge(desired([listener(8080, [rule('/*', 'web')])]), sim)
  assert.deepEqual(calls(steps), [
    'AuthorizeSecurityGroupIngress',
    'CreateListener',
    'CreateRule',
    'DeleteListener',
    'RevokeSecurityGroupIngress',
  ])
})

test('tags are put right, others keys and legacy ones left, and nothing is taken off while a member is held', () => {
  const { sim } = converge(workshop)
  const tagged = {
    ...sim.actual,
    targetGroups: sim.actual.targetGroups.map((one) => ({
      ...one,
      tags: { ...one.tags, 'aws:x': '1', 'kubernetes.io/namespace': 'ns', mine: '1' },
    })),
  }
  const [step] = plan(workshop, tagged, input).steps
  assert.deepEqual(step?.call === 'RemoveTags' && step.keys, ['mine'])
  const onLoadBalancer = {
    ...sim.actual,
    loadBalancers: sim.actual.loadBalancers.map((one) => ({ ...one, tags: { ...one.tags, mine: '1' } })),
  }
  assert.deepEqual(plan({ ...workshop, held: ['ns/other'] }, onLoadBalancer, input).steps, [])
})

test('certificates: add, switch the default, remove', () => {
  const https = (certificates: string[]) => ({
    ...listener(443, []),
    protocol: 'HTTPS' as const,
    certificates: { is: certificates },
  })
  const { sim } = converge(desired([https(['a', 'b'])]))
  assert.deepEqual(sim.actual.listeners[0]?.certificates, ['a', 'a', 'b'])
  const { steps, sim: end } = converge(desired([https(['c', 'b'])]), sim)
  assert.deepEqual(calls(steps), ['AddListenerCertificates', 'ModifyListener', 'RemoveListenerCertificates'])
  assert.deepEqual(end.actual.listeners[0]?.certificates, ['c', 'b', 'c'])
  const older = {
    ...sim.actual,
    listeners: sim.actual.listeners.map((one) => ({ ...one, certificates: ['a', 'b'] })),
  }
  assert.deepEqual(plan(desired([https(['a', 'b'])]), settle(simOf(older)).actual, input).steps, [])
})

const byDefault = (spec: string): Desired => {
  const base = desired([{ ...listener(80, []), defaultActions: { is: [forward(spec)] } }])
  return { ...base, targetGroups: [targetGroup(spec)] }
}

test('the default of a listener waits as rules do', () => {
  const { sim } = converge(byDefault('web'))
  const { plans } = converge(byDefault('web/HTTPS'), sim)
  assert.deepEqual(
    plans.map(({ steps }) => calls(steps)),
    [
      ['CreateTargetGroup', 'CreateTargetGroupBinding', 'CreateRule'],
      ['ModifyListener', 'DeleteRule', 'DeleteTargetGroupBinding'],
      ['AddTags', 'AddTags', 'DeleteTargetGroup'],
    ],
  )
})

test('a load balancer without a free rule switches once targets are registered, unchecked', () => {
  const { sim } = converge(workshop)
  const next = desired([listener(80, [rule('/new', '503'), rule('/*', 'web/HTTPS')])])
  const { plans } = converge(next, sim, { ...input, quota: { rulesPerLoadBalancer: 2 } })
  assert.deepEqual(
    plans.slice(0, 2).map(({ steps }) => calls(steps)),
    [
      ['CreateTargetGroup', 'CreateTargetGroupBinding'],
      ['ModifyRule', 'DeleteTargetGroupBinding'],
    ],
  )
})

test('weights among groups that serve already change without waiting', () => {
  const split = (weights: readonly [number, number]) => {
    const base = desired([listener(80, [rule('/a', 'web'), rule('/b', 'api')])])
    const targetGroups = ['web', 'api'].map((spec, at) => ({
      targetGroup: targetGroup(spec).ref,
      weight: weights[at] ?? 0,
    }))
    const both = { ...rule('/*', 'web'), actions: [{ type: 'forward' as const, targetGroups }] }
    return { ...base, listeners: [listener(80, [rule('/a', 'web'), rule('/b', 'api'), both])] }
  }
  const { sim } = converge(split([1, 0]))
  const { plans } = converge(split([0, 1]), sim)
  assert.deepEqual(
    plans.map(({ steps }) => calls(steps)),
    [['ModifyRule']],
  )
})

test('what a new load balancer has anyway is not sent', () => {
  const base = workshop.loadBalancer
  assert.ok(base)
  const attributes = { 'idle_timeout.timeout_seconds': '60', 'routing.http2.enabled': 'false' }
  const { steps } = plan({ ...workshop, loadBalancer: { ...base, attributes } }, empty, input)
  assert.deepEqual(
    steps.flatMap((one) => (one.call === 'ModifyLoadBalancerAttributes' ? [one.attributes] : [])),
    [{ 'routing.http2.enabled': 'false' }],
  )
})

test('only the member that is deleted lifts the protection of its load balancer', () => {
  const { sim } = converge(workshop)
  const guarded = {
    ...sim.actual,
    loadBalancers: sim.actual.loadBalancers.map((one) => ({
      ...one,
      attributes: { 'deletion_protection.enabled': 'true' },
    })),
  }
  const nobody = { here: [], others: 0 }
  const policy = {
    mode: 'apply',
    stack: 'team',
    witnessed: true,
    loadBalancers: guarded.loadBalancers,
    inferred: nobody,
    explicit: nobody,
    owned: 9,
    members: [{ kind: 'Ingress', namespace: 'ns', name: 'app' }],
    group: { name: 'group.team' },
    now: 0,
  } as const
  const kept = guard(plan(gone(), guarded, input), policy)
  assert.deepEqual(calls(kept.steps), [])
  assert.deepEqual(
    kept.problems.map(({ kind }) => kind),
    ['DeletionProtected'],
  )
  const told = guard(plan({ ...gone(), unprotect: true }, guarded, input), policy)
  assert.deepEqual(told.problems, [])
  assert.deepEqual(calls(told.steps).slice(0, 2), ['ModifyLoadBalancerAttributes', 'DeleteLoadBalancer'])
})
