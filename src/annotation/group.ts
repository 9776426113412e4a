/** Annotations that say which group an Ingress is in, and where. */
import { annotation } from './define.ts'
import { groupNameForm, groupOrderForm } from './form.ts'
import { int32, text } from './parser.ts'

export const groupName = annotation('group.name', {
  parse: text('lower case letters, digits, `-` and `.`, at most 63', groupNameForm),
  on: ['Ingress'],
  merge: 'own',
  otherwise: 'a load balancer of its own',
  params: 'group.name',
  doc: 'Ingresses with the same group name share one load balancer.',
  example: 'my-team.awesome-group',
  call: 'elbv2:CreateLoadBalancer',
})
export const groupOrder = annotation('group.order', {
  parse: { ...int32, allowed: 'a whole number from -1000 to 1000', form: groupOrderForm },
  on: ['Ingress'],
  merge: 'own',
  default: 0,
  doc: 'Where the rules of this Ingress stand among those of its group: -1000 to 1000, lower first; equal ones by namespace/name.',
  example: '10',
  call: 'elbv2:SetRulePriorities',
})
