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
import { byHost, hostPattern, isKubernetes, ownHosts } from './semantics.ts'
import type { GroupShape } from './target-group.ts'
import { refuseTooMany, split } from './split.ts'
import { transformsOf } from './transform.ts'

type Served = { readonly routing: Action; readonly auth?: Action }
export type Route = Served & {
  readonly conditions: readonly Condition[]
  readonly transforms: readonly Transform[]
}
export type Routes = { readonly routes: readonly Route[]; readonly byDefault?: Served }

export function routesOf(scope: Scope, shape: GroupShape, doors: Doors): Routes {
  const { rules = [], defaultBackend } = scope.member.ingress.spec
  const regexPaths = take(scope, own(annotationsOf(scope), useRegexPathMatch)) ?? false
  const entries: ReturnType<typeof byHost> = isKubernetes(scope)
    ? byHost(rules)
    : rules.map(({ host = '', http }) => [host, http?.paths ?? []])
  const routes = entries.flatMap(([host, paths]) =>
    // Behind all prefixes, a path of ALB's own patterns would be behind `/`.
    (isKubernetes(scope) ? ranked(paths, () => true) : inOrder(paths)).flatMap((path) => {
      const name = path.backend.service?.name ?? ''
      const conditions = conditionsOf(scope, host, path, regexPaths)
      const isRule = split(conditions) !== undefined
      if (!isRule) refuseTooMany(scope, name, conditions)
      const transforms = transformsOf(scope, name)
      const served = servedBy(scope, path.backend, shape, doors)
      return served && isRule ? [{ ...served, conditions, transforms }] : []
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
export const inOrder = (paths: readonly IngressPath[]): readonly IngressPath[] =>
  ranked(paths, ({ pathType }) => pathType === 'Prefix')

/** `byLength`: what stands between Exact and the rest, the longest first. */
function ranked(
  paths: readonly IngressPath[],
  byLength: (path: IngressPath) => boolean,
): readonly IngressPath[] {
  const length = ({ path = '' }: IngressPath): number => new TextEncoder().encode(path).length
  const others = paths.filter(({ pathType }) => pathType !== 'Exact')
  return [
    ...paths.filter(({ pathType }) => pathType === 'Exact'),
    ...others.filter(byLength).toSorted((a, b) => length(b) - length(a)),
    ...others.filter((path) => !byLength(path)),
  ]
}

/** Authentication exists on HTTPS alone. */
export const actionsOn = (protocol: Protocol, { routing, auth }: Served): readonly Action[] =>
  protocol === 'HTTPS' && auth ? [auth, routing] : [routing]

export function rulesOn(protocol: Protocol, scope: Scope, routes: Routes, tags: Tags): readonly Rule[] {
  const rule = ruleOf(scope, tags)
  return routes.routes.map((route) => rule(route.conditions, actionsOn(protocol, route), route.transforms))
}

/** What answers for a host of the member where no rule of anybody does. */
export function defaultRulesOn(
  protocol: Protocol,
  scope: Scope,
  { byDefault }: Routes,
  tags: Tags,
): readonly Rule[] {
  if (!byDefault) return []
  const rule = ruleOf(scope, tags)
  return ownHosts(scope).map((host) => {
    const { values, regexValues } = hostPattern(host)
    const pattern = regexValues.length > 0 ? { regexValues } : { values }
    return rule([{ field: 'host-header', ...pattern }], actionsOn(protocol, byDefault), [])
  })
}

function ruleOf(
  { world: { settings, stack }, member }: Scope,
  tags: Tags,
): (conditions: readonly Condition[], actions: readonly Action[], transforms: readonly Transform[]) => Rule {
  const all = { ...withDefaults(settings, tags), ...trackingTags(settings, stack) }
  return (conditions, actions, transforms) => ({
    owner: member.key,
    conditions,
    actions,
    transforms,
    tags: all,
  })
}
