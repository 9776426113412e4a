/** The load balancer of a group: what its members agree on (`albc-model` 10). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/load-balancer.ts'
import { canonical } from '../../lib/json.ts'
import { present } from '../../lib/present.ts'
import type { Choice } from '../choice.ts'
import type { LoadBalancer, LoadBalancerIpAddressType, Scheme } from '../load-balancer.ts'
import { loadBalancerName } from '../name.ts'
import { ingressRef } from '../problem.ts'
import type { Ref } from '../ref.ts'
import { discoverSubnets, explicitSubnets, type Subnets } from '../subnet.ts'
import { trackingTags, withDefaults } from '../tag.ts'
import { agree, first, goList, stated, union, type Voice } from './agree.ts'
import { capacityUnits } from './capacity.ts'
import { customerOwnedPool, ipamPool } from './pool.ts'
import { fault, isSound, paramsOf, type World } from './scope.ts'
import type { Securing } from './security-group.ts'
import { shield } from './shield.ts'
import { byAge, soundViews, type View, voices } from './view.ts'
import { classicWebAcl, webAcl } from './waf.ts'

export const goSet = (values: readonly string[]): string =>
  `map[${values
    .toSorted()
    .map((value) => `${value}:{}`)
    .join(' ')}]`

export const schemeOf = (world: World, views: readonly View[]): Choice<Scheme> => {
  const otherwise = world.settings.defaultLoadBalancerScheme
  const matter = { what: 'scheme', field: keyOf(declared.scheme), show: goSet }
  return (
    agree(
      voices(views, (view) => view.scheme),
      matter,
      otherwise,
    ) ?? { is: otherwise }
  )
}

export const ipAddressTypeOf = (views: readonly View[]): Choice<LoadBalancerIpAddressType> => {
  const otherwise = declared.ipAddressType.default
  const matter = { what: 'IPAddressType', field: keyOf(declared.ipAddressType), show: goList }
  return (
    agree(
      voices(views, (view) => view.ipAddressType),
      matter,
      otherwise,
    ) ?? { is: otherwise }
  )
}

export type Common = {
  readonly scheme: Choice<Scheme>
  readonly ipAddressType: Choice<LoadBalancerIpAddressType>
}

/** Subnets that a member names, by member key; those that can't be found are that member's mistake. */
export function namedSubnets(
  world: World,
  views: readonly View[],
  { ipAddressType }: Common,
): readonly Voice<readonly string[]>[] {
  const query = { ...world, ipAddressType: first(ipAddressType) ?? 'ipv4' }
  const known = new Map<string, Subnets>()
  return views.map(({ scope, subnets: said }) => {
    const selector = said.value
    if (selector === undefined) return { scope, stated: said.broken ? { broken: true } : {} }
    const key = canonical(selector)
    const found = known.get(key) ?? explicitSubnets(selector, query)
    known.set(key, found)
    const fromParams = said.fromParams ?? false
    const resolve = (): readonly string[] | undefined =>
      found.ok
        ? found.value
        : fault(scope, 'SubnetsNotFound', {
            field: fromParams ? 'IngressClassParams spec.subnets' : keyOf(declared.subnets),
            message: found.error,
            remedy: `Name at least two subnets of VPC ${world.facts.vpcId}, one in each availability zone.`,
          })
    return { scope, stated: stated(scope, resolve, fromParams) }
  })
}

function subnetsOf(
  world: World,
  views: readonly View[],
  named: readonly Voice<readonly string[]>[],
  common: Common,
): Choice<readonly string[]> {
  const show = (lists: readonly (readonly string[])[]): string =>
    lists.map((list) => `[${list.join(' ')}]`).join(' | ')
  const matter = { what: 'subnets', field: keyOf(declared.subnets), show }
  const agreed = agree(named, matter, [])
  if (agreed && !('keep' in agreed && agreed.else.length === 0)) return agreed
  const scheme = first(common.scheme) ?? world.settings.defaultLoadBalancerScheme
  const found = discoverSubnets(scheme, { ...world, ipAddressType: first(common.ipAddressType) ?? 'ipv4' })
  if (found.ok) return { keep: true, else: found.value }
  const [view] = soundViews(views)
  const role = scheme === 'internet-facing' ? 'kubernetes.io/role/elb' : 'kubernetes.io/role/internal-elb'
  if (view)
    world.problems.push({
      kind: 'SubnetsNotFound',
      on: ingressRef(view.scope.member.ingress.metadata),
      level: 'error',
      message: found.error,
      remedy: `Tag at least two subnets of VPC ${world.facts.vpcId}, in different availability zones, with ${role}=1; or name them in ${keyOf(declared.subnets)}.`,
    })
  return { keep: true, else: [] }
}

/** Only what members state; a key on which they disagree is left as AWS has it. */
function attributesOf(views: readonly View[]): Readonly<Record<string, string>> {
  const sound = soundViews(views)
  const decided = Object.fromEntries(
    (sound[0] ? (paramsOf(sound[0].scope)?.loadBalancerAttributes ?? []) : []).map(({ key, value }) => [
      key,
      value,
    ]),
  )
  const { values, contested } = union(
    voices(sound, (view) => view.attributes),
    'load balancer attributes',
    keyOf(declared.loadBalancerAttributes),
    decided,
  )
  const held = views.filter(({ scope }) => !isSound(scope)).map(({ attributes }) => attributes.value ?? {})
  return Object.fromEntries(
    Object.entries(values).filter(
      ([key, value]) => !Object.hasOwn(contested, key) && held.every((one) => (one[key] ?? value) === value),
    ),
  )
}

function nameOf(world: World, views: readonly View[]): Readonly<Record<Scheme, string>> {
  const matter = { what: 'load balancer name', field: keyOf(declared.loadBalancerName), show: goSet }
  const agreed = agree(
    voices(views, (view) => view.name),
    matter,
    '',
  )
  const explicit = agreed && first(agreed)
  const unknown = explicit === undefined || (explicit === '' && agreed !== undefined && 'keep' in agreed)
  const generated = (scheme: Scheme): string =>
    unknown ? loadBalancerName(world.settings.clusterName, world.stack, scheme) : explicit
  return { internal: generated('internal'), 'internet-facing': generated('internet-facing') }
}

export function loadBalancerOf(
  world: World,
  views: readonly View[],
  named: readonly Voice<readonly string[]>[],
  common: Common,
  securing: Securing,
): LoadBalancer {
  const ref: Ref = { ref: 'loadBalancer', stack: world.stack, id: 'LoadBalancer' }
  return {
    ref,
    name: nameOf(world, views),
    ...common,
    subnets: subnetsOf(world, views, named, common),
    securityGroups: securing.securityGroups,
    attributes: attributesOf(views),
    tags: {
      ...withDefaults(world.settings, groupTags(views)),
      ...trackingTags(world.settings, world.stack, ref.id),
    },
    ...present({
      customerOwnedIpv4Pool: customerOwnedPool(views),
      ipamPool: ipamPool(views),
      capacityUnits: capacityUnits(views),
      webAcl: webAcl(views),
      classicWebAcl: classicWebAcl(views),
      shield: shield(views),
    }),
  }
}

/** Of all members given, held ones too: their tags stay. */
export const groupTags = (views: readonly View[]): Readonly<Record<string, string>> =>
  union(
    voices(byAge(views), (view) => view.tags),
    'tag',
    keyOf(declared.tags),
  ).values
