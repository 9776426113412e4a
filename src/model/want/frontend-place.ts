/** Where the Network Load Balancer in front stands: its scheme, subnets and elastic addresses. */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/frontend-nlb.ts'
import type { Choice } from '../choice.ts'
import type { Scheme } from '../load-balancer.ts'
import { ingressRef } from '../problem.ts'
import { discoverSubnets } from '../subnet.ts'
import { agree, first, mapChoice, type Voice } from './agree.ts'
import { type FrontendView, said } from './frontend-view.ts'
import { type Common, goSet } from './load-balancer.ts'
import { fault, isSound, type Scope, type World } from './scope.ts'
import { soundViews } from './view.ts'

export const lists = (all: readonly (readonly string[])[]): string =>
  all.map((list) => `[${list.join(' ')}]`).join(' | ')

/** A set as it is stated first: its order counts, where two differ only in that they agree. */
function agreeOnSet(
  all: readonly Voice<readonly string[]>[],
  matter: Parameters<typeof agree<readonly string[]>>[1],
): Choice<readonly string[]> | undefined {
  const asStated = new Map<string, readonly string[]>()
  const sorted = all.map(({ scope, stated }): Voice<readonly string[]> => {
    const { value } = stated
    if (value === undefined) return { scope, stated }
    const list = value.toSorted()
    if (!asStated.has(list.join())) asStated.set(list.join(), value)
    return { scope, stated: { ...stated, value: list } }
  })
  const agreed = agree(sorted, matter, [])
  return agreed && mapChoice(agreed, (list) => asStated.get(list.join()) ?? list)
}

export const schemeOf = (world: World, views: readonly FrontendView[]): Choice<Scheme> => {
  const otherwise = world.settings.defaultLoadBalancerScheme
  const matter = { what: 'scheme', field: keyOf(declared.scheme), show: goSet }
  return (
    agree(
      said(views, ({ scheme }) => scheme),
      matter,
      otherwise,
    ) ?? { is: otherwise }
  )
}

const namedSubnets = (views: readonly FrontendView[]): Choice<readonly string[]> | undefined =>
  agreeOnSet(
    said(views, ({ subnets }) => subnets),
    { what: 'subnets', field: keyOf(declared.subnets), show: lists },
  )

/** Found ones are kept once it stands there, as those of the load balancer behind are. */
export function subnetsOf(
  world: World,
  views: readonly FrontendView[],
  common: Common,
  wanted: boolean,
): Choice<readonly string[]> {
  const named = namedSubnets(views)
  if (named && !('keep' in named && named.else.length === 0)) return named
  const scheme = first(schemeOf(world, views)) ?? world.settings.defaultLoadBalancerScheme
  const ipAddressType = first(common.ipAddressType) ?? 'ipv4'
  const found = discoverSubnets(scheme, { ...world, ipAddressType, network: true })
  if (found.ok) return { keep: true, else: found.value }
  const [view] = soundViews(views.map((one) => one.view))
  if (view && wanted)
    world.problems.push({
      kind: 'SubnetsNotFound',
      on: ingressRef(view.scope.member.ingress.metadata),
      level: 'error',
      field: keyOf(declared.subnets),
      message: found.error,
      remedy: `Tag a subnet of VPC ${world.facts.vpcId} for ${scheme} load balancers, or name some in ${keyOf(declared.subnets)}.`,
    })
  return { keep: true, else: [] }
}

export const addressesOf = (views: readonly FrontendView[]): readonly string[] => {
  const field = keyOf(declared.eipAllocations)
  const agreed = agreeOnSet(
    said(views, ({ addresses }) => addresses),
    { what: 'EIP allocations', field, show: lists },
  )
  return (agreed && first(agreed)) ?? []
}

/** One for each subnet, of a load balancer that faces the internet: whoever states them otherwise is held. */
export function checkAddresses(views: readonly FrontendView[]): void {
  for (const { view, addresses, scheme, subnets } of views) {
    const { scope } = view
    const count = addresses.value?.length ?? 0
    if (count === 0 || !isSound(scope)) continue
    const field = keyOf(declared.eipAllocations)
    const chosen = scheme.value ?? first(schemeOf(scope.world, views))
    if (chosen !== 'internet-facing')
      fault(scope, 'InvalidAnnotation', {
        field,
        message: 'EIP allocations can only be set for internet facing load balancers',
        remedy: `Remove ${field}, or set ${keyOf(declared.scheme)} to internet-facing.`,
      })
    const named = namedSubnets(views)
    const places = subnets.value ?? (named && first(named)) ?? found(scope, chosen)
    if (places.length > 0 && places.length !== count)
      fault(scope, 'InvalidAnnotation', {
        field,
        message: `count of EIP allocations (${count}) and subnets (${places.length}) must match`,
        remedy: `Name as many allocations in ${field} as there are subnets, in their order.`,
      })
  }
}

function found({ world }: Scope, scheme: Scheme = 'internet-facing'): readonly string[] {
  const subnets = discoverSubnets(scheme, { ...world, ipAddressType: 'ipv4', network: true })
  return subnets.ok ? subnets.value : []
}
