import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createApiServer, type ApiServer } from '../../localstack/kube/server.ts'
import { createKube, type Kube } from '../../src/kube/client.ts'
import * as resource from '../../src/kube/resource.ts'
import * as write from '../../src/kube/write.ts'
import { customResourceDefinitions } from '../../src/kind/crd.ts'
import type { HttpRequest } from '../../src/lib/http.ts'
import type { Ingress, KubeObject, Pod, TargetGroupBinding } from '../../src/model/cluster.ts'

const crds: resource.Resource<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const arn = 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/0123456789abcdef'

describe('writes, against the API server in memory', () => {
  let server: ApiServer
  let kube: Kube
  let asked: HttpRequest[]

  const must = async <T>(
    answer: Promise<{ ok: true; value: T } | { ok: false; error: unknown }>,
  ): Promise<T> => {
    const { ok, ...rest } = await answer
    assert.equal(ok, true, JSON.stringify(rest))
    return (rest as { value: T }).value
  }
  const read = (): Promise<Ingress> =>
    must(kube.get(resource.ingresses, { namespace: 'default', name: 'web' }))
  const calls = (): string[] => asked.splice(0).map(({ method, path }) => `${method} ${path.split('?')[0]}`)

  beforeEach(async () => {
    server = createApiServer()
    asked = []
    kube = createKube((request) => {
      asked.push(request)
      return server.handle(request)
    })
    await must(
      kube.create(resource.ingresses, {
        metadata: { name: 'web', namespace: 'default', finalizers: ['other.example/thing'] },
        spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } },
      }),
    )
    asked = []
  })
  afterEach(() => server.stop())

  it('adds a finalizer once, and keeps what others added since', async () => {
    const stale = await read()
    await must(
      kube.patch(
        resource.ingresses,
        { namespace: 'default', name: 'web' },
        {
          metadata: { finalizers: ['other.example/thing', 'third.example/party'], labels: { x: 'y' } },
        },
      ),
    )
    asked = []
    const written = await must(
      write.addFinalizer(kube, resource.ingresses, stale, 'ingress.k8s.aws/resources'),
    )
    assert.deepEqual(written.metadata.finalizers, [
      'other.example/thing',
      'third.example/party',
      'ingress.k8s.aws/resources',
    ])
    assert.equal(calls().length, 3)
    await must(write.addFinalizer(kube, resource.ingresses, written, 'ingress.k8s.aws/resources'))
    assert.deepEqual(calls(), [])
  })

  it('removes its finalizer alone; the last one lets the object go, and that is no error', async () => {
    const mine = await must(
      write.addFinalizer(kube, resource.ingresses, await read(), 'ingress.k8s.aws/resources'),
    )
    await must(kube.delete(resource.ingresses, { namespace: 'default', name: 'web' }))
    const left = await must(
      write.removeFinalizer(kube, resource.ingresses, mine, 'ingress.k8s.aws/resources'),
    )
    assert.deepEqual(left?.metadata.finalizers, ['other.example/thing'])
    await must(write.removeFinalizer(kube, resource.ingresses, left!, 'other.example/thing'))
    const gone = await kube.get(resource.ingresses, { namespace: 'default', name: 'web' })
    assert.equal(!gone.ok && gone.error.status, 404)
    assert.equal(
      await must(write.removeFinalizer(kube, resource.ingresses, mine, 'ingress.k8s.aws/resources')),
      undefined,
    )
  })

  it('leaves an object alone that was created anew under the name', async () => {
    const old = await must(
      write.addFinalizer(kube, resource.ingresses, await read(), 'ingress.k8s.aws/resources'),
    )
    await must(kube.delete(resource.ingresses, { namespace: 'default', name: 'web' }))
    const bare = await must(write.removeFinalizer(kube, resource.ingresses, old, 'other.example/thing'))
    await must(write.removeFinalizer(kube, resource.ingresses, bare!, 'ingress.k8s.aws/resources'))
    await must(
      kube.create(resource.ingresses, {
        metadata: { name: 'web', namespace: 'default', finalizers: ['ingress.k8s.aws/resources'] },
        spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } },
      }),
    )
    await write.removeFinalizer(kube, resource.ingresses, old, 'ingress.k8s.aws/resources')
    const status = await write.applyIngressStatus(kube, old, [{ hostname: 'old.example' }])
    assert.equal(status.ok, false)
    const now = await read()
    assert.deepEqual(now.metadata.finalizers, ['ingress.k8s.aws/resources'])
    assert.equal(now.status?.loadBalancer?.ingress, undefined)
  })

  it("takes an Ingress's status over from another manager, and empties it", async () => {
    await must(
      kube.patch(
        resource.ingresses,
        { namespace: 'default', name: 'web' },
        {
          status: {
            loadBalancer: { ingress: [{ hostname: 'albc.example', ports: [{ port: 80, protocol: 'TCP' }] }] },
          },
        },
        { subresource: 'status' },
      ),
    )
    asked = []
    await must(write.applyIngressStatus(kube, await read(), [{ hostname: 'ours.example' }]))
    assert.deepEqual((await read()).status?.loadBalancer?.ingress, [{ hostname: 'ours.example' }])
    asked = []
    await must(write.applyIngressStatus(kube, await read(), [{ hostname: 'ours.example' }]))
    assert.equal(calls().length, 1)
    await must(write.applyIngressStatus(kube, await read(), []))
    assert.deepEqual((await read()).status?.loadBalancer?.ingress ?? [], [])
    assert.deepEqual((await read()).spec.defaultBackend?.service?.name, 'x')
  })

  it('creates, updates and deletes a binding', async () => {
    for (const definition of customResourceDefinitions()) await must(kube.create(crds, definition))
    const wanted = {
      namespace: 'default',
      name: 'k8s-default-x-0123456789',
      labels: { 'ingress.k8s.aws/stack': 'web' },
      spec: {
        targetGroupARN: arn,
        targetType: 'ip',
        serviceRef: { name: 'x', port: 80 },
        nodeSelector: undefined,
        networking: {
          ingress: [{ from: [{ securityGroup: { groupID: 'sg-1' } }], ports: [{ protocol: 'TCP' }] }],
        },
      },
    } as const
    const { nodeSelector, ...spec } = wanted.spec
    assert.equal(nodeSelector, undefined)
    const made = await must(write.createTargetGroupBinding(kube, { ...wanted, spec }))
    assert.equal(made.spec.targetGroupARN, arn)
    const again = await write.createTargetGroupBinding(kube, { ...wanted, spec })
    assert.equal(!again.ok && again.error.reason, 'AlreadyExists')

    const annotated = await must(
      write.annotateTargetGroupBinding(kube, made, { 'elbv2.k8s.aws/checkpoint': 'c' }),
    )
    asked = []
    await must(write.updateTargetGroupBinding(kube, annotated, { labels: wanted.labels, spec }))
    assert.deepEqual(calls(), [])
    // From a stale object, without the ARN, and without networking: one round more, the ARN kept, networking gone.
    const updated = await must(
      write.updateTargetGroupBinding(kube, made, {
        labels: { extra: '1' },
        spec: { targetType: 'ip', serviceRef: { name: 'x', port: 'http' } },
      }),
    )
    assert.equal(calls().length, 3)
    assert.deepEqual(updated.spec, {
      targetGroupARN: arn,
      targetType: 'ip',
      serviceRef: { name: 'x', port: 'http' },
    })
    assert.deepEqual(updated.metadata.labels, { 'ingress.k8s.aws/stack': 'web', extra: '1' })
    assert.deepEqual(updated.metadata.annotations, { 'elbv2.k8s.aws/checkpoint': 'c' })

    const stated: TargetGroupBinding = await must(
      write.applyBindingStatus(kube, updated, { observedGeneration: 2 }),
    )
    assert.deepEqual(stated.status, { observedGeneration: 2 })
    const name = { namespace: 'default', name: wanted.name }
    await must(write.deleteTargetGroupBinding(kube, { ...name, uid: 'another' }))
    assert.equal((await kube.get(resource.targetGroupBindings, name)).ok, true)
    await must(write.deleteTargetGroupBinding(kube, { ...name, uid: made.metadata.uid }))
    assert.equal((await kube.get(resource.targetGroupBindings, name)).ok, false)
    await must(write.deleteTargetGroupBinding(kube, { ...name, uid: made.metadata.uid }))
  })

  it('sets a readiness gate beside the other conditions, and only when it says something new', async () => {
    const name = { namespace: 'default', name: 'p' }
    await must(
      kube.create(resource.pods, { metadata: name, spec: { containers: [{ name: 'c', image: 'i' }] } }),
    )
    await must(
      kube.patch(
        resource.pods,
        name,
        { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
        { subresource: 'status' },
      ),
    )
    const pod: Pod = await must(kube.get(resource.pods, name))
    const gate = { type: 'target-health.elbv2.k8s.aws/b', status: 'True', reason: 'Healthy', message: '' }
    const set = await must(write.setPodCondition(kube, pod, gate))
    assert.deepEqual(set?.status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort(), [
      'Ready=False',
      'target-health.elbv2.k8s.aws/b=True',
    ])
    asked = []
    await must(write.setPodCondition(kube, set!, gate))
    assert.deepEqual(calls(), [])
    await must(kube.delete(resource.pods, name))
    assert.equal(await must(write.setPodCondition(kube, pod, gate)), undefined)
  })
})
