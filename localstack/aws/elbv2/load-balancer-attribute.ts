/** DescribeLoadBalancerAttributes, ModifyLoadBalancerAttributes. */
import type {
  DescribeLoadBalancerAttributesInput,
  DescribeLoadBalancerAttributesOutput,
  ModifyLoadBalancerAttributesInput,
  ModifyLoadBalancerAttributesOutput,
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
import { loadBalancerOf, seenOrMissing } from './lookup.ts'
import { constraint, notEmpty, refuse } from './refuse.ts'

const bucket = text('', /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$/, 'the name of an S3 bucket')
const prefix = text('', /^(?!\/)(?!.*AWSLogs)[\x20-\x7e]{0,512}$/, 'a prefix without AWSLogs')
const logs = ['access_logs', 'connection_logs', 'health_check_logs'] as const

const applicationAttributes: AttributeTable = {
  'deletion_protection.enabled': boolean(false),
  'load_balancing.cross_zone.enabled': oneOf('true', ['true']),
  ...Object.fromEntries(
    logs.flatMap((log) => [
      [`${log}.s3.enabled`, boolean(false)],
      [`${log}.s3.bucket`, bucket],
      [`${log}.s3.prefix`, prefix],
    ]),
  ),
  'ipv6.deny_all_igw_traffic': boolean(false),
  'zonal_shift.config.enabled': boolean(false),
  'idle_timeout.timeout_seconds': integer('60', 1, 4000),
  'client_keep_alive.seconds': integer('3600', 60, 604_800),
  'routing.http.desync_mitigation_mode': oneOf('defensive', ['monitor', 'defensive', 'strictest']),
  'routing.http.drop_invalid_header_fields.enabled': boolean(false),
  'routing.http.preserve_host_header.enabled': boolean(false),
  'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': boolean(false),
  'routing.http.xff_client_port.enabled': boolean(false),
  'routing.http.xff_header_processing.mode': oneOf('append', ['append', 'preserve', 'remove']),
  'routing.http2.enabled': boolean(true),
  'waf.fail_open.enabled': boolean(false),
}
const networkAttributes: AttributeTable = {
  'deletion_protection.enabled': boolean(false),
  'load_balancing.cross_zone.enabled': boolean(false),
  'access_logs.s3.enabled': boolean(false),
  'access_logs.s3.bucket': bucket,
  'access_logs.s3.prefix': prefix,
  'ipv6.deny_all_igw_traffic': boolean(false),
  'zonal_shift.config.enabled': boolean(false),
  'dns_record.client_routing_policy': oneOf('any_availability_zone', [
    'any_availability_zone',
    'availability_zone_affinity',
    'partial_availability_zone_affinity',
  ]),
  'secondary_ips.auto_assigned.per_subnet': integer('0', 0, 7),
}
const maxPerCall = 20

const tableOf = (type: string | undefined): AttributeTable =>
  type === 'network' ? networkAttributes : applicationAttributes

export function newLoadBalancerAttributes(type: string | undefined, internal: boolean): Map<string, string> {
  const values = defaultsOf(tableOf(type))
  if (internal) values.set('ipv6.deny_all_igw_traffic', 'true')
  return values
}

export function describeLoadBalancerAttributes(
  input: DescribeLoadBalancerAttributesInput,
  context: Context,
): DescribeLoadBalancerAttributesOutput {
  const record = seenOrMissing(context, 'load balancer', loadBalancerOf(context, input.LoadBalancerArn))
  return { Attributes: attributesOut(record.attributes) }
}

export function modifyLoadBalancerAttributes(
  input: ModifyLoadBalancerAttributesInput,
  context: Context,
): ModifyLoadBalancerAttributesOutput {
  const { account } = context
  const record = loadBalancerOf(context, input.LoadBalancerArn)
  const given = input.Attributes ?? []
  notEmpty('attributes', given)
  if (given.length > maxPerCall)
    constraint('attributes', `[${given.length}]`, `have length less than or equal to ${maxPerCall}`)
  const values = merged(account, 'Load balancer', tableOf(record.wire.Type), record.attributes, given)
  for (const log of logs)
    if (values.get(`${log}.s3.enabled`) === 'true' && !values.get(`${log}.s3.bucket`))
      refuse('InvalidConfigurationRequest', `${log}.s3.bucket must be specified when ${log} are enabled`)
  store(record.attributes, values)
  account.changed()
  return { Attributes: attributesOut(record.attributes) }
}
