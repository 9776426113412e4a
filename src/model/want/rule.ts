/** What a member wants served: its paths in ALBC's order, each with conditions and actions (`albc-model` 7.1). */
import { own } from '../../annotation/read.ts'
import { useRegexPathMatch } from '../../annotation/rule.ts'
import type { Condition, Transform } from '../../route/condition.ts'
import type { Action } from '../action.ts'
import type { IngressBackend, IngressPath } from '../cluster.ts'
import type { Protocol, Rule } from '../listener.ts'
import type { Tags } from '../tag.ts'
import { trackingTags, withDefaults } from '../tag.ts'
import { backendOf } from './action.ts'
import { authOf, type Doors } from './auth.ts'
import { conditionsOf, statedConditions } from './condition.ts'
import { annotationsOf, type Scope, take } from './scope.ts'
import type { GroupShape } from './target-group.ts'
import { transformsOf } from './transform.ts'

type Served = { readonly routing: Action; readonly auth?: Action }
type Route = Served & {
  readonly conditions: readonly Condition[]
  readonly transforms: readonly Transform[]
}
export type Routes = { readonly routes: readonly Route[]; readonly byDefault?: Served }

export function routesOf(scope: Scope, shape: GroupShape, doors: Doors): Routes {
  const { rules = [], defaultBackend } = scope.member.ingress.spec
  const regexPaths = take(scope, own(annotationsOf(scope), useRegexPathMatch)) ?? false
  const routes = rules.flatMap(({ host = '', http }) =>
    inOrder(http?.paths ?? []).flatMap((path) => {
      const name = path.backend.service?.name ?? ''
      const conditions = conditionsOf(scope, host, path, regexPaths)
      const transforms = transformsOf(scope, name)
      const served = servedBy(scope, path.backend, shape, doors)
      return served ? [{ ...served, conditions, transforms }] : []
    }),
  )
  if (!defaultBackend) return { routes }
  statedConditions(scope, defaultBackend.service?.name ?? '')
  transformsOf(scope, defaultBackend.service?.name ?? '')
  const byDefault = servedBy(scope, defaultBackend, shape, doors)
  return byDefault ? { routes, byDefault } : { routes }
}

function servedBy(
  scope: Scope,
  backend: IngressBackend,
  shape: GroupShape,
  doors: Doors,
): Served | undefined {
  const found = backendOf(scope, backend, shape)
  if (!found) return undefined
  const auth = authOf(scope, found.service, doors)
  return { routing: found.routing, ...(auth ? { auth } : {}) }
}

/** Exact first, then Prefix by length, then the rest; equals as written. */
export function inOrder(paths: readonly IngressPath[]): readonly IngressPath[] {
  const length = ({ path = '' }: IngressPath): number => new TextEncoder().encode(path).length
  return [
    ...paths.filter(({ pathType }) => pathType === 'Exact'),
    ...paths.filter(({ pathType }) => pathType === 'Prefix').toSorted((a, b) => length(b) - length(a)),
    ...paths.filter(({ pathType }) => pathType !== 'Exact' && pathType !== 'Prefix'),
  ]
}

/** Authentication exists on HTTPS alone. */
export const actionsOn = (protocol: Protocol, { routing, auth }: Served): readonly Action[] =>
  protocol === 'HTTPS' && auth ? [auth, routing] : [routing]

export function rulesOn(protocol: Protocol, scope: Scope, routes: Routes, tags: Tags): readonly Rule[] {
  const { settings, stack } = scope.world
  const all = { ...withDefaults(settings, tags), ...trackingTags(settings, stack) }
  return routes.routes.map((route) => ({
    owner: scope.member.key,
    conditions: route.conditions,
    actions: actionsOn(protocol, route),
    transforms: route.transforms,
    tags: all,
  }))
}
