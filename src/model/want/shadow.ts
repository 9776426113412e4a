/** Paths that answer nobody, since an earlier rule takes all that they could: told where that is so on every port. */
import type { Condition } from '../../route/condition.ts'
import { shadowedBy } from '../../route/route.ts'
import type { Protocol } from '../listener.ts'
import { isLoop } from '../redirect-optimiser.ts'
import type { Redirect } from './redirect.ts'
import { actionsOn, type Route, type Routes } from './rule.ts'
import { isSound, type Scope, warn } from './scope.ts'
import type { View } from './view.ts'

type Serving = {
  readonly views: readonly View[]
  readonly routes: ReadonlyMap<View, Routes>
  readonly redirect: Redirect
}
/** More of one Ingress are counted. */
const most = 10

type Standing = {
  readonly scope: Scope
  readonly route: Route
  readonly conditions: readonly Condition[]
}

export function tellShadowed(serving: Serving, protocols: ReadonlyMap<number, Protocol>): void {
  const answering = new Set<Route>()
  const behind = new Map<Route, { readonly hidden: Standing; readonly by: Standing }>()
  for (const [port, protocol] of protocols) {
    const standing = standingAt(serving, port, protocol)
    const shadows = shadowedBy(standing)
    const hidden = new Set(shadows.map(({ rule }) => rule))
    for (const one of standing) if (!hidden.has(one)) answering.add(one.route)
    for (const { rule, by } of shadows) behind.set(rule.route, { hidden: rule, by })
  }
  const told = new Map<Scope, number>()
  for (const [route, { hidden, by }] of behind) {
    if (answering.has(route)) continue
    const count = (told.get(hidden.scope) ?? 0) + 1
    told.set(hidden.scope, count)
    if (count <= most) tell(hidden, by)
  }
  for (const [scope, count] of told)
    if (count > most)
      warn(scope, 'RuleShadowed', {
        field: 'spec.rules',
        message: `${count - most} more rules are never reached`,
        remedy: 'Correct those that are named first.',
      })
}

/** In the order of evaluation; what a held member has there is not known. A redirect to where one is is no rule. */
function standingAt(
  { views, routes, redirect }: Serving,
  port: number,
  protocol: Protocol,
): readonly Standing[] {
  if (protocol === 'HTTP' && redirect.state === 'on') return []
  const isRule = ({ conditions, route }: Standing): boolean =>
    !isLoop({ conditions, actions: actionsOn(protocol, route) }, { port, protocol })
  return views.flatMap((view) => {
    const { scope, ports } = view
    const own = isSound(scope) && ports.has(port) ? (routes.get(view)?.routes ?? []) : []
    return own.map((route) => ({ scope, route, conditions: route.conditions })).filter(isRule)
  })
}

function tell({ scope, route }: Standing, by: Standing): void {
  const own = by.scope === scope
  warn(scope, 'RuleShadowed', {
    field: 'spec.rules',
    message: `${textOf(route.conditions)} is never reached: ${textOf(by.route.conditions)}${own ? '' : ` of ${by.scope.member.key}`} stands before it and takes all of it`,
    remedy: own
      ? 'Put it in an entry of spec.rules before the other, or remove it.'
      : 'Put this Ingress before the other with alb.ingress.kubernetes.io/group.order, or remove the rule.',
  })
}

/** As much of it as tells one rule from another. */
const textOf = (conditions: readonly Condition[]): string =>
  conditions
    .map((one) => {
      const values = 'regexValues' in one && one.regexValues ? one.regexValues : (one.values ?? [])
      const texts = values.map((value) =>
        typeof value === 'string' ? value : `${value.key ?? ''}=${value.value}`,
      )
      const what = one.field === 'http-header' ? `${one.field} ${one.httpHeaderName}` : one.field
      return `${what} ${texts.slice(0, 3).join(', ')}${texts.length > 3 ? ', ...' : ''}`
    })
    .join(' and ')
