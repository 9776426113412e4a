/** Annotations about a Network Load Balancer in front of the load balancer. */
import { annotation } from './define.ts'
import { bool, int32, list, map, oneOf, text } from './parser.ts'

const on = ['Ingress'] as const
const merge = 'exclusive'

export const enableFrontendNlb = annotation('enable-frontend-nlb', {
  parse: bool,
  on,
  merge,
  default: false,
  doc: 'Put a Network Load Balancer in front.',
  example: 'true',
  call: 'elbv2:CreateLoadBalancer',
})

const texts = (name: string, allowed: string, doc: string, example: string) =>
  annotation(name, {
    parse: text(allowed),
    on,
    merge,
    doc,
    example,
    call: 'elbv2:CreateTargetGroup',
  })
const numbers = (name: string, doc: string, example: string) =>
  annotation(name, { parse: int32, on, merge, doc, example, call: 'elbv2:CreateTargetGroup' })

export const frontendNlbSettings = [
  annotation('frontend-nlb-scheme', {
    parse: oneOf(['internal', 'internet-facing'], (raw) => `unknown scheme: ${raw}`),
    on,
    merge,
    otherwise: '`--default-load-balancer-scheme`',
    doc: 'Where the Network Load Balancer can be reached from.',
    example: 'internal',
    call: 'elbv2:CreateLoadBalancer',
  }),
  annotation('frontend-nlb-subnets', {
    parse: list('subnet ids or values of the `Name` tag'),
    on,
    merge,
    doc: 'Its subnets.',
    example: 'subnet-0aa1, my-subnet',
    call: 'elbv2:SetSubnets',
  }),
  annotation('frontend-nlb-security-groups', {
    parse: list('security group ids or values of the `Name` tag'),
    on,
    merge,
    doc: 'Its security groups.',
    example: 'sg-0aa1',
    call: 'elbv2:SetSecurityGroups',
  }),
  annotation('frontend-nlb-listener-port-mapping', {
    parse: map('<its port>=<port behind>'),
    on,
    merge,
    doc: 'Which of its ports leads to which port behind it.',
    example: '80=443',
    call: 'elbv2:CreateListener',
  }),
  annotation('frontend-nlb-eip-allocations', {
    parse: list('allocation ids'),
    on,
    merge,
    doc: 'Its elastic addresses, one per subnet.',
    example: 'eipalloc-0aa1, eipalloc-0aa2',
    call: 'elbv2:CreateLoadBalancer',
  }),
  annotation('frontend-nlb-attributes', {
    parse: map(),
    on,
    merge,
    doc: 'Its attributes.',
    example: 'deletion_protection.enabled=true',
    call: 'elbv2:ModifyLoadBalancerAttributes',
  }),
  annotation('frontend-nlb-tags', {
    parse: map(),
    on,
    merge,
    doc: 'Its tags, in place of those of the load balancer behind.',
    example: 'env=dev',
    call: 'elbv2:AddTags',
  }),
  texts('frontend-nlb-healthcheck-port', '`traffic-port` or a number', 'The port that it checks.', '80'),
  texts('frontend-nlb-healthcheck-protocol', '`HTTP` or `HTTPS`', 'How it checks.', 'HTTP'),
  texts('frontend-nlb-healthcheck-path', 'a path', 'The path that it asks for.', '/healthz'),
  numbers('frontend-nlb-healthcheck-interval-seconds', 'Seconds from check to check.', '15'),
  numbers('frontend-nlb-healthcheck-timeout-seconds', 'Seconds without an answer that fail a check.', '5'),
  numbers('frontend-nlb-healthcheck-healthy-threshold-count', 'Passed checks in a row.', '2'),
  numbers('frontend-nlb-healthcheck-unhealthy-threshold-count', 'Failed checks in a row.', '2'),
  texts('frontend-nlb-healthcheck-success-codes', 'codes such as `200-399`', 'Codes that pass.', '200'),
] as const
