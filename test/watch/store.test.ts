import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ingress, Node, Pod } from '../../src/model/cluster.ts'
import { servicesOfIngress } from '../../src/watch/index-key.ts'
import { createStore } from '../../src/watch/store.ts'
import { slimIngress, slimNode, slimPod } from '../../src/watch/transform.ts'

const ingress = (name: string, version: string, more: Partial<Ingress> = {}): Ingress => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: version },
  spec: {},
  ...more,
})
const to = (service: string): Ingress['spec'] => ({ defaultBackend: { service: { name: service } } })

describe('store', () => {
  it('finds by index, and forgets old values', () => {
    const store = createStore({ service: servicesOfIngress }, assert.ifError)
    store.set(ingress('a', '1', { spec: to('x') }))
    store.set(ingress('b', '2', { spec: to('x') }))
    const both = store.by('service', 'shop/x')
    assert.deepEqual(
      both.map((found) => found.metadata.name),
      ['a', 'b'],
    )
    assert.equal(store.by('service', 'shop/x'), both)
    store.set(ingress('a', '3', { spec: to('y') }))
    assert.deepEqual(
      store.by('service', 'shop/x').map((found) => found.metadata.name),
      ['b'],
    )
    store.set(ingress('a', '4', { spec: to('y'), status: {} }))
    assert.equal(store.by('service', 'shop/y')[0]?.metadata.resourceVersion, '4')
    store.remove(ingress('a', '5'))
    assert.deepEqual(store.by('service', 'shop/y'), [])
    assert.deepEqual(both.length, 2)
  })

  it('gives the same frozen list until something changes', () => {
    const store = createStore<Ingress>({}, assert.ifError)
    store.set(ingress('a', '1'))
    const list = store.list()
    assert.equal(store.list(), list)
    assert.throws(() => (list as Ingress[]).push(ingress('b', '2')), TypeError)
    store.set(ingress('a', '1'))
    assert.equal(store.list(), list)
    store.set(ingress('a', '2'))
    assert.notEqual(store.list(), list)
  })

  it('says gone and new for an object created anew under its name', () => {
    const store = createStore<Ingress>({}, assert.ifError)
    const told: string[] = []
    store.set(ingress('a', '1'))
    const end = store.onChange((old, now) => told.push(`${old?.metadata.uid} > ${now?.metadata.uid}`))
    store.set({ metadata: { name: 'a', namespace: 'shop', uid: 'other', resourceVersion: '2' }, spec: {} })
    assert.deepEqual(told, ['a > undefined', 'undefined > other'])
    end()
    store.replace([])
    assert.equal(told.length, 2)
    assert.equal(store.size, 0)
  })

  it('finds Services in backends and in actions, in any spelling of the key', () => {
    const found = servicesOfIngress(
      ingress('a', '1', {
        metadata: {
          name: 'a',
          namespace: 'shop',
          uid: 'a',
          annotations: {
            'alb.ingress.kubernetes.io/actions.split':
              '{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"x"},{"ServiceName":"y"},{"targetGroupARN":"arn"}]}}',
            'alb.ingress.kubernetes.io/actions.broken': '{',
            'alb.ingress.kubernetes.io/conditions.x': '[{"serviceName":"no"}]',
          },
        },
        spec: {
          ...to('d'),
          rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 'x' } } }] } }, { host: 'h' }],
        },
      }),
    )
    assert.deepEqual([...found].sort(), ['shop/d', 'shop/x', 'shop/y'])
  })
})

describe('transforms', () => {
  it('make a pod small and keep what targets and readiness gates need', () => {
    const pod = {
      metadata: {
        name: 'p',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '1',
        labels: { app: 'x' },
        annotations: { 'vpc.amazonaws.com/pod-eni': '[]', other: 'y'.repeat(3000) },
        ownerReferences: [
          { apiVersion: 'x/v1', kind: 'Group', name: 'g', uid: 'g' },
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'r', controller: true },
        ],
        managedFields: [{ manager: 'kubelet' }],
      },
      spec: {
        nodeName: 'n',
        readinessGates: [{ conditionType: 'target-health.elbv2.k8s.aws/b' }],
        containers: [
          {
            name: 'c',
            image: 'i',
            env: [{ name: 'SECRET', value: 's' }],
            ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }, { containerPort: 81 }],
          },
          {
            name: 'd',
            image: 'j',
            lifecycle: {
              postStart: { exec: { command: ['x'] } },
              preStop: { exec: { command: ['sleep', '9'] } },
            },
          },
          {
            name: 'e',
            image: 'k',
            lifecycle: { preStop: { exec: { command: ['sh', '-c', 'x'.repeat(9000)] } } },
          },
          {
            name: 'f',
            image: 'l',
            lifecycle: { preStop: { httpGet: { path: '/bye', port: 80, httpHeaders: [] } } },
          },
        ],
      },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        containerStatuses: [{}],
        conditions: [
          { type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: 't' },
          { type: 'Initialized', status: 'True' },
          { type: 'target-health.elbv2.k8s.aws/b', status: 'False', reason: 'r' },
        ],
      },
    }
    assert.deepEqual(slimPod(pod as unknown as Pod), {
      metadata: {
        name: 'p',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '1',
        ownerReferences: [{ kind: 'ReplicaSet', name: 'web-1', controller: true }],
        annotations: { 'vpc.amazonaws.com/pod-eni': '[]' },
      },
      spec: {
        nodeName: 'n',
        readinessGates: [{ conditionType: 'target-health.elbv2.k8s.aws/b' }],
        containers: [
          { name: 'c', ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }] },
          { name: 'd', lifecycle: { preStop: { exec: { command: ['sleep', '9'] } } } },
          { name: 'e', lifecycle: { preStop: { exec: {} } } },
          { name: 'f', lifecycle: { preStop: { httpGet: {} } } },
        ],
      },
      status: {
        phase: 'Running',
        podIP: '10.0.0.1',
        conditions: [
          { type: 'Ready', status: 'True', lastTransitionTime: 't' },
          { type: 'target-health.elbv2.k8s.aws/b', status: 'False', reason: 'r' },
        ],
      },
    })
  })

  it('keep a heartbeat from being news, and bear objects without spec', () => {
    const node = (beat: string): Node =>
      slimNode({
        metadata: { name: 'n', uid: 'n' },
        spec: {},
        status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: beat } as never] },
      })
    assert.deepEqual(node('1'), node('2'))
    const bare = { metadata: { name: 'x', uid: 'x' } }
    assert.deepEqual(slimIngress(bare as Ingress).spec, {})
    assert.deepEqual(slimPod(bare as Pod).spec, {})
  })
})
