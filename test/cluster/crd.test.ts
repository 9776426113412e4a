/** Our kinds on a real API server: each CEL rule by an object that it takes and one that it names, and whatever ALBC's schemas allow. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { customResourceDefinitions } from '../../src/kind/crd.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Answer, type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { everyBindingField, everyParamsField } from './every-field.ts'

let cluster: Cluster
let kube: Client
before(async () => {
  cluster = await startCluster(binaries())
  kube = clientOf(cluster.kubeconfig)
  for (const crd of customResourceDefinitions()) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    assert.equal((await kube.call('POST', path, crd)).status, 201)
  }
  for (const path of [...Object.values(at), groups, reports])
    await eventually(async () => assert.equal((await kube.call('GET', path)).status, 200), 30_000)
})
after(async () => {
  kube?.close()
  await cluster?.stop()
})

const at = {
  IngressClassParams: '/apis/elbv2.k8s.aws/v1beta1/ingressclassparams',
  TargetGroupBinding: '/apis/elbv2.k8s.aws/v1beta1/namespaces/default/targetgroupbindings',
}
const groups = '/apis/albatross.dev/v1alpha1/ingressgroups'
const reports = '/apis/albatross.dev/v1alpha1/namespaces/default/ingressreports'
type Kind = keyof typeof at
const objectOf = (kind: Kind, spec: object, version = 'v1beta1', name = 'tried'): object => ({
  apiVersion: `elbv2.k8s.aws/${version}`,
  kind,
  metadata: { name },
  spec,
})
/** Unknown fields are an error, so that a field that is dropped in silence shows. */
const create = (kind: Kind, spec: object): Promise<Answer> =>
  kube.call('POST', `${at[kind]}?dryRun=All&fieldValidation=Strict`, objectOf(kind, spec))

const serviceRef = { name: 'web', port: 80 }
const arn = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef'
const bound = { serviceRef, targetGroupARN: arn }

type Example = {
  readonly kind: Kind
  readonly good: readonly object[]
  readonly bad: readonly object[]
  /** What is there already, where a rule looks at what changes. */
  readonly before?: object
}
/** By the rule's message. */
const examples: Readonly<Record<string, Example>> = {
  'exactly one of ids and tags must be given': {
    kind: 'IngressClassParams',
    good: [{ subnets: { ids: ['subnet-0a'] } }, { subnets: { tags: { tier: ['public'] } } }],
    bad: [{ subnets: { ids: ['subnet-0a'], tags: { tier: ['public'] } } }, { subnets: {} }],
  },
  'prefixListsIDs and PrefixListsIDs must not both be given': {
    kind: 'IngressClassParams',
    good: [{ prefixListsIDs: ['pl-1'] }, { PrefixListsIDs: ['pl-1'] }, {}],
    bad: [{ prefixListsIDs: ['pl-1'], PrefixListsIDs: ['pl-1'] }],
  },
  'targetGroupARN or targetGroupName must be given': {
    kind: 'TargetGroupBinding',
    good: [bound, { serviceRef, targetGroupName: 'web' }],
    bad: [{ serviceRef }],
  },
  'nodeSelector is for targets of type instance': {
    kind: 'TargetGroupBinding',
    good: [
      { ...bound, nodeSelector: { matchLabels: { a: 'b' } } },
      { ...bound, nodeSelector: {}, targetType: 'instance' },
    ],
    bad: [{ ...bound, nodeSelector: { matchLabels: { a: 'b' } }, targetType: 'ip' }],
  },
  'iamRoleArnToAssume is for targets of type ip': {
    kind: 'TargetGroupBinding',
    good: [{ ...bound, iamRoleArnToAssume: 'arn:aws:iam::1:role/x', targetType: 'ip' }],
    bad: [{ ...bound, iamRoleArnToAssume: 'arn:aws:iam::1:role/x', targetType: 'instance' }],
  },
  "targetGroupARN can't be changed; make a new TargetGroupBinding": {
    kind: 'TargetGroupBinding',
    before: bound,
    good: [{ ...bound, targetType: 'ip' }],
    bad: [
      { ...bound, targetGroupARN: `${arn}0` },
      { serviceRef, targetGroupName: 'web' },
    ],
  },
  "targetType can't be changed; make a new TargetGroupBinding": {
    kind: 'TargetGroupBinding',
    before: { ...bound, targetType: 'ip' },
    good: [{ ...bound, targetType: 'ip', serviceRef: { name: 'other', port: 'http' } }],
    bad: [{ ...bound, targetType: 'instance' }, bound],
  },
  "ipAddressType can't be changed; make a new TargetGroupBinding": {
    kind: 'TargetGroupBinding',
    before: { ...bound, ipAddressType: 'ipv4' },
    good: [{ ...bound, ipAddressType: 'ipv4', targetType: 'ip' }],
    bad: [{ ...bound, ipAddressType: 'ipv6' }, bound],
  },
  "vpcID can't be changed; make a new TargetGroupBinding": {
    kind: 'TargetGroupBinding',
    before: { ...bound, vpcID: 'vpc-1' },
    good: [{ ...bound, vpcID: 'vpc-1', targetType: 'ip' }],
    bad: [{ ...bound, vpcID: 'vpc-2' }, bound],
  },
}

type Schema = { readonly [key: string]: unknown }
const messagesIn = (schema: unknown): readonly string[] =>
  typeof schema !== 'object' || schema === null
    ? []
    : [
        ...(((schema as Schema)['x-kubernetes-validations'] ?? []) as { message: string }[]).map(
          ({ message }) => message,
        ),
        ...Object.values(schema).flatMap(messagesIn),
      ]

test('every CEL rule has its examples', () => {
  const messages = new Set(customResourceDefinitions().flatMap(({ spec }) => messagesIn(spec['versions'])))
  assert.deepEqual([...messages].sort(), Object.keys(examples).sort())
})

for (const [message, { kind, good, bad, before: first }] of Object.entries(examples))
  test(`${kind}: ${message}`, async () => {
    const tried = async (spec: object): Promise<Answer> => {
      if (first === undefined) return await create(kind, spec)
      const { metadata } = (await kube.call('GET', `${at[kind]}/tried`)).body as { metadata: object }
      const path = `${at[kind]}/tried?dryRun=All&fieldValidation=Strict`
      return await kube.call('PUT', path, { ...objectOf(kind, spec), metadata })
    }
    if (first !== undefined)
      assert.equal((await kube.call('POST', at[kind], objectOf(kind, first))).status, 201)
    for (const spec of good) {
      const { status, body } = await tried(spec)
      assert.ok(status < 300, `${JSON.stringify(spec)}: ${JSON.stringify(body)}`)
    }
    for (const spec of bad) {
      const { status, body } = await tried(spec)
      assert.equal(status, 422, JSON.stringify(spec))
      assert.ok((body as { message: string }).message.includes(message), JSON.stringify(body))
    }
    if (first !== undefined) assert.equal((await kube.call('DELETE', `${at[kind]}/tried`)).status, 200)
  })

test("a binding that had no VPC, type or family yet gets them, as ALBC's webhook gives them", async () => {
  await kube.call('POST', at.TargetGroupBinding, objectOf('TargetGroupBinding', bound))
  const given = { targetType: 'ip', ipAddressType: 'ipv4', vpcID: 'vpc-1', targetGroupProtocol: 'HTTP' }
  const path = `${at.TargetGroupBinding}/tried?fieldValidation=Strict`
  const { status } = await kube.call('PATCH', path, { spec: given }, 'application/merge-patch+json')
  assert.equal(status, 200)
  assert.equal((await kube.call('DELETE', `${at.TargetGroupBinding}/tried`)).status, 200)
})

for (const [kind, specs] of [
  ['IngressClassParams', everyParamsField],
  ['TargetGroupBinding', everyBindingField],
] as const)
  test(`${kind} with every field of ALBC's schema is stored as it was written`, async () => {
    const known = new Set(Object.keys(fieldsOf(kind)))
    assert.deepEqual([...new Set(specs.flatMap(Object.keys))].sort(), [...known].sort())
    for (const spec of specs) {
      const { status, body } = await create(kind, spec)
      assert.equal(status, 201, JSON.stringify(body))
      assert.deepEqual((body as { spec: object }).spec, spec)
    }
  })

function fieldsOf(kind: Kind): object {
  const found = customResourceDefinitions().find(
    ({ spec }) => (spec['names'] as { kind: string }).kind === kind,
  )
  type Version = {
    name: string
    schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } }
  }
  const versions = found?.spec['versions'] as readonly Version[]
  return (
    versions.find(({ name }) => name === 'v1beta1')?.schema.openAPIV3Schema.properties.spec.properties ?? {}
  )
}

test('a TargetGroupBinding written as v1alpha1 is read as v1beta1, and back', async () => {
  const old = at.TargetGroupBinding.replace('v1beta1', 'v1alpha1')
  const { networking } = everyBindingField[0]
  const spec = { ...bound, targetType: 'ip', networking, multiClusterTargetGroup: true }
  assert.equal(
    (await kube.call('POST', old, objectOf('TargetGroupBinding', spec, 'v1alpha1', 'old'))).status,
    201,
  )
  for (const path of [old, at.TargetGroupBinding])
    assert.deepEqual(((await kube.call('GET', `${path}/old`)).body as { spec: object }).spec, spec)
})
