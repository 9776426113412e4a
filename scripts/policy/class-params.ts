/** What ALBC's webhook checks of IngressClassParams and their schema does not: ranges without host bits, no subnet or tag value twice. */
import { binding, policy } from './policy.ts'

const name = 'albatross-ingressclassparams'
const subnets = 'has(object.spec.subnets)'

/** CEL knows addresses from Kubernetes 1.31 on. */
export const classParamsPolicies = (): readonly object[] => [
  policy(name, {
    failurePolicy: 'Ignore',
    group: 'elbv2.k8s.aws',
    resource: 'ingressclassparams',
    version: 'v1beta1',
    matchConditions: [{ name: 'has-spec', expression: 'has(object.spec)' }],
    variables: [
      {
        name: 'badRanges',
        expression:
          'has(object.spec.inboundCIDRs) ? object.spec.inboundCIDRs.filter(c, !isCIDR(c) || cidr(c).masked() != cidr(c)) : []',
      },
    ],
    validations: [
      {
        expression: 'size(variables.badRanges) == 0',
        message: 'spec.inboundCIDRs: allowed: address ranges without host bits, such as 10.0.0.0/8',
        messageExpression:
          '"spec.inboundCIDRs: not a range without host bits: " + variables.badRanges.join(", ")',
        reason: 'Invalid',
      },
      {
        expression: `!${subnets} || !has(object.spec.subnets.ids) || object.spec.subnets.ids.all(i, object.spec.subnets.ids.exists_one(j, j == i))`,
        message: 'spec.subnets.ids: no subnet may be named twice',
        reason: 'Invalid',
      },
      {
        expression: `!${subnets} || !has(object.spec.subnets.tags) || size(object.spec.subnets.tags) > 0`,
        message: 'spec.subnets.tags: at least one tag must be named',
        reason: 'Invalid',
      },
      {
        expression: `!${subnets} || !has(object.spec.subnets.tags) || object.spec.subnets.tags.all(k, object.spec.subnets.tags[k].all(i, object.spec.subnets.tags[k].exists_one(j, j == i)))`,
        message: 'spec.subnets.tags: no value of a tag may be named twice',
        reason: 'Invalid',
      },
    ],
  }),
  binding(name, ['Warn']),
]
