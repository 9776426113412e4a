// Design D5, line by line: what the guard lets through, what it stops, and what an approval changes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvalAnnotation, approvalHash, approved } from '../../src/plan/approval.ts'
import { explicitLimit, guard, type GuardPolicy, inferredLimit } from '../../src/plan/guard.ts'
import { plan } from '../../src/plan/plan.ts'
import type { Plan } from '../../src/plan/step.ts'
import { step } from '../../src/plan/draft.ts'
import { calls, converge, desired, gone, input, listener, rule } from './fixture.ts'

const now = Date.parse('2026-01-31T12:00:00Z')
const nobody = { here: [], others: 0 }
const policy = (change: Partial<GuardPolicy> = {}): GuardPolicy => ({
  mode: 'apply',
  stack: 'team',
  witnessed: true,
  loadBalancers: [],
  inferred: nobody,
  explicit: nobody,
  owned: 10,
  members: [{ kind: 'Ingress', namespace: 'ns', name: 'app' }],
  group: { name: 'group.team' },
  now,
  ...change,
})
const kinds = ({ problems }: Plan): string[] => problems.map(({ kind }) => kind)
const ingresses = (count: number): string[] => Array.from({ length: count }, (_, at) => `ns/i${at}`)

const { sim } = converge(
  desired([listener(80, [rule('/*', 'web'), rule('/b/*', '201', 'ns/b')]), listener(81, [])]),
)
/** All goes: one load balancer, its target group and its security group. */
const teardown = plan(gone(), sim.actual, input)
/** `ns/b` and port 81 go, `ns/app` stays. */
const shrink = plan(desired([listener(80, [rule('/*', 'web')])]), sim.actual, input)

test('what the plans under test delete', () => {
  assert.deepEqual(calls(teardown.steps), [
    'DeleteLoadBalancer',
    'DeleteTargetGroupBinding',
    'DeleteSecurityGroup',
  ])
  assert.deepEqual(calls(shrink.steps), ['DeleteRule', 'DeleteListener', 'RevokeSecurityGroupIngress'])
})

test('observing writes nothing', () => {
  assert.deepEqual(guard(teardown, policy({ mode: 'observe' })).steps, [])
})

test('without a witness nothing is deleted, and what is made is made', () => {
  assert.deepEqual(guard(teardown, policy({ witnessed: false })).steps, [])
  assert.deepEqual(guard(teardown, policy()).steps, teardown.steps)
  const more = plan(desired([listener(80, [rule('/c/*', '202')])]), sim.actual, input)
  const left = calls(guard(more, policy({ witnessed: false })).steps)
  assert.ok(left.includes('CreateRule') || left.includes('ModifyRule'), left.join())
  assert.ok(!left.some((call) => call.startsWith('Delete')), left.join())
})

for (const [said, stops] of [
  ['true', true],
  ['false', false],
  [undefined, false],
] as const)
  test(`deletion protection ${said ?? 'that nobody read'} ${stops ? 'stops' : 'does not stop'} the load balancer and all after it`, () => {
    const attributes = said === undefined ? undefined : { 'deletion_protection.enabled': said }
    const loadBalancers = sim.actual.loadBalancers.map((one) => ({
      ...one,
      ...(attributes ? { attributes } : {}),
    }))
    for (const approval of [undefined, `${approvalHash([])}@2026-01-31T13:00:00Z`]) {
      const annotations = approval === undefined ? {} : { [approvalAnnotation]: approval }
      const left = guard(teardown, policy({ loadBalancers, group: { name: 'group.team', annotations } }))
      assert.equal(left.steps.length, stops ? 0 : teardown.steps.length)
      assert.deepEqual(kinds(left), stops ? ['DeletionProtected'] : [])
    }
  })

test('the limits', () => {
  assert.deepEqual([0, 1, 10, 29, 30, 1000].map(inferredLimit), [2, 2, 2, 2, 3, 100])
  assert.deepEqual([0, 10, 100, 200, 1000].map(explicitLimit), [50, 50, 50, 100, 500])
})

for (const { name, leaving, owned, stops } of [
  { name: 'two of few', leaving: { here: ingresses(2), others: 0 }, owned: 10, stops: false },
  { name: 'three of few', leaving: { here: ingresses(3), others: 0 }, owned: 10, stops: true },
  { name: 'three of thirty', leaving: { here: ingresses(3), others: 0 }, owned: 30, stops: false },
  {
    name: 'three of thirty after one other',
    leaving: { here: ingresses(3), others: 1 },
    owned: 30,
    stops: true,
  },
  {
    name: 'one while a hundred others seem to',
    leaving: { here: ingresses(1), others: 100 },
    owned: 300,
    stops: true,
  },
  {
    name: 'nobody here while a hundred others do',
    leaving: { here: [], others: 100 },
    owned: 300,
    stops: false,
  },
])
  test(`inferred: ${name} ${stops ? 'stay' : 'may leave'}`, () => {
    const left = guard(teardown, policy({ inferred: leaving, owned }))
    assert.deepEqual(kinds(left), stops ? ['Guarded'] : [])
    assert.equal(left.steps.length, stops ? 0 : teardown.steps.length)
  })

for (const { name, leaving, owned, stops } of [
  { name: 'fifty of fifty', leaving: { here: ingresses(50), others: 0 }, owned: 50, stops: false },
  { name: 'one after fifty', leaving: { here: ingresses(1), others: 50 }, owned: 60, stops: true },
  {
    name: 'a hundred of three hundred',
    leaving: { here: ingresses(100), others: 0 },
    owned: 300,
    stops: false,
  },
])
  test(`deleted: ${name} ${stops ? 'wait' : 'go'}`, () => {
    const left = guard(teardown, policy({ explicit: leaving, owned }))
    assert.deepEqual(kinds(left), stops ? ['Guarded'] : [])
    assert.equal(left.steps.length, stops ? 0 : teardown.steps.length)
  })

test('who leaves without being deleted stops nobody else', () => {
  const left = (here: readonly string[]) =>
    calls(guard(shrink, policy({ inferred: { here, others: 9 } })).steps)
  // Port 81 is the group's, so it stays; the rule is that of ns/b.
  assert.deepEqual(left(['ns/b']), [])
  assert.deepEqual(left(['ns/z']), ['DeleteRule'])
})

test('a stop is told to the members, with the annotation that lifts it', () => {
  const inferred = { here: ingresses(3), others: 0 }
  const stopped = guard(teardown, policy({ inferred }))
  const hash = stopped.guarded?.hash ?? ''
  assert.match(hash, /^[0-9a-f]{12}$/)
  assert.deepEqual(stopped.guarded?.steps, teardown.steps)
  const [problem] = stopped.problems
  assert.deepEqual(problem?.on, { kind: 'Ingress', namespace: 'ns', name: 'app' })
  assert.ok(problem?.remedy.includes(`annotate IngressGroup group.team with ${approvalAnnotation}=${hash}@`))
  const group = (value: string) => ({ name: 'group.team', annotations: { [approvalAnnotation]: value } })
  const yes = guard(teardown, policy({ inferred, group: group(`${hash}@2026-01-31T13:00:00Z`) }))
  assert.deepEqual([yes.steps, yes.problems, yes.guarded], [teardown.steps, [], undefined])
  const late = guard(teardown, policy({ inferred, group: group(`${hash}@2026-01-31T11:00:00Z`) }))
  assert.deepEqual(late.steps, [])
  assert.match(late.problems[0]?.remedy ?? '', /does not count: it has expired/)
})

test('an approval holds while its steps are done one after the other, not for another change', () => {
  const half: Plan = { ...teardown, steps: teardown.steps.slice(1) }
  const hashOf = (one: Plan, here: readonly string[]) =>
    guard(one, policy({ inferred: { here, others: 0 } })).guarded?.hash
  assert.equal(hashOf(half, ingresses(3)), hashOf(teardown, ingresses(3)))
  assert.notEqual(hashOf(teardown, ingresses(4)), hashOf(teardown, ingresses(3)))
})

test('an outage waits for an approval, and says what else would do', () => {
  const [loadBalancer] = sim.actual.loadBalancers
  assert.ok(loadBalancer)
  const outage = step(
    { call: 'DeleteLoadBalancer', loadBalancer: loadBalancer.arn },
    { key: loadBalancer.arn, reason: 'its name is taken', impact: 'replaces' },
  )
  const on = { kind: 'Ingress', namespace: 'ns', name: 'app' } as const
  const why = {
    kind: 'ReplacementImpossible',
    on,
    level: 'error',
    message: 'no',
    remedy: 'Undo it.',
  } as const
  const planned: Plan = { stack: 'team', steps: [outage], waits: [], holds: [], problems: [why] }
  const stopped = guard(planned, policy())
  assert.deepEqual([stopped.steps, kinds(stopped)], [[], ['ReplacementImpossible']])
  assert.match(
    stopped.problems[0]?.remedy ?? '',
    /^Undo it; or, to let it happen, annotate IngressGroup group\.team/,
  )
  const annotations = { [approvalAnnotation]: `${stopped.guarded?.hash}@2026-01-31T12:30:00+00:00` }
  const let_ = guard(planned, policy({ group: { name: 'group.team', annotations } }))
  assert.deepEqual([let_.steps, let_.problems], [[outage], []])
})

const hash = approvalHash(['team', 1])
for (const [value, why] of [
  [`${hash}@2026-01-31T12:00:01Z`, 'approved'],
  [`${hash}@2026-01-31T13:59:59+02:00`, 'it has expired'],
  [`${hash}@2026-02-01T12:00:00Z`, 'approved'],
  [`${hash}@2026-02-01T12:00:01Z`, 'it holds for more than 24 hours'],
  [`${hash}@2026-01-31T12:00:00Z`, 'it has expired'],
  ['000000000000@2026-01-31T13:00:00Z', 'it names 000000000000'],
  [hash, /^it is not of the form/],
  [`${hash}@tomorrow`, /^it is not of the form/],
  [`${hash}@2026-13-31T12:00:00Z`, /^it is not of the form/],
  ['', /^it is not of the form/],
  ['yes', /^it is not of the form/],
] as const)
  test(`approval "${value}": ${String(why)}`, () => {
    const verdict = approved({ [approvalAnnotation]: value }, hash, now)
    const said = verdict.approved ? 'approved' : (verdict.why ?? '')
    if (typeof why === 'string') assert.equal(said, why)
    else assert.match(said, why)
  })

test('no annotation, no approval, and nothing to say of it', () => {
  assert.deepEqual(approved(undefined, hash, now), { approved: false })
  assert.deepEqual(approved({ other: 'x' }, hash, now), { approved: false })
})
