/** The ports on which one member is served, with what it asks of each (`albc-model` 9.1, 9.3, 9.4, 9.7). */
import { isIPv4, isIPv6 } from 'node:net'
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/listener.ts'
import { isStated, own, perPort } from '../../annotation/read.ts'
import type { MutualAuthentication, Protocol } from '../listener.ts'
import { discoverCertificates, explicitCertificates } from './certificate.ts'
import { mutualAuthenticationOf } from './mutual-authentication.ts'
import { annotationsOf, fault, paramsOf, refuse, type Scope, take } from './scope.ts'

export type Inbound = { readonly v4: readonly string[]; readonly v6: readonly string[] }
export type Port = {
  readonly port: number
  readonly protocol: Protocol
  readonly inbound?: Inbound
  readonly prefixLists?: readonly string[]
  /** HTTPS only, the default first. */
  readonly certificates: readonly string[]
  readonly sslPolicy?: string
  readonly mutualAuthentication?: MutualAuthentication
}
export type Ports = ReadonlyMap<number, Port>

/** `asked`: the certificate that the controller makes for it. */
export function portsOf(scope: Scope, asked?: string): Ports {
  const explicit = asked === undefined ? explicitCertificates(scope) : [asked]
  const listen = listenPorts(scope, explicit.length > 0)
  const secure = [...listen.values()].includes('HTTPS')
  const certificates = explicit.length === 0 && secure ? discoverCertificates(scope) : explicit
  const inbound = inboundOf(scope)
  const prefixLists = prefixListsOf(scope)
  const sslPolicy =
    paramsOf(scope)?.sslPolicy || take(scope, perPort(annotationsOf(scope), declared.sslPolicy))
  const mutual = mutualAuthenticationOf(
    scope,
    [...listen].flatMap(([port, protocol]) => (protocol === 'HTTPS' ? [port] : [])),
  )
  return new Map(
    [...listen].map(([port, protocol]) => {
      const authentication = mutual.get(port)
      return [
        port,
        {
          port,
          protocol,
          certificates: protocol === 'HTTPS' ? certificates : [],
          ...(inbound ? { inbound } : {}),
          ...(prefixLists ? { prefixLists } : {}),
          ...(protocol === 'HTTPS' && sslPolicy !== undefined ? { sslPolicy } : {}),
          ...(protocol === 'HTTPS' && authentication ? { mutualAuthentication: authentication } : {}),
        },
      ]
    }),
  )
}

function listenPorts(scope: Scope, hasCertificates: boolean): ReadonlyMap<number, Protocol> {
  const key = keyOf(declared.listenPorts)
  const stated = take(scope, own(annotationsOf(scope), declared.listenPorts))
  const ports = new Map<number, Protocol>()
  if (stated === undefined) {
    if (!isStated(annotationsOf(scope), declared.listenPorts))
      return ports.set(hasCertificates ? 443 : 80, hasCertificates ? 'HTTPS' : 'HTTP')
    return ports
  }
  const bad = (message: string): undefined =>
    fault(scope, 'InvalidListenPorts', {
      field: key,
      message,
      remedy: `Write ${declared.listenPorts.parser.allowed} in ${key}.`,
    })
  if (stated.length === 0) bad(`empty listen-ports configuration: \`${annotationsOf(scope)?.[key] ?? ''}\``)
  for (const [protocol, port] of stated.flatMap((entry) => Object.entries(entry)))
    if (port < 1 || port > 65_535) bad(`listen port must be within [1, 65535]: ${port}`)
    else if (protocol === 'HTTP' || protocol === 'HTTPS') ports.set(port, protocol)
    else bad(`listen protocol must be within [HTTP, HTTPS]: ${protocol}`)
  return ports
}

function inboundOf(scope: Scope): Inbound | undefined {
  const fromParams = paramsOf(scope)?.inboundCIDRs ?? []
  const cidrs =
    fromParams.length > 0
      ? fromParams
      : (take(scope, perPort(annotationsOf(scope), declared.inboundCidrs)) ?? [])
  const wrong = cidrs.filter((cidr) => !isCidr(cidr))
  for (const cidr of wrong)
    refuse(
      scope,
      fromParams.length > 0 ? 'IngressClassParams spec.inboundCIDRs' : keyOf(declared.inboundCidrs),
      fromParams.length > 0
        ? `invalid CIDR in IngressClassParams InboundCIDR ${cidr}: invalid CIDR address: ${cidr}`
        : `invalid inbound-cidrs settings on Ingress: ${scope.member.key}: invalid CIDR address: ${cidr} (${keyOf(declared.inboundCidrs)})`,
      'Write address ranges such as 10.0.0.0/8 or 2001:db8::/32.',
    )
  if (cidrs.length === 0 || wrong.length > 0) return undefined
  const v6 = cidrs.filter((cidr) => cidr.includes(':'))
  const v4 = cidrs.filter((cidr) => !cidr.includes(':'))
  return { v4: [...new Set(v4)].toSorted(), v6: [...new Set(v6)].toSorted() }
}

/** Go's ParseCIDR. */
function isCidr(text: string): boolean {
  const [address = '', mask = '', ...rest] = text.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(mask) || address.includes('%')) return false
  return (isIPv4(address) && Number(mask) <= 32) || (isIPv6(address) && Number(mask) <= 128)
}

function prefixListsOf(scope: Scope): readonly string[] | undefined {
  const params = paramsOf(scope)
  const candidates = [params?.prefixListsIDs, params?.PrefixListsIDs].find((ids) => ids?.length)
  const ids =
    candidates ?? take(scope, perPort(annotationsOf(scope), declared.securityGroupPrefixLists)) ?? []
  return ids.length > 0 ? [...new Set(ids)].toSorted() : undefined
}
