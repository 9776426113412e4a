/** Webhooks of the local API server: who is asked, what becomes of the answer, and what of no answer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import { client, type Json } from './client.ts'

const year = 365 * 86_400_000
const pair = selfSigned({
  names: ['localhost', 'hook.default.svc'],
  notBefore: new Date(Date.now() - year),
  notAfter: new Date(Date.now() + year),
})
const caBundle = Buffer.from(pair.certificate).toString('base64')

type Answer = (request: Json) => object | Promise<object>
let answer: Answer = () => ({ allowed: true })
const asked: Json[] = []
const server = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString())
    asked.push({ ...review.request, path: request.url })
    void Promise.resolve(answer(review.request)).then((given) =>
      response.end(JSON.stringify({ ...review, response: { uid: review.request.uid, ...given } })),
    )
  })
})
let port = 0
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
after(() => {
  server.close()
  server.closeAllConnections()
})

const kube = client()
const hooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const pods = '/api/v1/namespaces/default/pods'
const pod = (name: string, labels: object = {}): object => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'app', image: 'app' }] },
})
const configuration = (webhook: object): object => ({
  metadata: { name: 'test' },
  webhooks: [
    {
      name: 'pods.example.com',
      clientConfig: { url: `https://localhost:${port}/mutate`, caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...webhook,
    },
  ],
})
async function install(webhook: object = {}, path = hooks): Promise<void> {
  await kube.remove(`${path}/test`)
  const made = await kube.post(path, configuration(webhook))
  assert.equal(made.status, 201, JSON.stringify(made.body))
}
const patching = (...operations: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})

test('a webhook sees the object with defaults and changes it; the manager of the write owns the change', async () => {
  await install()
  answer = () =>
    patching({ op: 'add', path: '/spec/readinessGates', value: [{ conditionType: 'example.com/gate' }] })
  const made = await kube.post(pods, pod('one'))
  assert.equal(made.status, 201)
  assert.deepEqual(made.body.spec.readinessGates, [{ conditionType: 'example.com/gate' }])
  const { object, operation, namespace, path } = asked.at(-1)
  assert.deepEqual([operation, namespace, path], ['CREATE', 'default', '/mutate?timeout=10s'])
  assert.equal(object.spec.restartPolicy, 'Always')
  const applied = await kube.apply(`${pods}/two`, 'me', { apiVersion: 'v1', kind: 'Pod', ...pod('two') })
  assert.equal(applied.status, 201)
  const owners = applied.body.metadata.managedFields.filter((one: Json) =>
    JSON.stringify(one.fieldsV1).includes('readinessGates'),
  )
  assert.deepEqual(
    owners.map(({ manager, operation }: Json) => [manager, operation]),
    [['me', 'Update']],
  )
})

test('selectors of namespace and object, and operations, say who is asked', async () => {
  answer = () => ({ allowed: true })
  await install({
    namespaceSelector: { matchLabels: { gates: 'on' } },
    objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
  })
  const before = asked.length
  await kube.post(pods, pod('three'))
  assert.equal(asked.length, before)
  await kube.patch('merge', '/api/v1/namespaces/default', { metadata: { labels: { gates: 'on' } } })
  await kube.post(pods, pod('four', { skip: 'yes' }))
  assert.equal(asked.length, before)
  await kube.post(pods, pod('five'))
  await kube.patch('merge', `${pods}/five`, { metadata: { labels: { a: 'b' } } })
  assert.equal(asked.length, before + 1)
  assert.equal(asked.at(-1)?.name, 'five')
})

test('on an update both objects are told; one that changes meanwhile is asked about again', async () => {
  await install({
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['pods'] }],
  })
  await kube.post(pods, pod('six'))
  let meddled = false
  answer = async () => {
    if (!meddled) {
      meddled = true
      await kube.patch('merge', `${pods}/six`, { metadata: { annotations: { other: 'writer' } } })
    }
    return patching({ op: 'add', path: '/metadata/annotations', value: { seen: 'yes' } })
  }
  const before = asked.length
  const patched = await kube.patch('merge', `${pods}/six`, { metadata: { labels: { a: 'b' } } })
  assert.equal(patched.status, 200)
  assert.equal(asked.length, before + 3)
  assert.deepEqual(patched.body.metadata.labels, { a: 'b' })
  assert.deepEqual(asked.at(-1).oldObject.metadata.annotations, { seen: 'yes' })
})

test('a validating webhook refuses with its own words', async () => {
  await kube.remove(`${hooks}/test`)
  await install({}, hooks.replace('mutating', 'validating'))
  answer = () => ({ allowed: false, status: { message: 'no pods today' }, warnings: ['careful'] })
  const refused = await kube.post(pods, pod('seven'))
  assert.equal(refused.status, 403)
  assert.equal(refused.body.message, 'admission webhook "pods.example.com" denied the request: no pods today')
  answer = () => ({ allowed: true, warnings: ['careful'] })
  const made = await kube.post(pods, pod('eight'))
  assert.equal(made.status, 201)
  assert.equal(made.headers['warning'], '299 - "careful"')
  await kube.remove(`${hooks.replace('mutating', 'validating')}/test`)
})

const broken: Readonly<Record<string, object>> = {
  'nobody listens': { clientConfig: { url: 'https://localhost:1/mutate' } },
  'another authority': { clientConfig: { url: 'https://localhost:0/mutate' } },
  'another name': {},
  'no endpoints': { clientConfig: { service: { name: 'hook', namespace: 'default' }, caBundle } },
}
for (const [name, webhook] of Object.entries(broken))
  test(`${name}: Fail refuses, Ignore goes on`, async () => {
    answer = () => ({ allowed: true })
    const other = selfSigned({
      names: ['localhost'],
      notBefore: new Date(Date.now() - year),
      notAfter: new Date(Date.now() + year),
    })
    const configs: Readonly<Record<string, object>> = {
      'another authority': {
        clientConfig: {
          url: `https://localhost:${port}/mutate`,
          caBundle: Buffer.from(other.certificate).toString('base64'),
        },
      },
      'another name': { clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle } },
    }
    const before = asked.length
    const given = configs[name] ?? webhook
    await install({ ...given, failurePolicy: 'Fail' })
    const refused = await kube.post(pods, pod('nine'))
    assert.equal(refused.status, 500)
    assert.match(refused.body.message, /failed calling webhook "pods.example.com": failed to call webhook/)
    await install({ ...given, failurePolicy: 'Ignore' })
    assert.equal((await kube.post(pods, pod('nine'))).status, 201)
    await kube.remove(`${pods}/nine`)
    assert.equal(asked.length, before)
  })

test('a webhook that never answers is given up after its time', async () => {
  await install({ timeoutSeconds: 1, failurePolicy: 'Ignore' })
  answer = () => new Promise(() => undefined)
  const began = Date.now()
  assert.equal((await kube.post(pods, pod('ten'))).status, 201)
  assert.ok(Date.now() - began < 5_000)
})

test('by Service: its endpoints are asked under its name', async () => {
  await kube.post('/api/v1/namespaces/default/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443, targetPort: 9443 }] },
  })
  await kube.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hook', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  })
  const service = { name: 'hook', namespace: 'default', path: '/by-service' }
  await install({ clientConfig: { service, caBundle }, failurePolicy: 'Fail' })
  answer = () => ({ allowed: true })
  assert.equal((await kube.post(pods, pod('eleven'))).status, 201)
  assert.equal(asked.at(-1).path, '/by-service?timeout=10s')
})

test('configurations that a real server refuses are refused', async () => {
  const bad: Readonly<Record<string, object>> = {
    'clientConfig.url': { clientConfig: { url: 'http://localhost/' } },
    'clientConfig.caBundle': { clientConfig: { url: 'https://localhost/', caBundle: 'eA==' } },
    sideEffects: { sideEffects: undefined },
    name: { name: 'short' },
    matchConditions: { matchConditions: [{ name: 'a', expression: 'true' }] },
  }
  for (const [field, webhook] of Object.entries(bad)) {
    const refused = await kube.call('POST', hooks, { ...configuration(webhook), metadata: { name: 'bad' } })
    assert.ok(refused.status === 422 || refused.status === 400, field)
    assert.match(refused.body.message, new RegExp(field.replace('.', '\\.')))
  }
})
