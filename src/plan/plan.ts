/** What is safe to do now so that the group's part of AWS and of the cluster becomes what is desired, and what to wait for. */
import type { Actual, ActualListener, ActualLoadBalancer } from '../model/actual.ts'
import type { Desired } from '../model/desired.ts'
import { canonical } from '../lib/json.ts'
import type { Listener } from '../model/listener.ts'
import { withoutProtection } from './add-on.ts'
import { planCertificates } from './certificate.ts'
import { planListeners } from './listener.ts'
import { byText, draft, join, type Draft } from './draft.ts'
import { planExposed } from './exposure.ts'
import { fleetOf } from './fleet.ts'
import { planHandOver } from './hand-over.ts'
import {
  deleteLoadBalancers,
  hasSubnets,
  needsBackendSecurityGroup,
  planLoadBalancer,
} from './load-balancer.ts'
import { planFrontendNlb, removeFrontend } from './frontend-nlb.ts'
import { named } from './match.ts'
import { type Given, part, standing, whole } from './part.ts'
import {
  heldWait,
  impossible,
  isProtected,
  nameOfNext,
  type Part,
  reasonToStay,
  remove,
  takeOver,
} from './replace.ts'
import { planRules } from './rule.ts'
import { planSecurityGroups, planSurplusSecurityGroups } from './security-group.ts'
import type { Plan, Step, Wait } from './step.ts'
import { planSurplusTargetGroups, planTargetGroups, type Naming } from './target-group.ts'
import type { PlanInput, World } from './world.ts'

export function plan(wanted: Desired, actual: Actual, input: PlanInput): Plan {
  const { desired, draft: certificates } = planCertificates(wanted, actual, input)
  const fleet = fleetOf(desired, actual.loadBalancers, input.shown)
  const given = { desired, actual, input, fleet }
  const built = desired.gone
    ? tearDown(whole(given))
    : desired.loadBalancer
      ? serve(given)
      : prepare(whole(given))
  const parts = join([certificates, built, planExposed(desired, actual, input)])
  const ids = new Set(parts.steps.map(({ id }) => id))
  return {
    stack: desired.stack,
    steps: parts.steps.map((one) => ({ ...one, after: one.after.filter((id) => ids.has(id)) })),
    waits: distinct(parts.waits),
    holds: [...new Map(parts.holds.map((hold) => [canonical(hold), hold])).values()],
    problems: [...new Map(parts.problems.map((problem) => [canonical(problem), problem])).values()],
    ...(fleet.current ? { address: fleet.current.arn } : {}),
    owned: parts.owned,
    ...(parts.exposed.length > 0 ? { exposed: parts.exposed } : {}),
  }
}

/** No load balancer can be built yet: what it would need. Where only held members stand, what others left there goes. */
function prepare(world: World): Draft {
  const { desired, actual } = world
  const made = join([planSecurityGroups(world), planTargetGroups(world)])
  if (!world.held || desired.targetGroups.length > 0) return made
  const rules = actual.listeners.map((served) =>
    planRules({ world, listener: unchanged(desired, served), served, otherGates: [] }),
  )
  const left = join([made, ...rules])
  return join([left, planSurplusTargetGroups(world, naming(world, left.steps))])
}

/** A listener as it is served, with nothing but the rules of held members. */
const unchanged = ({ stack, held }: Desired, served: ActualListener): Listener => ({
  ref: { ref: 'listener', stack, id: String(served.port) },
  port: served.port,
  protocol: served.protocol === 'HTTPS' ? 'HTTPS' : 'HTTP',
  defaultActions: { is: served.defaultActions },
  certificates: { is: served.certificates },
  attributes: {},
  tags: {},
  rules: held.map((member) => ({ held: member })),
})

/** Each load balancer that is kept gets what the group wants; what they share is planned once, what one does for another last. */
function serve(given: Given): Draft {
  const { fleet, desired } = given
  if (!fleet.current && !hasSubnets(desired)) return draft({})
  const shared = planSecurityGroups(whole(given))
  const name = fleet.scheme && desired.loadBalancer?.name[fleet.scheme]
  const current = keep(
    part(given, {
      role: 'current',
      ...(fleet.current ? { loadBalancer: fleet.current } : name === undefined ? {} : { name }),
      frozen: fleet.mustReplace,
    }),
  )
  const next = successor(given, current, shared)
  const old = predecessors(given)
  const parts = [current, ...next.parts, ...old.parts]
  const made = join([
    shared,
    ...parts.map((one) => one.draft),
    draft({ steps: planHandOver(parts.map((one) => one.world)) }),
  ])
  if (!current.ready) return made
  const front = planFrontendNlb(current.world)
  const detached = [...made.steps, ...old.draft.steps, ...front.steps].flatMap(({ call, id }) =>
    call === 'SetSecurityGroups' || call === 'DeleteLoadBalancer' ? [id] : [],
  )
  const behind = join([
    closePortsLast(made),
    ...parts.map((one) => planSurplusTargetGroups(one.world, naming(one.world, one.draft.steps))),
    next.draft,
    old.draft,
    // A group that is still on a load balancer can't go.
    fleet.mustReplace ? draft({}) : planSurplusSecurityGroups(whole(given), detached),
  ])
  return behindLast(front, behind, 'front last')
}

type Kept = Part & { readonly ready: boolean }

function keep(world: World): Kept {
  const [first, second] = [planTargetGroups(world), planLoadBalancer(world)]
  // Of a replacement nothing is made until AWS allowed the load balancer.
  const base = join(world.place.role === 'next' ? [second, first] : [first, second])
  const exists =
    world.loadBalancer !== undefined || base.steps.some(({ call }) => call === 'CreateLoadBalancer')
  const ready = exists && !needsBackendSecurityGroup(world)
  return { world, draft: ready ? join([base, planListeners(world)]) : base, ready }
}

type Beside = { readonly parts: readonly Kept[]; readonly draft: Draft }

/** What shall take the place of the current one, and whether it may now. */
function successor(given: Given, current: Kept, shared: Draft): Beside {
  const { fleet, input, desired } = given
  const { candidate: loadBalancer, mustReplace } = fleet
  if (!mustReplace) return { parts: [], draft: draft({}) }
  const replaces = current.world
  const spec = { frozen: false, replaces }
  if (loadBalancer) {
    const next = keep(part(given, { ...spec, role: standing(fleet, loadBalancer), loadBalancer }))
    return { parts: [next], draft: takeOver(given, current, next, shared) }
  }
  const nothing = (why: Draft): Beside => ({ parts: [], draft: why })
  if (replaces.held) return nothing(draft({ waits: [heldWait(replaces)] }))
  if (!hasSubnets(desired)) return nothing(draft({}))
  const name = nameOfNext(given)
  if (name === undefined || input.noLoadBalancerMore === true) return nothing(impossible(given, replaces))
  return { parts: [keep(part(given, { ...spec, role: 'next', name }))], draft: draft({}) }
}

/** Those that were replaced are kept as desired until they go, each in its time; what nobody was told of goes at once. */
function predecessors(given: Given): Beside {
  const { fleet, desired } = given
  const stays = fleet.old.map((one) => ({ one, why: reasonToStay(given, one) }))
  const [kept] = stays.filter(({ one, why }) => why !== undefined || isProtected(one))
  const gone = stays.flatMap(({ one, why }) => (why === undefined ? [one] : []))
  const abandoned = desired.held.length > 0 ? [] : fleet.abandoned
  const end = (one: ActualLoadBalancer, why: string): Step[] =>
    withoutProtection(desired, one, given.input.now, remove(one, why))
  return {
    parts: kept ? [keep(part(given, { role: 'old', loadBalancer: kept.one, frozen: true }))] : [],
    draft: join([
      ...stays.flatMap(({ why }) => why ?? []),
      draft({
        steps: [
          ...abandoned.flatMap((one) => end(one, 'it is wanted no more, and was never an address')),
          ...gone.flatMap((one) => end(one, 'it was replaced, and its address is forgotten')),
        ],
      }),
    ]),
  }
}

/** A port stays open for as long as its listener stands, also where a guard keeps that listener. */
function closePortsLast(made: Draft): Draft {
  const isClosing = ({ call }: Step) => call === 'RevokeSecurityGroupIngress'
  const closed = made.steps.filter(({ call }) => call === 'DeleteListener').map(({ id }) => id)
  return {
    ...made,
    steps: [
      ...made.steps.filter((one) => !isClosing(one)),
      ...made.steps.filter(isClosing).map((one) => ({ ...one, after: [...one.after, ...closed] })),
    ],
  }
}

/** What is a target of the Network Load Balancer in front can't go, nor lose the listener through which it is one. */
function behindLast(front: Draft, behind: Draft, order: 'front first' | 'front last'): Draft {
  const ends = ({ call }: Step): boolean => call === 'DeleteListener' || call === 'DeleteLoadBalancer'
  const isUnread = front.waits.some((wait) => wait.for === 'targetsRead')
  if (isUnread && behind.steps.some(ends)) return front
  const freed = front.steps.flatMap(({ call, id }) => (call === 'DeregisterTargets' ? [id] : []))
  const steps = behind.steps.map((one) => (ends(one) ? { ...one, after: [...one.after, ...freed] } : one))
  const freer = { ...behind, steps }
  return join(order === 'front first' ? [front, freer] : [freer, front])
}

function tearDown(world: World): Draft {
  const front = removeFrontend(world)
  const ends = deleteLoadBalancers(world)
  if (ends.waits.length > 0) return ends
  const after = [...ends.steps, ...front.steps].flatMap(({ call, id }) =>
    call === 'DeleteLoadBalancer' ? [id] : [],
  )
  const behind = join([
    ends,
    planSurplusTargetGroups({ ...world, targetGroups: [] }, { kept: new Set(), after: () => after }),
    planSurplusSecurityGroups({ ...world, desired: { ...world.desired, securityGroups: [] } }, after),
  ])
  return behindLast(front, behind, 'front first')
}

/** What names target groups once these steps have run, and which steps let go of the others. */
function naming(world: World, steps: readonly Step[]): Naming {
  const kept = new Set<string>()
  const freed = new Map<string, string[]>()
  const lets = new Map<string, string>()
  for (const one of steps) {
    if (one.call === 'DeleteRule') lets.set(one.rule, one.id)
    if (one.call === 'ModifyRule' && one.actions) lets.set(one.rule, one.id)
    if (one.call === 'DeleteListener') lets.set(one.listener, one.id)
    if (one.call === 'ModifyListener' && one.defaultActions && typeof one.listener === 'string')
      lets.set(`${one.listener} default`, one.id)
    if ('actions' in one && one.actions) for (const name of named(one.actions)) kept.add(name)
    if ('defaultActions' in one && one.defaultActions)
      for (const name of named(one.defaultActions)) kept.add(name)
  }
  const count = (names: readonly string[], by: string | undefined) => {
    for (const name of names)
      if (by === undefined) kept.add(name)
      else freed.set(name, [...(freed.get(name) ?? []), by])
  }
  for (const rule of world.actual.rules)
    count(named(rule.actions), lets.get(rule.arn) ?? lets.get(rule.listenerArn))
  for (const listener of world.actual.listeners)
    count(named(listener.defaultActions), lets.get(`${listener.arn} default`) ?? lets.get(listener.arn))
  return { kept, after: (arn) => freed.get(arn) ?? [] }
}

const distinct = (waits: readonly Wait[]): Wait[] =>
  [...new Map(waits.map((wait) => [`${wait.for}:${wait.on}:${wait.owner ?? ''}`, wait])).values()].sort(
    (a, b) => byText(a.for, b.for) || byText(a.on, b.on) || byText(a.owner ?? '', b.owner ?? ''),
  )
