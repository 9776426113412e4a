/** When two rules, actions, certificates or permissions mean the same to AWS, and what rules a target group is named by. */
import { canonical, equal } from '../lib/json.ts'
import { memo } from '../lib/memo.ts'
import type { Action, ForwardAction, RedirectAction } from '../model/action.ts'
import type { MutualAuthentication } from '../model/listener.ts'
import type { Permission } from '../model/security-group.ts'
import type { Condition, Transform } from '../route/condition.ts'
import { byText, keyOfName } from './draft.ts'

export type Content = {
  readonly conditions: readonly Condition[]
  readonly actions: readonly Action[]
  readonly transforms: readonly Transform[]
}

const redirectDefaults = {
  protocol: '#{protocol}',
  host: '#{host}',
  port: '#{port}',
  path: '/#{path}',
  query: '#{query}',
}

function forwardKey(action: ForwardAction, stickiness: boolean): unknown {
  const single = action.targetGroups.length === 1
  const tuples = action.targetGroups
    .map(({ targetGroup, weight }) => ({ name: keyOfName(targetGroup), weight: single ? 1 : (weight ?? 1) }))
    .sort((a, b) => byText(a.name, b.name))
  const sticky = stickiness && {
    enabled: action.stickiness?.enabled ?? false,
    durationSeconds: action.stickiness?.enabled ? action.stickiness.durationSeconds : undefined,
  }
  return { type: 'forward', tuples, sticky }
}

const redirectKey = (action: RedirectAction): unknown => ({ ...redirectDefaults, ...defined(action) })

const defined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

function actionKey(action: Action, stickiness: boolean): unknown {
  switch (action.type) {
    case 'forward':
      return forwardKey(action, stickiness)
    case 'redirect':
      return redirectKey(action)
    case 'fixed-response':
      return { ...action, messageBody: action.messageBody || undefined }
    case 'authenticate-oidc':
      // AWS never gives the secret back, so it can't be compared.
      return { ...action, credentials: undefined, ...extraParams(action) }
    case 'authenticate-cognito':
      return { ...action, ...extraParams(action) }
    case 'jwt-validation':
      return {
        ...action,
        additionalClaims: action.additionalClaims?.length ? action.additionalClaims : undefined,
      }
  }
}

const extraParams = (action: {
  readonly authenticationRequestExtraParams?: Readonly<Record<string, string>>
}): object => {
  const params = action.authenticationRequestExtraParams
  return { authenticationRequestExtraParams: params && Object.keys(params).length > 0 ? params : undefined }
}

/** Stickiness counts only where the desired side states it. */
export const sameActions = (desired: readonly Action[], served: readonly Action[]): boolean =>
  actionsKey(desired, desired) === actionsKey(served, desired)

/** Whoever states what is served states it also while AWS has an old client secret for it. */
export const states = (desired: readonly Action[], served: readonly Action[]): boolean =>
  sameActions(
    desired,
    served.map((action) => {
      if (action.type !== 'authenticate-oidc') return action
      const { outdated: _old, ...current } = action
      return current
    }),
  )

/** Text that is equal for actions that are equal as seen by `desired`. */
export function actionsKey(actions: readonly Action[], desired: readonly Action[] = actions): string {
  return canonical(actions.map((action) => actionKey(action, statesStickiness(desired))))
}

export const statesStickiness = (actions: readonly Action[]): boolean =>
  actions.some((action) => action.type === 'forward' && action.stickiness !== undefined)

/** The order of conditions never counts, the order of the values in one does (as ALBC compares). */
export const conditionsKey = memo((conditions: readonly Condition[]): string =>
  canonical(conditions.map((condition) => canonical(condition)).sort(byText)),
)

export const transformsKey = (transforms: readonly Transform[]): string =>
  transforms.length === 0 ? '[]' : canonical([...transforms].sort((a, b) => byText(a.type, b.type)))

/** Text that is equal for rules of equal content. */
export const contentKey = ({ conditions, actions, transforms }: Content): string =>
  canonical([conditionsKey(conditions), actionsKey(actions), transformsKey(transforms)])

export const sameTransforms = (a: Content, b: Content): boolean =>
  transformsKey(a.transforms) === transformsKey(b.transforms)

export const sameConditions = (a: Content, b: Content): boolean =>
  conditionsKey(a.conditions) === conditionsKey(b.conditions)

/** Absent and `off` are the same. */
export const sameMutualAuthentication = (
  desired: MutualAuthentication,
  served: MutualAuthentication | undefined,
): boolean => {
  const now = served ?? { mode: 'off' }
  if (desired.mode === 'off' || now.mode === 'off') return desired.mode === now.mode
  return Object.entries(desired).every(
    ([key, value]) =>
      // Without a trust store ALBC, and so do we, sends an empty name, which AWS leaves out.
      value === undefined || value === '' || equal(value, now[key as keyof MutualAuthentication]),
  )
}

/** Names of the target groups that can get a request. */
export const served = (actions: readonly Action[]): readonly ForwardAction['targetGroups'][number][] =>
  actions.flatMap((action) =>
    action.type === 'forward' ? action.targetGroups.filter(({ weight }) => weight !== 0) : [],
  )

/** Keys of all target groups that the actions name, whatever their weight. */
export const named = (actions: readonly Action[]): readonly string[] =>
  actions.flatMap((action) =>
    action.type === 'forward' ? action.targetGroups.map(({ targetGroup }) => keyOfName(targetGroup)) : [],
  )

export const permissionKey = ({ protocol, fromPort, toPort, source }: Permission): string => {
  const from = 'securityGroup' in source ? { securityGroup: keyOfName(source.securityGroup) } : source
  return canonical(protocol === '-1' ? { protocol, from } : { protocol, fromPort, toPort, from })
}

export const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  equal([...new Set(a)].sort(byText), [...new Set(b)].sort(byText))
