/** Annotations about a Network Load Balancer in front of the load balancer; they count once some member of the group enables it. */
import { annotation } from './define.ts'
import { bool, int32, list, map, oneOf, type Parser, text } from './parser.ts'

const on = ['Ingress'] as const

export const enableFrontendNlb = annotation('enable-frontend-nlb', {
  parse: bool,
  on,
  merge: 'exclusive',
  default: false,
  doc: 'Put a Network Load Balancer in front.',
  example: 'true',
  call: 'elbv2:CreateLoadBalancer',
})
export const scheme = annotation('frontend-nlb-scheme', {
  parse: oneOf(['internal', 'internet-facing'], (raw) => `unknown scheme: ${raw}`),
  on,
  merge: 'exclusive',
  otherwise: '`--default-load-balancer-scheme`',
  doc: 'Where the Network Load Balancer can be reached from. It cannot be changed while it stands.',
  example: 'internal',
  call: 'elbv2:CreateLoadBalancer',
})
export const subnets = annotation('frontend-nlb-subnets', {
  parse: list('subnet ids or values of the `Name` tag'),
  on,
  merge: 'exclusive',
  otherwise: 'discovered by tag',
  doc: 'Its subnets, one per availability zone.',
  example: 'subnet-0aa1, my-subnet',
  call: 'elbv2:SetSubnets',
})
export const securityGroups = annotation('frontend-nlb-security-groups', {
  parse: list('security group ids or values of the `Name` tag'),
  on,
  merge: 'exclusive',
  otherwise: 'those of the load balancer behind',
  doc: 'Its security groups.',
  example: 'sg-0aa1',
  call: 'elbv2:SetSecurityGroups',
})
export const listenerPortMapping = annotation('frontend-nlb-listener-port-mapping', {
  parse: map('<its port>=<port behind>'),
  on,
  merge: 'per-port',
  otherwise: 'each port that the Ingress listens on, to itself',
  doc: 'Which of its ports leads to which port of the load balancer behind. Ports behind that the Ingress does not listen on are left out.',
  example: '8080=80,443=443',
  call: 'elbv2:CreateListener',
})
export const eipAllocations = annotation('frontend-nlb-eip-allocations', {
  parse: list('allocation ids'),
  on,
  merge: 'exclusive',
  doc: 'Its elastic addresses, one per subnet and in the order of the subnets; internet-facing only. Counts at creation only.',
  example: 'eipalloc-0aa1, eipalloc-0aa2',
  call: 'elbv2:CreateLoadBalancer',
})
export const attributes = annotation('frontend-nlb-attributes', {
  parse: map(),
  on,
  merge: 'exclusive',
  doc: 'Its attributes. What is not stated is left as it is.',
  example: 'load_balancing.cross_zone.enabled=true',
  call: 'elbv2:ModifyLoadBalancerAttributes',
})
export const tags = annotation('frontend-nlb-tags', {
  parse: map(),
  on,
  merge: 'exclusive',
  otherwise: 'those of the load balancer behind',
  doc: 'Its tags and those of its listeners and target groups, alone: neither `tags` nor `--default-tags` are added.',
  example: 'env=dev',
  call: 'elbv2:AddTags',
})

type Checked<T> = {
  readonly parse: Parser<T>
  readonly default: T
  readonly doc: string
  readonly example: string
}
const check = <T>(name: string, given: Checked<T>) =>
  annotation<T, 'per-port', 'Ingress'>(`frontend-nlb-healthcheck-${name}`, {
    ...given,
    on,
    merge: 'per-port',
    call: 'elbv2:CreateTargetGroup',
  })

/** How it checks the load balancer behind; members that share one of its ports must agree. */
export const healthCheck = {
  port: check('port', {
    parse: text('`traffic-port` or a number'),
    default: 'traffic-port',
    doc: 'The port that it checks.',
    example: '80',
  }),
  protocol: check('protocol', {
    parse: oneOf(
      ['HTTP', 'HTTPS'],
      () => 'healthCheckProtocol must be within [HTTP, HTTPS]',
    ) as Parser<string>,
    default: 'HTTP',
    doc: 'How it checks.',
    example: 'HTTPS',
  }),
  path: check('path', {
    parse: text('a path'),
    default: '/',
    doc: 'The path that it asks for.',
    example: '/healthz',
  }),
  codes: check('success-codes', {
    parse: text('codes such as `200-399`'),
    default: '200',
    doc: 'Codes that pass.',
    example: '200-399',
  }),
  intervalSeconds: check('interval-seconds', {
    parse: int32,
    default: 15,
    doc: 'Seconds from check to check.',
    example: '20',
  }),
  timeoutSeconds: check('timeout-seconds', {
    parse: int32,
    default: 5,
    doc: 'Seconds without an answer that fail a check.',
    example: '6',
  }),
  healthyThresholdCount: check('healthy-threshold-count', {
    parse: int32,
    default: 2,
    doc: 'Passed checks in a row.',
    example: '3',
  }),
  unhealthyThresholdCount: check('unhealthy-threshold-count', {
    parse: int32,
    default: 2,
    doc: 'Failed checks in a row.',
    example: '3',
  }),
} as const
