// The whole way is foretold: the same calls as are made one plan after the other, without making them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Desired } from '../../src/model/desired.ts'
import { guard } from '../../src/plan/guard.ts'
import { project, type Way } from '../../src/plan/project.ts'
import { calls, converge, desired, gone, input, listener, rule } from './fixture.ts'
import { empty } from './simulate.ts'

const told = ({ stages }: Way): string[] =>
  stages.flatMap(({ steps, waits }) => [
    ...(steps.length > 0 ? [calls(steps).join(' ')] : []),
    ...waits.map((wait) => `wait ${wait.for}`),
  ])
const workshop = desired([listener(80, [rule('/*', 'web')])])
const public_ = converge(workshop).sim.actual
const internal = (to: Desired): Desired =>
  to.loadBalancer ? { ...to, loadBalancer: { ...to.loadBalancer, scheme: { is: 'internal' } } } : to
const shown = new Set(public_.loadBalancers.map(({ dnsName }) => dnsName))

test('from nothing: also what another loop makes first', () => {
  const { backendSecurityGroup: _none, ...nothing } = empty
  const way = project(workshop, nothing, { ...input, filled: new Set(), shown: new Set() })
  assert.deepEqual(told(way), [
    'CreateSecurityGroup CreateSecurityGroup AuthorizeSecurityGroupIngress CreateTargetGroup',
    'wait backendSecurityGroup',
    'CreateTargetGroupBinding CreateLoadBalancer CreateListener CreateRule',
  ])
  assert.deepEqual(way.plan.waits, [])
  assert.equal(new Set(way.plan.steps.map(({ id }) => id)).size, way.plan.steps.length)
})

test('what is there already needs no way', () => {
  assert.deepEqual(project(workshop, public_, { ...input, shown }).stages, [])
})

test('another target type: parked until healthy, then switched, and what is made is named', () => {
  const way = project(desired([listener(80, [rule('/*', 'web/HTTPS')])]), public_, { ...input, shown })
  assert.deepEqual(told(way), [
    'CreateTargetGroup CreateTargetGroupBinding CreateRule',
    'wait targetHealth',
    'ModifyRule DeleteRule DeleteTargetGroupBinding',
    'wait bindingGone',
    'AddTags AddTags DeleteTargetGroup',
  ])
  const last = way.plan.steps.at(-1)
  assert.equal(last?.call, 'DeleteTargetGroup')
  const park = way.plan.steps.find(({ call }) => call === 'CreateRule')
  assert.match(
    JSON.stringify(park),
    /targetGroup:team:ns\/app-web:80\+next#HTTPS|"id":"ns\/app-web:80\+next"/,
  )
})

test('another scheme: through the switch and the grace to the end', () => {
  const way = project(internal(workshop), public_, { ...input, shown })
  assert.deepEqual(told(way), [
    'CreateLoadBalancer CreateTargetGroup CreateTargetGroupBinding CreateListener CreateRule',
    'AddTags AddTags',
    'AddTags AddTags',
    'wait statusMoved',
    'AddTags',
    'wait grace',
    'DeleteLoadBalancer',
    'DeleteTargetGroupBinding',
    'wait bindingGone',
    'DeleteTargetGroup',
  ])
  assert.equal(way.plan.address, public_.loadBalancers[0]?.arn)
})

test('the way ends where a guard stops it, and says what to approve', () => {
  const names = { internal: 'mine', 'internet-facing': 'mine' }
  const explicit = (to: Desired): Desired =>
    to.loadBalancer ? { ...to, loadBalancer: { ...to.loadBalancer, name: names } } : to
  const { actual } = converge(explicit(workshop)).sim
  const nobody = { here: [], others: 0 }
  const way = project(
    internal(explicit(workshop)),
    actual,
    { ...input, shown },
    {
      allow: (plan) =>
        guard(plan, {
          mode: 'apply',
          stack: 'team',
          witnessed: true,
          loadBalancers: actual.loadBalancers,
          inferred: nobody,
          explicit: nobody,
          owned: 1,
          members: [],
          group: { name: 'group.team' },
          now: 0,
        }),
    },
  )
  assert.deepEqual(told(way), [])
  assert.deepEqual(calls(way.plan.guarded?.steps ?? []), ['DeleteLoadBalancer'])
})

test('a held member: what waits for it is where the way ends', () => {
  const held = internal({ ...workshop, held: ['ns/bad'] })
  const way = project(held, public_, { ...input, shown })
  assert.deepEqual(told(way), ['wait heldMember'])
})

test('deletion, to the last security group', () => {
  const way = project(gone(), public_, { ...input, shown })
  assert.deepEqual(told(way), [
    'DeleteLoadBalancer DeleteTargetGroupBinding DeleteSecurityGroup',
    'wait bindingGone',
    'DeleteTargetGroup',
  ])
})
