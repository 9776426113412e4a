/** Conditions and transforms of a rule: wire <-> model. */
import type {
  RuleCondition,
  RuleTransform,
  TransformTypeEnum,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { canonical } from '../../lib/json.ts'
import type { Condition, Transform } from '../../route/condition.ts'
import { present } from './compact.ts'

/** Sorted by field, as their order means nothing; the values keep theirs. */
export const readConditions = (conditions: readonly RuleCondition[] | undefined): readonly Condition[] =>
  (conditions ?? [])
    .map(readCondition)
    .filter((condition) => condition !== undefined)
    .sort((a, b) =>
      a.field === b.field ? (canonical(a) < canonical(b) ? -1 : 1) : a.field < b.field ? -1 : 1,
    )

/** The `Values` beside a config are AWS's legacy mirror of it: read only where there is no config. */
function readCondition(wire: RuleCondition): Condition | undefined {
  switch (wire.Field) {
    case 'host-header':
      return { field: 'host-header', ...patterns(wire.HostHeaderConfig ?? wire) }
    case 'path-pattern':
      return { field: 'path-pattern', ...patterns(wire.PathPatternConfig ?? wire) }
    case 'http-header':
      return {
        field: 'http-header',
        httpHeaderName: wire.HttpHeaderConfig?.HttpHeaderName ?? '',
        ...patterns(wire.HttpHeaderConfig ?? {}),
      }
    case 'http-request-method':
      return { field: 'http-request-method', values: wire.HttpRequestMethodConfig?.Values ?? [] }
    case 'query-string':
      return {
        field: 'query-string',
        values: (wire.QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) =>
          present({ key: Key, value: Value }),
        ),
      }
    case 'source-ip':
      return { field: 'source-ip', values: wire.SourceIpConfig?.Values ?? [] }
    default:
      return undefined
  }
}

type WirePatterns = { Values?: string[] | undefined; RegexValues?: string[] | undefined }
const patterns = ({ Values, RegexValues }: WirePatterns) =>
  RegexValues !== undefined && RegexValues.length > 0
    ? { regexValues: RegexValues }
    : { values: Values ?? [] }

export const conditionList = (conditions: readonly Condition[]): RuleCondition[] =>
  conditions.map(wireCondition)

function wireCondition(condition: Condition): RuleCondition {
  const { field: Field } = condition
  switch (Field) {
    case 'host-header':
      return { Field, HostHeaderConfig: wirePatterns(condition) }
    case 'path-pattern':
      return { Field, PathPatternConfig: wirePatterns(condition) }
    case 'http-header':
      return {
        Field,
        HttpHeaderConfig: { HttpHeaderName: condition.httpHeaderName, ...wirePatterns(condition) },
      }
    case 'http-request-method':
      return { Field, HttpRequestMethodConfig: { Values: [...condition.values] } }
    case 'query-string':
      return {
        Field,
        QueryStringConfig: { Values: condition.values.map(({ key, value }) => ({ Key: key, Value: value })) },
      }
    case 'source-ip':
      return { Field, SourceIpConfig: { Values: [...condition.values] } }
  }
}

const wirePatterns = (condition: {
  readonly values?: readonly string[]
  readonly regexValues?: readonly string[]
}) =>
  condition.regexValues === undefined
    ? { Values: [...(condition.values ?? [])] }
    : { RegexValues: [...condition.regexValues] }

export const readTransforms = (transforms: readonly RuleTransform[] | undefined): readonly Transform[] =>
  (transforms ?? [])
    .map(readTransform)
    .filter((transform) => transform !== undefined)
    .sort((a, b) => (a.type < b.type ? -1 : 1))

function readTransform(wire: RuleTransform): Transform | undefined {
  const type = wire.Type
  if (type !== 'host-header-rewrite' && type !== 'url-rewrite') return undefined
  const config = type === 'url-rewrite' ? wire.UrlRewriteConfig : wire.HostHeaderRewriteConfig
  return {
    type,
    rewrites: (config?.Rewrites ?? []).map(({ Regex = '', Replace = '' }) => ({
      regex: Regex,
      replace: Replace,
    })),
  }
}

export const transformList = (transforms: readonly Transform[]): RuleTransform[] =>
  transforms.map(({ type, rewrites }) => {
    const config = { Rewrites: rewrites.map(({ regex, replace }) => ({ Regex: regex, Replace: replace })) }
    return {
      Type: type as TransformTypeEnum,
      ...(type === 'url-rewrite' ? { UrlRewriteConfig: config } : { HostHeaderRewriteConfig: config }),
    }
  })
