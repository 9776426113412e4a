/** ValidatingAdmissionPolicy and its binding (admissionregistration.k8s.io/v1: Kubernetes 1.30 and later), as written to files. */
type Named = { readonly name: string; readonly expression: string }
export type Validation = {
  readonly expression: string
  readonly message: string
  readonly messageExpression?: string
  readonly reason: 'Invalid' | 'Forbidden'
}
type Rules = {
  readonly failurePolicy: 'Ignore' | 'Fail'
  readonly group: string
  readonly resource: string
  readonly version?: string
  readonly matchConditions?: readonly Named[]
  readonly variables: readonly Named[]
  readonly validations: readonly Validation[]
}
export type Policy = ReturnType<typeof policy>

const apiVersion = 'admissionregistration.k8s.io/v1'

export const policy = (name: string, { group, resource, version = 'v1', ...rules }: Rules) => ({
  apiVersion,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name },
  spec: {
    failurePolicy: rules.failurePolicy,
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [group],
          apiVersions: [version],
          operations: ['CREATE', 'UPDATE'],
          resources: [resource],
        },
      ],
    },
    ...(rules.matchConditions && { matchConditions: rules.matchConditions }),
    variables: rules.variables,
    validations: rules.validations,
  },
})

export const binding = (policyName: string, validationActions: readonly ('Warn' | 'Deny' | 'Audit')[]) => ({
  apiVersion,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: policyName },
  spec: { policyName, validationActions },
})

const annotationsOf = (object: string): string => `has(${object}.metadata.annotations)`
/** The annotations now, and before: empty maps where there are none. */
export const variables = {
  given: {
    name: 'given',
    expression: `${annotationsOf('object')} ? object.metadata.annotations : {}`,
  },
  before: {
    name: 'before',
    expression: `oldObject != null && ${annotationsOf('oldObject')} ? oldObject.metadata.annotations : {}`,
  },
} as const
