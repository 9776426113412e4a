/** A large cluster's objects, written into etcd as the API server stores them: through it, they would take minutes. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

type Stored = { readonly key: string; readonly object: object }

/** In transactions of less than the 2 MiB that etcd takes, a few at a time. */
export async function fill(etcdUrl: string, objects: Iterable<Stored>): Promise<void> {
  const rest = batches(objects, 40)
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) {
      const success = next.value.map(({ key, object }) => ({
        requestPut: { key: base64(key), value: base64(JSON.stringify(object)) },
      }))
      const answer = await fetch(`${etcdUrl}/v3/kv/txn`, {
        method: 'POST',
        body: JSON.stringify({ success }),
      })
      assert.equal(answer.status, 200, await answer.text())
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function* batches<T>(all: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = []
  for (const one of all) {
    batch.push(one)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const metadata = (namespace: string, name: string, more: object = {}): object => ({
  name,
  namespace,
  uid: randomUUID(),
  generation: 1,
  creationTimestamp: '2026-01-01T00:00:00Z',
  // What makes objects large, and nobody here reads.
  managedFields: ['kubectl', 'kube-controller-manager'].map((manager) => ({
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`f:field-${at}`, { '.': {}, 'f:x': {} }]),
    ),
  })),
  ...more,
})

const namespaceOf = (at: number): string => `team-${at % 100}`

export function* ingresses(count: number, ingressClassName: string): Generator<Stored> {
  for (let at = 0; at < count; at += 1) {
    const [namespace, name] = [namespaceOf(at), `ingress-${at}`]
    const annotations = Object.fromEntries(
      ['scheme', 'target-type', 'healthcheck-path', 'tags', 'ssl-policy', 'listen-ports'].map((key) => [
        `alb.ingress.kubernetes.io/${key}`,
        `a value of ${key} for ${name}`,
      ]),
    )
    const backend = { service: { name: `service-${at % 500}`, port: { number: 80 } } }
    const paths = ['/', '/api', '/static', '/health'].map((path) => ({ path, pathType: 'Prefix', backend }))
    yield {
      key: `/registry/ingress/${namespace}/${name}`,
      object: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: metadata(namespace, name, { annotations, labels: { app: name } }),
        spec: { ingressClassName, rules: [{ host: `${name}.example.com`, http: { paths } }] },
        status: { loadBalancer: { ingress: [{ hostname: `${name}.elb.example.com` }] } },
      },
    }
  }
}

const addressOf = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
const time = '2026-01-01T00:00:00Z'

export function* pods(count: number): Generator<Stored> {
  for (let at = 0; at < count; at += 1) {
    const [namespace, name] = [namespaceOf(at), `service-${at % 500}-7d4b9c6f5-${at}`]
    const probe = { httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' }, periodSeconds: 10 }
    const container = {
      name: 'app',
      image: `registry.example.com/team/app:${at % 40}`,
      ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
      env: Array.from({ length: 12 }, (_, n) => ({
        name: `SETTING_${n}`,
        value: `the value of setting ${n}`,
      })),
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      readinessProbe: probe,
      livenessProbe: probe,
      volumeMounts: [
        { name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
      ],
    }
    const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: time,
    }))
    yield {
      key: `/registry/pods/${namespace}/${name}`,
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: metadata(namespace, name, {
          labels: { app: `service-${at % 500}`, 'pod-template-hash': '7d4b9c6f5' },
        }),
        spec: {
          nodeName: `node-${at % 1000}`,
          containers: [container],
          restartPolicy: 'Always',
          serviceAccountName: 'default',
        },
        status: {
          phase: 'Running',
          podIP: addressOf(at),
          podIPs: [{ ip: addressOf(at) }],
          hostIP: '10.200.0.1',
          startTime: time,
          conditions,
        },
      },
    }
  }
}

/** 500 Services' worth of them, a hundred endpoints each for 50,000 pods. */
export function* endpointSlices(podCount: number): Generator<Stored> {
  for (let service = 0; service < 500; service += 1) {
    const [namespace, name] = [namespaceOf(service), `service-${service}-abcde`]
    const endpoints = []
    for (let at = service; at < podCount; at += 500)
      endpoints.push({
        addresses: [addressOf(at)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${at % 1000}`,
        zone: 'eu-west-1a',
        targetRef: { kind: 'Pod', namespace, name: `service-${at % 500}-7d4b9c6f5-${at}`, uid: randomUUID() },
      })
    yield {
      key: `/registry/endpointslices/${namespace}/${name}`,
      object: {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: metadata(namespace, name, {
          labels: { 'kubernetes.io/service-name': `service-${service}` },
        }),
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints,
      },
    }
  }
}
