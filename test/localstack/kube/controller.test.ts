// The controller's own plumbing on the local API server, without a socket: informers, finalizers, status.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createKube } from '../../../src/kube/client.ts'
import { ingresses } from '../../../src/kube/resource.ts'
import { addFinalizer, applyIngressStatus } from '../../../src/kube/write.ts'
import { createInformers } from '../../../src/watch/informers.ts'
import { client, settle } from './client.ts'

const binding = (plural: string, kind: string, scope: string) => ({
  metadata: { name: `${plural}.elbv2.k8s.aws` },
  spec: {
    group: 'elbv2.k8s.aws',
    scope,
    names: { plural, kind },
    versions: [
      { name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
})

test('every informer syncs, follows, and sees the controller’s own writes', async () => {
  const { server, post } = client()
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await post(definitions, binding('targetgroupbindings', 'TargetGroupBinding', 'Namespaced'))
  await post(definitions, binding('ingressclassparams', 'IngressClassParams', 'Cluster'))
  const kube = createKube(server.handle)
  const informers = createInformers(kube)
  after(() => informers.stop())
  informers.start()
  assert.equal(await informers.synced, true)
  assert.equal(informers.stores.namespaces.list().length, 4)

  const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
  const backend = { service: { name: 'web', port: { number: 80 } } }
  const { body } = await post(path, { metadata: { name: 'web' }, spec: { defaultBackend: backend } })
  await settle()
  assert.deepEqual(
    informers.stores.ingresses.list().map((one) => one.metadata.name),
    ['web'],
  )
  assert.equal((await addFinalizer(kube, ingresses, body, 'example.com/held')).ok, true)
  assert.equal((await applyIngressStatus(kube, body, [{ hostname: 'x.elb' }])).ok, true)
  await settle()
  const [seen] = informers.stores.ingresses.list()
  assert.deepEqual(seen?.metadata.finalizers, ['example.com/held'])
  assert.deepEqual(seen?.status?.loadBalancer?.ingress, [{ hostname: 'x.elb' }])
})
