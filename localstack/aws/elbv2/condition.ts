/** Conditions of a rule: what AWS accepts, and how it gives them back (with the legacy mirrors of values). */
import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account } from '../account.ts'
import {
  checkValues,
  type ConditionConfig,
  type ConditionField,
  type ConditionValue,
  fields,
} from './condition-value.ts'
import { quota } from './quota.ts'
import { invalid } from './refuse.ts'

const configs = {
  'host-header': 'HostHeaderConfig',
  'path-pattern': 'PathPatternConfig',
  'http-header': 'HttpHeaderConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'query-string': 'QueryStringConfig',
  'source-ip': 'SourceIpConfig',
} as const satisfies Record<ConditionField, keyof RuleCondition>
/** Only these had plain `Values` before there were configs. */
const mirrored: readonly ConditionField[] = ['host-header', 'path-pattern']
const repeatable: readonly ConditionField[] = ['http-header', 'query-string']

export function conditionsOut(
  account: Account,
  given: readonly RuleCondition[] | undefined,
): RuleCondition[] {
  if (!given?.length) invalid('A rule must have at least one condition')
  const conditions = given.map(normalised)
  const seen = new Set<string>()
  for (const { Field = '' } of conditions) {
    if (seen.has(Field) && !repeatable.some((field) => field === Field))
      invalid(`A rule can only have one '${Field}' condition`)
    seen.add(Field)
  }
  checkCounts(account, conditions)
  return conditions
}

function fieldOf({ Field }: RuleCondition): ConditionField {
  return (
    fields.find((field) => field === Field) ??
    invalid(`Condition field '${Field ?? ''}' must be one of '[${fields.join(', ')}]'`)
  )
}

function normalised(given: RuleCondition): RuleCondition {
  const Field = fieldOf(given)
  const name = configs[Field]
  for (const other of Object.values(configs))
    if (other !== name && given[other]) invalid(`${other} cannot be specified for a '${Field}' condition`)
  const mirror = mirrored.includes(Field)
  if (!mirror && given.Values?.length)
    invalid(`Values cannot be specified for a '${Field}' condition: use ${name}`)
  const config: ConditionConfig = given[name] ?? legacyConfig(given)
  if (given[name] && given.Values?.length && !same(given.Values, given[name]))
    invalid(`Values and ${name} cannot both be specified`)
  checkValues(Field, config)
  const { Values: values = [], RegexValues: regexes = [] } = config
  return {
    Field,
    [name]: withoutEmpty(config),
    ...(mirror && values.length > 0 ? { Values: values.map(String) } : {}),
    ...(mirror && regexes.length > 0 ? { RegexValues: [...regexes] } : {}),
  }
}

function legacyConfig({ Field, Values, RegexValues }: RuleCondition): ConditionConfig {
  if (!Values?.length && !RegexValues?.length) invalid(`A '${Field ?? ''}' condition must have values`)
  return { ...(Values ? { Values } : {}), ...(RegexValues ? { RegexValues } : {}) }
}
function same(values: readonly string[], config: ConditionConfig): boolean {
  return JSON.stringify(config.Values) === JSON.stringify(values)
}
function withoutEmpty(config: object): object {
  return Object.fromEntries(
    Object.entries(config).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  )
}

function configOf(condition: RuleCondition): Required<Pick<ConditionConfig, 'Values' | 'RegexValues'>> {
  const config: ConditionConfig = condition[configs[fieldOf(condition)]] ?? {}
  return { Values: config.Values ?? [], RegexValues: config.RegexValues ?? [] }
}

function checkCounts(account: Account, conditions: readonly RuleCondition[]): void {
  const max = quota(account, 'condition-values-per-alb-rule')
  const parts = conditions.map(configOf)
  const count = parts.reduce(
    (sum, { Values = [], RegexValues = [] }) => sum + Values.length + RegexValues.length,
    0,
  )
  if (count > max) invalid(`A rule can only have '${max}' condition values`)
  const wildcards = parts
    .flatMap(({ Values = [] }) => Values.flatMap(texts))
    .reduce((sum, value) => sum + ((value ?? '').replace(/\\[*?]/g, '').match(/[*?]/g)?.length ?? 0), 0)
  const maxWildcards = quota(account, 'condition-wildcards-per-alb-rule')
  if (wildcards > maxWildcards) invalid(`A rule can only have '${maxWildcards}' condition wildcards`)
}
function texts(value: ConditionValue): (string | undefined)[] {
  return typeof value === 'string' ? [value] : [value.Key, value.Value]
}
