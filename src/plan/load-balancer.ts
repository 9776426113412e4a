/** One load balancer: created once, then changed setting by setting; what AWS can't change, `replace.ts` replaces. */
import type { ActualLoadBalancer } from '../model/actual.ts'
import { choose } from '../model/choice.ts'
import type { Desired } from '../model/desired.ts'
import type { LoadBalancer, LoadBalancerIpAddressType, Scheme } from '../model/load-balancer.ts'
import { backendSecurityGroup, isRef, refKey } from '../model/ref.ts'
import { planAddOns, planUnshield } from './add-on.ts'
import { loadBalancerDefaults } from './default-attribute.ts'
import { byText, draft, join, step, stepId, type Draft } from './draft.ts'
import { sameSet } from './match.ts'
import type { Name, Step } from './step.ts'
import { tagChange, tagSteps } from './tag.ts'
import { creators, type World } from './world.ts'

const is = <T>(a: T, b: T): boolean => a === b

export function planLoadBalancer(world: World): Draft {
  const wanted = world.desired.loadBalancer
  if (!wanted) return draft({})
  if (needsBackendSecurityGroup(world)) return draft({ waits: [backendWait] })
  const served = world.loadBalancer
  if (!served) return createLoadBalancer(world, wanted)
  return join([modifyLoadBalancer(world, wanted, served), activeWait(served)])
}

const backendWait = {
  for: 'backendSecurityGroup',
  on: refKey(backendSecurityGroup),
  afterMs: 2_000,
  why: 'the shared backend security group does not exist yet',
} as const

/** The load balancer, or a binding of it, names the shared group, which nobody has made yet. */
export const needsBackendSecurityGroup = (world: World): boolean => {
  const named = [
    ...chosenSecurityGroups(world),
    ...world.desired.targetGroups.flatMap(({ binding }) =>
      (binding.networking?.ingress ?? []).flatMap(({ from }) => from.map(world.nameOf)),
    ),
  ]
  return named.some((name) => isRef(name) && refKey(name) === refKey(backendSecurityGroup))
}

function chosenSecurityGroups(world: World): readonly Name[] {
  const choice = world.desired.loadBalancer?.securityGroups
  if (!choice) return []
  const text = (name: Name) => (isRef(name) ? refKey(name) : name)
  const same = (a: readonly Name[], b: readonly Name[]) =>
    sameSet(a.map(world.nameOf).map(text), b.map(world.nameOf).map(text))
  const names = choose<readonly Name[]>(choice, servedOf(world)?.securityGroups, same) ?? []
  return names.map(world.nameOf)
}

/** What decides where members disagree: a new one serves nothing yet, the one that it replaces does. */
const servedOf = ({ loadBalancer, place }: World): ActualLoadBalancer | undefined =>
  loadBalancer ?? place.replaces

/** Without any there is nowhere to put it, and nothing is made for it. */
export const hasSubnets = ({ loadBalancer }: Desired): boolean =>
  loadBalancer !== undefined && (choose(loadBalancer.subnets, undefined, sameSet) ?? []).length > 0

function createLoadBalancer(world: World, wanted: LoadBalancer): Draft {
  const subnets = choose(wanted.subnets, undefined, sameSet) ?? []
  const scheme = choose<Scheme>(wanted.scheme, undefined, is) ?? 'internal'
  const replaced = servedOf(world)?.ipAddressType
  const ipAddressType = choose<LoadBalancerIpAddressType>(wanted.ipAddressType, replaced, is) ?? 'ipv4'
  const securityGroups = chosenSecurityGroups(world)
  const key = refKey(wanted.ref)
  const { ref, tags } = wanted
  const create = step(
    {
      call: 'CreateLoadBalancer',
      ref,
      name: world.place.name ?? wanted.name[scheme],
      scheme,
      ipAddressType,
      subnets: [...subnets].sort(byText),
      securityGroups,
      ...pools(wanted),
      tags,
    },
    { key, reason: 'missing', impact: 'none', after: securityGroupSteps(securityGroups) },
  )
  const after = [create.id]
  return join([
    draft({ steps: [create, ...attributeStep(ref, wanted.attributes, loadBalancerDefaults, after)] }),
    planAddOns(wanted, { name: ref, after, now: world.input.now, replaces: world.place.replaces }),
  ])
}

/** Those that a new load balancer takes its addresses from. */
function pools({ customerOwnedIpv4Pool, ipamPool }: LoadBalancer) {
  const customerOwned = customerOwnedIpv4Pool && choose(customerOwnedIpv4Pool.choice, undefined, is)
  const ipam = ipamPool && choose(ipamPool.choice, undefined, is)
  return {
    ...(customerOwned ? { customerOwnedIpv4Pool: customerOwned } : {}),
    ...(ipam ? { ipamPool: ipam } : {}),
  }
}

/** Given up before the address type changes, taken after it: each pool is for one type. */
function poolStep(wanted: LoadBalancer, served: ActualLoadBalancer): Step[] {
  const now = served.ipamPool ?? ''
  const ipamPool = (wanted.ipamPool && choose(wanted.ipamPool.choice, now, is)) ?? ''
  if (ipamPool === now) return []
  const loadBalancer = served.arn
  return [
    step(
      { call: 'ModifyIpPools', loadBalancer, ipamPool },
      {
        key: loadBalancer,
        reason: ipamPool === '' ? 'no pool is wanted' : 'pool changed',
        impact: 'in place',
        ...(wanted.ipamPool ? { owner: wanted.ipamPool.by } : {}),
        after: ipamPool === '' ? [] : [stepId('SetIpAddressType', loadBalancer)],
      },
    ),
  ]
}

export const securityGroupSteps = (names: readonly Name[]): string[] =>
  names
    .filter(isRef)
    .flatMap((ref) => [...creators([ref]), stepId('AuthorizeSecurityGroupIngress', refKey(ref))])

export function attributeStep(
  loadBalancer: Name,
  wanted: Readonly<Record<string, string>>,
  served: Readonly<Record<string, string>>,
  after: readonly string[],
): Step[] {
  const changed = Object.entries(wanted).filter(([key, value]) => served[key] !== value)
  if (changed.length === 0) return []
  const key = isRef(loadBalancer) ? refKey(loadBalancer) : loadBalancer
  return [
    step(
      { call: 'ModifyLoadBalancerAttributes', loadBalancer, attributes: Object.fromEntries(changed) },
      { key, reason: 'attributes changed', impact: 'in place', after },
    ),
  ]
}

function modifyLoadBalancer(world: World, wanted: LoadBalancer, served: ActualLoadBalancer): Draft {
  const loadBalancer = served.arn
  const why = (reason: string, after: readonly string[] = []) =>
    ({ key: loadBalancer, reason, impact: 'in place', after }) as const
  const steps: Step[] = []
  const poolSteps = poolStep(wanted, served)
  const givesUpPool = poolSteps.some((one) => one.call === 'ModifyIpPools' && one.ipamPool === '')
  const securityGroups = chosenSecurityGroups(world)
  const ids = securityGroups.map((name) => (isRef(name) ? refKey(name) : name))
  if (ids.length > 0 && !sameSet(ids, served.securityGroups))
    steps.push(
      step(
        { call: 'SetSecurityGroups', loadBalancer, securityGroups },
        why('security groups changed', securityGroupSteps(securityGroups)),
      ),
    )
  const subnets = choose(wanted.subnets, served.subnets, sameSet) ?? []
  if (subnets.length > 0 && !sameSet(subnets, served.subnets))
    steps.push(step({ call: 'SetSubnets', loadBalancer, subnets }, why('subnets changed')))
  const ipAddressType = choose(wanted.ipAddressType, served.ipAddressType, is)
  if (ipAddressType && ipAddressType !== served.ipAddressType)
    steps.push(
      step(
        { call: 'SetIpAddressType', loadBalancer, ipAddressType },
        // Dual stack needs subnets that have an IPv6 range.
        why('address type changed', [
          stepId('SetSubnets', loadBalancer),
          ...(givesUpPool ? [stepId('ModifyIpPools', loadBalancer)] : []),
        ]),
      ),
    )
  return join([
    draft({ steps: [...steps, ...poolSteps] }),
    attributes(wanted, served),
    tags(world, wanted, served),
    planAddOns(wanted, { name: loadBalancer, served, after: [], now: world.input.now }),
  ])
}

function attributes(wanted: LoadBalancer, served: ActualLoadBalancer): Draft {
  if (Object.keys(wanted.attributes).length === 0) return draft({})
  if (!served.attributes) return draft({ waits: [attributesRead(served.arn)] })
  return draft({ steps: attributeStep(served.arn, wanted.attributes, served.attributes, []) })
}

export const attributesRead = (arn: string) =>
  ({ for: 'attributesRead', on: arn, afterMs: 0, why: 'attributes are stated and not read yet' }) as const

function tags(world: World, wanted: LoadBalancer, served: ActualLoadBalancer): Draft {
  const change = tagChange(wanted.tags, served.tags, world.input.settings, 'spare legacy')
  return tagSteps([{ resource: served.arn, owner: 'group', ...change }], { keepSurplus: world.held })
}

function activeWait(served: ActualLoadBalancer): Draft {
  if (served.state !== 'provisioning') return draft({})
  return draft({
    waits: [
      { for: 'loadBalancerActive', on: served.arn, afterMs: 5_000, why: 'the load balancer is provisioning' },
    ],
  })
}

/** When nothing is wanted any more. AWS deletes listeners and rules with it, but not Shield's protection. */
export function deleteLoadBalancers(world: World): Draft {
  const all = [...world.actual.loadBalancers].sort((a, b) => byText(a.arn, b.arn))
  const shields = all.map((served) => planUnshield(world.desired, served, world.input.now))
  const unread = shields.flatMap(({ waits }) => waits)
  if (unread.length > 0) return draft({ waits: unread })
  const steps = all.flatMap((served, index) => {
    const first = [...unprotect(world, served), ...(shields[index]?.steps ?? [])]
    const { arn } = served
    const gone = step(
      { call: 'DeleteLoadBalancer', loadBalancer: arn },
      {
        key: arn,
        reason: 'the last member is gone',
        impact: 'deletes',
        after: first.map(({ id }) => id),
      },
    )
    return [...first, gone]
  })
  return draft({ steps })
}

/** The guard never lifts a protection; the member that is deleted may. */
function unprotect({ desired }: World, { arn, attributes }: ActualLoadBalancer): Step[] {
  if (desired.unprotect !== true || attributes?.[deletionProtection] === 'false') return []
  return attributeStep(arn, { [deletionProtection]: 'false' }, {}, [])
}
export const deletionProtection = 'deletion_protection.enabled'
