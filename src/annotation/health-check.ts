/** Annotations about health checks. */
import { annotation } from './define.ts'
import { int32, oneOf, text } from './parser.ts'

const on = ['Ingress', 'Service'] as const
const call = 'elbv2:ModifyTargetGroup'

export const healthcheckPort = annotation('healthcheck-port', {
  parse: text('`traffic-port`, a number, or the name of a port of the Service'),
  on,
  merge: 'own',
  default: 'traffic-port',
  doc: 'The port that is checked.',
  example: '8081',
  call,
})
export const healthcheckProtocol = annotation('healthcheck-protocol', {
  parse: oneOf(['HTTP', 'HTTPS'], () => 'healthCheckProtocol must be within [HTTP, HTTPS]'),
  on,
  merge: 'own',
  otherwise: 'the backend protocol',
  doc: 'How the targets are checked.',
  example: 'HTTPS',
  call,
})
export const healthcheckPath = annotation('healthcheck-path', {
  parse: text('a path'),
  on,
  merge: 'own',
  otherwise: '`/`, for GRPC `/AWS.ALB/healthcheck`',
  doc: 'The path that is asked for.',
  example: '/healthz',
  call,
})
export const healthcheckIntervalSeconds = annotation('healthcheck-interval-seconds', {
  parse: int32,
  on,
  merge: 'own',
  default: 15,
  doc: 'Seconds from check to check.',
  example: '10',
  call,
})
export const healthcheckTimeoutSeconds = annotation('healthcheck-timeout-seconds', {
  parse: int32,
  on,
  merge: 'own',
  default: 5,
  doc: 'Seconds without an answer that fail a check.',
  example: '8',
  call,
})
export const healthyThresholdCount = annotation('healthy-threshold-count', {
  parse: int32,
  on,
  merge: 'own',
  default: 2,
  doc: 'Passed checks in a row that make a target healthy.',
  example: '3',
  call,
})
export const unhealthyThresholdCount = annotation('unhealthy-threshold-count', {
  parse: int32,
  on,
  merge: 'own',
  default: 2,
  doc: 'Failed checks in a row that make a target unhealthy.',
  example: '3',
  call,
})
export const successCodes = annotation('success-codes', {
  parse: text('codes such as `200,201` or `200-399`'),
  on,
  merge: 'own',
  otherwise: '`200`, for GRPC `12`',
  doc: 'The status codes that pass a check.',
  example: '200-399',
  call,
})
