/** DescribeTargetGroupAttributes, ModifyTargetGroupAttributes. */
import type {
  DescribeTargetGroupAttributesInput,
  DescribeTargetGroupAttributesOutput,
  ModifyTargetGroupAttributesInput,
  ModifyTargetGroupAttributesOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Context } from '../service.ts'
import {
  attributesOut,
  type AttributeTable,
  boolean,
  defaultsOf,
  integer,
  merged,
  oneOf,
  store,
  text,
} from './attribute.ts'
import { isHttp } from './health-check.ts'
import { seenOrMissing, targetGroupOf } from './lookup.ts'
import { notEmpty, refuse } from './refuse.ts'

const week = 604_800
const cookieName = text('', /^(?!AWSALB)[^\s;,="]{0,512}$/, 'a cookie name that does not begin with AWSALB')
const health = 'target_group_health'

const serverAttributes: AttributeTable = {
  'deregistration_delay.timeout_seconds': integer('300', 0, 3600),
  'stickiness.enabled': boolean(false),
  'stickiness.type': oneOf('lb_cookie', ['lb_cookie', 'app_cookie']),
  'stickiness.lb_cookie.duration_seconds': integer('86400', 1, week),
  'stickiness.app_cookie.cookie_name': cookieName,
  'stickiness.app_cookie.duration_seconds': integer('86400', 1, week),
  'load_balancing.algorithm.type': oneOf('round_robin', [
    'round_robin',
    'least_outstanding_requests',
    'weighted_random',
  ]),
  'load_balancing.algorithm.anomaly_mitigation': oneOf('off', ['on', 'off']),
  'load_balancing.cross_zone.enabled': oneOf('use_load_balancer_configuration', [
    'true',
    'false',
    'use_load_balancer_configuration',
  ]),
  'slow_start.duration_seconds': integer('0', 30, 900, '0'),
  [`${health}.dns_failover.minimum_healthy_targets.count`]: integer('1', 1, 1000, 'off'),
  [`${health}.dns_failover.minimum_healthy_targets.percentage`]: integer('off', 1, 100, 'off'),
  [`${health}.unhealthy_state_routing.minimum_healthy_targets.count`]: integer('1', 1, 1000),
  [`${health}.unhealthy_state_routing.minimum_healthy_targets.percentage`]: integer('off', 1, 100, 'off'),
}
const networkAttributes: AttributeTable = {
  'deregistration_delay.timeout_seconds': integer('300', 0, 3600),
  'deregistration_delay.connection_termination.enabled': boolean(false),
  'stickiness.enabled': boolean(false),
  'stickiness.type': oneOf('source_ip', ['source_ip']),
  'load_balancing.cross_zone.enabled': oneOf('use_load_balancer_configuration', [
    'true',
    'false',
    'use_load_balancer_configuration',
  ]),
  'preserve_client_ip.enabled': boolean(true),
  'proxy_protocol_v2.enabled': boolean(false),
  'target_health_state.unhealthy.connection_termination.enabled': boolean(true),
  'target_health_state.unhealthy.draining_interval_seconds': integer('0', 0, 360_000),
}
const lambdaAttributes: AttributeTable = { 'lambda.multi_value_headers.enabled': boolean(false) }

function tableOf(targetType: string | undefined, protocol: string | undefined): AttributeTable {
  if (targetType === 'lambda') return lambdaAttributes
  return protocol === undefined || isHttp(protocol) ? serverAttributes : networkAttributes
}
export function newTargetGroupAttributes(
  targetType: string,
  protocol: string | undefined,
): Map<string, string> {
  const values = defaultsOf(tableOf(targetType, protocol))
  // Documented: addresses behind TCP and TLS see the load balancer as their client, unless told otherwise.
  if (targetType === 'ip' && (protocol === 'TCP' || protocol === 'TLS'))
    values.set('preserve_client_ip.enabled', 'false')
  return values
}

export function describeTargetGroupAttributes(
  input: DescribeTargetGroupAttributesInput,
  context: Context,
): DescribeTargetGroupAttributesOutput {
  const record = seenOrMissing(context, 'target group', targetGroupOf(context, input.TargetGroupArn))
  return { Attributes: attributesOut(record.attributes) }
}

export function modifyTargetGroupAttributes(
  input: ModifyTargetGroupAttributesInput,
  context: Context,
): ModifyTargetGroupAttributesOutput {
  const { account } = context
  const record = targetGroupOf(context, input.TargetGroupArn)
  const given = input.Attributes ?? []
  notEmpty('attributes', given)
  const { TargetType: type, Protocol: protocol } = record.wire
  if (type === 'alb')
    refuse(
      'InvalidConfigurationRequest',
      "The attributes of target groups with target type 'alb' cannot be modified",
    )
  const table = tableOf(type, protocol)
  const values = merged(account, 'Target group', table, record.attributes, given)
  checkTogether(values)
  store(record.attributes, values)
  account.changed()
  return { Attributes: attributesOut(record.attributes) }
}

/** What one value forbids of another. */
function checkTogether(values: ReadonlyMap<string, string>): void {
  const conflict = (message: string): never => refuse('InvalidConfigurationRequest', message)
  const algorithm = values.get('load_balancing.algorithm.type')
  const sticky = values.get('stickiness.enabled') === 'true'
  if (
    sticky &&
    values.get('stickiness.type') === 'app_cookie' &&
    !values.get('stickiness.app_cookie.cookie_name')
  )
    conflict('A cookie name must be specified for application-based stickiness')
  if (sticky && values.get('load_balancing.cross_zone.enabled') === 'false')
    conflict('Stickiness cannot be enabled when cross-zone load balancing is off')
  if (values.get('load_balancing.algorithm.anomaly_mitigation') === 'on' && algorithm !== 'weighted_random')
    conflict('Anomaly mitigation requires the weighted_random algorithm')
  if (values.get('slow_start.duration_seconds') !== '0' && algorithm && algorithm !== 'round_robin')
    conflict(`Slow start cannot be enabled with the ${algorithm} algorithm`)
}
