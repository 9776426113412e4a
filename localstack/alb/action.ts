/** Rules as the data plane follows them, from AWS's wire shapes. */
import type { Action, Rule, RuleCondition, RuleTransform } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Condition, Transform } from '../../src/route/condition.ts'
import type { RedirectTemplate } from '../../src/route/redirect.ts'
import { type Gate, gateOf } from './gate.ts'

export type Weighted = { readonly group: string; readonly weight: number }
export type RoutingAction =
  | {
      readonly type: 'forward'
      readonly groups: readonly Weighted[]
      /** For so long a client stays with the group that it got. */
      readonly stickySeconds?: number
    }
  | {
      readonly type: 'fixed-response'
      readonly status: number
      readonly contentType?: string
      readonly body: string
    }
  | { readonly type: 'redirect'; readonly status: number; readonly template: RedirectTemplate }

export type RoutingRule = {
  readonly arn: string
  readonly conditions: readonly Condition[]
  readonly transforms: readonly Transform[]
  readonly action: RoutingAction
  readonly gate?: Gate
}

type Around = { readonly region: string; readonly clientSecret?: string | undefined }

export function routingRule(
  arn: string,
  wire: Rule,
  { region, clientSecret }: Around = { region: '' },
): RoutingRule {
  const gate = gateOf(wire.Actions ?? [], region, clientSecret)
  return {
    arn,
    conditions: (wire.Conditions ?? []).flatMap((condition) => conditionOf(condition) ?? []),
    transforms: (wire.Transforms ?? []).map(transformOf),
    action: routingAction(wire.Actions ?? []),
    ...(gate ? { gate } : {}),
  }
}

/** Without any routing action, which AWS doesn't allow, nothing is behind it. */
export function routingAction(actions: readonly Action[]): RoutingAction {
  for (const action of actions) {
    const { FixedResponseConfig: fixed, RedirectConfig: redirect } = action
    if (action.Type === 'forward') {
      const { Enabled, DurationSeconds } = action.ForwardConfig?.TargetGroupStickinessConfig ?? {}
      const groups = weightedGroups(action)
      return Enabled && DurationSeconds
        ? { type: 'forward', groups, stickySeconds: DurationSeconds }
        : { type: 'forward', groups }
    }
    if (action.Type === 'fixed-response' && fixed)
      return {
        type: 'fixed-response',
        status: Number(fixed.StatusCode),
        ...(fixed.ContentType === undefined ? {} : { contentType: fixed.ContentType }),
        body: fixed.MessageBody ?? '',
      }
    if (action.Type === 'redirect' && redirect)
      return {
        type: 'redirect',
        status: redirect.StatusCode === 'HTTP_301' ? 301 : 302,
        template: {
          ...(redirect.Protocol === undefined ? {} : { protocol: redirect.Protocol }),
          ...(redirect.Host === undefined ? {} : { host: redirect.Host }),
          ...(redirect.Port === undefined ? {} : { port: redirect.Port }),
          ...(redirect.Path === undefined ? {} : { path: redirect.Path }),
          ...(redirect.Query === undefined ? {} : { query: redirect.Query }),
        },
      }
  }
  return { type: 'forward', groups: [] }
}

function weightedGroups(action: Action): readonly Weighted[] {
  const tuples = action.ForwardConfig?.TargetGroups ?? []
  if (tuples.length === 0 && action.TargetGroupArn) return [{ group: action.TargetGroupArn, weight: 1 }]
  return tuples.flatMap(({ TargetGroupArn: group, Weight }) =>
    group === undefined ? [] : [{ group, weight: Weight ?? 1 }],
  )
}

function conditionOf(wire: RuleCondition): Condition | undefined {
  const patterns = (
    config: { Values?: string[] | undefined; RegexValues?: string[] | undefined } | undefined,
  ) => {
    const regexValues = config?.RegexValues ?? wire.RegexValues
    return regexValues?.length ? { regexValues } : { values: config?.Values ?? wire.Values ?? [] }
  }
  switch (wire.Field) {
    case 'host-header':
      return { field: 'host-header', ...patterns(wire.HostHeaderConfig) }
    case 'path-pattern':
      return { field: 'path-pattern', ...patterns(wire.PathPatternConfig) }
    case 'http-header': {
      const httpHeaderName = wire.HttpHeaderConfig?.HttpHeaderName ?? ''
      return { field: 'http-header', httpHeaderName, ...patterns(wire.HttpHeaderConfig) }
    }
    case 'http-request-method':
      return { field: 'http-request-method', values: wire.HttpRequestMethodConfig?.Values ?? [] }
    case 'source-ip':
      return { field: 'source-ip', values: wire.SourceIpConfig?.Values ?? [] }
    case 'query-string':
      return {
        field: 'query-string',
        values: (wire.QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) =>
          Key === undefined ? { value: Value } : { key: Key, value: Value },
        ),
      }
    default:
      return undefined
  }
}

function transformOf(wire: RuleTransform): Transform {
  const url = wire.Type === 'url-rewrite'
  const rewrites = (url ? wire.UrlRewriteConfig : wire.HostHeaderRewriteConfig)?.Rewrites ?? []
  return {
    type: url ? 'url-rewrite' : 'host-header-rewrite',
    rewrites: rewrites.map(({ Regex = '', Replace = '' }) => ({ regex: Regex, replace: Replace })),
  }
}
