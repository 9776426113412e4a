/** Cluster and facts to what one group wants to exist: pure, without Actual; one member's mistake holds that member alone (design D3). */
import { attributes as frontendAttributes } from '../annotation/frontend-nlb.ts'
import { shieldAdvancedProtection } from '../annotation/add-on.ts'
import { loadBalancerAttributes } from '../annotation/load-balancer.ts'
import { keyOf as annotationKey } from '../annotation/define.ts'
import { goBool } from '../annotation/parser.ts'
import { exclusive, merged } from '../annotation/read.ts'
import type { IngressKey } from './choice.ts'
import type { Cluster, Ingress } from './cluster.ts'
import { keyOf } from './cluster.ts'
import type { Built, Desired } from './desired.ts'
import type { Facts } from './facts.ts'
import type { Protocol } from './listener.ts'
import { groupsOf, type Member, membersWith } from './group.ts'
import { ingressRef, type Problem } from './problem.ts'
import type { Settings } from './settings.ts'
import { classUnknown, first } from './want/agree.ts'
import { claimsOf } from './want/claim.ts'
import type { Doors } from './want/auth.ts'
import { frontendNlbOf, frontendViews } from './want/frontend-nlb.ts'
import { listenerOf, protocolsOf } from './want/listener.ts'
import { ipAddressTypeOf, loadBalancerOf, namedSubnets, schemeOf } from './want/load-balancer.ts'
import { checkRedirect, redirectOf } from './want/redirect.ts'
import { type Routes, routesOf } from './want/rule.ts'
import { checkVersions } from './want/version.ts'
import { isSound, needsOf, scopeOf, servicesOf, type World } from './want/scope.ts'
import { tellShadowed } from './want/shadow.ts'
import { managedGroup, securingOf } from './want/security-group.ts'
import { soundViews, type View, viewOf } from './want/view.ts'

const nothing = (stack: string): Desired => ({
  stack,
  securityGroups: [],
  listeners: [],
  targetGroups: [],
  held: [],
  gone: false,
})

/** `staying`: of those who leave, the members of other groups that are served here alone. */
export function build(
  stack: string,
  cluster: Cluster,
  facts: Facts,
  settings: Settings,
  staying: ReadonlySet<IngressKey> = new Set(),
): Built {
  const group = groupsOf(cluster, settings).groups.get(stack)
  const kept = protectedOf(group?.leaving ?? [])
  const members = group ? membersWith(group, staying, settings) : []
  if (!group || members.length === 0)
    return {
      desired: {
        ...nothing(stack),
        held: kept.map(({ key }) => key),
        gone: kept.length === 0,
        ...(group?.leaving.some((ingress) => protectionOf(ingress) === false) ? { unprotect: true } : {}),
        ...(group?.leaving.some(frontendIsUnprotected) ? { unprotectFrontend: true } : {}),
        ...(settings.enableShield && group?.leaving.some(isShielded) ? { unshield: true } : {}),
      },
      problems: kept.map(({ problem }) => problem),
      needs: {},
      secrets: [],
    }
  const world: World = {
    stack,
    facts,
    settings,
    services: servicesOf(cluster),
    targetGroups: new Map(),
    problems: [],
    asked: { targetGroups: new Set(), secrets: new Set() },
  }
  return buildGroup(world, members)
}

/** What a member that is being deleted says of it; undefined where it says nothing. */
function protectionOf({ metadata }: Ingress): boolean | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  const attributes = merged(metadata.annotations, loadBalancerAttributes)
  const value = attributes.ok ? attributes.value?.['deletion_protection.enabled'] : undefined
  return value === undefined ? undefined : goBool(value)
}

/** A member that is being deleted says so. */
function frontendIsUnprotected({ metadata }: Ingress): boolean {
  const attributes = exclusive(metadata.annotations, frontendAttributes)
  const value = attributes.ok ? attributes.value?.['deletion_protection.enabled'] : undefined
  return metadata.deletionTimestamp !== undefined && value !== undefined && goBool(value) === false
}

const isShielded = ({ metadata: { deletionTimestamp, annotations } }: Ingress): boolean => {
  if (deletionTimestamp === undefined) return false
  const stated = exclusive(annotations, shieldAdvancedProtection)
  return stated.ok && stated.value === true
}

/** Members being deleted whose annotation protects the load balancer. */
function protectedOf(leaving: readonly Ingress[]): readonly { key: string; problem: Problem }[] {
  return leaving.flatMap((ingress) => {
    const { metadata } = ingress
    if (protectionOf(ingress) !== true) return []
    const problem: Problem = {
      kind: 'DeletionProtected',
      on: ingressRef(metadata),
      level: 'error',
      field: annotationKey(loadBalancerAttributes),
      message: `deletion_protection is enabled, cannot delete the ingress: ${metadata.name}`,
      remedy: `Write deletion_protection.enabled=false in ${annotationKey(loadBalancerAttributes)}; then the load balancer is deleted.`,
    }
    return [{ key: keyOf(ingress), problem }]
  })
}

function buildGroup(world: World, members: readonly Member[]): Built {
  const views = members.map((member) => viewOf(scopeOf(world, member)))
  const protocols = protocolsOf(views)
  checkRedirect(views, protocols)
  const common = { scheme: schemeOf(world, views), ipAddressType: ipAddressTypeOf(views) }
  const named = namedSubnets(world, views, common)
  const inFront = frontendViews(views, common)
  const shape = securingOf(world, views)
  const dualStack = first(common.ipAddressType) !== 'ipv4'
  const routes = routesOfAll(world, views, { ...shape, dualStack })
  const problems = (): readonly Problem[] => [
    // What is wrong with one that stays is told where it belongs.
    ...views.flatMap(({ scope }) => (scope.member.stays ? [] : scope.problems)),
    ...world.problems,
  ]
  const asked = { needs: needsOf(world), secrets: [...world.asked.secrets].sort() }
  const strict = world.settings.groupFailure === 'strict' && problems().some(({ level }) => level === 'error')
  if (strict || soundViews(views).length === 0) {
    const held = views.map(({ scope }) => scope.member.key)
    return {
      desired: { ...nothing(world.stack), held, ...claimsIn(views) },
      problems: problems(),
      ...asked,
    }
  }
  const held = views.filter(({ scope }) => !isSound(scope)).map(({ scope }) => scope.member.key)
  const redirect = redirectOf(views)
  const protocolsNow = protocolsOf(views)
  tellShadowed({ views, routes, redirect }, protocolsNow)
  const listeners = [...protocolsNow].map(([port, protocol]) =>
    listenerOf({ world, views, routes, redirect }, port, protocol),
  )
  const settled = { scheme: schemeOf(world, views), ipAddressType: ipAddressTypeOf(views) }
  const securing = securingOf(world, views)
  const securityGroups = securing.managed ? [managedGroup(world, views, listeners, dualStack)] : []
  const loadBalancer = loadBalancerOf(world, views, named, settled, securing)
  const frontendNlb = frontendNlbOf(world, inFront, {
    members: views,
    loadBalancer,
    common: settled,
    securing,
    ports: new Set(listeners.map(({ port }) => port)),
  })
  const certificates = soundViews(views).flatMap(({ certificate }) => certificate ?? [])
  const desired: Desired = {
    stack: world.stack,
    loadBalancer,
    ...(frontendNlb ? { frontendNlb } : {}),
    securityGroups,
    listeners,
    targetGroups: [...world.targetGroups.values()],
    ...(certificates.length > 0 ? { certificates } : {}),
    held,
    ...claimsIn(views),
    gone: false,
  }
  return { desired, problems: problems(), ...asked }
}

/** Only what is wrong with a member itself keeps its words from being heard. */
function claimsIn(views: readonly View[]): Pick<Desired, 'claims'> {
  const claims = views.flatMap(({ scope }) =>
    isSound(scope) || scope.awaits ? [] : [[scope.member.key, claimsOf(scope)] as const],
  )
  return claims.length > 0 ? { claims: Object.fromEntries(claims) } : {}
}

/** Of members that are served somewhere; the target groups of those without a mistake join the group's. All mistakes are told at once. */
function routesOfAll(
  world: World,
  views: readonly View[],
  shape: Parameters<typeof routesOf>[1],
): ReadonlyMap<View, Routes> {
  const routes = new Map<View, Routes>()
  const read = new Set<View>()
  // A mistake found in one may end the redirect that left another without rules.
  for (let due = servedOf(views); due.length > 0; due = servedOf(views).filter((view) => !read.has(view))) {
    const redirecting = isRedirecting(views)
    for (const view of due) {
      read.add(view)
      const doors = doorsOf(view, redirecting)
      const own = routesOf(view.scope, shape, doors)
      checkVersions(view.scope, doors.plain)
      if (!isSound(view.scope)) continue
      routes.set(view, own)
      for (const [id, targetGroup] of view.scope.targetGroups) world.targetGroups.set(id, targetGroup)
    }
  }
  return routes
}

/** The ports at which its rules are asked. */
function doorsOf({ ports }: View, redirecting: boolean): Doors {
  const of = (wanted: Protocol): readonly number[] =>
    [...ports.values()].flatMap(({ port, protocol }) => (protocol === wanted ? [port] : []))
  return { secure: of('HTTPS'), plain: redirecting ? [] : of('HTTP') }
}

const isRedirecting = (views: readonly View[]): boolean => redirectOf(views).state === 'on'

/** On some port with rules. */
function servedOf(views: readonly View[]): readonly View[] {
  const redirecting = isRedirecting(views)
  return views.filter(
    ({ scope, ports }) =>
      !classUnknown(scope) &&
      [...ports.values()].some(({ protocol }) => protocol === 'HTTPS' || !redirecting),
  )
}
