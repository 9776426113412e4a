// Every kind of patch, and server-side apply with its owners.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, type Json } from './client.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const web = `${deployments}/web`
const deployment = (containers: object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
  },
})
const container = (name: string, more: object = {}) => ({ name, image: `${name}:1`, ...more })
const containersOf = (body: Json) => body.spec.template.spec.containers as Record<string, unknown>[]
const maps = '/api/v1/namespaces/default/configmaps'
const managers = (body: Json) =>
  (body.metadata.managedFields as { manager: string; operation: string }[]).map(
    ({ manager, operation }) => `${operation} ${manager}`,
  )

test('JSON patch: add, replace, remove, test, and what it refuses', async () => {
  const { post, patch } = client()
  await post(maps, { metadata: { name: 'a' }, data: { 'x/y': '1', gone: '1' } })
  const good = await patch('json', `${maps}/a`, [
    { op: 'test', path: '/data/x~1y', value: '1' },
    { op: 'replace', path: '/data/x~1y', value: '2' },
    { op: 'add', path: '/data/new', value: '3' },
    { op: 'move', from: '/data/gone', path: '/data/here' },
  ])
  assert.deepEqual(good.body.data, { 'x/y': '2', new: '3', here: '1' })
  for (const step of [
    { op: 'test', path: '/data/new', value: 'other' },
    { op: 'replace', path: '/data/none', value: '1' },
    { op: 'remove', path: '/data/none' },
  ])
    assert.equal((await patch('json', `${maps}/a`, [step])).status, 422, step.op)
})

test('merge patch: null removes, lists are replaced, a version in it is checked', async () => {
  const { post, patch } = client()
  await post(maps, { metadata: { name: 'a', finalizers: ['x.io/a'] }, data: { a: '1', b: '2' } })
  const good = await patch('merge', `${maps}/a`, { metadata: { finalizers: ['x.io/b'] }, data: { a: null } })
  assert.deepEqual([good.body.data, good.body.metadata.finalizers], [{ b: '2' }, ['x.io/b']])
  assert.equal((await patch('merge', `${maps}/a`, { metadata: { resourceVersion: '1' } })).status, 409)
})

test('strategic merge patch: lists by their keys, with directives', async () => {
  const { post, patch } = client()
  await post(
    deployments,
    deployment([
      container('a', {
        env: [
          { name: 'X', value: '1' },
          { name: 'Y', value: '2' },
        ],
      }),
      container('b'),
    ]),
  )
  const template = (containers: object[], more: object = {}) => ({
    spec: { template: { spec: { containers, ...more } } },
  })
  const edited = await patch(
    'strategic',
    web,
    template([{ name: 'a', image: 'a:2', env: [{ name: 'X', $patch: 'delete' }] }]),
  )
  const [a, b] = containersOf(edited.body)
  assert.deepEqual([a!.image, a!.env, b!.image], ['a:2', [{ name: 'Y', value: '2' }], 'b:1'])
  const reordered = await patch('strategic', web, {
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
          containers: [container('c')],
        },
      },
    },
  })
  assert.deepEqual(
    containersOf(reordered.body).map((one) => one.name),
    ['b', 'c', 'a'],
  )
  const removed = await patch('strategic', web, template([{ name: 'c', $patch: 'delete' }]))
  assert.deepEqual(
    containersOf(removed.body).map((one) => one.name),
    ['b', 'a'],
  )
  const retained = await patch('strategic', web, {
    spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
  })
  assert.deepEqual(retained.body.spec.strategy, { type: 'Recreate' })
})

test('strategic: ports of a Service by port, finalizers as a set', async () => {
  const { post, patch } = client()
  const services = '/api/v1/namespaces/default/services'
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ]
  await post(services, { metadata: { name: 's', finalizers: ['x.io/a'] }, spec: { ports } })
  const { body } = await patch('strategic', `${services}/s`, {
    metadata: { finalizers: ['x.io/b'], '$deleteFromPrimitiveList/finalizers': ['x.io/a'] },
    spec: { ports: [{ port: 81, targetPort: 9 }] },
  })
  const shown = (body.spec.ports as Record<string, string>[]).map((port) => `${port.name} ${port.targetPort}`)
  assert.deepEqual(shown, ['a 80', 'b 9'])
  assert.deepEqual(body.metadata.finalizers, ['x.io/b'])
})

test('apply creates, tells who owns what, and removes what its manager no longer wants', async () => {
  const { apply, get } = client()
  const first = await apply(`${maps}/a`, 'one', {
    metadata: { name: 'a', labels: { l: '1' } },
    data: { a: '1', b: '2' },
  })
  assert.equal(first.status, 201)
  assert.deepEqual(managers(first.body), ['Apply one'])
  assert.deepEqual(first.body.metadata.managedFields[0].fieldsV1, {
    'f:data': { 'f:a': {}, 'f:b': {} },
    'f:metadata': { 'f:labels': { 'f:l': {} } },
  })
  await apply(`${maps}/a`, 'two', { metadata: { name: 'a' }, data: { b: '2', c: '3' } })
  const less = await apply(`${maps}/a`, 'one', { metadata: { name: 'a' }, data: {} })
  assert.deepEqual(less.body.data, { b: '2', c: '3' }, 'a is gone; b is also the other one’s')
  assert.equal(less.body.metadata.labels, undefined)
  const version = less.body.metadata.resourceVersion
  await apply(`${maps}/a`, 'one', { metadata: { name: 'a' }, data: {} })
  assert.equal(
    (await get(`${maps}/a`)).body.metadata.resourceVersion,
    version,
    'the same again changes nothing',
  )
})

test('apply: another’s value is a conflict that names both, unless forced', async () => {
  const { apply, post, patch } = client()
  await post(deployments, { ...deployment([container('a')]) })
  await patch('merge', `${web}?fieldManager=scaler`, { spec: { replicas: 3 } })
  const wanted = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 5 },
  }
  const refused = await apply(web, 'us', wanted)
  assert.equal(refused.status, 409)
  assert.match(
    refused.body.message,
    /^Apply failed with 1 conflict: conflict with "scaler" using apps\/v1 at .*: \.spec\.replicas$/,
  )
  assert.equal(refused.body.details.causes[0].reason, 'FieldManagerConflict')
  const same = await apply(web, 'us', { ...wanted, spec: { replicas: 3 } })
  assert.equal(same.status, 200, 'the same value is shared')
  const forced = await apply(web, 'us', wanted, true)
  assert.equal(forced.body.spec.replicas, 5)
  assert.ok(!managers(forced.body).includes('Update scaler'))
})

test('apply merges lists by their keys and keeps the items of others', async () => {
  const { apply, patch } = client()
  const services = '/api/v1/namespaces/default/services/s'
  const port = (name: string, number: number) => ({ name, port: number })
  const wanted = (...ports: object[]) => ({ metadata: { name: 's' }, spec: { ports } })
  await apply(services, 'one', wanted(port('a', 80)))
  await apply(services, 'two', wanted(port('b', 81)))
  const both = await patch('merge', services, { metadata: { labels: { x: 'y' } } })
  const names = (body: Json) => (body.spec.ports as { name: string }[]).map((one) => one.name)
  assert.deepEqual(names(both.body), ['a', 'b'])
  const one = await apply(services, 'two', wanted(port('c', 82)))
  assert.deepEqual(names(one.body), ['a', 'c'])
})

test('apply of the status owns the status alone', async () => {
  const { apply, post } = client()
  const path = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
  const backend = { service: { name: 'web', port: { number: 80 } } }
  await post(path, { metadata: { name: 'web' }, spec: { defaultBackend: backend } })
  const status = { loadBalancer: { ingress: [{ hostname: 'x.elb' }] } }
  const done = await apply(`${path}/web/status`, 'us', { metadata: { name: 'web' }, status })
  assert.deepEqual(done.body.status, status)
  const [mine] = done.body.metadata.managedFields as {
    manager: string
    subresource: string
    fieldsV1: object
  }[]
  assert.deepEqual(
    [mine!.manager, mine!.subresource, Object.keys(mine!.fieldsV1)],
    ['us', 'status', ['f:status']],
  )
  const main = await apply(`${path}/web`, 'us', { metadata: { name: 'web', labels: { a: 'b' } } })
  assert.deepEqual(main.body.status, status)
  assert.equal(main.body.metadata.managedFields.length, 3)
})

test('a patch of an unknown type, and an apply without a manager', async () => {
  const { call, post } = client()
  await post(maps, { metadata: { name: 'a' } })
  const unknown = await call('PATCH', `${maps}/a`, {}, { 'content-type': 'text/plain' })
  assert.deepEqual([unknown.status, unknown.body.reason], [415, 'UnsupportedMediaType'])
  const nobody = await call('PATCH', `${maps}/a`, {}, { 'content-type': 'application/apply-patch+yaml' })
  assert.equal(nobody.status, 400)
})
