/** All that one member says of what it shares with its group, read once. */
import { enableFrontendNlb } from '../../annotation/frontend-nlb.ts'
import { listenerAttributes, sslRedirect } from '../../annotation/listener.ts'
import * as declared from '../../annotation/load-balancer.ts'
import { keyOf } from '../../annotation/define.ts'
import { goInt } from '../../annotation/parser.ts'
import { exclusive, merged, ownOf } from '../../annotation/read.ts'
import { certificateName, type OwnCertificate } from '../certificate.ts'
import type { LoadBalancerIpAddressType, Scheme } from '../load-balancer.ts'
import type { SubnetSelector } from '../subnet.ts'
import type { Tags } from '../tag.ts'
import { classUnknown, type Stated, stated, type Voice } from './agree.ts'
import { statedCapacity } from './capacity.ts'
import { askedCertificate, withTags } from './certificate.ts'
import { tellNoEffect } from './no-effect.ts'
import { statedCustomerOwnedPool, statedIpamPool } from './pool.ts'
import { type Port, type Ports, portsOf } from './port.ts'
import { annotationsOf, fault, isSound, paramsOf, refuse, type Scope, take } from './scope.ts'
import { statedShield } from './shield.ts'
import { memberTags } from './tag.ts'
import { tellUnknown } from './unknown.ts'
import { type StatedWebAcl, statedClassicWebAcl, statedWebAcl } from './waf.ts'

type Attributes = Readonly<Record<string, string>>

export type View = {
  readonly scope: Scope
  readonly ports: Ports
  /** Its ports can't be known. */
  readonly portsBroken: boolean
  readonly scheme: Stated<Scheme>
  readonly ipAddressType: Stated<LoadBalancerIpAddressType>
  readonly name: Stated<string>
  readonly subnets: Stated<SubnetSelector>
  /** Ids. */
  readonly securityGroups: Stated<readonly string[]>
  readonly manageBackendRules: Stated<boolean>
  readonly sslRedirect: Stated<number>
  readonly attributes: Stated<Attributes>
  readonly tags: Stated<Tags>
  /** That the controller makes for it. */
  readonly certificate?: OwnCertificate
  /** Whether there is to be a Network Load Balancer in front. */
  readonly frontend: Stated<boolean>
  readonly customerOwnedPool: Stated<string>
  readonly ipamPool: Stated<string>
  readonly capacityUnits: Stated<number>
  /** Empty: none. */
  readonly webAcl: StatedWebAcl
  readonly classicWebAcl: Stated<string>
  readonly shield: Stated<boolean>
}

export function viewOf(scope: Scope): View {
  tellUnknown(scope)
  const params = paramsOf(scope)
  const annotations = annotationsOf(scope)
  const fromParams = <T>(value: T | undefined, read: () => T | undefined): Stated<T> =>
    value === undefined ? stated(scope, read) : { value, fromParams: true }
  const asked = askedCertificate(scope)
  const ports = stated(scope, () => portsOf(scope, asked && certificateName(asked)))
  const view: View = {
    scope,
    ports: ports.value ?? new Map(),
    portsBroken: (ports.broken ?? false) || scope.awaits,
    scheme: fromParams(params?.scheme, () => take(scope, exclusive(annotations, declared.scheme))),
    ipAddressType: fromParams(params?.ipAddressType, () =>
      take(scope, exclusive(annotations, declared.ipAddressType)),
    ),
    name: stated(scope, () => nameOf(scope), Boolean(params?.loadBalancerName)),
    subnets: fromParams(paramsSubnets(scope), () => {
      const namesOrIds = take(scope, exclusive(annotations, declared.subnets))
      return namesOrIds && { namesOrIds }
    }),
    securityGroups: stated(scope, () => securityGroupsOf(scope, declared.securityGroups)),
    manageBackendRules: stated(scope, () =>
      take(scope, exclusive(annotations, declared.manageBackendSecurityGroupRules)),
    ),
    sslRedirect: stated(scope, () => sslRedirectOf(scope), Boolean(params?.sslRedirectPort)),
    attributes: stated(scope, () => take(scope, merged(annotations, declared.loadBalancerAttributes))),
    tags: stated(scope, () => memberTags(scope)),
    frontend: stated(scope, () => take(scope, exclusive(annotations, enableFrontendNlb))),
    customerOwnedPool: stated(scope, () => statedCustomerOwnedPool(scope)),
    ipamPool: stated(scope, () => statedIpamPool(scope)),
    capacityUnits: stated(scope, () => statedCapacity(scope)),
    webAcl: statedWebAcl(scope),
    classicWebAcl: stated(scope, () => statedClassicWebAcl(scope)),
    shield: stated(scope, () => statedShield(scope)),
  }
  if (!view.portsBroken) tellNoEffect(scope, view.ports)
  return asked ? { ...view, certificate: withTags(asked, scope, view.tags.value ?? {}) } : view
}

function nameOf(scope: Scope): string | undefined {
  const name =
    paramsOf(scope)?.loadBalancerName ||
    take(scope, exclusive(annotationsOf(scope), declared.loadBalancerName))
  if (name === undefined || new TextEncoder().encode(name).length <= 32) return name
  return refuse(
    scope,
    keyOf(declared.loadBalancerName),
    `load balancer name cannot be longer than 32 characters (${keyOf(declared.loadBalancerName)}: ${name})`,
    'Choose a name of at most 32 characters.',
  )
}

function paramsSubnets(scope: Scope): SubnetSelector | undefined {
  const { ids, tags } = paramsOf(scope)?.subnets ?? {}
  if (ids) return { ids }
  return tags && { tags }
}

/** An IngressClassParams value that is no number switches nothing on, as in ALBC. */
function sslRedirectOf(scope: Scope): number | undefined {
  const text = paramsOf(scope)?.sslRedirectPort
  if (!text) return take(scope, exclusive(annotationsOf(scope), sslRedirect))
  const port = goInt(text, 32)
  return port.ok ? port.value : undefined
}

/** Ids first, then groups by Name tag; undefined where none is named. */
export function securityGroupsOf(
  scope: Scope,
  declaration: typeof declared.securityGroups,
): readonly string[] | undefined {
  const wanted = take(scope, exclusive(annotationsOf(scope), declaration)) ?? []
  if (wanted.length === 0) return undefined
  const { securityGroups, vpcId } = scope.world.facts
  const ids = wanted.filter((name) => name.startsWith('sg-'))
  const names = [...new Set(wanted.filter((name) => !name.startsWith('sg-')))]
  const known = new Set(securityGroups.map(({ id }) => id))
  const foundIds = ids.filter((id) => known.has(id))
  const named = securityGroups.filter(
    (group) => group.vpcId === vpcId && names.includes(group.tags['Name'] ?? '\0'),
  )
  const foundNames = names.filter((name) => named.some(({ tags }) => tags['Name'] === name))
  const missing = [
    ...(foundIds.length < ids.length
      ? [`requested ids [${ids.join(', ')}] but found [${foundIds.join(', ')}]`]
      : []),
    ...(foundNames.length < names.length
      ? [`requested names [${names.join(', ')}] but found [${foundNames.join(', ')}]`]
      : []),
  ]
  if (missing.length === 0) return [...foundIds, ...named.map(({ id }) => id)]
  return fault(scope, 'SecurityGroupsNotFound', {
    field: keyOf(declaration),
    message: `couldn't find all security groups: ${missing.join(', ')}`,
    remedy: `Correct ${keyOf(declaration)}, or create the group in VPC ${vpcId}.`,
  })
}

export const voices = <T>(views: readonly View[], pick: (view: View) => Stated<T>): readonly Voice<T>[] =>
  views.map((view) => ({ scope: view.scope, stated: pick(view) }))

/** Whether the member is, or may be, served on this port. */
export const isOn = (view: View, port: number): boolean => view.ports.has(port) || view.portsBroken

/** What the members on a port say of it. */
export const portVoices = <T>(
  views: readonly View[],
  port: number,
  pick: (port: Port) => T | undefined,
): readonly Voice<T>[] =>
  views
    .filter((view) => isOn(view, port))
    .map((view) => {
      const one = view.ports.get(port)
      const value = one && pick(one)
      const broken = view.portsBroken || classUnknown(view.scope)
      return {
        scope: view.scope,
        stated: { ...(value === undefined ? {} : { value }), ...(broken ? { broken } : {}) },
      }
    })

export const listenerAttributesOf = (view: View, { protocol, port }: Port): Stated<Attributes> =>
  stated(view.scope, () =>
    take(view.scope, ownOf(annotationsOf(view.scope), listenerAttributes, `${protocol}-${port}`)),
  )

/** The oldest first: where AWS can't be asked what it serves, whoever came later gives way, whatever its order. */
export const byAge = (views: readonly View[]): readonly View[] => {
  const age = ({ scope }: View): string => scope.member.ingress.metadata.creationTimestamp ?? ''
  return views.toSorted((a, b) => (age(a) < age(b) ? -1 : age(a) > age(b) ? 1 : 0))
}

export const soundViews = (views: readonly View[]): readonly View[] =>
  views.filter(({ scope }) => isSound(scope))
