// Any state to any other, with steps that fail at random: it converges, and nobody is served wrongly on the way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Action, clientOf } from '../../src/model/action.ts'
import type { Desired } from '../../src/model/desired.ts'
import { type ActualRule, noFrontend } from '../../src/model/actual.ts'
import type { Condition } from '../../src/route/condition.ts'
import { plan } from '../../src/plan/plan.ts'
import type { Step } from '../../src/plan/step.ts'
import { keyOfName } from '../../src/plan/draft.ts'
import { parkedUntil } from '../../src/plan/switch.ts'
import { converge, desired, gone, input, listener, pathOf, rule } from '../plan/fixture.ts'
import { applyPlan, inTurn, settle, simOf, type Sim } from '../plan/simulate.ts'

const seed = 20260817
const words = ['', '/a', '/a/b', '/a/b/c', '/b', '/b/a', '/c']
const probes = ['/', '/a', '/a/b', '/a/b/c', '/a/x', '/b', '/b/a', '/b/x', '/c', '/c/a', '/z']
const targets = ['web', 'web/HTTPS', 'api', 'api/HTTPS', 'web', '201', '202']

const path = fc
  .tuple(fc.constantFrom(...words), fc.boolean())
  .map(([word, exact]) => (exact && word !== '' ? word : `${word}/*`))
const oneRule = fc.record({
  path,
  to: fc.constantFrom(...targets),
  owner: fc.constantFrom('ns/app', 'ns/b'),
})
/** One protocol per Service, as the model gives, and no path twice. */
const rules = fc.uniqueArray(oneRule, { selector: (one) => one.path, maxLength: 8 }).map((list) => {
  const chosen = new Map<string, string>()
  return list.map(({ path: at, to, owner }) => {
    const service = to.split('/')[0] ?? ''
    if (!chosen.has(service)) chosen.set(service, to)
    return { path: at, to: chosen.get(service) ?? to, owner }
  })
})
type Spec = { readonly path: string; readonly to: string; readonly owner: string }[]

const state = (list: Spec, ports: readonly number[] = [80]): Desired =>
  desired(
    ports.map((port) =>
      listener(
        port,
        list.map((one) => rule(one.path, one.to, one.owner)),
      ),
    ),
  )

const matches = (conditions: readonly Condition[], request: string): boolean =>
  conditions.every(
    (one) =>
      one.field === 'path-pattern' &&
      (one.values ?? []).some((value) =>
        value.endsWith('*') ? request.startsWith(value.slice(0, -1)) : request === value,
      ),
  )

/** Which path serves the request now, and to what protocol of which Service or which fixed answer. */
function serves(sim: Sim, request: string): { readonly path: string; readonly to: string } | undefined {
  const found = [...sim.actual.rules]
    .sort((a, b) => a.priority - b.priority)
    .find((one) => matches(one.conditions, request))
  if (!found) return undefined
  return { path: pathOf(found.conditions), to: describe(sim, found) }
}

function describe(sim: Sim, { actions: [action] }: ActualRule): string {
  if (action?.type !== 'forward') return action?.type === 'fixed-response' ? action.statusCode : ''
  const arn = action.targetGroups[0]?.targetGroup
  const group = sim.actual.targetGroups.find((one) => one.arn === arn)
  return `${group?.tags['ingress.k8s.aws/resource']?.replace(/\+.*/, '')}/${group?.protocol}`
}

const text = (one: ReturnType<typeof serves>): string => (one ? `${one.path} -> ${one.to}` : 'nothing')

/** Not served before, as before, as wanted, or by a narrower rule than before. */
function assertSafe(now: Sim, before: Sim, after: Sim, step: string): void {
  for (const request of probes) {
    const [was, is, willBe] = [serves(before, request), serves(now, request), serves(after, request)]
    if (!was || !willBe) continue
    const narrower = is !== undefined && is.path.length > was.path.length
    assert.ok(
      text(is) === text(was) || text(is) === text(willBe) || narrower,
      `${request} after ${step}: was ${text(was)}, is ${text(is)}, will be ${text(willBe)}`,
    )
  }
}

/** Every forward goes to a group that has a healthy target, once the group's first build is over. */
function assertServed(now: Sim, before: Sim, step: string): void {
  for (const one of now.actual.rules) {
    if (parkedUntil(one) !== undefined) continue
    const was = before.actual.rules.find(({ arn }) => arn === one.arn)
    const arn = one.actions[0]?.type === 'forward' ? one.actions[0].targetGroups[0]?.targetGroup : undefined
    const old = was?.actions[0]?.type === 'forward' ? was.actions[0].targetGroups[0]?.targetGroup : undefined
    if (arn === undefined || old === undefined || arn === old) continue
    const healthy = (now.actual.targets[keyOfName(arn)] ?? []).some((target) => target.state === 'healthy')
    assert.ok(healthy, `${step} sends requests to a group without a healthy target`)
  }
}

/** Whoever counts target groups by their resource id finds one. */
function assertOneBearer(now: Sim, step: string): void {
  const ids = now.actual.targetGroups.map(({ tags }) => tags['ingress.k8s.aws/resource'] ?? '')
  assert.equal(new Set(ids).size, ids.length, `${step}: ${ids.join(' ')}`)
}

type Order = (steps: readonly Step[]) => readonly Step[]
const orders: readonly Order[] = [(steps) => steps, inTurn]

function reach(
  to: Desired,
  from: Sim,
  fails: () => boolean,
  seen: (sim: Sim, step: string) => void,
  order: Order = inTurn,
) {
  let sim = from
  let writes = 0
  for (let pass = 0; pass < 60; pass += 1) {
    const next = plan(to, sim.actual, input)
    assert.equal(new Set(next.steps.map(({ id }) => id)).size, next.steps.length, 'step ids are unique')
    if (next.steps.length === 0 && next.waits.length === 0) return { sim, writes, passes: pass }
    const failing = pass < 8
    const applied = applyPlan(sim, order(next.steps), {
      fails: () => failing && fails(),
      seen: (now, step) => seen(now, step.id),
    })
    writes += applied.done.length
    sim = applied.sim
  }
  throw new Error(`no end: ${JSON.stringify(plan(to, sim.actual, input), null, 1)}`)
}

const ascending = (a: number, b: number): number => a - b

const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 })
const failing = (throws: readonly number[], odds: number) => {
  let at = 0
  return () => (throws[at++ % throws.length] ?? 9) < odds
}

test('from any rules to any others, whatever fails: the end is the wanted one and no request goes astray', () => {
  fc.assert(
    fc.property(rules, rules, dice, fc.constantFrom(...orders), (a, b, throws, order) => {
      const start = converge(state(a)).sim
      const end = converge(state(b)).sim
      let last = start
      const check = (now: Sim, step: string): void => {
        assertSafe(now, start, end, step)
        assertServed(now, last, step)
        assertOneBearer(now, step)
        last = { ...now, actual: { ...now.actual, targets: settle(now).actual.targets } }
      }
      const { sim } = reach(state(b), start, failing(throws, 3), check, order)
      for (const request of probes) assert.equal(text(serves(sim, request)), text(serves(end, request)))
      assert.equal(sim.actual.rules.length, b.length)
      assert.equal(sim.actual.targetGroups.length, end.actual.targetGroups.length)
      assert.equal(sim.actual.bindings.length, end.actual.bindings.length)
    }),
    { seed, numRuns: 600 },
  )
})

test('the writes are bounded by what differs', () => {
  fc.assert(
    fc.property(rules, rules, (a, b) => {
      const start = converge(state(a)).sim
      const { writes } = reach(
        state(b),
        start,
        () => false,
        () => undefined,
      )
      const key = (one: Spec[number]) => `${one.path} ${one.to} ${one.owner}`
      const same = a.filter((one) => b.some((other) => key(other) === key(one))).length
      const differing = a.length + b.length - 2 * same
      const groups = new Set([...a, ...b].map(({ to }) => to).filter((to) => !/^\d/.test(to)))
      // Per group: create, bind, park, unpark, unbind, delete, two tags; per rule moved: made anew and deleted.
      assert.ok(
        writes <= differing + 8 * groups.size + 2 * same + 1,
        `${writes} writes for ${differing} changes`,
      )
    }),
    { seed, numRuns: 150 },
  )
})

test('one rule more among n is one call, or two where no number is free', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(), fc.constantFrom(1, 2, 100), (count, place, distance) => {
      const items = Array.from({ length: count }, (_, at) => ({
        path: `/p${at}`,
        to: 'web',
        owner: 'ns/app',
      }))
      const { sim } = converge(state([...items, { path: '/end', to: 'web', owner: 'ns/app' }]))
      const numbered = [...sim.actual.rules]
        .sort((a, b) => a.priority - b.priority)
        .map((one, at) => ({ ...one, priority: (at + 1) * distance }))
      const at = place % (count + 1)
      const more = items.toSpliced(at, 0, { path: '/fresh', to: 'web', owner: 'ns/app' })
      const wanted = state([...more, { path: '/end', to: 'web', owner: 'ns/app' }])
      const { writes } = reach(
        wanted,
        simOf({ ...sim.actual, rules: numbered }),
        () => false,
        () => undefined,
      )
      assert.ok(writes === 1 || (distance === 1 && writes === 2), `${writes} writes`)
    }),
    { seed, numRuns: 60 },
  )
})

test('what is not ours is never touched, and a held member loses nothing, whatever the others do', () => {
  fc.assert(
    fc.property(rules, rules, dice, (a, b, throws) => {
      const mine = a.map((one) => ({ ...one, owner: one.owner === 'ns/b' ? 'ns/bad' : one.owner }))
      const start = converge(state(mine)).sim
      const ofBad = (sim: Sim) =>
        sim.actual.rules
          .filter((one) => one.tags['albatross.dev/ingress'] === 'ns/bad')
          .map(({ priority: _priority, ...one }) => one)
          .sort((x, y) => (x.arn < y.arn ? -1 : 1))
      const sound = b.filter(({ owner }) => owner === 'ns/app')
      const base = state(sound)
      const place = Math.floor(sound.length / 2)
      const held: Desired = {
        ...base,
        listeners: base.listeners.map((one) => ({
          ...one,
          rules: one.rules.toSpliced(place, 0, { held: 'ns/bad' }),
        })),
        held: ['ns/bad'],
      }
      const { sim } = reach(held, start, failing(throws, 3), (now) =>
        assert.deepEqual(ofBad(now), ofBad(start)),
      )
      const order = (from: Sim) =>
        [...from.actual.rules]
          .filter((one) => one.tags['albatross.dev/ingress'] === 'ns/bad')
          .sort((x, y) => x.priority - y.priority)
          .map(({ arn }) => arn)
      assert.deepEqual(order(sim), order(start))
      assert.equal(sim.actual.rules.length, ofBad(start).length + sound.length)
    }),
    { seed, numRuns: 150 },
  )
})

test('ports come and go, and at last everything does', () => {
  const ports = fc.uniqueArray(fc.constantFrom(80, 81, 82), { maxLength: 3 })
  fc.assert(
    fc.property(rules, ports, ports, dice, (list, from, to, throws) => {
      const start = converge(state(list, from)).sim
      const { sim } = reach(state(list, to), start, failing(throws, 3), () => undefined)
      assert.deepEqual(sim.actual.listeners.map(({ port }) => port).sort(ascending), [...to].sort(ascending))
      const { sim: end } = reach(gone(), sim, failing(throws, 3), () => undefined)
      const { backendSecurityGroup: _, stack: _stack, frontend, ...left } = end.actual
      assert.deepEqual(frontend, noFrontend)
      assert.deepEqual(
        Object.values(left).map((one) => Object.keys(one).length),
        [0, 0, 0, 0, 0, 0, 0],
      )
    }),
    { seed, numRuns: 80 },
  )
})

const token: Action = { type: 'jwt-validation', jwksEndpoint: 'https://idp/keys', issuer: 'https://idp' }
const logins = ['1', '2'].map(
  (version): Action => ({
    type: 'authenticate-oidc',
    issuer: 'https://idp',
    authorizationEndpoint: 'https://idp/a',
    tokenEndpoint: 'https://idp/t',
    userInfoEndpoint: 'https://idp/u',
    client: clientOf('shop'),
    credentials: { secret: 'ns/oidc', version },
    onUnauthenticatedRequest: 'deny',
    scope: 'openid',
    sessionCookieName: 'c',
    sessionTimeoutSeconds: 60,
  }),
)

test('a request that must prove who it is, before and after a change, must do so at every step of it', () => {
  const guards = fc.array(fc.constantFrom(undefined, token, ...logins), { minLength: 8, maxLength: 8 })
  const guarded = (list: Spec, by: readonly (Action | undefined)[]): Desired =>
    desired([
      listener(
        443,
        list.map((one, at) => {
          const plain = rule(one.path, one.to, one.owner)
          const guard = by[at]
          return guard ? { ...plain, actions: [guard, ...plain.actions] } : plain
        }),
      ),
    ])
  /** Undefined where the listener's default answers. */
  const isGuarded = (sim: Sim, request: string): boolean | undefined =>
    [...sim.actual.rules]
      .sort((a, b) => a.priority - b.priority)
      .find((one) => matches(one.conditions, request))
      ?.actions.some(({ type }) => type === 'jwt-validation' || type === 'authenticate-oidc')
  fc.assert(
    fc.property(rules, guards, rules, guards, dice, (a, byA, b, byB, throws) => {
      const start = converge(guarded(a, byA)).sim
      const end = converge(guarded(b, byB)).sim
      const watched = probes.filter((one) => isGuarded(start, one) === true && isGuarded(end, one) === true)
      reach(guarded(b, byB), start, failing(throws, 3), (now, step) => {
        for (const request of watched)
          assert.notEqual(isGuarded(now, request), false, `${request} is open to all after ${step}`)
      })
    }),
    { seed, numRuns: 300 },
  )
})
