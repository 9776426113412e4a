/** What must hold after each AWS write, after each change of an Ingress, and whenever the controller is at rest. */
import type { Account } from '../../localstack/aws/account.ts'
import type { JournalEntry } from '../../localstack/aws/journal.ts'
import type { Timing } from '../../localstack/timing.ts'
import { equal } from '../../src/lib/json.ts'
import { keyOf } from '../../src/model/cluster.ts'
import type { Desired } from '../../src/model/desired.ts'
import { type Group, groupsOf } from '../../src/model/group.ts'
import { ownerTag, resourceTag, stackTag } from '../../src/model/tag.ts'
import { containerPort } from './cluster.ts'
import type { Scene } from './history.ts'
import {
  asked,
  clusterOf,
  currentOf,
  live,
  loadBalancersOf,
  ours,
  rulesOf,
  served,
  shownBy,
  tag,
  type Wanted,
  wanted,
} from './serving.ts'
import type { World } from './world.ts'

export type Watch = {
  /** An AWS call was made. */
  call(entry: JournalEntry): void
  /** An object of the cluster changed. */
  changed(): void
  /** The controller is at rest: everything must be as asked, and from here on stay so. */
  rest(): void
  readonly violations: string[]
}

type Baseline = {
  /** Who answers, for requests whose answer has been the same ever since. */
  readonly answers: Map<string, string>
  /** Requests that were answered by a live target. */
  readonly lively: Map<string, string>
  /** Rules of each member then, by `<stack> <owner>`, and where. */
  readonly rules: Map<string, { readonly text: string; readonly loadBalancer: string }>
  /** How many rules each Ingress had on each load balancer, by `<ingress> <arn>`. */
  readonly shown: Map<string, number>
}

export function watch(scene: Scene, timing: Timing): Watch {
  const { world } = scene
  const violations: string[] = []
  const foreign = foreignOf(world)
  const readAt = new Map<string, number>()
  let base: Baseline = { answers: new Map(), lively: new Map(), rules: new Map(), shown: new Map() }
  let now: Wanted = wanted(world)
  const addresses = watchAddresses(world)
  const stale = { is: false }
  const fail = (text: string): void => {
    if (!violations.includes(text)) violations.push(text)
  }
  const current = (): Wanted => {
    if (stale.is) now = wanted(world)
    if (stale.is) narrow(base, now, world)
    stale.is = false
    return now
  }
  world.api.store.subscribe('ingresses.networking.k8s.io', ({ object, previous }) => {
    // Who moves is asked of the old group for as long as its status says so.
    stale.is = true
    const addressOf = (one: unknown): number =>
      (one as { status?: { loadBalancer?: { ingress?: unknown[] } } } | undefined)?.status?.loadBalancer
        ?.ingress?.length ?? 0
    if (addressOf(previous) === 0 || addressOf(object) > 0) return
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
    const isOurs = [...groupsOf(clusterOf(world.api), world.config.settings).groups.values()].some(
      ({ members }) => members.some((member) => member.key === key),
    )
    if (isOurs && object.metadata.deletionTimestamp === undefined)
      fail(`8: status of ${key} went from set to empty while it is ours`)
  })
  return {
    violations,
    changed: () => {
      stale.is = true
      current()
    },
    call: (entry) => {
      noteReads(entry, readAt)
      if (!entry.write || (entry.status !== 200 && entry.error !== 'lost-answer')) return
      if (entry.accessKey !== 'CONTROLLER') return
      freshlyRead(entry, readAt, fail)
      if (foreignOf(world) !== foreign) fail(`1: ${entry.action} changed what is not ours`)
      addresses.look()
      const asks = current()
      addresses.check(entry, asks, base, fail)
      checkServing(scene, base, { entry, timing, fail, shown: (arn) => addresses.shown(arn) })
      checkHeld(scene, base, asks, entry, fail)
    },
    rest: () => {
      stale.is = true
      const asks = current()
      checkRest(scene, asks, fail)
      base = baselineOf(scene, asks, timing)
      scene.edited.ingresses.clear()
      scene.edited.services.clear()
      scene.edited.nodes = false
      scene.edited.faults = false
    },
  }
}

// Invariant 1

function foreignOf({ account }: World): string {
  const mine = (arn: string): boolean => ours(account, arn)
  const others = <T extends { readonly wire: unknown }>(
    map: ReadonlyMap<string, T>,
    of: (one: T) => string,
  ) =>
    [...map]
      .filter(([, one]) => !mine(of(one)))
      .map(([arn, one]) => [arn, one.wire, [...(account.tags.get(arn) ?? [])]])
  const parent = new Map([...account.listeners.values()].map((one) => [one.arn, one.loadBalancerArn]))
  return JSON.stringify([
    [...account.loadBalancers]
      .filter(([arn]) => !mine(arn))
      .map(([arn, { wire }]) => [arn, { ...wire, State: 0 }, [...(account.tags.get(arn) ?? [])]]),
    others(account.listeners, (one) => one.loadBalancerArn),
    others(account.rules, (one) => parent.get(one.listenerArn) ?? ''),
    [...account.targetGroups]
      .filter(([arn]) => !mine(arn))
      .map(([arn, { wire, targets }]) => [
        arn,
        wire,
        [...targets.keys()],
        [...(account.tags.get(arn) ?? [])],
      ]),
    [...account.securityGroups.values()]
      .filter(({ id }) => !mine(id))
      .map(({ id, wire, rules }) => [
        id,
        wire,
        rules.filter(({ Description }) => Description !== 'elbv2.k8s.aws/targetGroupBinding=shared'),
        [...(account.tags.get(id) ?? [])],
      ]),
  ])
}

// Invariant 9

const freshMs = 30_000
const deletions: Readonly<Record<string, string>> = {
  DeleteLoadBalancer: 'LoadBalancerArn',
  DeleteListener: 'ListenerArn',
  DeleteRule: 'RuleArn',
  DeleteTargetGroup: 'TargetGroupArn',
  DeleteSecurityGroup: 'GroupId',
  RevokeSecurityGroupIngress: 'GroupId',
}
const reads: Readonly<Record<string, readonly [string, string]>> = {
  DescribeLoadBalancers: ['LoadBalancers', 'LoadBalancerArn'],
  DescribeListeners: ['Listeners', 'ListenerArn'],
  DescribeRules: ['Rules', 'RuleArn'],
  DescribeTargetGroups: ['TargetGroups', 'TargetGroupArn'],
  DescribeSecurityGroups: ['SecurityGroups', 'GroupId'],
}

function noteReads({ action, at, output, status }: JournalEntry, readAt: Map<string, number>): void {
  const [list, key] = reads[action] ?? []
  if (list === undefined || key === undefined || status !== 200) return
  for (const one of (output as Record<string, Record<string, string>[]>)[list] ?? [])
    readAt.set(one[key] ?? '', at)
}

function freshlyRead(
  { action, at, input }: JournalEntry,
  readAt: ReadonlyMap<string, number>,
  fail: (text: string) => void,
): void {
  const key = deletions[action]
  if (key === undefined) return
  const id = (input as Record<string, string>)[key] ?? ''
  const read = readAt.get(id)
  if (read === undefined || at - read > freshMs)
    fail(`9: ${action} ${id} was ${read === undefined ? 'never read' : `last read ${at - read} ms before`}`)
}

// Invariant 3

const text = ({ owner, backend }: { readonly owner: string; readonly backend: string }): string =>
  `${owner} ${backend}`

/** `<namespace>/<ingress>-<service>:<port>`: whether a ready pod stands behind it. */
const hasPods = (state: Scene['state'], backend: string): boolean => {
  const [space = '', rest = ''] = backend.split('/')
  const name = /-(s\d+):/.exec(rest)?.[1] ?? ''
  return state.services.get(`${space}/${name}`)?.pods.some(({ ready }) => ready) === true
}

function baselineOf({ world: { account }, state }: Scene, asks: Wanted, timing: Timing): Baseline {
  const base: Baseline = { answers: new Map(), lively: new Map(), rules: new Map(), shown: new Map() }
  for (const [stack, desired] of asks.desired) {
    if (desired.loadBalancer === undefined) continue
    const wish = asked(account, desired)
    for (const [probe, answer] of served(account, stack)) {
      const wants = wish.get(probe)
      if (wants === undefined || wants.owner === '' || text(wants) !== text(answer)) continue
      base.answers.set(probe, text(answer))
      if (
        answer.group !== undefined &&
        hasPods(state, answer.backend) &&
        live(account, answer.group, timing, Date.now()).length > 0
      )
        base.lively.set(probe, answer.backend)
    }
  }
  for (const [stack, { members }] of asks.groups)
    for (const { key } of members) {
      const loadBalancer = currentOf(account, stack) ?? ''
      base.rules.set(`${stack} ${key}`, { text: rulesText(account, key, loadBalancer), loadBalancer })
      base.shown.set(`${key} ${loadBalancer}`, ownRules(account, key, loadBalancer).length)
    }
  return base
}

/** What the cluster says otherwise since, nobody claims any more. */
function narrow(base: Baseline, asks: Wanted, { account }: World): void {
  const wishes = new Map([...asks.desired].flatMap(([, desired]) => [...asked(account, desired)]))
  for (const [probe, answer] of base.answers) {
    const wish = wishes.get(probe)
    if (wish !== undefined && text(wish) === answer) continue
    base.answers.delete(probe)
    base.lively.delete(probe)
  }
}

function checkServing(
  { world: { account }, edited }: Scene,
  base: Baseline,
  { entry, timing, fail, shown }: Checking,
): void {
  if (base.answers.size === 0 || entry.service !== 'elasticloadbalancing') return
  for (const [stack, probes] of Map.groupBy(base.answers, ([probe]) => probe.split(' ')[0] ?? '')) {
    const current = currentOf(account, stack)
    // Also where only a resolver still knows the address.
    const known = loadBalancersOf(account, stack).filter((arn) => shown(arn))
    for (const arn of new Set([current, ...known])) {
      const answers = arn === undefined ? new Map() : served(account, stack, arn)
      for (const [probe, answer] of probes) {
        const found = answers.get(probe)
        if (found === undefined || !answer.endsWith(` ${found.backend}`)) {
          fail(
            `3: ${probe} was answered by ${answer}, and after ${entry.action} by ${found ? text(found) : 'nobody'}`,
          )
          base.answers.delete(probe)
          continue
        }
        const service = base.lively.get(probe)
        if (service === undefined || edited.nodes || edited.faults || edited.services.size > 0) continue
        if (found.group === undefined || live(account, found.group, timing, Date.now()).length === 0) {
          fail(`3: ${probe} was answered by a live target of ${service}, and after ${entry.action} by none`)
          base.lively.delete(probe)
        }
      }
    }
  }
}

type Checking = {
  readonly entry: JournalEntry
  readonly timing: Timing
  readonly fail: (text: string) => void
  /** Some Ingress shows the address of this load balancer, or did a short while ago. */
  readonly shown: (loadBalancer: string) => boolean
}

// Invariant 8 and design D4: addresses

type Addresses = {
  /** Who shows which address now. */
  look(): void
  shown(loadBalancer: string): boolean
  check(entry: JournalEntry, asks: Wanted, base: Baseline, fail: (text: string) => void): void
}

function watchAddresses(world: World): Addresses {
  const { account, config, api } = world
  const { graceMs } = config.settings.replacement
  /** Address -> Ingress -> when it was last seen to show it. */
  const seen = new Map<string, Map<string, number>>()
  const nameOf = new Map<string, string>()
  const stackOfArn = new Map<string, string>()
  const ingresses = () =>
    clusterOf(api).ingresses.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const lately = (name: string): readonly string[] =>
    [...(seen.get(name) ?? [])].flatMap(([key, at]) => (Date.now() - at < graceMs ? [key] : []))
  return {
    look: () => {
      for (const [arn, { wire }] of account.loadBalancers) {
        nameOf.set(arn, wire.DNSName?.toLowerCase() ?? '')
        stackOfArn.set(arn, tag(account, arn, stackTag))
      }
      for (const one of ingresses())
        for (const name of shownBy(one)) {
          const who = seen.get(name) ?? new Map<string, number>()
          seen.set(name, who.set(keyOf(one), Date.now()))
        }
    },
    shown: (arn) => lately(nameOf.get(arn) ?? '').length > 0,
    check: ({ action, input }, { groups }, base, fail) => {
      const everyone = new Set([...groups.values()].flatMap(({ members }) => members.map(({ key }) => key)))
      const names = new Map([...nameOf].map(([arn, name]) => [name, arn]))
      for (const one of ingresses()) {
        const [name = ''] = shownBy(one)
        const arn = names.get(name)
        if (!everyone.has(keyOf(one)) || arn === undefined) continue
        const before = base.shown.get(`${keyOf(one)} ${arn}`) ?? 0
        if (before > 0 && ownRules(account, keyOf(one), arn).length === 0)
          fail(`3: ${keyOf(one)} shows ${name}, where after ${action} none of its rules is left`)
      }
      if (action !== 'DeleteLoadBalancer') return
      const gone = (input as { LoadBalancerArn?: string }).LoadBalancerArn ?? ''
      const members = groups.get(stackOfArn.get(gone) ?? '')?.members.map(({ key }) => key) ?? []
      const told = lately(nameOf.get(gone) ?? '').filter((key) => members.includes(key))
      if (told.length > 0)
        fail(`4: ${gone} is deleted, and ${told.join()} showed its address a short while ago`)
    },
  }
}

// Invariant 5

const ownRules = (account: World['account'], owner: string, loadBalancer: string) =>
  [...account.listeners.values()]
    .filter(({ loadBalancerArn }) => loadBalancerArn === loadBalancer)
    .flatMap(({ arn }) => rulesOf(account, arn))
    .filter(({ arn }) => tag(account, arn, ownerTag) === owner)

const rulesText = (account: World['account'], owner: string, loadBalancer: string): string =>
  JSON.stringify(
    ownRules(account, owner, loadBalancer)
      .sort((a, b) => Number(a.wire.Priority) - Number(b.wire.Priority))
      .map(({ arn, wire }) => [arn, wire.Conditions, wire.Actions, wire.Transforms]),
  )

function checkHeld(
  { world: { account }, edited }: Scene,
  base: Baseline,
  { groups, desired }: Wanted,
  entry: JournalEntry,
  fail: (text: string) => void,
): void {
  if (!/Rule|Listener/.test(entry.action)) return
  for (const [stack, { held }] of desired)
    for (const key of held) {
      const before = base.rules.get(`${stack} ${key}`)
      const isMember = groups.get(stack)?.members.some((member) => member.key === key) === true
      if (before === undefined || !isMember || edited.ingresses.size > 1 || edited.services.size > 0) continue
      if (!account.loadBalancers.has(before.loadBalancer)) continue
      if (rulesText(account, key, before.loadBalancer) !== before.text) {
        fail(`5: ${entry.action} changed rules of ${key}, which is held`)
        base.rules.delete(`${stack} ${key}`)
      }
    }
}

// At rest: 6, and everything is as asked

type Told = (text: string) => void
type Binding = {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly targetGroupARN: string
    readonly targetType: string
    readonly serviceRef: { readonly name: string }
  }
}

function checkRest(scene: Scene, asks: Wanted, fail: Told): void {
  const { account, api } = scene.world
  const bindings = api.store.list('targetgroupbindings.elbv2.k8s.aws') as unknown as Binding[]
  checkOwned(scene.world, asks, fail)
  for (const [stack, wish] of asks.desired) {
    const group = asks.groups.get(stack)
    if (wish.loadBalancer === undefined || group === undefined) continue
    checkTargetGroups(account, wish, bindings, fail)
    checkRules(account, wish, fail)
    checkStatus(account, wish, group, fail)
  }
  for (const binding of bindings) checkTargets(scene, binding, fail)
}

/** Nothing of ours belongs to nobody. */
function checkOwned({ account }: World, { groups }: Wanted, fail: Told): void {
  const owned = [
    ...account.loadBalancers.keys(),
    ...account.targetGroups.keys(),
    ...account.securityGroups.keys(),
  ].filter((arn) => ours(account, arn))
  for (const arn of owned) {
    const stack = account.tags.get(arn)?.get(stackTag)
    if (stack !== undefined && !groups.has(stack)) fail(`6: ${arn} of ${stack} is an orphan`)
  }
  const shared = owned.filter((id) => tag(account, id, 'elbv2.k8s.aws/resource') === 'backend-sg')
  if (shared.length > 1) fail(`6: ${shared.length} shared backend groups`)
}

/** One load balancer, one target group for each wanted one, one binding for each target group. */
function checkTargetGroups(
  account: Account,
  { stack, held, targetGroups }: Desired,
  bindings: readonly Binding[],
  fail: Told,
): void {
  const count = loadBalancersOf(account, stack).length
  // A replacement that began waits while a member is held.
  if (count !== 1 && !(count === 2 && held.length > 0)) fail(`6: ${stack} has ${count} load balancers`)
  const arns = [...account.targetGroups.keys()].filter(
    (arn) => ours(account, arn) && tag(account, arn, stackTag) === stack,
  )
  const found = arns.map((arn) => tag(account, arn, resourceTag)).sort()
  const ids = targetGroups.map(({ ref }) => ref.id).sort()
  const isRight = held.length === 0 ? equal(found, ids) : ids.every((id) => found.includes(id))
  if (!isRight || new Set(found).size !== found.length)
    fail(`6: ${stack} has target groups ${found.join()}, wanted ${ids.join()}`)
  for (const arn of arns) {
    const bound = bindings.filter(({ spec }) => spec.targetGroupARN === arn).length
    if (bound !== 1) fail(`6: ${arn} has ${bound} bindings`)
  }
}

function checkRules(account: Account, wish: Desired, fail: Told): void {
  const answers = served(account, wish.stack)
  for (const [probe, wants] of asked(account, wish)) {
    const gets = answers.get(probe)
    if (gets?.backend !== wants.backend)
      fail(`rest: ${probe} is answered by ${gets ? text(gets) : 'nobody'}, wanted ${text(wants)}`)
  }
  if (wish.held.length > 0) return
  const [loadBalancer] = loadBalancersOf(account, wish.stack)
  for (const { port, rules } of wish.listeners) {
    const arn = [...account.listeners.values()].find(
      (one) => one.loadBalancerArn === loadBalancer && one.wire.Port === port,
    )?.arn
    const count = rulesOf(account, arn ?? '').length
    if (count !== rules.length) fail(`rest: ${wish.stack}:${port} has ${count} rules, wanted ${rules.length}`)
  }
}

function checkStatus(account: Account, { stack, held }: Desired, { members }: Group, fail: Told): void {
  const [loadBalancer = ''] = loadBalancersOf(account, stack)
  const name = account.loadBalancers.get(loadBalancer)?.wire.DNSName?.toLowerCase()
  for (const { ingress, key } of members) {
    if (held.includes(key)) continue
    const names = (ingress.status?.loadBalancer?.ingress ?? []).map(({ hostname }) => hostname?.toLowerCase())
    if (!equal(names, [name])) fail(`rest: status of ${key} is ${names.join()}, wanted ${name}`)
  }
}

function checkTargets({ world: { account }, state }: Scene, { metadata, spec }: Binding, fail: Told): void {
  const record = account.targetGroups.get(spec.targetGroupARN)
  if (record === undefined) fail(`6: binding ${metadata.name} names no target group`)
  const service = state.services.get(`${metadata.namespace}/${spec.serviceRef.name}`)
  if (service?.exists !== true || spec.targetType !== 'ip') return
  const keys = (pods: typeof service.pods): string[] => pods.map(({ ip }) => `${ip}:${containerPort}`).sort()
  const wants = keys(service.pods.filter(({ ready }) => ready))
  // A pod that is not ready may count, as what is known of its node says.
  const might = keys(service.pods)
  const gets = [...(record?.targets ?? [])]
    .filter(([, one]) => one.drainingUntil === undefined)
    .map(([id]) => id)
  if (wants.some((id) => !gets.includes(id)) || gets.some((id) => !might.includes(id)))
    fail(`rest: ${metadata.name} has targets ${gets.join()}, wanted ${wants.join()}`)
}
