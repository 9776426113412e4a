// Objects as they come and go: identity, conflicts, generations, status, finalizers, what falls with what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, settle } from './client.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
})
const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
const backend = { service: { name: 'web', port: { number: 80 } } }
const ingress = (paths: object[]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web' },
  spec: { rules: [{ http: { paths } }] },
})
const pods = '/api/v1/namespaces/default/pods'
const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'web', image: 'web:1' }], ...spec },
})

test('create gives identity, a second create is AlreadyExists, delete answers with the uid', async () => {
  const { post, get, remove } = client()
  const made = await post(maps, map('a'))
  assert.equal(made.status, 201)
  assert.match(made.body.metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  assert.match(made.body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const again = await post(maps, map('a'))
  assert.deepEqual([again.status, again.body.reason], [409, 'AlreadyExists'])
  assert.equal(again.body.message, 'configmaps "a" already exists')
  const gone = await remove(`${maps}/a`)
  assert.deepEqual([gone.body.kind, gone.body.details.uid], ['Status', made.body.metadata.uid])
  const missing = await get(`${maps}/a`)
  assert.deepEqual([missing.status, missing.body.details], [404, { name: 'a', kind: 'configmaps' }])
})

test('generateName, a missing name and a missing namespace', async () => {
  const { post } = client()
  const made = await post(maps, { metadata: { generateName: 'x-' } })
  assert.match(made.body.metadata.name, /^x-[a-z0-9]{5}$/)
  assert.equal((await post(maps, { metadata: {} })).status, 422)
  const elsewhere = await post('/api/v1/namespaces/nowhere/configmaps', map('a'))
  assert.equal(elsewhere.body.message, 'namespaces "nowhere" not found')
})

test('an update from a stale version is a conflict; an update that changes nothing keeps the version', async () => {
  const { post, put, server } = client()
  const { body } = await post(maps, map('a'))
  const next = await put(`${maps}/a`, { ...body, data: { k: 'v' } })
  assert.equal(next.status, 200)
  const stale = await put(`${maps}/a`, { ...body, data: { k: 'w' } })
  assert.deepEqual([stale.status, stale.body.reason], [409, 'Conflict'])
  const before = server.store.revision()
  const same = await put(`${maps}/a`, next.body)
  assert.equal(same.body.metadata.resourceVersion, next.body.metadata.resourceVersion)
  assert.equal(server.store.revision(), before)
})

test('generation counts changes of the spec alone; each of spec and status is closed to the other path', async () => {
  const { post, patch } = client()
  await post(ingresses, ingress([{ path: '/', pathType: 'Prefix', backend }]))
  const labelled = await patch('merge', `${ingresses}/web`, { metadata: { labels: { a: 'b' } } })
  assert.equal(labelled.body.metadata.generation, 1)
  const status = { loadBalancer: { ingress: [{ hostname: 'x.elb' }] } }
  const viaMain = await patch('merge', `${ingresses}/web`, { status })
  assert.deepEqual(viaMain.body.status, { loadBalancer: {} })
  const viaStatus = await patch('merge', `${ingresses}/web/status`, {
    status,
    spec: { ingressClassName: 'no' },
  })
  assert.deepEqual(viaStatus.body.status, status)
  assert.equal(viaStatus.body.spec.ingressClassName, undefined)
  assert.equal(viaStatus.body.metadata.generation, 1)
  const edited = await patch('merge', `${ingresses}/web`, { spec: { ingressClassName: 'yes' } })
  assert.equal(edited.body.metadata.generation, 2)
  assert.deepEqual(edited.body.status, status)
})

test('an Ingress is refused with the causes of the real server', async () => {
  const { post } = client()
  const bad = await post(
    ingresses,
    ingress([
      { path: 'x', pathType: 'Prefix', backend },
      { path: '/', backend: { service: { name: 'web', port: { name: 'http', number: 80 } } } },
    ]),
  )
  assert.equal(bad.status, 422)
  const paths = 'spec.rules[0].http.paths'
  assert.deepEqual(bad.body.details.causes, [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "x": must be an absolute path',
      field: `${paths}[0].path`,
    },
    {
      reason: 'FieldValueRequired',
      message: 'Required value: pathType must be specified',
      field: `${paths}[1].pathType`,
    },
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "": cannot set both port name & port number',
      field: `${paths}[1].backend`,
    },
  ])
})

test('a Service gets its addresses and ports and keeps them over an edit', async () => {
  const { post, patch, put } = client()
  const services = '/api/v1/namespaces/default/services'
  const service = (name: string) => ({
    metadata: { name },
    spec: { type: 'NodePort', ports: [{ port: 80 }] },
  })
  const one = await post(services, service('one'))
  const two = await post(services, service('two'))
  assert.match(one.body.spec.clusterIP, /^10\.100\./)
  assert.notEqual(one.body.spec.clusterIP, two.body.spec.clusterIP)
  const port = one.body.spec.ports[0]
  assert.deepEqual([port.protocol, port.targetPort], ['TCP', 80])
  assert.notEqual(port.nodePort, two.body.spec.ports[0].nodePort)
  const bare = {
    ...service('one'),
    spec: { ...service('one').spec, ports: [{ port: 80, targetPort: 'web' }] },
  }
  const edited = await put(`${services}/one`, bare)
  assert.deepEqual(edited.body.spec.ports, [{ ...port, targetPort: 'web' }])
  const plain = await patch('merge', `${services}/one`, { spec: { type: 'ClusterIP' } })
  assert.equal(plain.body.spec.ports[0].nodePort, undefined)
  const taken = await post(services, {
    metadata: { name: 'three' },
    spec: { type: 'NodePort', ports: [{ port: 80, nodePort: two.body.spec.ports[0].nodePort }] },
  })
  assert.match(taken.body.message, /provided port is already allocated/)
})

test('unknown fields: warned about, refused when strict, dropped in any case', async () => {
  const { post, call } = client()
  const warned = await post(maps, { ...map('a'), extra: 1 })
  assert.equal(warned.headers.warning, '299 - "unknown field \\"extra\\""')
  assert.equal(warned.body.extra, undefined)
  const strict = await call('POST', `${maps}?fieldValidation=Strict`, { ...map('b'), extra: 1 })
  assert.deepEqual([strict.status, strict.body.reason], [400, 'BadRequest'])
  assert.equal((await post(maps, { metadata: { name: 'c' }, data: [] })).status, 400)
})

test('dryRun=All changes nothing', async () => {
  const { call, get, post, server } = client()
  assert.equal((await call('POST', `${maps}?dryRun=All`, map('a'))).status, 201)
  assert.equal((await get(`${maps}/a`)).status, 404)
  await post(maps, map('b'))
  const before = server.store.revision()
  assert.equal((await call('DELETE', `${maps}/b?dryRun=All`)).status, 200)
  assert.equal(server.store.revision(), before)
})

test('finalizers hold a deleted object; none can be added; the last one off ends it', async () => {
  const { post, remove, patch, get } = client()
  await post(maps, map('a', { finalizers: ['x.io/a', 'x.io/b'] }))
  const marked = await remove(`${maps}/a`)
  assert.equal(typeof marked.body.metadata.deletionTimestamp, 'string')
  const added = await patch('merge', `${maps}/a`, { metadata: { finalizers: ['x.io/a', 'x.io/c'] } })
  assert.match(added.body.message, /no new finalizers can be added/)
  await patch('merge', `${maps}/a`, { metadata: { finalizers: ['x.io/b'] } })
  assert.equal((await get(`${maps}/a`)).status, 200)
  await patch('merge', `${maps}/a`, { metadata: { finalizers: null } })
  assert.equal((await get(`${maps}/a`)).status, 404)
})

test('preconditions of a delete', async () => {
  const { post, remove } = client()
  const { body } = await post(maps, map('a'))
  assert.equal((await remove(`${maps}/a`, { preconditions: { uid: 'other' } })).status, 409)
  assert.equal((await remove(`${maps}/a`, { preconditions: { resourceVersion: '1' } })).status, 409)
  assert.equal((await remove(`${maps}/a`, { preconditions: { uid: body.metadata.uid } })).status, 200)
})

test('a pod on a node waits for its kubelet; one without goes at once', async () => {
  const { post, remove, get } = client()
  await post(pods, pod('placed', { nodeName: 'n1' }))
  await post(pods, pod('loose'))
  const marked = await remove(`${pods}/placed`)
  assert.equal(marked.body.metadata.deletionGracePeriodSeconds, 30)
  await remove(`${pods}/loose`)
  assert.equal((await get(`${pods}/loose`)).status, 404)
  await remove(`${pods}/placed`, { gracePeriodSeconds: 0 })
  assert.equal((await get(`${pods}/placed`)).status, 404)
})

const ownedBy = (owner: { metadata?: { uid?: string; name?: string } }) => ({
  ownerReferences: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: owner.metadata!.name!,
      uid: owner.metadata!.uid!,
      blockOwnerDeletion: true,
    },
  ],
})

test('dependents go with their last owner, first when foreground, and stay when orphaned', async () => {
  const { post, remove, get } = client()
  const owner = (await post(maps, map('owner'))).body
  await post(maps, map('child', ownedBy(owner)))
  await post(maps, map('held', { ...ownedBy(owner), finalizers: ['x.io/a'] }))
  await settle()
  await remove(`${maps}/owner`)
  await settle()
  assert.equal((await get(`${maps}/child`)).status, 404)
  assert.equal(typeof (await get(`${maps}/held`)).body.metadata.deletionTimestamp, 'string')

  const second = (await post(maps, map('second'))).body
  await post(maps, map('kept', ownedBy(second)))
  await remove(`${maps}/second?propagationPolicy=Orphan`)
  await settle()
  assert.equal((await get(`${maps}/second`)).status, 404)
  assert.equal((await get(`${maps}/kept`)).body.metadata.ownerReferences, undefined)

  const third = (await post(maps, map('third'))).body
  await post(maps, map('first', { ...ownedBy(third), finalizers: ['x.io/a'] }))
  await remove(`${maps}/third`, { propagationPolicy: 'Foreground' })
  await settle()
  assert.deepEqual((await get(`${maps}/third`)).body.metadata.finalizers, ['foregroundDeletion'])
})

test('a namespace takes its content with it, and new content is refused meanwhile', async () => {
  const { post, remove, get, patch } = client()
  await post('/api/v1/namespaces', { metadata: { name: 'shop' } })
  const inShop = '/api/v1/namespaces/shop/configmaps'
  await post(inShop, map('a'))
  await post(inShop, map('b', { finalizers: ['x.io/a'] }))
  const marked = await remove('/api/v1/namespaces/shop')
  assert.equal(marked.body.status.phase, 'Terminating')
  await settle()
  assert.equal((await get(`${inShop}/a`)).status, 404)
  const refused = await post(inShop, map('c'))
  assert.deepEqual([refused.status, refused.body.details.causes[0].reason], [403, 'NamespaceTerminating'])
  await patch('merge', `${inShop}/b`, { metadata: { finalizers: null } })
  await settle()
  assert.equal((await get('/api/v1/namespaces/shop')).status, 404)
})

test('deletecollection takes what the selector matches', async () => {
  const { post, remove, get } = client()
  await post(maps, map('a', { labels: { app: 'x' } }))
  await post(maps, map('b', { labels: { app: 'y' } }))
  await remove(`${maps}?labelSelector=app%3Dx`)
  const { body } = await get(maps)
  assert.deepEqual(
    (body.items as { metadata: { name: string } }[]).map((one) => one.metadata.name),
    ['b'],
  )
})

test('an event is the same object through both of its APIs', async () => {
  const { post, get } = client()
  await post('/apis/events.k8s.io/v1/namespaces/default/events', {
    metadata: { name: 'e' },
    regarding: { kind: 'Ingress', name: 'web', namespace: 'default' },
    note: 'all is well',
    reason: 'Reconciled',
    type: 'Normal',
    reportingController: 'us',
    reportingInstance: 'us-1',
    action: 'Reconcile',
    eventTime: '2026-01-01T00:00:00.000000Z',
  })
  const selected = await get(
    '/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind%3DIngress,type%3DNormal',
  )
  const [event] = selected.body.items as { message: string; involvedObject: { name: string } }[]
  assert.deepEqual([event!.message, event!.involvedObject.name], ['all is well', 'web'])
  const other = await get('/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Dother')
  assert.deepEqual(other.body.items, [])
})

test('events.k8s.io refuses what the real one refuses: incomplete events, those of the old form, changes of more than the series', async () => {
  const { post, patch } = client()
  const path = '/apis/events.k8s.io/v1/namespaces/default/events'
  const event = {
    metadata: { name: 'e' },
    regarding: { kind: 'Ingress', name: 'web', namespace: 'default' },
    note: 'all is well',
    reason: 'Reconciled',
    type: 'Normal',
    action: 'Reconcile',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'us',
    reportingInstance: 'us-1',
  }
  const lastObservedTime = '2026-01-01T00:00:01.000000Z'
  const bad = [
    { eventTime: undefined },
    { action: undefined },
    { reportingInstance: undefined },
    { type: 'Odd' },
    { deprecatedCount: 2 },
    { note: 'x'.repeat(1025) },
    { series: { count: 1, lastObservedTime } },
    { regarding: { kind: 'Ingress', name: 'web', namespace: 'other' } },
  ]
  for (const one of bad)
    assert.equal((await post(path, { ...event, ...one })).status, 422, JSON.stringify(one))
  assert.equal((await post(path, event)).status, 201)
  assert.equal((await patch('merge', `${path}/e`, { note: 'another' })).status, 422)
  assert.equal((await patch('merge', `${path}/e`, { series: { count: 2, lastObservedTime } })).status, 200)
})

test('scale reads and writes the replicas of a Deployment', async () => {
  const { post, get, patch } = client()
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web' }] },
  }
  await post(deployments, {
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template },
  })
  assert.equal((await get(`${deployments}/web/scale`)).body.spec.replicas, 1)
  await patch('merge', `${deployments}/web/scale`, { spec: { replicas: 4 } })
  const { body } = await get(`${deployments}/web`)
  assert.deepEqual([body.spec.replicas, body.metadata.generation], [4, 2])
})

test('an Ingress without a class gets the default one when it is created, the newest of several', async () => {
  const { post, patch } = client()
  const classes = '/apis/networking.k8s.io/v1/ingressclasses'
  const marked = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
  const spec = { controller: 'example.com/x' }
  await post(classes, { metadata: { name: 'plain' }, spec })
  const before = await post(ingresses, { metadata: { name: 'before' }, spec: { defaultBackend: backend } })
  assert.equal(before.body.spec.ingressClassName, undefined)
  await post(classes, { metadata: { name: 'b', annotations: marked }, spec })
  await post(classes, { metadata: { name: 'a', annotations: marked }, spec })
  const made = await post(ingresses, { metadata: { name: 'made' }, spec: { defaultBackend: backend } })
  assert.equal(made.body.spec.ingressClassName, 'a')
  const edited = await patch('merge', `${ingresses}/before`, { metadata: { labels: { a: 'b' } } })
  assert.equal(edited.body.spec.ingressClassName, undefined)
  const fixed = await patch('merge', `${classes}/a`, { spec: { controller: 'example.com/y' } })
  assert.match(fixed.body.message, /spec.controller: Invalid value: "example.com\/y": field is immutable/)
})
