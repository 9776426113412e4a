import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { crdFiles } from '../../scripts/crds.ts'
import { ingressClassParamsSpec } from '../../src/kind/ingress-class-params.ts'
import { ingressGroupStatus } from '../../src/kind/ingress-group.ts'
import { ingressReportStatus } from '../../src/kind/ingress-report.ts'
import { type TargetGroupBindingSpec, targetGroupBindingSpec } from '../../src/kind/target-group-binding.ts'

type Schema = { [key: string]: unknown }
type Definition = {
  metadata: { name: string }
  spec: {
    scope: string
    versions: {
      name: string
      served: boolean
      storage: boolean
      schema: { openAPIV3Schema: Schema }
      subresources: object
      additionalPrinterColumns: { name: string }[]
    }[]
  }
}
const root = join(import.meta.dirname, '../..')
const definitions = crdFiles().map(({ text }) => parse(text) as Definition)
const definition = (name: string): Definition =>
  definitions.find(({ metadata }) => metadata.name === name) ?? assert.fail(`no ${name}`)
const specOf = (name: string, version: string): Schema => {
  const found = definition(name).spec.versions.find((each) => each.name === version)
  const properties = found?.schema.openAPIV3Schema['properties'] as Record<string, Schema>
  return properties['spec'] as Schema
}
const fields = (schema: Schema): string[] => Object.keys(schema['properties'] as object).sort()

/** Kubernetes' rules for structural schemas, as far as ours could break them. */
function assertStructural(schema: Schema, path: string): void {
  const intOrString = schema['x-kubernetes-int-or-string'] === true
  assert.equal(typeof schema['type'] === 'string', !intOrString, `${path}: type`)
  assert.ok(!('$ref' in schema || '$schema' in schema || 'oneOf' in schema || 'allOf' in schema), path)
  if (!intOrString) assert.ok(!('anyOf' in schema), `${path}: anyOf`)
  assert.ok(!('properties' in schema && 'additionalProperties' in schema), `${path}: both kinds of members`)
  if (schema['type'] === 'array') assertStructural(schema['items'] as Schema, `${path}[]`)
  for (const [name, member] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) {
    assertStructural(member, `${path}.${name}`)
  }
  if (schema['additionalProperties']) assertStructural(schema['additionalProperties'] as Schema, `${path}{}`)
}

describe('CRDs', () => {
  it('are current under crds/', () => {
    for (const { path, text } of crdFiles()) {
      assert.equal(readFileSync(join(root, path), 'utf8'), text, `${path}: run npm run generate`)
    }
  })

  it('are structural', () => {
    for (const { metadata, spec } of definitions) {
      for (const version of spec.versions) {
        const schema = version.schema.openAPIV3Schema
        assertStructural(schema, `${metadata.name} ${version.name}`)
        assert.deepEqual((schema['properties'] as Record<string, Schema>)['metadata'], { type: 'object' })
      }
      assert.equal(spec.versions.filter(({ storage }) => storage).length, 1)
    }
  })

  it("have ALBC's fields, versions and columns", () => {
    const bindings = definition('targetgroupbindings.elbv2.k8s.aws')
    assert.deepEqual(
      bindings.spec.versions.map(({ name, served, storage }) => [name, served, storage]),
      [
        ['v1alpha1', true, false],
        ['v1beta1', true, true],
      ],
    )
    assert.deepEqual(
      bindings.spec.versions[1]?.additionalPrinterColumns.map(({ name }) => name),
      ['SERVICE-NAME', 'SERVICE-PORT', 'TARGET-TYPE', 'ARN', 'NAME', 'AGE'],
    )
    assert.deepEqual(bindings.spec.versions[1]?.subresources, { status: {} })
    const v1beta1 = fields(specOf('targetgroupbindings.elbv2.k8s.aws', 'v1beta1'))
    const lacking = ['ipAddressType', 'nodeSelector', 'targetGroupProtocol', 'vpcID']
    assert.deepEqual(
      fields(specOf('targetgroupbindings.elbv2.k8s.aws', 'v1alpha1')),
      v1beta1.filter((field) => !lacking.includes(field)),
    )
    assert.deepEqual(specOf('targetgroupbindings.elbv2.k8s.aws', 'v1beta1')['required'], ['serviceRef'])
    const params = definition('ingressclassparams.elbv2.k8s.aws')
    assert.equal(params.spec.scope, 'Cluster')
    assert.deepEqual(params.spec.versions[0]?.subresources, {})
    assert.equal(specOf('ingressclassparams.elbv2.k8s.aws', 'v1beta1')['required'], undefined)
    assert.equal(fields(specOf('ingressclassparams.elbv2.k8s.aws', 'v1beta1')).length, 20)
  })

  it('hold what ALBC leaves to its webhook as CEL rules', () => {
    const rules = specOf('targetgroupbindings.elbv2.k8s.aws', 'v1beta1')['x-kubernetes-validations'] as {
      rule: string
    }[]
    for (const field of ['targetGroupARN', 'targetType', 'ipAddressType', 'vpcID']) {
      assert.ok(
        rules.some(({ rule }) => rule.includes(`self.${field} == oldSelf.${field}`)),
        field,
      )
    }
  })
})

describe('schemas', () => {
  const binding: TargetGroupBindingSpec = {
    targetGroupARN: 'arn',
    targetType: 'ip',
    serviceRef: { name: 'web', port: 'http' },
    networking: { ingress: [{ from: [{ securityGroup: { groupID: 'sg-1' } }], ports: [{ port: 80 }] }] },
  }
  const taken = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): boolean =>
    schema.safeParse(value).success

  it('take what ALBC takes', () => {
    assert.deepEqual(targetGroupBindingSpec.parse({ ...binding, unknown: 1 }), binding)
    assert.ok(taken(targetGroupBindingSpec, { serviceRef: { name: 'web', port: 80 } }))
    assert.ok(taken(ingressClassParamsSpec, {}))
    assert.ok(
      taken(ingressClassParamsSpec, {
        scheme: 'internal',
        subnets: { tags: { Name: ['a', 'b'] } },
        listeners: [{ protocol: 'HTTP', port: 80, listenerAttributes: [{ key: 'k', value: 'v' }] }],
        minimumLoadBalancerCapacity: { capacityUnits: 100 },
        namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
      }),
    )
    assert.ok(taken(ingressReportStatus, { observedGeneration: 3, held: ['rules'] }))
    assert.ok(taken(ingressGroupStatus, { address: 'x', listeners: [{ port: 80, protocol: 'HTTP' }] }))
  })

  it('refuse what ALBC refuses', () => {
    const bad: readonly [typeof targetGroupBindingSpec | typeof ingressClassParamsSpec, unknown][] = [
      [targetGroupBindingSpec, {}],
      [targetGroupBindingSpec, { ...binding, targetType: 'lambda' }],
      [targetGroupBindingSpec, { ...binding, serviceRef: { name: 'web' } }],
      [targetGroupBindingSpec, { ...binding, serviceRef: { name: 'web', port: 80.5 } }],
      [targetGroupBindingSpec, { ...binding, targetGroupProtocol: 'SCTP' }],
      [targetGroupBindingSpec, { ...binding, networking: { ingress: [{ from: [] }] } }],
      [ingressClassParamsSpec, { scheme: 'public' }],
      [ingressClassParamsSpec, { subnets: { ids: [] } }],
      [ingressClassParamsSpec, { subnets: { ids: ['Subnet-1'] } }],
      [ingressClassParamsSpec, { tags: [{ key: 'a' }] }],
      [ingressClassParamsSpec, { minimumLoadBalancerCapacity: { capacityUnits: 3_000_000_000 } }],
      [ingressClassParamsSpec, { group: {} }],
    ]
    for (const [schema, value] of bad) assert.equal(taken(schema, value), false, JSON.stringify(value))
  })
})
