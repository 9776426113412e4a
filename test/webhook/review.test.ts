/** What the webhooks answer: pods and their gates as ALBC's, bindings and what they leave out; and never a refusal. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { fail, ok } from '../../src/lib/result.ts'
import type { ActualTargetGroup } from '../../src/model/actual.ts'
import type { Service, TargetGroupBinding } from '../../src/model/cluster.ts'
import { reviewBinding } from '../../src/webhook/binding-default.ts'
import { reviewPod } from '../../src/webhook/gate.ts'
import { answerOf, readReview } from '../../src/webhook/review.ts'

const gate = (name: string): string => `target-health.elbv2.k8s.aws/${name}`
const legacy = 'target-health.alb.ingress.k8s.aws/old_gate'

const service = (name: string, selector: Record<string, string> | undefined): Service => ({
  metadata: { name, namespace: 'shop', uid: name },
  spec: selector === undefined ? {} : { selector },
})
const binding = (
  name: string,
  of: string,
  targetType?: 'ip' | 'instance',
  deletionTimestamp?: string,
): TargetGroupBinding => ({
  metadata: { name, namespace: 'shop', uid: name, ...(deletionTimestamp && { deletionTimestamp }) },
  spec: {
    serviceRef: { name: of, port: 80 },
    targetGroupARN: `arn:${name}`,
    ...(targetType && { targetType }),
  },
})

const cluster = (services: readonly Service[], bindings: readonly TargetGroupBinding[]) => ({
  services: (namespace: string) => services.filter(({ metadata }) => metadata.namespace === namespace),
  bindings: (key: string) => bindings.filter(({ spec }) => `shop/${spec.serviceRef.name}` === key),
})
const long = 'b'.repeat(64)
const shop = cluster(
  [
    service('web', { app: 'web' }),
    service('precise', { app: 'web', tier: 'front' }),
    service('slices', undefined),
    service('empty', {}),
    service('later', { app: 'later' }),
  ],
  [
    binding('web-b', 'web', 'ip'),
    binding('web-a', 'web', 'ip'),
    binding('precise', 'precise', 'ip'),
    binding('nodes', 'web', 'instance'),
    binding('untold', 'web'),
    binding('slices', 'slices', 'ip'),
    binding('empty', 'empty', 'ip'),
    binding('gone', 'nowhere', 'ip'),
    binding('leaving', 'later', 'ip', '2026-01-01T00:00:00Z'),
    binding(long, 'later', 'ip'),
  ],
)

const cases: readonly {
  readonly name: string
  readonly labels?: Record<string, string>
  readonly gates?: readonly string[]
  readonly namespace?: string
  readonly operation?: string
  /** Undefined: the pod is left alone. */
  readonly becomes?: readonly string[]
}[] = [
  {
    name: 'a gate for each binding of type ip whose Service selects the pod',
    labels: { app: 'web', other: 'x' },
    becomes: [gate('web-a'), gate('web-b')],
  },
  {
    name: 'all labels of the selector',
    labels: { app: 'web', tier: 'front' },
    becomes: [gate('precise'), gate('web-a'), gate('web-b')],
  },
  { name: 'no label, no gate', labels: { app: 'other' } },
  { name: 'a pod without labels' },
  {
    name: 'gates of others stay, in front; those there already are not added twice',
    labels: { app: 'web' },
    gates: ['example.com/own', gate('web-b')],
    becomes: ['example.com/own', gate('web-b'), gate('web-a')],
  },
  {
    name: 'all there already',
    labels: { app: 'web' },
    gates: [gate('web-b'), gate('web-a')],
  },
  {
    name: 'gates of the older controller go where new ones come',
    labels: { app: 'web' },
    gates: [legacy, 'example.com/own'],
    becomes: ['example.com/own', gate('web-a'), gate('web-b')],
  },
  { name: 'and stay where none do', labels: { app: 'other' }, gates: [legacy] },
  { name: 'another namespace', labels: { app: 'web' }, namespace: 'other' },
  { name: 'an update', labels: { app: 'web' }, operation: 'UPDATE' },
  { name: 'a binding that is being deleted sets no gates any more', labels: { app: 'later' } },
]
for (const { name, labels, gates, namespace = 'shop', operation = 'CREATE', becomes } of cases)
  test(name, () => {
    const object = {
      metadata: labels === undefined ? {} : { labels },
      spec: gates === undefined ? {} : { readinessGates: gates.map((conditionType) => ({ conditionType })) },
    }
    const { patch } = reviewPod({ uid: '1', operation, namespace, object }, shop)
    const value = becomes?.map((conditionType) => ({ conditionType }))
    assert.deepEqual(
      patch ?? [],
      value === undefined ? [] : [{ op: 'add', path: '/spec/readinessGates', value }],
    )
  })

test('a name that no gate can have is told, and does not make the pod invalid', () => {
  const asked = { uid: '1', operation: 'CREATE', namespace: 'shop' }
  const verdict = reviewPod({ ...asked, object: { metadata: { labels: { app: 'later' } } } }, shop)
  assert.equal(verdict.patch, undefined)
  assert.match(verdict.warnings?.[0] ?? '', /longer than 63 characters/)
})

test('nonsense in place of a pod is let pass', () => {
  for (const object of [null, undefined, {}, { metadata: null, spec: null }]) {
    const { patch } = reviewPod({ uid: '1', operation: 'CREATE', namespace: 'shop', object }, shop)
    assert.equal(patch, undefined)
  }
})

const group = {
  arn: 'arn:web',
  name: 'web',
  targetType: 'ip',
  protocol: 'HTTP',
  ipAddressType: 'ipv6',
  vpcId: 'vpc-1',
} as unknown as ActualTargetGroup
const signal = AbortSignal.timeout(60_000)
const created = (spec: unknown) => ({ uid: '1', operation: 'CREATE', namespace: 'shop', object: { spec } })
const added = (verdict: Awaited<ReturnType<typeof reviewBinding>>): Record<string, unknown> =>
  Object.fromEntries((verdict.patch ?? []).map(({ path, value }) => [path.slice('/spec/'.length), value]))

test('a binding gets what it leaves out from its target group, and keeps what it says', async () => {
  const asked: unknown[] = []
  const find = async (spec: unknown) => {
    asked.push(spec)
    return ok(group)
  }
  const spec = { targetGroupName: 'web', serviceRef: { name: 'web', port: 80 } }
  assert.deepEqual(added(await reviewBinding(created(spec), find, signal)), {
    targetGroupARN: 'arn:web',
    targetType: 'ip',
    targetGroupProtocol: 'HTTP',
    ipAddressType: 'ipv6',
    vpcID: 'vpc-1',
  })
  const stated = { ...spec, ipAddressType: 'ipv4', vpcID: '' }
  assert.deepEqual(Object.keys(added(await reviewBinding(created(stated), find, signal))), [
    'targetGroupARN',
    'targetType',
    'targetGroupProtocol',
    'vpcID',
  ])
  assert.equal(asked.length, 2)
  const whole = { targetGroupARN: 'arn:web', targetType: 'ip', ipAddressType: 'ipv4', vpcID: 'vpc-1' }
  assert.deepEqual(await reviewBinding(created(whole), find, signal), {})
  assert.deepEqual(await reviewBinding({ ...created(spec), operation: 'UPDATE' }, find, signal), {})
  assert.deepEqual(await reviewBinding(created({ serviceRef: {} }), find, signal), {})
  assert.equal(asked.length, 2)
})

test('what AWS does not say is told, and the binding is let pass as it is', async () => {
  const spec = { targetGroupName: 'web' }
  const error = { kind: 'denied', call: 'elbv2:DescribeTargetGroups', code: 'AccessDenied', message: 'no' }
  const answers = [
    [fail(error as never), /could not be looked up: elbv2:DescribeTargetGroups: AccessDenied: no/],
    [ok(undefined), /target group web does not exist/],
    [ok({ ...group, targetType: 'lambda' as const }), /type lambda/],
  ] as const
  for (const [answer, words] of answers) {
    const verdict = await reviewBinding(created(spec), async () => answer, signal)
    assert.equal(verdict.patch, undefined)
    assert.match(verdict.warnings?.[0] ?? '', words)
  }
})

test('reviews are read in both versions, and answered in the one that asked', () => {
  for (const version of ['v1', 'v1beta1']) {
    const apiVersion = `admission.k8s.io/${version}`
    const text = JSON.stringify({
      kind: 'AdmissionReview',
      apiVersion,
      request: { uid: 'u', operation: 'CREATE' },
    })
    const review = readReview(text)
    assert.ok(review)
    const answer = JSON.parse(
      answerOf(review, { patch: [{ op: 'add', path: '/a', value: 1 }], warnings: ['w'] }),
    )
    assert.equal(answer.apiVersion, apiVersion)
    const { patch, ...rest } = answer.response
    assert.deepEqual(rest, { uid: 'u', allowed: true, patchType: 'JSONPatch', warnings: ['w'] })
    assert.deepEqual(JSON.parse(Buffer.from(patch, 'base64').toString()), [
      { op: 'add', path: '/a', value: 1 },
    ])
  }
  for (const text of [
    '',
    '[]',
    'null',
    '{}',
    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2"}',
  ])
    assert.equal(readReview(text), undefined)
})
