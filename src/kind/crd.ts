/** Our kinds as CustomResourceDefinitions: structural schemas from zod, equal in effect to ALBC's where ALBC has the kind. */
import { z } from 'zod'
import { ingressClassParams } from './ingress-class-params.ts'
import { ingressGroup } from './ingress-group.ts'
import { ingressReport } from './ingress-report.ts'
import { targetGroupBinding, targetGroupBindingV1alpha1 } from './target-group-binding.ts'

type Column = {
  readonly name: string
  readonly jsonPath: string
  readonly type?: string
  readonly description?: string
  readonly priority?: number
}
type Version = {
  readonly name: string
  readonly schema: z.ZodObject
  readonly columns: readonly Column[]
  readonly storage?: boolean
  readonly status: boolean
}
type Definition = {
  readonly group: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly versions: readonly Version[]
}
type Schema = { [key: string]: unknown }

const age: Column = { name: 'AGE', jsonPath: '.metadata.creationTimestamp', type: 'date' }
const conditionColumn = (type: string): Column => ({
  name: type.toUpperCase(),
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
})
const bindingColumns: readonly Column[] = [
  { name: 'SERVICE-NAME', jsonPath: '.spec.serviceRef.name', description: "The Kubernetes Service's name" },
  { name: 'SERVICE-PORT', jsonPath: '.spec.serviceRef.port', description: "The Kubernetes Service's port" },
  { name: 'TARGET-TYPE', jsonPath: '.spec.targetType', description: "The target group's target type" },
  { name: 'ARN', jsonPath: '.spec.targetGroupARN', description: "The target group's ARN", priority: 1 },
  { name: 'NAME', jsonPath: '.spec.targetGroupName', description: "The target group's name", priority: 2 },
  age,
]

const definitions: readonly Definition[] = [
  {
    group: 'elbv2.k8s.aws',
    kind: 'IngressClassParams',
    plural: 'ingressclassparams',
    singular: 'ingressclassparams',
    scope: 'Cluster',
    versions: [
      {
        name: 'v1beta1',
        schema: ingressClassParams,
        storage: true,
        status: false,
        columns: [
          { name: 'GROUP-NAME', jsonPath: '.spec.group.name', description: 'The group name' },
          { name: 'SCHEME', jsonPath: '.spec.scheme', description: 'The scheme of the load balancer' },
          { name: 'IP-ADDRESS-TYPE', jsonPath: '.spec.ipAddressType', description: 'Its address families' },
          age,
        ],
      },
    ],
  },
  {
    group: 'elbv2.k8s.aws',
    kind: 'TargetGroupBinding',
    plural: 'targetgroupbindings',
    singular: 'targetgroupbinding',
    scope: 'Namespaced',
    versions: [
      { name: 'v1alpha1', schema: targetGroupBindingV1alpha1, status: true, columns: bindingColumns },
      { name: 'v1beta1', schema: targetGroupBinding, storage: true, status: true, columns: bindingColumns },
    ],
  },
  {
    group: 'albatross.dev',
    kind: 'IngressGroup',
    plural: 'ingressgroups',
    singular: 'ingressgroup',
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha1',
        schema: ingressGroup,
        storage: true,
        status: true,
        columns: [{ name: 'ADDRESS', jsonPath: '.status.address' }, conditionColumn('Programmed'), age],
      },
    ],
  },
  {
    group: 'albatross.dev',
    kind: 'IngressReport',
    plural: 'ingressreports',
    singular: 'ingressreport',
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        schema: ingressReport,
        storage: true,
        status: true,
        columns: [
          { name: 'GROUP', jsonPath: '.status.group' },
          conditionColumn('Accepted'),
          conditionColumn('Programmed'),
          { ...conditionColumn('TargetsHealthy'), name: 'HEALTHY' },
          age,
        ],
      },
    ],
  },
]

/** What JSON Schema says and a structural schema may not, or says in other words. */
function structural(schema: Schema): void {
  if (schema['x-kubernetes-int-or-string']) {
    // The one anyOf that Kubernetes allows: with it the API server's OpenAPI says the same as ALBC's.
    schema['anyOf'] = [{ type: 'integer' }, { type: 'string' }]
    delete schema['type']
  }
  if (schema['type'] === 'integer') {
    const { minimum, maximum } = schema
    if (maximum === 2_147_483_647) schema['format'] = 'int32'
    if (typeof minimum === 'number' && minimum <= -2_147_483_648) delete schema['minimum']
    if (typeof maximum === 'number' && maximum >= 2_147_483_647) delete schema['maximum']
  }
  if (schema['properties']) delete schema['additionalProperties']
}

function objectSchema(schema: z.ZodObject): Schema {
  const made: Schema = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => structural(jsonSchema as Schema),
  })
  const properties = made['properties'] as Schema
  return {
    ...made,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...properties,
    },
  }
}

const versionOf = ({ name, schema, columns, storage = false, status }: Version): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: objectSchema(schema) },
  subresources: status ? { status: {} } : {},
  additionalPrinterColumns: columns.map((column) => ({ type: 'string', ...column })),
})

export type CustomResourceDefinition = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

export const customResourceDefinitions = (): readonly CustomResourceDefinition[] =>
  definitions.map(({ group, kind, plural, singular, scope, versions }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular },
      scope,
      versions: versions.map(versionOf),
    },
  }))
