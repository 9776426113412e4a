/** The Network Load Balancer in front: made and changed setting by setting, and taken down before what stands behind it. */
import type { ActualLoadBalancer } from '../model/actual.ts'
import { choose } from '../model/choice.ts'
import type { FrontendNlb } from '../model/frontend-nlb.ts'
import type { LoadBalancerIpAddressType, Scheme } from '../model/load-balancer.ts'
import type { Problem } from '../model/problem.ts'
import { isRef, refKey } from '../model/ref.ts'
import { networkLoadBalancerDefaults } from './default-attribute.ts'
import { byText, draft, join, step, stepId, type Draft } from './draft.ts'
import { planFrontendListeners } from './frontend-listener.ts'
import { frontendTags } from './frontend-tag.ts'
import { freeTargets, planFrontendTargetGroups } from './frontend-target-group.ts'
import {
  attributesRead,
  attributeStep,
  needsBackendSecurityGroup,
  securityGroupSteps,
} from './load-balancer.ts'
import { sameSet } from './match.ts'
import type { Name, Step } from './step.ts'
import { tagChange, tagSteps } from './tag.ts'
import type { World } from './world.ts'

const is = <T>(a: T, b: T): boolean => a === b

/** What is planned of it, and which of those steps must come before the load balancer behind loses a listener or goes. */
export function planFrontendNlb(world: World): Draft {
  const { frontendNlb: wanted } = world.desired
  const served = servingFrontend(world)
  if (!wanted || !choose(wanted.enabled, served !== undefined, is)) return removeFrontend(world)
  if (needsBackendSecurityGroup(world)) return draft({})
  const groups = planFrontendTargetGroups(world, wanted)
  if (served && choose<Scheme>(wanted.scheme, served.scheme, is) !== served.scheme)
    return join([groups, replace(wanted, served)])
  const loadBalancer = served ? modify(world, wanted, served) : create(world, wanted)
  if (!served && loadBalancer.steps.length === 0) return loadBalancer
  return join([groups, loadBalancer, planFrontendListeners(world, wanted, served)])
}

/** Of several (a crash), the oldest. */
const servingFrontend = ({ actual }: World): ActualLoadBalancer | undefined =>
  actual.frontend.loadBalancers.toSorted((a, b) => a.createdAt - b.createdAt || byText(a.arn, b.arn))[0]

/** Connections end first, then what was behind them is let go. */
export function removeFrontend(world: World): Draft {
  const gone = world.actual.frontend.loadBalancers.map(({ arn }) =>
    step(
      { call: 'DeleteLoadBalancer', loadBalancer: arn },
      {
        key: arn,
        reason: 'no member wants it',
        impact: 'deletes',
        after: unprotect(world, arn).map(({ id }) => id),
      },
    ),
  )
  const after = gone.map(({ id }) => id)
  return join([
    draft({
      steps: [...world.actual.frontend.loadBalancers.flatMap(({ arn }) => unprotect(world, arn)), ...gone],
    }),
    ...world.actual.frontend.targetGroups.map((group) => freeTargets(world, group, after)),
  ])
}

function unprotect({ desired, actual }: World, arn: string): Step[] {
  const { attributes } = actual.frontend.loadBalancers.find((one) => one.arn === arn) ?? {}
  if (desired.unprotectFrontend !== true || attributes?.['deletion_protection.enabled'] === 'false') return []
  return attributeStep(arn, { 'deletion_protection.enabled': 'false' }, {}, [])
}

/** AWS changes no scheme, and the name is the same for both: it must go before the other can come. */
function replace({ scheme, by }: FrontendNlb, served: ActualLoadBalancer): Draft {
  const wanted = choose<Scheme>(scheme, served.scheme, is) ?? served.scheme
  const problems = [...by].sort(byText).map((member): Problem => {
    const [namespace = '', name = ''] = member.split('/')
    return {
      kind: 'ReplacementImpossible',
      on: { kind: 'Ingress', namespace, name },
      level: 'error',
      message: `Network Load Balancer ${served.name} is ${served.scheme}, ${wanted} is wanted, and AWS can't change the scheme of an existing one`,
      remedy: `Set frontend-nlb-scheme back to ${served.scheme}.`,
    }
  })
  const { arn } = served
  const gone = step(
    { call: 'DeleteLoadBalancer', loadBalancer: arn },
    { key: arn, reason: 'another scheme is wanted', impact: 'replaces' },
  )
  return draft({ steps: [gone], problems })
}

const textOf = (name: Name): string => (isRef(name) ? refKey(name) : name)

function securityGroupsOf(world: World, wanted: FrontendNlb, served?: ActualLoadBalancer): readonly Name[] {
  const same = (a: readonly Name[], b: readonly Name[]): boolean =>
    sameSet(a.map(world.nameOf).map(textOf), b.map(world.nameOf).map(textOf))
  return (choose<readonly Name[]>(wanted.securityGroups, served?.securityGroups, same) ?? []).map(
    world.nameOf,
  )
}

/** With the elastic address of each subnet, where there is one for each. */
const placesOf = (
  subnets: readonly string[],
  { addresses }: FrontendNlb,
): { readonly subnets: readonly string[]; readonly addresses?: Readonly<Record<string, string>> } => ({
  subnets,
  ...(addresses.length > 0 && addresses.length === subnets.length
    ? { addresses: Object.fromEntries(subnets.map((subnet, at) => [subnet, addresses[at] ?? ''])) }
    : {}),
})

function create(world: World, wanted: FrontendNlb): Draft {
  const subnets = choose(wanted.subnets, undefined, sameSet) ?? []
  if (subnets.length === 0) return draft({})
  const behind = world.loadBalancer?.scheme ?? schemeBehind(world)
  const securityGroups = securityGroupsOf(world, wanted)
  const { ref } = wanted
  const made = step(
    {
      call: 'CreateLoadBalancer',
      type: 'network',
      ref,
      name: wanted.name[behind],
      scheme: choose<Scheme>(wanted.scheme, undefined, is) ?? 'internal',
      ipAddressType: choose<LoadBalancerIpAddressType>(wanted.ipAddressType, undefined, is) ?? 'ipv4',
      ...placesOf(subnets, wanted),
      securityGroups,
      tags: frontendTags(world, wanted, ref.id),
    },
    { key: refKey(ref), reason: 'missing', impact: 'none', after: securityGroupSteps(securityGroups) },
  )
  const attributes = choose(wanted.attributes, undefined, is) ?? {}
  return draft({ steps: [made, ...attributeStep(ref, attributes, networkLoadBalancerDefaults, [made.id])] })
}

const schemeBehind = ({ desired }: World): Scheme =>
  (desired.loadBalancer && choose<Scheme>(desired.loadBalancer.scheme, undefined, is)) ?? 'internal'

function modify(world: World, wanted: FrontendNlb, served: ActualLoadBalancer): Draft {
  const loadBalancer = served.arn
  const why = (reason: string, after: readonly string[] = []) =>
    ({ key: loadBalancer, reason, impact: 'in place', after }) as const
  const steps: Step[] = []
  const securityGroups = securityGroupsOf(world, wanted, served)
  if (securityGroups.length > 0 && !sameSet(securityGroups.map(textOf), served.securityGroups))
    steps.push(
      step(
        { call: 'SetSecurityGroups', loadBalancer, securityGroups },
        why('security groups changed', securityGroupSteps(securityGroups)),
      ),
    )
  const subnets = choose(wanted.subnets, served.subnets, sameSet) ?? []
  if (subnets.length > 0 && !sameSet(subnets, served.subnets))
    steps.push(
      step({ call: 'SetSubnets', loadBalancer, ...placesOf(subnets, wanted) }, why('subnets changed')),
    )
  const ipAddressType = choose(wanted.ipAddressType, served.ipAddressType, is)
  if (ipAddressType && ipAddressType !== served.ipAddressType)
    steps.push(
      step(
        { call: 'SetIpAddressType', loadBalancer, ipAddressType },
        why('address type changed', [stepId('SetSubnets', loadBalancer)]),
      ),
    )
  const tags = frontendTags(world, wanted, wanted.ref.id, served.tags)
  const change = tagChange(tags, served.tags, world.input.settings, 'spare legacy')
  return join([
    draft({ steps }),
    attributesOf(wanted, served),
    tagSteps([{ resource: loadBalancer, owner: 'group', ...change }], { keepSurplus: world.held }),
    activeWait(served),
  ])
}

function attributesOf({ attributes }: FrontendNlb, { arn, attributes: served }: ActualLoadBalancer): Draft {
  const options =
    'oneOf' in attributes ? attributes.oneOf.map(({ value }) => value) : [choose(attributes, {}, is) ?? {}]
  if (options.every((one) => Object.keys(one).length === 0)) return draft({})
  if (!served) return draft({ waits: [attributesRead(arn)] })
  const chosen = choose(attributes, served, (wanted, now) =>
    Object.entries(wanted).every(([key, value]) => now[key] === value),
  )
  return draft({ steps: attributeStep(arn, chosen ?? {}, served, []) })
}

/** Until then its address is nobody's. */
const activeWait = ({ arn, state }: ActualLoadBalancer): Draft =>
  state === 'provisioning'
    ? draft({
        waits: [
          {
            for: 'loadBalancerActive',
            on: arn,
            afterMs: 5_000,
            why: 'the Network Load Balancer is provisioning',
          },
        ],
      })
    : draft({})
