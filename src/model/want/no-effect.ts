/** Annotations that do nothing where they stand: told, since whoever wrote them believes otherwise. */
import { type AnyDeclaration, keyOf, prefix } from '../../annotation/define.ts'
import * as listener from '../../annotation/listener.ts'
import { own } from '../../annotation/read.ts'
import { enableFrontendNlb } from '../../annotation/frontend-nlb.ts'
import { securityGroups } from '../../annotation/load-balancer.ts'
import * as rule from '../../annotation/rule.ts'
import { declarations } from '../../annotation/table.ts'
import type { IngressBackend } from '../cluster.ts'
import type { Ports } from './port.ts'
import { annotationsOf, isSound, type Scope, warn } from './scope.ts'

/** What ALBC reads on Services of type LoadBalancer. */
const ofServices = 'service.beta.kubernetes.io/aws-load-balancer-'
/** More of a kind are not told. */
const most = 10

export function tellNoEffect(scope: Scope, ports: Ports): void {
  tellOfServices(scope)
  tellDecidedByClass(scope)
  tellUnnamed(scope)
  if (!isSound(scope)) return
  if (![...ports.values()].some(({ protocol }) => protocol === 'HTTPS'))
    for (const declaration of [listener.certificateArn, listener.sslPolicy])
      tell(
        scope,
        keyOf(declaration),
        'the Ingress does not listen on HTTPS',
        `Add HTTPS to ${keyOf(listener.listenPorts)}`,
      )
  const asksForOne = own(annotationsOf(scope), listener.createAcmCert)
  if (asksForOne.ok && asksForOne.value !== true)
    tell(
      scope,
      keyOf(listener.acmPcaArn),
      `no certificate is asked for without ${keyOf(listener.createAcmCert)}`,
      `Set ${keyOf(listener.createAcmCert)} to "true"`,
    )
  if (annotationsOf(scope)?.[keyOf(securityGroups)])
    for (const declaration of [listener.inboundCidrs, listener.securityGroupPrefixLists])
      tell(
        scope,
        keyOf(declaration),
        `the security groups of ${keyOf(securityGroups)} say who may come in`,
        `Write it in rules of those security groups, or remove ${keyOf(securityGroups)}`,
      )
}

/** Where no member of the group says anything of a Network Load Balancer in front. */
export function tellIdleFrontend(scope: Scope): void {
  if (!isSound(scope)) return
  const enable = keyOf(enableFrontendNlb)
  const keys = Object.keys(annotationsOf(scope) ?? {}).filter((key) => frontendKeys.has(key))
  for (const key of keys.slice(0, most))
    tell(scope, key, `no Ingress of the group sets ${enable}`, `Set ${enable} to "true"`)
}
const frontendKeys = new Set(
  declarations.map((one) => keyOf(one)).filter((key) => key.startsWith(`${prefix}frontend-nlb-`)),
)

function tell(scope: Scope, key: string, why: string, instead?: string): void {
  if (!annotationsOf(scope)?.[key]) return
  warn(scope, 'NoEffect', {
    field: key,
    message: `${key} has no effect: ${why}`,
    remedy: instead === undefined ? 'Remove it.' : `${instead}; or remove it.`,
  })
}

function tellOfServices(scope: Scope): void {
  const keys = Object.keys(annotationsOf(scope) ?? {}).filter((key) => key.startsWith(ofServices))
  for (const key of keys.slice(0, most))
    tell(scope, key, 'it is read on Services of type LoadBalancer, not on an Ingress')
}

function tellDecidedByClass(scope: Scope): void {
  const { params } = scope.member
  if (!params) return
  for (const { declaration, path } of decided) {
    const raw = annotationsOf(scope)?.[keyOf(declaration)]
    const value = raw === undefined ? undefined : textOf(at(params.spec, path))
    if (value !== undefined && raw !== undefined && value !== textOf(raw.split(',')))
      tell(
        scope,
        keyOf(declaration),
        `IngressClassParams ${params.metadata.name} decide it (${path.join('.')}: ${value})`,
      )
  }
}

/** Those that a class takes out of the hands of its Ingresses, whole. */
const decided = declarations.flatMap((declaration: AnyDeclaration) =>
  declaration.params === undefined || declaration.family || declaration.merge === 'merge'
    ? []
    : [{ declaration, path: declaration.params.split('.') }],
)

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? Object.entries(inner).find(([name]) => name === key)?.[1]
        : undefined,
    value,
  )

/** Undefined where nothing is decided. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (!Array.isArray(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const items = value.map((one) => String(one).trim()).filter((one) => one !== '')
  return items.length === 0 ? undefined : items.join(', ')
}

/** `actions.x`, `conditions.x` and `transforms.x` are read for a backend that names x. */
function tellUnnamed(scope: Scope): void {
  const backends = backendsOf(scope)
  const services = new Set(backends.map(({ service }) => service?.name))
  const actions = new Set(
    backends.flatMap(({ service }) => (service?.port?.name === 'use-annotation' ? [service.name] : [])),
  )
  const none = (name: string): string => `no path has a backend named ${name}`
  const families = [
    {
      family: rule.actions,
      names: actions,
      what: (name: string) =>
        `no path has a backend {service: {name: ${name}, port: {name: use-annotation}}}`,
    },
    { family: rule.conditions, names: services, what: none },
    { family: rule.transforms, names: services, what: none },
  ]
  let told = 0
  for (const key of Object.keys(annotationsOf(scope) ?? {}))
    for (const { family, names, what } of families) {
      const name = key.slice(prefix.length + family.name.length)
      if (!key.startsWith(keyOf(family)) || name === '' || names.has(name) || told >= most) continue
      told += 1
      tell(scope, key, what(name), 'Correct the name')
    }
}

function backendsOf({ member }: Scope): readonly IngressBackend[] {
  const { rules = [], defaultBackend } = member.ingress.spec
  const ofPaths = rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))
  return defaultBackend ? [...ofPaths, defaultBackend] : ofPaths
}
