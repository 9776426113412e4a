// Kinds that users define; tables; discovery and OpenAPI, as kubectl reads them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, client, type Json } from './client.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const definition = (more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Gadget', plural: 'gadgets', shortNames: ['gd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 9 },
                  mode: { type: 'string', enum: ['fast', 'slow'], default: 'slow' },
                  arn: { type: 'string', pattern: '^arn:' },
                  port: { 'x-kubernetes-int-or-string': true },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  parts: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['name'],
                    items: {
                      type: 'object',
                      properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
                    },
                  },
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        ...more,
      },
    ],
  },
})
const gadgets = '/apis/example.com/v1/namespaces/default/gadgets'
const gadget = (spec: object) => ({
  apiVersion: 'example.com/v1',
  kind: 'Gadget',
  metadata: { name: 'g' },
  spec,
})

async function defined(): Promise<Client> {
  const api = client()
  await api.post(definitions, definition())
  return api
}

test('a definition is Established at once and its kind is served; without it neither it nor its objects are', async () => {
  const { post, get, remove, server } = client()
  assert.equal((await get(gadgets)).status, 404)
  const made = await post(definitions, definition())
  const conditions = made.body.status.conditions as { type: string; status: string }[]
  assert.deepEqual(
    conditions.map((one) => `${one.type}=${one.status}`),
    ['NamesAccepted=True', 'Established=True'],
  )
  assert.equal((await post(gadgets, gadget({ size: 1 }))).status, 201)
  await remove(`${definitions}/gadgets.example.com`)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await get(gadgets)).status, 404)
  assert.deepEqual(server.store.list('gadgets.example.com'), [])
})

test('unknown fields are pruned, defaults filled, free parts left alone', async () => {
  const { post } = await defined()
  const { body } = await post(
    gadgets,
    gadget({ size: 2, other: 1, free: { any: { thing: 1 } }, parts: [{ name: 'a' }] }),
  )
  assert.deepEqual(body.spec, {
    size: 2,
    free: { any: { thing: 1 } },
    parts: [{ name: 'a', count: 1 }],
    mode: 'slow',
  })
})

test('what the schema forbids is refused in the words of the real server', async () => {
  const { post } = await defined()
  const { status, body } = await post(
    gadgets,
    gadget({ size: 12, mode: 'odd', arn: 'x', port: true, parts: [{ name: 'a' }, { name: 'a' }] }),
  )
  assert.equal(status, 422)
  const causes = body.details.causes as { field: string; message: string }[]
  assert.deepEqual(
    causes.map((cause) => `${cause.field}: ${cause.message}`),
    [
      'spec.size: Invalid value: 12: spec.size in body should be less than or equal to 9',
      'spec.mode: Unsupported value: "odd": supported values: "fast", "slow"',
      'spec.arn: Invalid value: "x": spec.arn in body should match \'^arn:\'',
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer or string: "boolean"',
      'spec.parts[1]: Duplicate value: {"name":"a"}',
    ],
  )
  const empty = await post(gadgets, gadget({}))
  assert.equal(empty.body.message, 'Gadget.example.com "g" is invalid: spec.size: Required value')
})

test('an update must say which version it saw; strategic patches are not for custom resources', async () => {
  const { post, put, patch } = await defined()
  await post(gadgets, gadget({ size: 1 }))
  assert.match(
    (await put(`${gadgets}/g`, gadget({ size: 2 }))).body.message,
    /must be specified for an update/,
  )
  assert.equal((await patch('strategic', `${gadgets}/g`, { spec: { size: 2 } })).status, 415)
  const status = await patch('merge', `${gadgets}/g/status`, { status: { seen: 1 }, spec: { size: 5 } })
  assert.deepEqual(
    [status.body.spec.size, status.body.status, status.body.metadata.generation],
    [1, { seen: 1 }, 1],
  )
})

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const rows = (body: Json) => (body.rows as { cells: unknown[] }[]).map((row) => row.cells)
const columns = (body: Json) => (body.columnDefinitions as { name: string }[]).map((one) => one.name)

test('tables: printer columns of a definition, columns of a built-in kind, in lists and watches', async () => {
  const { post, get, patch, watch } = await defined()
  await post(gadgets, gadget({ size: 3 }))
  await patch('merge', `${gadgets}/g/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  const custom = await get(gadgets, tableType)
  assert.deepEqual([columns(custom.body), rows(custom.body)], [['Name', 'Size', 'Ready'], [['g', 3, 'True']]])
  const services = '/api/v1/namespaces/default/services'
  await post(services, {
    metadata: { name: 's' },
    spec: { type: 'NodePort', selector: { a: 'b' }, ports: [{ port: 80, nodePort: 30080 }] },
  })
  const { body } = await get(services, tableType)
  assert.deepEqual(columns(body), ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector'])
  const [cells] = rows(body)
  assert.deepEqual(
    [cells![0], cells![1], cells![3], cells![4], cells![6]],
    ['s', 'NodePort', '<none>', '80:30080/TCP', 'a=b'],
  )
  const open = await watch(services, tableType)
  assert.equal((await open.next())!.object.kind, 'Table')
  const one = await get(`${services}/s`, 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io')
  assert.deepEqual([one.body.kind, one.body.spec], ['PartialObjectMetadata', undefined])
})

test('discovery, plain and aggregated, follows the definitions', async () => {
  const { get } = await defined()
  const plain = await get('/apis/example.com/v1')
  const resources = plain.body.resources as { name: string; shortNames?: string[] }[]
  assert.deepEqual(
    resources.map((one) => one.name),
    ['gadgets', 'gadgets/status'],
  )
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const all = await get('/apis', accept)
  assert.match(all.headers['content-type']!, /as=APIGroupDiscoveryList/)
  const groups = (all.body.items as { metadata: { name: string } }[]).map((one) => one.metadata.name)
  assert.ok(groups.includes('example.com') && groups.includes('apps'))
  assert.equal((await get('/version')).body.minor, '36')
})

test('OpenAPI v3: an index whose addresses change with a definition, and patch keys for kubectl', async () => {
  const { get, post, remove } = await defined()
  const addressOf = async (): Promise<string> =>
    (await get('/openapi/v3')).body.paths['apis/example.com/v1']!.serverRelativeURL!
  const before = await addressOf()
  const document = await get(before)
  const gadgetSchema = document.body.components.schemas['com.example.v1.Gadget']!
  assert.deepEqual(gadgetSchema['x-kubernetes-group-version-kind'], [
    { group: 'example.com', version: 'v1', kind: 'Gadget' },
  ])
  await remove(`${definitions}/gadgets.example.com`)
  await post(definitions, definition({ schema: { openAPIV3Schema: { type: 'object' } } }))
  assert.notEqual(await addressOf(), before)
  const core = await get('/openapi/v3/api/v1')
  const ports = core.body.components.schemas['io.k8s.api.core.v1.ServiceSpec']!.properties!.ports!
  assert.deepEqual(
    [ports['x-kubernetes-patch-merge-key'], ports['x-kubernetes-patch-strategy']],
    ['port', 'merge'],
  )
})

test('reviews are answered: all is allowed', async () => {
  const { post } = client()
  const { body } = await post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: {} })
  assert.equal(body.status.allowed, true)
})
