/** Annotations about target groups: a Service's value beats the Ingress's. */
import { annotation, family } from './define.ts'
import { bool, int32, map, oneOf } from './parser.ts'

const on = ['Ingress', 'Service'] as const

export const targetType = annotation('target-type', {
  parse: oneOf(['instance', 'ip'], (raw) => `unknown targetType: ${raw}`),
  on,
  merge: 'own',
  otherwise: '`--default-target-type`',
  params: 'targetType',
  doc: 'Whether requests go to pods (`ip`) or to nodes (`instance`). Changing it replaces the target group.',
  example: 'ip',
  call: 'elbv2:CreateTargetGroup',
})
export const backendProtocol = annotation('backend-protocol', {
  parse: oneOf(['HTTP', 'HTTPS'], (raw) => `backend protocol must be within [HTTP, HTTPS]: ${raw}`),
  on,
  merge: 'own',
  default: 'HTTP',
  doc: 'How the load balancer talks to the targets.',
  example: 'HTTPS',
  call: 'elbv2:CreateTargetGroup',
})
export const backendProtocolVersion = annotation('backend-protocol-version', {
  parse: oneOf(
    ['HTTP1', 'HTTP2', 'GRPC'],
    (raw) => `backend protocol version must be within [HTTP1, HTTP2, GRPC]: ${raw}`,
  ),
  on,
  merge: 'own',
  default: 'HTTP1',
  doc: 'Which version of HTTP the targets speak.',
  example: 'GRPC',
  call: 'elbv2:CreateTargetGroup',
})
export const targetGroupAttributes = annotation('target-group-attributes', {
  parse: map(),
  on,
  merge: 'own',
  default: {},
  doc: 'Attributes of the target group. What is not stated is left as it is.',
  example: 'deregistration_delay.timeout_seconds=30',
  call: 'elbv2:ModifyTargetGroupAttributes',
})
export const targetNodeLabels = annotation('target-node-labels', {
  parse: map(),
  on,
  merge: 'own',
  doc: 'Which nodes are targets, for target type `instance`.',
  example: 'role=edge',
  call: 'TargetGroupBinding',
})
export const multiClusterTargetGroup = annotation('multi-cluster-target-group', {
  parse: bool,
  on,
  merge: 'own',
  default: false,
  doc: 'Other clusters register targets in this target group too.',
  example: 'true',
  call: 'TargetGroupBinding',
})
export const targetControlPort = family('target-control-port.', {
  parse: int32,
  on,
  merge: 'own',
  doc: 'The port of the target optimiser, as `target-control-port.<service>.<port>`.',
  example: '3000',
  call: 'elbv2:CreateTargetGroup',
})
