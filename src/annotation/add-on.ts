/** Annotations about what is attached to the load balancer: WAF, Shield; and the plan that ALBC writes. */
import { annotation } from './define.ts'
import { bool, text } from './parser.ts'

export const wafv2AclArn = annotation('wafv2-acl-arn', {
  parse: text('the ARN of a web ACL, or `none`'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'left as it is',
  params: 'wafv2AclArn',
  doc: 'The WAFv2 web ACL of the load balancer.',
  example: 'arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/acl/0aa1',
  call: 'wafv2:AssociateWebACL',
})
export const wafv2AclName = annotation('wafv2-acl-name', {
  parse: text('the name of a web ACL, or `none`'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'left as it is',
  params: 'wafv2AclName',
  doc: 'The WAFv2 web ACL of the load balancer, by name.',
  example: 'my-acl',
  call: 'wafv2:AssociateWebACL',
})
export const wafAclId = annotation('waf-acl-id', {
  parse: text('the id of a web ACL, or `none`'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'left as it is',
  doc: 'The WAF classic web ACL of the load balancer.',
  example: '0aa1',
  call: 'waf-regional:AssociateWebACL',
})
export const webAclId = annotation('web-acl-id', {
  parse: text('the id of a web ACL, or `none`'),
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'left as it is',
  doc: 'Deprecated: `waf-acl-id`.',
  example: '0aa1',
  call: 'waf-regional:AssociateWebACL',
})
export const shieldAdvancedProtection = annotation('shield-advanced-protection', {
  parse: bool,
  on: ['Ingress'],
  merge: 'exclusive',
  otherwise: 'left as it is',
  doc: 'Whether Shield Advanced protects the load balancer.',
  example: 'true',
  call: 'shield:CreateProtection',
})
export const dryRunPlan = annotation('dry-run-plan', {
  parse: text('nothing: the controller writes it'),
  on: ['Ingress'],
  merge: 'own',
  doc: 'Written by ALBC: the model that it would deploy.',
  example: '{}',
  call: 'none',
})
