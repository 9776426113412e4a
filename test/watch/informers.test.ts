import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Clock, install } from '@sinonjs/fake-timers'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { customResourceDefinitions } from '../../src/kind/crd.ts'
import { createKube, type Kube } from '../../src/kube/client.ts'
import * as resource from '../../src/kube/resource.ts'
import type { KubeObject, TargetGroupBinding } from '../../src/model/cluster.ts'
import { createInformers, type Informers } from '../../src/watch/informers.ts'
import { settle } from './scripted.ts'

const crds: resource.Resource<KubeObject> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const backend = (name: string): object => ({ defaultBackend: { service: { name, port: { number: 80 } } } })

for (const watchList of [true, false]) {
  describe(`informers, ${watchList ? 'with' : 'without'} WatchList`, () => {
    let clock: Clock
    let server: ApiServer
    let kube: Kube
    let informers: Informers
    let told: string[]

    const create = async (of: resource.Resource, object: object): Promise<KubeObject> => {
      const answer = await kube.create(of, object as { metadata: { name: string } })
      assert.equal(answer.ok, true, JSON.stringify(answer))
      await settle()
      return (answer as { value: KubeObject }).value
    }
    const ingress = (name: string, service: string): Promise<KubeObject> =>
      create(resource.ingresses, { metadata: { name, namespace: 'default' }, spec: backend(service) })

    beforeEach(async () => {
      clock = install({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
      server = createApiServer({ watchList })
      kube = createKube(server.handle)
      for (const definition of customResourceDefinitions()) await create(crds, definition)
      await ingress('before', 'x')
      told = []
      informers = createInformers(kube, { onHandlerError: assert.ifError })
      informers.onChange('ingresses', (old, now) =>
        told.push(`${old?.metadata.name ?? '-'} > ${now?.metadata.name ?? '-'}`),
      )
      informers.start()
      assert.equal(await informers.synced, true)
    })
    afterEach(async () => {
      await informers.stop()
      server.stop()
      await settle()
      assert.equal(server.watchCount(), 0)
      clock.uninstall()
    })

    it('follow every kind, and snapshots stay the same until something changes', async () => {
      assert.equal(server.watchCount(), 11)
      assert.ok(Object.values(informers.state()).every(({ synced, error }) => synced && !error))
      const before = informers.snapshot()
      assert.deepEqual(
        before.ingresses.map(({ metadata }) => metadata.name),
        ['before'],
      )
      assert.equal(informers.snapshot(), before)
      await create(resource.nodes, { metadata: { name: 'n' } })
      assert.equal(informers.snapshot(), before)
      await ingress('after', 'y')
      const now = informers.snapshot()
      assert.notEqual(now, before)
      assert.equal(now.services, before.services)
      assert.deepEqual(told, ['- > before', '- > after'])
      assert.deepEqual(
        informers.stores.ingresses.by('service', 'default/y').map(({ metadata }) => metadata.name),
        ['after'],
      )
    })

    it('lose nothing through dropped connections, a compaction and refusals', async () => {
      server.dropWatches('end')
      server.fault({ path: /watch=true/, status: 500, times: 4 })
      server.compact()
      for (let i = 0; i < 5; i += 1) await ingress(`i${i}`, 'z')
      await kube.delete(resource.ingresses, { namespace: 'default', name: 'before' })
      for (let i = 0; i < 10; i += 1) {
        await settle()
        await clock.tickAsync(5_000)
      }
      assert.deepEqual(
        informers
          .snapshot()
          .ingresses.map(({ metadata }) => metadata.name)
          .sort(),
        ['i0', 'i1', 'i2', 'i3', 'i4'],
      )
      assert.ok(Object.values(informers.state()).every(({ failures, error }) => failures === 0 && !error))
      assert.ok(told.includes('before > -'))
    })

    it("find a binding's endpoints: slices by Service, the pods they name, the nodes under them", async () => {
      await create(resource.services, {
        metadata: { name: 'x', namespace: 'default' },
        spec: { ports: [{ port: 80 }] },
      })
      for (const name of ['n1', 'n2']) await create(resource.nodes, { metadata: { name } })
      const pod = (name: string): Promise<KubeObject> =>
        create(resource.pods, {
          metadata: { name, namespace: 'default' },
          spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] },
        })
      await pod('p')
      await pod('other')
      await create(resource.endpointSlices, {
        metadata: { name: 'x-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'x' } },
        addressType: 'IPv4',
        ports: [{ name: '', port: 8080, protocol: 'TCP' }],
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            nodeName: 'n1',
            targetRef: { kind: 'Pod', name: 'p', namespace: 'default' },
          },
        ],
      })
      const binding = (targetType: 'ip' | 'instance'): TargetGroupBinding => ({
        metadata: { name: 'b', namespace: 'default', uid: 'b' },
        spec: { targetType, serviceRef: { name: 'x', port: 80 } },
      })
      const found = informers.endpointsOf(binding('ip'))
      assert.equal(found.service?.metadata.name, 'x')
      assert.deepEqual(
        found.slices.map(({ metadata }) => metadata.name),
        ['x-1'],
      )
      assert.deepEqual(
        found.pods.map(({ metadata }) => metadata.name),
        ['p'],
      )
      assert.deepEqual(
        found.nodes.map(({ metadata }) => metadata.name),
        ['n1'],
      )
      assert.equal(informers.endpointsOf(binding('instance')).nodes.length, 2)
    })
  })
}
