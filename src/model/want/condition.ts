/** A path with its host and `conditions.<service>` as the conditions of one rule (`albc-model` 7.2 to 7.4). */
import { keyOf } from '../../annotation/define.ts'
import { type ConditionConfig, conditions as conditionsAnnotation } from '../../annotation/rule.ts'
import type { Condition, QueryStringPair } from '../../route/condition.ts'
import type { IngressPath } from '../cluster.ts'
import { fault, parsedOf, refuse, type Scope, take } from './scope.ts'
import { asRegexes, hostPattern, isKubernetes, pathPattern } from './semantics.ts'

type Values = { readonly values: string[]; readonly regexValues: string[] }
type Patterns = { readonly values?: readonly string[]; readonly regexValues?: readonly string[] }
const none = (): Values => ({ values: [], regexValues: [] })

export function conditionsOf(
  scope: Scope,
  host: string,
  path: IngressPath,
  regexPaths: boolean,
): readonly Condition[] {
  const hosts = none()
  if (host !== '') append(hosts, isKubernetes(scope) ? hostPattern(host) : { values: [host] })
  const paths = pathPatterns(scope, path, regexPaths)
  const others: Condition[] = []
  for (const config of statedConditions(scope, path.backend.service?.name ?? '')) {
    if (config.field === 'host-header') append(hosts, config.hostHeaderConfig)
    else if (config.field === 'path-pattern') append(paths, config.pathPatternConfig)
    else others.push(...single(config))
  }
  const field = keyOf(conditionsAnnotation, path.backend.service?.name)
  const all = [
    ...others,
    ...gather(scope, field, 'host-header', hosts),
    ...gather(scope, field, 'path-pattern', paths),
  ]
  return all.length > 0 ? all : [{ field: 'path-pattern', values: ['/*'] }]
}

const append = (to: Values, more: Patterns | undefined): void => {
  to.values.push(...(more?.values ?? []))
  to.regexValues.push(...(more?.regexValues ?? []))
}

function gather(
  scope: Scope,
  annotation: string,
  field: 'host-header' | 'path-pattern',
  { values, regexValues }: Values,
): readonly Condition[] {
  if (values.length > 0 && regexValues.length > 0) {
    if (isKubernetes(scope)) return [{ field, regexValues: asRegexes({ values, regexValues }, field) }]
    const what = field === 'host-header' ? 'host' : 'path'
    refuse(
      scope,
      annotation,
      `${what} condition must specify exactly one of Values and RegexValues, got both Values [${values.join(' ')}] and RegexValues [${regexValues.join(' ')}]`,
      `Write all ${what}s of this rule either as patterns or as regular expressions.`,
    )
    return []
  }
  if (values.length > 0) return [{ field, values }]
  return regexValues.length > 0 ? [{ field, regexValues }] : []
}

/** What a path alone asks for. */
function pathPatterns(scope: Scope, { path = '', pathType }: IngressPath, regexPaths: boolean): Values {
  if (path === '') return none()
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (isKubernetes(scope)) {
      const { values, regexValues } = pathPattern(path, pathType)
      return { values: [...values], regexValues: [...regexValues] }
    }
    if (/[*?]/.test(path)) {
      fault(scope, 'InvalidPath', {
        field: 'spec.rules.http.paths.path',
        message: `${pathType.toLowerCase()} path shouldn't contain wildcards: ${path}`,
        remedy: 'Use pathType ImplementationSpecific for a path with `*` or `?`.',
      })
      return none()
    }
    if (pathType === 'Exact') return { values: [path], regexValues: [] }
    if (path === '/') return { values: ['/*'], regexValues: [] }
    const stem = path.endsWith('/') ? path.slice(0, -1) : path
    return { values: [stem, `${stem}/*`], regexValues: [] }
  }
  if (pathType !== undefined && pathType !== 'ImplementationSpecific') {
    fault(scope, 'InvalidPath', {
      field: 'spec.rules.http.paths.pathType',
      message: `unknown pathType for path ${path}`,
      remedy: 'Use pathType Exact, Prefix or ImplementationSpecific.',
    })
    return none()
  }
  return regexPaths ? { values: [], regexValues: [path.slice(1)] } : { values: [path], regexValues: [] }
}

/** `conditions.<service>`, checked; a field that nobody knows is passed over, as ALBC does. */
export function statedConditions(scope: Scope, service: string): readonly ConditionConfig[] {
  const stated = take(scope, parsedOf(scope, conditionsAnnotation, service)) ?? []
  const key = keyOf(conditionsAnnotation, service)
  return stated.filter((config) => {
    const wrong = mistake(config)
    if (wrong === undefined) return true
    refuse(
      scope,
      key,
      `${wrong} (${key})`,
      `Correct ${key}: each condition needs the config of its field, with values.`,
    )
    return false
  })
}

function mistake(config: ConditionConfig): string | undefined {
  switch (config.field) {
    case 'host-header':
      return patternMistake('hostHeaderConfig', config.hostHeaderConfig)
    case 'path-pattern':
      return patternMistake('pathPatternConfig', config.pathPatternConfig)
    case 'http-header':
      return patternMistake('httpHeaderConfig', config.httpHeaderConfig)
    case 'http-request-method':
      return listMistake('httpRequestMethodConfig', config.httpRequestMethodConfig)
    case 'source-ip':
      return listMistake('sourceIPConfig', config.sourceIPConfig)
    case 'query-string': {
      const pairs = config.queryStringConfig?.values
      if (!config.queryStringConfig) return 'missing queryStringConfig'
      if (!pairs?.length) return 'invalid queryStringConfig: Values cannot be empty'
      return pairs.some(({ value = '' }) => value === '')
        ? 'invalid queryStringConfig: value cannot be empty'
        : undefined
    }
    default:
      return undefined
  }
}

function patternMistake(name: string, config: Patterns | undefined): string | undefined {
  if (!config) return `missing ${name}`
  const values = config.values?.length ?? 0
  const regexValues = config.regexValues?.length ?? 0
  if (values === 0 && regexValues === 0) return `invalid ${name}: values or regexValues must be specified`
  return values > 0 && regexValues > 0
    ? `invalid ${name}: precisely one of values and regexValues can be specified`
    : undefined
}

function listMistake(name: string, config: Patterns | undefined): string | undefined {
  if (!config) return `missing ${name}`
  return config.values?.length ? undefined : `invalid ${name}: values cannot be empty`
}

const pair = ({ key, value = '' }: { readonly key?: string; readonly value?: string }): QueryStringPair =>
  key === undefined ? { value } : { key, value }

function single(config: ConditionConfig): readonly Condition[] {
  switch (config.field) {
    case 'http-header': {
      const { httpHeaderName = '', values, regexValues } = config.httpHeaderConfig ?? {}
      return regexValues?.length
        ? [{ field: 'http-header', httpHeaderName, regexValues }]
        : [{ field: 'http-header', httpHeaderName, values: values ?? [] }]
    }
    case 'http-request-method':
      return [{ field: 'http-request-method', values: config.httpRequestMethodConfig?.values ?? [] }]
    case 'source-ip':
      return [{ field: 'source-ip', values: config.sourceIPConfig?.values ?? [] }]
    case 'query-string':
      return [{ field: 'query-string', values: (config.queryStringConfig?.values ?? []).map(pair) }]
    default:
      return []
  }
}
