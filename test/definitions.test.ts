// The controller's CustomResourceDefinitions on the local API server: made, renewed, left alone.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createApiServer } from '../localstack/kube/server.ts'
import { definitionMark } from '../src/definition-mark.ts'
import { definitionNames, type DefinitionsOptions, ensureDefinitions } from '../src/definitions.ts'
import { createKube } from '../src/kube/client.ts'
import { customResourceDefinitions as resource } from '../src/kube/resource.ts'
import type { Handle } from '../src/lib/http.ts'

type Line = {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly msg: string
}

function cluster(t: TestContext) {
  const api = createApiServer({})
  t.after(() => api.stop())
  const kube = createKube(api.handle)
  const lines: Line[] = []
  const asked: string[] = []
  let denied: (method: string) => boolean = () => false
  const handle: Handle = async (request) => {
    asked.push(request.method)
    if (!denied(request.method)) return await api.handle(request)
    const status = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not permitted' }
    return { status: 403, headers: {}, body: JSON.stringify(status) }
  }
  const logAs =
    (level: string) =>
    (fields: object, msg: string): void => {
      lines.push({ level, fields: fields as Line['fields'], msg })
    }
  const log = { info: logAs('info'), warn: logAs('warn') } as unknown as DefinitionsOptions['log']
  return {
    lines,
    asked,
    deny: (rule: typeof denied) => {
      denied = rule
    },
    ensure: (mode: DefinitionsOptions['mode'] = 'apply') => ensureDefinitions({ kube: handle, mode, log }),
    mark: async (name: string, mark: string | null) => {
      const patched = await kube.patch(
        resource,
        { name },
        { metadata: { annotations: { 'albatross.dev/definition': mark } } },
      )
      assert.ok(patched.ok)
    },
    versions: async () => {
      const found = await kube.list(resource)
      assert.ok(found.ok)
      return found.value.items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort()
    },
    markOf: async (name: string) => {
      const found = await kube.get(resource, { name })
      return found.ok ? found.value.metadata.annotations?.['albatross.dev/definition'] : undefined
    },
  }
}
const [, bindings = '', groups = ''] = definitionNames

test('made where there are none; a second look writes nothing', async (t) => {
  const { ensure, versions, asked, lines } = cluster(t)
  await ensure()
  const made = await versions()
  assert.deepEqual(
    made.map((one) => one.split(' ')[0]),
    [...definitionNames].sort(),
  )
  assert.equal(lines.length, 4)
  asked.length = 0
  await ensure()
  assert.deepEqual(await versions(), made)
  assert.deepEqual(asked, ['GET', 'GET', 'GET', 'GET'])
})

test('older ones are renewed; newer ones, and those of ALBC, are left as they are', async (t) => {
  const { ensure, versions, mark, markOf } = cluster(t)
  await ensure()
  await mark(bindings, '0.0.9-00000000')
  await mark(groups, definitionMark.replace(/-.*$/, '-00000000'))
  await ensure()
  assert.deepEqual([await markOf(bindings), await markOf(groups)], [definitionMark, definitionMark])
  await mark(bindings, '9.0.0-00000000')
  await mark('ingressclassparams.elbv2.k8s.aws', null)
  const before = await versions()
  await ensure()
  assert.deepEqual(await versions(), before)
  // Nobody else makes those.
  await mark(groups, null)
  await ensure()
  assert.equal(await markOf(groups), definitionMark)
})

test('what is not permitted is told in a line each, with what to do', async (t) => {
  const { ensure, versions, deny, lines } = cluster(t)
  deny((method) => method === 'PATCH')
  await ensure()
  assert.deepEqual(await versions(), [])
  assert.equal(lines.length, 4)
  assert.equal(lines[0]?.msg, 'a CustomResourceDefinition is missing or older, and could not be written')
  assert.match(String(lines[0]?.fields['remedy']), /kubectl apply --server-side/)
  lines.length = 0
  deny(() => true)
  await ensure()
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    Array(4).fill('a CustomResourceDefinition could not be read'),
  )
})

test('--crds=check tells and writes nothing, --crds=none does not look', async (t) => {
  const { ensure, versions, asked, lines } = cluster(t)
  await ensure('check')
  assert.deepEqual(await versions(), [])
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields['definitions']]),
    [['warn', definitionNames]],
  )
  asked.length = 0
  await ensure('none')
  assert.deepEqual(asked, [])
})
