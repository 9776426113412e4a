// A load balancer takes the place of another: each stage, taken back at each stage, deleted at each stage, cut off after each call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTime } from '../../src/lib/time.ts'
import type { ActualLoadBalancer } from '../../src/model/actual.ts'
import type { Desired } from '../../src/model/desired.ts'
import type { Scheme } from '../../src/model/load-balancer.ts'
import { resourceTag } from '../../src/model/tag.ts'
import { keyOfName } from '../../src/plan/draft.ts'
import { plan } from '../../src/plan/plan.ts'
import type { Plan, Step } from '../../src/plan/step.ts'
import { calls, converge, desired, gone, input, listener, rule } from './fixture.ts'
import { applyPlan, settle, type Sim } from './simulate.ts'

const rules = [rule('/api/*', 'api'), rule('/*', 'web')]
const wish = (scheme: Scheme, change: Partial<Desired> = {}): Desired => {
  const base = desired([listener(80, rules)], change)
  return base.loadBalancer
    ? { ...base, loadBalancer: { ...base.loadBalancer, scheme: { is: scheme } } }
    : base
}
const wishWith = (scheme: Scheme, list: Parameters<typeof listener>[1]): Desired => ({
  ...wish(scheme),
  listeners: [listener(80, list)],
  targetGroups: desired([listener(80, list)]).targetGroups,
})
const before = wish('internal')
const after = wish('internet-facing')
const start = converge(before).sim
const minute = 60_000

/** A cluster whose Ingresses show what the plan says, once they are told. */
type Play = { sim: Sim; now: number; shown: Set<string>; readonly full?: boolean; readonly log: string[] }
const play = (): Play => ({
  sim: start,
  now: 10_000_000,
  shown: new Set(start.actual.loadBalancers.map(({ dnsName }) => dnsName)),
  log: [],
})
const planned = (to: Desired, { sim, now, shown, full = false }: Play): Plan =>
  plan(to, sim.actual, { ...input, now, shown, noLoadBalancerMore: full })

/** One pass: the steps, then the statuses; time passes as waits ask. */
function pass(to: Desired, state: Play, check: (sim: Sim, step: Step) => void = () => undefined): Plan {
  const next = planned(to, state)
  state.sim = applyPlan(state.sim, next.steps, { seen: check }).sim
  state.log.push(...next.steps.map(({ id }) => id))
  if (next.steps.length > 0) return next
  const address = state.sim.actual.loadBalancers.find(({ arn }) => arn === next.address)
  if (address && !to.gone) state.shown = new Set([address.dnsName])
  const reads = next.waits.some((wait) => wait.for === 'attributesRead')
  if (reads) state.sim = withAttributes(state.sim)
  const grace = next.waits.find((wait) => wait.for === 'grace')
  if (grace) state.now += grace.afterMs
  return next
}

const withAttributes = (sim: Sim): Sim => ({
  ...sim,
  actual: {
    ...sim.actual,
    loadBalancers: sim.actual.loadBalancers.map((one) => ({ attributes: {}, ...one })),
  },
})

function finish(to: Desired, state: Play, check?: (sim: Sim, step: Step) => void): Plan[] {
  const plans: Plan[] = []
  for (let round = 0; round < 40; round += 1) {
    const next = pass(to, state, check)
    plans.push(next)
    if (next.steps.length === 0 && next.waits.length === 0) return plans
  }
  throw new Error(`no end: ${JSON.stringify(plans.at(-1), null, 1)}`)
}

const byRole = ({ sim }: Play): string[] =>
  sim.actual.loadBalancers.map(({ scheme, tags }) => `${scheme} ${tags[resourceTag]}`).sort()
const ids = ({ actual }: Sim): string[] =>
  actual.targetGroups.map(({ tags }) => tags[resourceTag] ?? '').sort()
const own = ['ns/app-api:80', 'ns/app-web:80']

/** Whoever counts target groups by ALBC's id finds exactly one, at any time. */
const oneBearer = (sim: Sim, { id }: Step): void => {
  const plain = ids(sim).filter((one) => !one.includes('+'))
  assert.equal(new Set(plain).size, plain.length, `${id}: ${plain.join()}`)
}
/** What an address leads to, by path. */
const serving = (sim: Sim, dnsName: string): string[] => {
  const one = sim.actual.loadBalancers.find((other) => other.dnsName === dnsName)
  const listeners = sim.actual.listeners.filter(({ loadBalancerArn }) => loadBalancerArn === one?.arn)
  return sim.actual.rules
    .filter(({ listenerArn }) => listeners.some(({ arn }) => arn === listenerArn))
    .flatMap(({ actions }) => actions)
    .flatMap((action) => (action.type === 'forward' ? action.targetGroups : []))
    .filter(({ targetGroup }) =>
      sim.actual.targets[keyOfName(targetGroup)]?.some(({ state }) => state === 'healthy'),
    )
    .map(({ targetGroup }) => keyOfName(targetGroup))
}
const always = (state: Play) => (sim: Sim, step: Step) => {
  oneBearer(sim, step)
  for (const name of state.shown) assert.equal(serving(settle(sim), name).length, 2, `${step.id}: ${name}`)
}

const told = (plans: readonly Plan[]) =>
  plans.flatMap(({ steps, waits }) => [
    ...(steps.length > 0 ? [calls(steps).join(' ')] : []),
    ...waits.map((wait) => `wait ${wait.for}`),
  ])

test('the way: built beside it, tags, statuses, fifteen minutes, gone', () => {
  const state = play()
  const plans = finish(after, state, always(state))
  assert.deepEqual(told(plans), [
    [
      'CreateLoadBalancer CreateTargetGroup CreateTargetGroupBinding',
      'CreateTargetGroup CreateTargetGroupBinding CreateListener CreateRule CreateRule',
    ].join(' '),
    'AddTags AddTags',
    'AddTags AddTags AddTags AddTags',
    'wait statusMoved',
    'wait statusMoved',
    'AddTags',
    'wait grace',
    'DeleteLoadBalancer',
    'DeleteTargetGroupBinding DeleteTargetGroupBinding',
    'wait bindingGone',
    'wait bindingGone',
    'DeleteTargetGroup DeleteTargetGroup',
  ])
  assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'])
  assert.deepEqual(ids(state.sim), own)
  assert.equal(state.sim.actual.bindings.length, 2)
  assert.equal(state.sim.actual.rules.length, 2)
  assert.deepEqual(planned(after, state).steps, [])
})

test('the new target groups are named after the new load balancer', () => {
  const names = start.actual.targetGroups.map(({ name }) => name)
  const state = play()
  const made = pass(after, state).steps.flatMap((one) => (one.call === 'CreateTargetGroup' ? [one.name] : []))
  const renamed = pass(after, {
    ...play(),
    sim: {
      ...start,
      actual: {
        ...start.actual,
        loadBalancers: start.actual.loadBalancers.map((one) => ({ ...one, name: 'k8s-team-public' })),
      },
    },
  })
  const others = renamed.steps.flatMap((one) => (one.call === 'CreateTargetGroup' ? [one.name] : []))
  assert.equal(new Set([...names, ...made, ...others]).size, 6)
  const created = renamed.steps.find((one) => one.call === 'CreateLoadBalancer')
  assert.match(created?.call === 'CreateLoadBalancer' ? created.name : '', /^k8s-t[0-9a-f]{10}$/)
})

/** How many passes the whole way takes. */
const length = finish(after, play()).length

for (let at = 0; at < length; at += 1) {
  test(`taken back after pass ${at}: as it was, and nothing is left`, () => {
    const state = play()
    for (let round = 0; round < at; round += 1) pass(after, state, always(state))
    const wasDeleted = state.sim.actual.loadBalancers.every(({ scheme }) => scheme !== 'internal')
    finish(before, state, always(state))
    assert.deepEqual(byRole(state), ['internal LoadBalancer'])
    assert.deepEqual(ids(state.sim), own)
    assert.equal(state.sim.actual.bindings.length, 2)
    assert.deepEqual(planned(before, state).steps, [])
    if (!wasDeleted)
      assert.deepEqual(
        state.sim.actual.loadBalancers.map(({ arn }) => arn),
        start.actual.loadBalancers.map(({ arn }) => arn),
      )
  })

  test(`deleted after pass ${at}: nothing is left`, () => {
    const state = play()
    for (let round = 0; round < at; round += 1) pass(after, state, always(state))
    finish(gone(), state)
    const {
      backendSecurityGroup: _,
      stack: _stack,
      frontend: _front,
      targets: _targets,
      ...left
    } = state.sim.actual
    assert.deepEqual(Object.values(left).flat(), [])
  })

  test(`another target type from pass ${at} on: both load balancers follow, and it ends`, () => {
    const state = play()
    for (let round = 0; round < at; round += 1) pass(after, state, always(state))
    const changed = wishWith('internet-facing', [rule('/api/*', 'api/HTTPS'), rule('/*', 'web')])
    finish(changed, state, oneBearer)
    assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'])
    assert.deepEqual(ids(state.sim), own)
    assert.deepEqual(state.sim.actual.targetGroups.map(({ protocol }) => protocol).sort(), ['HTTP', 'HTTPS'])
  })
}

test('cut off after any call, by a controller that remembers nothing: it goes on', () => {
  const all = play()
  finish(after, all)
  for (let cut = 1; cut <= all.log.length; cut += 1) {
    const state = play()
    let left = cut
    while (left > 0) {
      const next = planned(after, state)
      const some = next.steps.slice(0, left)
      if (some.length === next.steps.length) pass(after, state)
      else state.sim = applyPlan(state.sim, some, { seen: always(state) }).sim
      left -= next.steps.length
    }
    state.sim = { ...state.sim, made: {} }
    finish(after, state, always(state))
    assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'], `cut after ${cut}`)
    assert.deepEqual(ids(state.sim), own)
  }
})

const changed = (state: Play, change: (one: ActualLoadBalancer) => Partial<ActualLoadBalancer>): void => {
  const loadBalancers = state.sim.actual.loadBalancers.map((one) => ({ ...one, ...change(one) }))
  state.sim = { ...state.sim, actual: { ...state.sim.actual, loadBalancers } }
}
const waitsOf = (next: Plan): string[] => [...new Set(next.waits.map((wait) => wait.for))]

test('it waits until the new one is active', () => {
  const state = play()
  pass(after, state)
  changed(state, ({ scheme }) => (scheme === 'internal' ? {} : { state: 'provisioning' }))
  const next = planned(after, state)
  assert.deepEqual([calls(next.steps), waitsOf(next)], [[], ['loadBalancerActive']])
  assert.equal(next.address, start.actual.loadBalancers[0]?.arn)
})

test('it waits for healthy targets where the old ones answer, and not for ever', () => {
  const state = play()
  pass(after, state)
  const [next_] = state.sim.actual.loadBalancers.filter(({ scheme }) => scheme === 'internet-facing')
  assert.ok(next_)
  changed(state, ({ arn }) => (arn === next_.arn ? { createdAt: state.now } : {}))
  const sick = (arns: readonly string[]): void => {
    const targets = Object.fromEntries(
      Object.entries(state.sim.actual.targets).map(([arn, list]) => [
        arn,
        arns.includes(arn) ? list.map((one) => ({ ...one, state: 'unhealthy' as const })) : list,
      ]),
    )
    state.sim = { ...state.sim, actual: { ...state.sim.actual, targets } }
  }
  const [made] = serving(state.sim, next_.dnsName)
  sick([made ?? ''])
  assert.deepEqual(waitsOf(planned(after, state)), ['targetHealth'])
  const late = planned(after, { ...state, now: state.now + 10 * minute })
  assert.match(late.steps[0]?.reason ?? '', /not all of its targets were seen healthy/)
  // Bound long after the load balancer was made: that one gets its time, too.
  const creationTimestamp = formatTime(state.now + 9 * minute)
  const bindings = state.sim.actual.bindings.map((one) =>
    one.spec.targetGroupARN === made ? { ...one, metadata: { ...one.metadata, creationTimestamp } } : one,
  )
  const sim = { ...state.sim, actual: { ...state.sim.actual, bindings } }
  assert.deepEqual(waitsOf(planned(after, { ...state, sim, now: state.now + 10 * minute })), ['targetHealth'])
  assert.equal(planned(after, { ...state, sim, now: state.now + 20 * minute }).steps.length, 2)
  sick(Object.keys(state.sim.actual.targets))
  assert.deepEqual(calls(planned(after, state).steps), ['AddTags', 'AddTags'])
  state.sim = { ...state.sim, actual: { ...state.sim.actual, targets: {} } }
  assert.deepEqual(waitsOf(planned(after, state)), ['targetsRead'])
})

test('nothing begins while a member is held, and what began waits', () => {
  const held = wish('internet-facing', { held: ['ns/bad'] })
  const state = play()
  const first = planned(held, state)
  assert.deepEqual([calls(first.steps), waitsOf(first)], [[], ['heldMember']])
  pass(after, state)
  const half = planned(held, state)
  assert.deepEqual([calls(half.steps), waitsOf(half)], [[], ['heldMember']])
  // Its word for the old scheme does not undo what began, nor does it go on.
  const back = planned(wish('internal', { held: ['ns/bad'] }), state)
  assert.deepEqual(calls(back.steps), [])
  finish(after, state)
  assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'])
})

test('an old one goes although a member is held since, and its rules are on the new one', () => {
  const state = play()
  for (let round = 0; round < 4; round += 1) pass(after, state)
  finish(wish('internet-facing', { held: ['ns/bad'] }), state, always(state))
  assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'])
  assert.deepEqual(ids(state.sim), own)
})

test('a status that shows the old address keeps it; the fifteen minutes begin when none does', () => {
  const state = play()
  const old = [...state.shown]
  for (let round = 0; round < 3; round += 1) pass(after, state)
  for (const wait of [0, 60, 6000]) {
    const next = planned(after, { ...state, now: state.now + wait * minute, shown: new Set([...old, 'x']) })
    assert.deepEqual([calls(next.steps), waitsOf(next)], [[], ['statusMoved']])
  }
  state.shown = new Set(['k8s-team-public.test'])
  assert.deepEqual(calls(pass(after, state).steps), ['AddTags'])
  const grace = (ms: number) => planned(after, { ...state, now: state.now + ms })
  assert.deepEqual(
    [0, 5 * minute, 14 * minute].map((ms) => grace(ms).waits.map((wait) => [wait.for, wait.afterMs])),
    [[['grace', 15 * minute]], [['grace', 10 * minute]], [['grace', minute]]],
  )
  state.sim = withAttributes(state.sim)
  assert.deepEqual(calls(grace(15 * minute).steps), ['DeleteLoadBalancer'])
})

/** As after a restart, where nobody stated any. */
function unread(state: Play): void {
  const loadBalancers = state.sim.actual.loadBalancers.map(({ attributes: _unread, ...one }) => one)
  state.sim = { ...state.sim, actual: { ...state.sim.actual, loadBalancers } }
}

test("a protected old one stays, is kept as desired, and its protection is nobody else's business", () => {
  const state = play()
  while (!waitsOf(pass(after, state)).includes('grace'));
  unread(state)
  assert.deepEqual(waitsOf(planned(after, state)), ['attributesRead'])
  changed(state, ({ scheme }) =>
    scheme === 'internal' ? { attributes: { 'deletion_protection.enabled': 'true' } } : {},
  )
  state.now += 20 * minute
  const more = wishWith('internet-facing', [...rules, rule('/new/*', '201')])
  const next = planned(more, state)
  assert.deepEqual(calls(next.steps), ['CreateRule', 'CreateRule', 'DeleteLoadBalancer'])
})

const explicit = (to: Desired): Desired =>
  to.loadBalancer
    ? { ...to, loadBalancer: { ...to.loadBalancer, name: { internal: 'mine', 'internet-facing': 'mine' } } }
    : to

for (const [why, to, from, full, text] of [
  ['its name is taken', explicit(after), converge(explicit(before)).sim, false, /can't have its name/],
  ['the quota is full', after, start, true, /no further load balancer/],
] as const)
  test(`impossible where ${why}: told to each member, done where it is approved`, () => {
    const state: Play = { ...play(), sim: from, full }
    const input_ = { ...input, now: state.now, shown: state.shown, noLoadBalancerMore: full }
    const next = plan(to, from.actual, input_)
    assert.deepEqual(
      next.steps.map(({ call, impact }) => [call, impact]),
      [['DeleteLoadBalancer', 'replaces']],
    )
    assert.deepEqual(
      next.problems.map(({ kind, on }) => [kind, on.name]),
      [['ReplacementImpossible', 'app']],
    )
    assert.match(next.problems[0]?.message ?? '', text)
    // What else is wanted goes on.
    const more = { ...to, listeners: [listener(80, [...rules, rule('/new/*', '201')])] }
    assert.deepEqual(calls(plan(more, from.actual, input_).steps), ['CreateRule', 'DeleteLoadBalancer'])
    finish(to, state)
    assert.deepEqual(byRole(state), ['internet-facing LoadBalancer'])
    assert.deepEqual(ids(state.sim), own)
    assert.equal(state.log.filter((id) => id.startsWith('CreateTargetGroup:')).length, 0)
  })

test('an explicit name that is free is no obstacle', () => {
  const state = play()
  finish(explicit(after), state, always(state))
  assert.deepEqual(
    state.sim.actual.loadBalancers.map(({ name }) => name),
    ['mine'],
  )
})

test('without subnets of the new kind nothing is built', () => {
  const none = after.loadBalancer && {
    ...after,
    loadBalancer: { ...after.loadBalancer, subnets: { keep: true, else: [] } as const },
  }
  assert.ok(none)
  assert.deepEqual(planned(none, play()).steps, [])
})
