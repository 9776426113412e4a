/** The listeners of a group: members merged port by port (`albc-model` 9). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/listener.ts'
import { type Action, notFound } from '../action.ts'
import type { Choice } from '../choice.ts'
import {
  isHeld,
  type Listener,
  type MutualAuthentication,
  type Protocol,
  type RuleItem,
} from '../listener.ts'
import { optimise } from '../redirect-optimiser.ts'
import { trackingTags, withDefaults } from '../tag.ts'
import { agree, classUnknown, someOf, union } from './agree.ts'
import { groupTags } from './load-balancer.ts'
import type { Redirect } from './redirect.ts'
import { actionsOn, defaultRulesOn, type Routes, rulesOn } from './rule.ts'
import { fault, isSound, paramsOf, type Scope, warn, type World } from './scope.ts'
import { ownHosts } from './semantics.ts'
import { split } from './split.ts'
import { byAge, isOn, listenerAttributesOf, portVoices, soundViews, type View } from './view.ts'

/** One protocol per port: the oldest member's; who says otherwise can't be served there. */
export function protocolsOf(views: readonly View[]): ReadonlyMap<number, Protocol> {
  const protocols = new Map<number, { protocol: Protocol; view: View }>()
  for (const view of byAge(soundViews(views)))
    for (const { port, protocol } of view.ports.values()) {
      const known = protocols.get(port)
      if (!known) protocols.set(port, { protocol, view })
      else if (known.protocol !== protocol)
        fault(view.scope, 'Conflict', {
          field: keyOf(declared.listenPorts),
          message: `failed to merge listenPort config for port: ${port}: conflicting protocol, ${known.view.scope.member.key}: ${known.protocol} | ${view.scope.member.key}: ${protocol}`,
          remedy: `Listen on another port than ${port}, or with ${known.protocol}.`,
        })
    }
  const wanted = new Set(soundViews(views).flatMap(({ ports }) => [...ports.keys()]))
  return new Map(
    [...protocols]
      .filter(([port]) => wanted.has(port))
      .map(([port, { protocol }]) => [port, protocol] as const)
      .toSorted(([a], [b]) => a - b),
  )
}

export type Serving = {
  readonly world: World
  readonly views: readonly View[]
  readonly routes: ReadonlyMap<View, Routes>
  readonly redirect: Redirect
}

export function listenerOf(serving: Serving, port: number, protocol: Protocol): Listener {
  const { world, views, redirect } = serving
  const { settings, stack } = world
  const on = views.filter((view) => isOn(view, port))
  const attributes = attributesOf(on, port)
  const tags = { ...withDefaults(settings, groupTags(on)), ...trackingTags(settings, stack, String(port)) }
  return {
    ref: { ref: 'listener', stack, id: String(port) },
    port,
    protocol,
    defaultActions:
      protocol === 'HTTP' && redirect.action ? redirect.action : defaultActionsOf(serving, on, protocol),
    certificates: protocol === 'HTTPS' ? certificatesOf(on, port) : { is: [] },
    ...(protocol === 'HTTPS' ? secureOf(world, on, port) : {}),
    attributes,
    tags,
    ...(protocol === 'HTTP' && mayRedirect(redirect, on) ? { maybeRedirected: true } : {}),
    rules: rulesFor(serving, port, protocol),
  }
}

const mayRedirect = ({ state }: Redirect, on: readonly View[]): boolean =>
  state === 'unsure' || (state === 'off' && on.some(({ scope }) => classUnknown(scope)))

function secureOf(
  world: World,
  on: readonly View[],
  port: number,
): { readonly sslPolicy: Choice<string>; readonly mutualAuthentication?: Choice<MutualAuthentication> } {
  const { defaultSslPolicy } = world.settings
  const sslPolicy = agree(
    portVoices(on, port, (one) => one.sslPolicy),
    { what: 'sslPolicy', field: keyOf(declared.sslPolicy), show: (all) => all.join(' | ') },
    defaultSslPolicy,
  )
  const mutualAuthentication = agree<MutualAuthentication>(
    portVoices(on, port, (one) => one.mutualAuthentication),
    {
      what: 'mTLS Attributes',
      field: keyOf(declared.mutualAuthentication),
      show: (all) => all.map((one) => JSON.stringify(one)).join(' | '),
    },
    { mode: 'off' },
  )
  return {
    sslPolicy: sslPolicy ?? { is: defaultSslPolicy },
    ...(mutualAuthentication ? { mutualAuthentication } : {}),
  }
}

/** The first certificate of the first member is the default; listed again, it stays in the list. */
function certificatesOf(on: readonly View[], port: number): Choice<readonly string[]> {
  const all = soundViews(on).flatMap(({ ports }) => ports.get(port)?.certificates ?? [])
  const [byDefault, ...others] = all
  const certificates = byDefault === undefined ? [] : [byDefault, ...new Set(others)]
  return on.every(({ scope }) => isSound(scope)) ? { is: certificates } : { keep: true, else: certificates }
}

/** IngressClassParams of the first member on the port, over what the members state. */
function attributesOf(on: readonly View[], port: number): Readonly<Record<string, string>> {
  const sound = soundViews(on)
  const one = sound[0]?.ports.get(port)
  if (!sound[0] || !one) return {}
  const listeners = paramsOf(sound[0].scope)?.listeners ?? []
  const own = listeners.find((listener) => listener.protocol === one.protocol && listener.port === port)
  const decided = Object.fromEntries((own?.listenerAttributes ?? []).map(({ key, value }) => [key, value]))
  const { values, contested } = union(
    sound.map((view) => ({ scope: view.scope, stated: listenerAttributesOf(view, one) })),
    'listener attributes',
    keyOf(declared.listenerAttributes, `${one.protocol}-${port}`),
    decided,
  )
  return Object.fromEntries(Object.entries(values).filter(([key]) => !Object.hasOwn(contested, key)))
}

function defaultActionsOf(
  { routes }: Serving,
  on: readonly View[],
  protocol: Protocol,
): Choice<readonly Action[]> {
  const stated = soundViews(on).flatMap((view) => {
    const served = defaultsApart(view.scope) ? undefined : routes.get(view)?.byDefault
    return served ? [{ value: actionsOn(protocol, served), by: view.scope.member.key, view }] : []
  })
  const [one, ...others] = stated
  const value = one?.value ?? [notFound]
  const heldStates = on.some(
    ({ scope }) => !isSound(scope) && scope.member.ingress.spec.defaultBackend !== undefined,
  )
  if (heldStates || (!one && on.some(({ scope }) => !isSound(scope)))) return { keep: true, else: value }
  if (others.length === 0) return { is: value }
  const keys = stated.map(({ by }) => by)
  for (const { view } of stated)
    warn(view.scope, 'Conflict', {
      field: 'spec.defaultBackend',
      message: `multiple ingress defined default backend: [${keys.slice(0, 10).join(' ')}]`,
      remedy: `Leave spec.defaultBackend on one of ${someOf(keys)}.`,
    })
  return { oneOf: stated.map(({ value: actions, by }) => ({ value: actions, by })) }
}

/** Its default backend is in rules for its hosts, behind everybody's. */
const defaultsApart = (scope: Scope): boolean =>
  scope.member.ingress.spec.defaultBackend !== undefined && ownHosts(scope).length > 0

function rulesFor(
  { views, routes, redirect }: Serving,
  port: number,
  protocol: Protocol,
): readonly RuleItem[] {
  const isServed = (view: View): boolean =>
    view.ports.has(port) && !(protocol === 'HTTP' && redirect.state === 'on')
  const own = (view: View, make: typeof rulesOn): readonly RuleItem[] => {
    const served = isSound(view.scope) && isServed(view) ? routes.get(view) : undefined
    return served ? make(protocol, view.scope, served, view.tags.value ?? {}) : []
  }
  const items = views.flatMap((view): readonly RuleItem[] => {
    if (isSound(view.scope)) return own(view, rulesOn)
    // Its rules stand in two places: plan keeps each where it is.
    return defaultsApart(view.scope) ? [] : [{ held: view.scope.member.key }]
  })
  items.push(...views.flatMap((view) => own(view, defaultRulesOn)))
  return optimise(items, { port, protocol }).flatMap((item): readonly RuleItem[] =>
    isHeld(item) ? [item] : (split(item.conditions) ?? []).map((conditions) => ({ ...item, conditions })),
  )
}
