/** The policies behind the flags with which an operator forbids something: a rule each, which denies. ALBC's webhook says the same. */
import { keyOf } from '../../src/annotation/define.ts'
import { groupName } from '../../src/annotation/group.ts'
import { quoted } from './cel.ts'
import { binding, policy, variables } from './policy.ts'

const classKey = 'kubernetes.io/ingress.class'
const ingresses = { group: 'networking.k8s.io', resource: 'ingresses' } as const

/** Only new use is forbidden: what is there goes on working and may be edited. */
const classAnnotation = (flag: string) =>
  policy(`albatross-${flag}`, {
    failurePolicy: 'Fail',
    ...ingresses,
    variables: [
      // As --ingress-class says; edit both together.
      { name: 'classes', expression: '["alb"]' },
      variables.given,
      variables.before,
    ],
    validations: [
      {
        expression: `!(${uses('given')}) || (${uses('before')})`,
        message: `new usage of \`${classKey}\` annotation is forbidden: write spec.ingressClassName`,
        reason: 'Forbidden',
      },
    ],
  })

const uses = (annotations: string): string =>
  `${quoted(classKey)} in variables.${annotations} && variables.${annotations}[${quoted(classKey)}] in variables.classes`

const groupNameAnnotation = (flag: string) => {
  const key = quoted(keyOf(groupName))
  return policy(`albatross-${flag}`, {
    failurePolicy: 'Fail',
    ...ingresses,
    variables: [variables.given, variables.before],
    validations: [
      {
        expression: `!(${key} in variables.given) || ${key} in variables.before`,
        message: `new usage of \`${keyOf(groupName)}\` annotation is forbidden: the group is said by the IngressClassParams of the class`,
        reason: 'Forbidden',
      },
      {
        expression: `!(${key} in variables.given && ${key} in variables.before) || variables.given[${key}] == variables.before[${key}]`,
        message: `new value of \`${keyOf(groupName)}\` annotation is forbidden`,
        reason: 'Forbidden',
      },
    ],
  })
}

const policies = {
  'disable-ingress-class-annotation': classAnnotation,
  'disable-ingress-group-name-annotation': groupNameAnnotation,
}

/** By flag. */
export const forbidding = (): Readonly<Record<string, readonly object[]>> =>
  Object.fromEntries(
    Object.entries(policies).map(([flag, make]) => [
      flag,
      [make(flag), binding(`albatross-${flag}`, ['Deny'])],
    ]),
  )
