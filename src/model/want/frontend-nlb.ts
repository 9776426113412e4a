/** The Network Load Balancer in front of a group: what its members agree on (`albc-model` 12, design D3). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/frontend-nlb.ts'
import type { Choice } from '../choice.ts'
import type { FrontendNlb } from '../frontend-nlb.ts'
import type { LoadBalancer } from '../load-balancer.ts'
import { frontendNlbName } from '../name.ts'
import { frontendId } from '../ref.ts'
import { clusterTag, resourceTag, stackTag } from '../tag.ts'
import { agree, first } from './agree.ts'
import { frontendListeners } from './frontend-listener.ts'
import { addressesOf, checkAddresses, lists, schemeOf, subnetsOf } from './frontend-place.ts'
import { type FrontendView, frontendView, said } from './frontend-view.ts'
import type { Common } from './load-balancer.ts'
import { tellIdleFrontend } from './no-effect.ts'
import { warn, type World } from './scope.ts'
import type { Securing } from './security-group.ts'
import { type View, voices } from './view.ts'

const goMap = (map: Readonly<Record<string, string>>): string =>
  `map[${Object.entries(map)
    .map(([key, value]) => `${key}:${value}`)
    .toSorted()
    .join(' ')}]`
/** Undefined: nobody says anything of one. */
const enabledOf = (views: readonly View[]): Choice<boolean> | undefined =>
  agree(
    voices(views, ({ frontend }) => frontend),
    {
      what: 'enable frontend NLB values',
      field: keyOf(declared.enableFrontendNlb),
      show: (values) => values.join(' | '),
    },
    declared.enableFrontendNlb.default,
  )

/** Of all members, where there may be one; their mistakes hold them. */
export function frontendViews(views: readonly View[], { ipAddressType }: Common): readonly FrontendView[] {
  const enabled = enabledOf(views)
  if (enabled === undefined) {
    for (const { scope } of views) tellIdleFrontend(scope)
    return []
  }
  if ('is' in enabled && !enabled.is) return []
  const read = views.map((view) => frontendView(view, first(ipAddressType) ?? 'ipv4'))
  if (first(enabled)) checkAddresses(read)
  return read
}

export type Behind = {
  readonly members: readonly View[]
  readonly loadBalancer: LoadBalancer
  readonly common: Common
  readonly securing: Securing
  /** Ports of its listeners. */
  readonly ports: ReadonlySet<number>
}

/** Undefined: there is to be none. */
export function frontendNlbOf(
  world: World,
  views: readonly FrontendView[],
  behind: Behind,
): FrontendNlb | undefined {
  const enabled = enabledOf(behind.members)
  if (enabled === undefined || ('is' in enabled && !enabled.is)) return undefined
  // Nobody wants one, but a member that can't be read may: what stands stays.
  if (views.length === 0) {
    const settings = settingsOf(world, [], behind)
    const scheme = { keep: true, else: world.settings.defaultLoadBalancerScheme } as const
    return { ...settings, enabled, scheme, tags: { keep: true, else: {} } }
  }
  return { ...settingsOf(world, views, behind), enabled }
}

function settingsOf(
  world: World,
  views: readonly FrontendView[],
  { loadBalancer, common, securing, ports }: Behind,
): Omit<FrontendNlb, 'enabled'> {
  const wanted = views.some(({ view }) => view.frontend.value)
  const { internal, 'internet-facing': facing } = loadBalancer.name
  const groups = agree(
    said(views, ({ securityGroups }) => securityGroups),
    { what: 'securityGroups', field: keyOf(declared.securityGroups), show: lists },
    [],
  )
  const named = groups && (first(groups) ?? []).length > 0 ? groups : undefined
  if (wanted && securing.managed && named === undefined) tellClosed(views, ports)
  const { [clusterTag]: _cluster, [stackTag]: _stack, [resourceTag]: _id, ...tags } = loadBalancer.tags
  return {
    ref: { ref: 'loadBalancer', stack: world.stack, id: frontendId },
    by: views.flatMap(({ view }) => (view.frontend.value ? [view.scope.member.key] : [])),
    name: { internal: frontendNlbName(internal), 'internet-facing': frontendNlbName(facing) },
    scheme: schemeOf(world, views),
    ipAddressType: common.ipAddressType,
    subnets: subnetsOf(world, views, common, wanted),
    addresses: addressesOf(views),
    securityGroups: named ?? securing.securityGroups,
    attributes: attributesOf(views),
    tags: tagsOf(views) ?? { is: tags },
    listeners: frontendListeners(world, views),
  }
}

const attributesOf = (views: readonly FrontendView[]): FrontendNlb['attributes'] =>
  agree(
    said(views, ({ attributes }) => attributes),
    {
      what: 'frontend NLB attributes',
      field: keyOf(declared.attributes),
      show: (all) => all.map(goMap).join(' | '),
    },
    {},
  ) ?? { is: {} }

const tagsOf = (views: readonly FrontendView[]): FrontendNlb['tags'] | undefined =>
  agree(
    said(views, ({ tags }) => tags),
    { what: 'frontend NLB tags', field: keyOf(declared.tags), show: (all) => all.map(goMap).join(' | ') },
    {},
  )

/** A managed security group opens the ports of the load balancer behind, and no others: as ALBC leaves it. */
function tellClosed(views: readonly FrontendView[], open: ReadonlySet<number>): void {
  for (const { view, mapping } of views)
    for (const port of mapping.value?.keys() ?? [])
      if (!open.has(port))
        warn(view.scope, 'PortClosed', {
          field: keyOf(declared.listenerPortMapping),
          message: `port ${port} of the Network Load Balancer is closed: the managed security group opens ${[...open].join(', ')}`,
          remedy: `Name security groups that let clients in on ${port} in ${keyOf(declared.securityGroups)}, or map a port that is open.`,
        })
}
