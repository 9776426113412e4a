/** What is safe to do now so that the group's part of AWS and of the cluster becomes what is desired, and what to wait for. */
import type { Actual, ActualListener } from '../model/actual.ts'
import type { Desired } from '../model/desired.ts'
import type { Listener } from '../model/listener.ts'
import { planListeners } from './listener.ts'
import { byText, draft, join, type Draft } from './draft.ts'
import {
  deleteLoadBalancers,
  hasSubnets,
  needsBackendSecurityGroup,
  planLoadBalancer,
} from './load-balancer.ts'
import { planFrontendNlb, removeFrontend } from './frontend-nlb.ts'
import { named } from './match.ts'
import { planRules } from './rule.ts'
import { planSecurityGroups, planSurplusSecurityGroups } from './security-group.ts'
import type { Plan, Step, Wait } from './step.ts'
import { planSurplusTargetGroups, planTargetGroups, type Naming } from './target-group.ts'
import { world as see, type PlanInput, type World } from './world.ts'

export function plan(desired: Desired, actual: Actual, input: PlanInput): Plan {
  const world = see(desired, actual, input)
  const parts = desired.gone ? tearDown(world) : desired.loadBalancer ? serve(world) : prepare(world)
  const ids = new Set(parts.steps.map(({ id }) => id))
  return {
    stack: desired.stack,
    steps: parts.steps.map((one) => ({ ...one, after: one.after.filter((id) => ids.has(id)) })),
    waits: distinct(parts.waits),
    holds: parts.holds,
    problems: parts.problems,
  }
}

/** No load balancer can be built yet: what it would need. Where only held members stand, what others left there goes. */
function prepare(world: World): Draft {
  const { desired, actual } = world
  const made = join([planSecurityGroups(world), planTargetGroups(world)])
  if (!world.held || desired.targetGroups.length > 0) return made
  const rules = actual.listeners.map((served) =>
    planRules({ world, listener: standing(desired, served), served, otherGates: [] }),
  )
  const left = join([made, ...rules])
  return join([left, planSurplusTargetGroups(world, naming(world, left.steps))])
}

/** A listener as it is served, with nothing but the rules of held members. */
const standing = ({ stack, held }: Desired, served: ActualListener): Listener => ({
  ref: { ref: 'listener', stack, id: String(served.port) },
  port: served.port,
  protocol: served.protocol === 'HTTPS' ? 'HTTPS' : 'HTTP',
  defaultActions: { is: served.defaultActions },
  certificates: { is: served.certificates },
  attributes: {},
  tags: {},
  rules: held.map((member) => ({ held: member })),
})

function serve(world: World): Draft {
  if (world.loadBalancer === undefined && !hasSubnets(world)) return draft({})
  const base = join([planSecurityGroups(world), planTargetGroups(world), planLoadBalancer(world)])
  const ready =
    world.loadBalancer !== undefined || base.steps.some(({ call }) => call === 'CreateLoadBalancer')
  const listeners = ready && !needsBackendSecurityGroup(world) ? planListeners(world) : draft({})
  const made = join([base, listeners])
  if (!ready || needsBackendSecurityGroup(world)) return made
  const front = planFrontendNlb(world)
  const detached = [...made.steps, ...front.steps].flatMap(({ call, id }) =>
    call === 'SetSecurityGroups' || call === 'DeleteLoadBalancer' ? [id] : [],
  )
  const behind = join([
    closePortsLast(made),
    planSurplusTargetGroups(world, naming(world, made.steps)),
    // A group that is still on a replaced load balancer can't go.
    made.problems.length > 0 ? draft({}) : planSurplusSecurityGroups(world, detached),
  ])
  return behindLast(front, behind, 'front last')
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
  const steps = deleteLoadBalancers(world)
  const after = [...steps, ...front.steps].flatMap(({ call, id }) =>
    call === 'DeleteLoadBalancer' ? [id] : [],
  )
  const behind = join([
    draft({ steps }),
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
  [...new Map(waits.map((wait) => [`${wait.for}:${wait.on}`, wait])).values()].sort(
    (a, b) => byText(a.for, b.for) || byText(a.on, b.on),
  )
