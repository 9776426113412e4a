/** Who may reach the load balancer, and from whom the targets take requests (`albc-model` 10.4). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/load-balancer.ts'
import { inboundCidrs, securityGroupPrefixLists } from '../../annotation/listener.ts'
import { isStated } from '../../annotation/read.ts'
import type { Choice } from '../choice.ts'
import type { Listener } from '../listener.ts'
import { managedSecurityGroupName } from '../name.ts'
import { backendSecurityGroup, type Ref } from '../ref.ts'
import type { Permission, PermissionSource, SecurityGroup } from '../security-group.ts'
import { trackingTags, withDefaults } from '../tag.ts'
import { agree, classUnknown, first, mapChoice } from './agree.ts'
import { groupTags } from './load-balancer.ts'
import type { Inbound } from './port.ts'
import { annotationsOf, fault, isSound, paramsOf, type World } from './scope.ts'
import { byAge, isOn, portVoices, type View, voices } from './view.ts'

export type Securing = {
  readonly securityGroups: Choice<readonly (string | Ref)[]>
  /** Who may reach the targets; absent: the user opens them. */
  readonly source?: string | Ref
  readonly managed: boolean
}

const everywhere: Inbound = { v4: ['0.0.0.0/0'], v6: ['::/0'] }

const managedRef = (world: World): Ref => ({
  ref: 'securityGroup',
  stack: world.stack,
  id: 'ManagedLBSecurityGroup',
})

export function securingOf(world: World, views: readonly View[]): Securing {
  const { settings } = world
  const backend = settings.enableBackendSecurityGroup
    ? (settings.backendSecurityGroup ?? backendSecurityGroup)
    : undefined
  const show = (lists: readonly (readonly string[])[]): string =>
    lists.map((list) => `[${list.join(' ')}]`).join(' | ')
  const named = agree<readonly string[]>(
    voices(views, (view) => view.securityGroups),
    { what: 'securityGroups', field: keyOf(declared.securityGroups), show },
    [],
  )
  const withBackend = (ids: readonly string[]) => [...ids, ...(backend === undefined ? [] : [backend])]
  const managed = [managedRef(world), ...(backend === undefined ? [] : [backend])]
  if (!named) return { securityGroups: { is: managed }, source: backend ?? managedRef(world), managed: true }
  if (first(named)?.length === 0)
    return {
      securityGroups: { keep: true, else: managed },
      source: backend ?? managedRef(world),
      managed: true,
    }
  if (!managesBackend(world, views)) return { securityGroups: named, managed: false }
  if (backend === undefined) tellBackendNeeded(views)
  return {
    securityGroups: mapChoice(named, withBackend),
    ...(backend === undefined ? {} : { source: backend }),
    managed: false,
  }
}

function managesBackend(world: World, views: readonly View[]): boolean {
  const matter = {
    what: 'manage backend security group rules settings',
    field: keyOf(declared.manageBackendSecurityGroupRules),
    show: (values: readonly boolean[]) => values.join(' | '),
  }
  const otherwise = world.settings.enableManageBackendSecurityGroupRules
  const agreed = agree(
    voices(byAge(views), (view) => view.manageBackendRules),
    matter,
    otherwise,
  )
  return (agreed && first(agreed)) ?? otherwise
}

function tellBackendNeeded(views: readonly View[]): void {
  for (const { scope, securityGroups } of views)
    if (securityGroups.value !== undefined && isSound(scope))
      fault(scope, 'InvalidAnnotation', {
        field: keyOf(declared.manageBackendSecurityGroupRules),
        message:
          'backendSG feature is required to manage worker node SG rules when frontendSG manually specified',
        remedy: `Start the controller with --enable-backend-security-group, or set ${keyOf(declared.manageBackendSecurityGroupRules)} to false.`,
      })
}

/** A held member says who may connect, or its class may, and nobody knows whom. */
function mayNarrow({ scope }: View): boolean {
  if (isSound(scope)) return false
  const { inboundCIDRs = [], prefixListsIDs = [], PrefixListsIDs = [] } = paramsOf(scope) ?? {}
  return (
    classUnknown(scope) ||
    inboundCIDRs.length + prefixListsIDs.length + PrefixListsIDs.length > 0 ||
    [inboundCidrs, securityGroupPrefixLists].some((one) => isStated(annotationsOf(scope), one))
  )
}

export function managedGroup(
  world: World,
  views: readonly View[],
  listeners: readonly Listener[],
  dualStack: boolean,
): SecurityGroup {
  const { settings, stack } = world
  const ref = managedRef(world)
  const opened = listeners.map(({ port }) => permissionsOf(views, port, dualStack))
  const unsure = opened.filter((one) => one.unsure).map(({ port }) => port)
  return {
    ref,
    name: managedSecurityGroupName(settings.clusterName, stack),
    description: '[k8s] Managed SecurityGroup for LoadBalancer',
    tags: { ...withDefaults(settings, groupTags(views)), ...trackingTags(settings, stack, ref.id) },
    ingress: opened.flatMap(({ permissions }) => permissions),
    ...(unsure.length > 0 ? { unsure } : {}),
  }
}

type Opened = {
  readonly port: number
  readonly permissions: readonly Permission[]
  readonly unsure: boolean
}

function permissionsOf(views: readonly View[], port: number, dualStack: boolean): Opened {
  const show = (all: readonly Inbound[]): string =>
    all.map(({ v4, v6 }) => `[${v4.join(' ')}], [${v6.join(' ')}]`).join(' | ')
  const cidrs = agree<Inbound>(
    portVoices(byAge(views), port, ({ inbound }) => inbound),
    { what: 'inbound-cidrs', field: keyOf(inboundCidrs), show },
    { v4: [], v6: [] },
  )
  const lists = agree<readonly string[]>(
    portVoices(byAge(views), port, ({ prefixLists }) => prefixLists),
    {
      what: 'inbound-prefix-lists',
      field: keyOf(securityGroupPrefixLists),
      show: (all) => all.map((list) => `[${list.join(' ')}]`).join(' | '),
    },
    [],
  )
  const stated = cidrs && first(cidrs)
  const listed = (lists && first(lists)) ?? []
  const narrowed = views.some((view) => isOn(view, port) && mayNarrow(view))
  const nobody = narrowed || listed.length > 0 ? { v4: [], v6: [] } : everywhere
  const { v4, v6 } = stated && stated.v4.length + stated.v6.length > 0 ? stated : nobody
  const sources: readonly PermissionSource[] = [
    ...v4.map((cidr) => ({ cidr })),
    ...(dualStack ? v6.map((cidrV6) => ({ cidrV6 })) : []),
    ...listed.map((prefixListId) => ({ prefixListId })),
  ]
  return {
    port,
    permissions: sources.map((source) => ({ protocol: 'tcp', fromPort: port, toPort: port, source })),
    unsure: narrowed || [cidrs, lists].every((choice) => choice !== undefined && 'keep' in choice),
  }
}
