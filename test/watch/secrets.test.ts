import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { install } from '@sinonjs/fake-timers'
import { createApiServer } from '../../localstack/kube/server.ts'
import { createKube } from '../../src/kube/client.ts'
import type { KubeError } from '../../src/kube/error.ts'
import type { HttpRequest } from '../../src/lib/http.ts'
import { clientCredentials, type SecretFact } from '../../src/model/oidc-secret.ts'
import { createSecrets } from '../../src/watch/secrets.ts'
import { eventually } from '../world.ts'

function world(t: TestContext) {
  const api = createApiServer({})
  const asked: string[] = []
  let open = 0
  const handle = async (request: HttpRequest) => {
    asked.push(request.path)
    const watch = /[?&]watch=true/.test(request.path)
    if (watch) {
      open += 1
      request.signal?.addEventListener('abort', () => (open -= 1), { once: true })
    }
    return await api.handle(request)
  }
  const changed: (readonly string[])[] = []
  const errors: KubeError[] = []
  const secrets = createSecrets({
    kube: createKube(handle),
    onChange: (stacks) => changed.push(stacks),
    onError: (_secret, error) => errors.push(error),
  })
  const put = async (name: string, clientSecret: string, labels: object = {}): Promise<void> => {
    const data = { clientID: btoa('id'), clientSecret: btoa(clientSecret), other: btoa('not ours') }
    const object = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default', labels },
      data,
    }
    const path = `/api/v1/namespaces/default/secrets/${name}?fieldManager=t&force=true`
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    const { status } = await api.handle({ method: 'PATCH', path, headers, body: JSON.stringify(object) })
    assert.ok(status < 300)
  }
  t.after(async () => {
    await secrets.close()
    api.stop()
  })
  return { api, secrets, asked, changed, errors, put, watches: () => open }
}

const secretOf = (fact: SecretFact | undefined): string | undefined => {
  if (fact?.found !== true) return undefined
  const found = clientCredentials(fact.object, 'default/x')
  return found.ok ? found.value.clientSecret.reveal() : undefined
}

test('only what is referenced is asked for, by name; what nobody references any more is followed no more', async (t) => {
  const { secrets, asked, put, watches } = world(t)
  await put('one', 'hush')
  await put('two', 'hush')
  const facts = await secrets.read('a', ['default/one', 'default/gone'])
  assert.equal(secretOf(facts.get('default/one')), 'hush')
  assert.deepEqual(facts.get('default/gone'), { found: false })
  for (const path of asked)
    assert.match(
      path,
      /^\/api\/v1\/namespaces\/default\/secrets\?.*fieldSelector=metadata\.name%3D(one|gone)\b/,
    )
  secrets.use('b', ['default/one'])
  await eventually(() => assert.equal(watches(), 2))
  secrets.use('a', [])
  await eventually(() => assert.equal(watches(), 1))
  assert.equal(secrets.get('default/gone'), undefined)
  secrets.use('b', [])
  await eventually(() => assert.equal(watches(), 0))
})

test('a change is told to the stacks that use it; labels alone keep the version of the content', async (t) => {
  const { secrets, changed, put } = world(t)
  await put('one', 'hush')
  const [before] = [...(await secrets.read('a', ['default/one'])).values()]
  assert.deepEqual(changed, [])
  await put('one', 'hush', { team: 'shop' })
  await eventually(() => assert.deepEqual(changed, [['a']]))
  const labelled = secrets.get('default/one')
  assert.ok(before?.found === true && labelled?.found === true)
  assert.equal(labelled.version, before.version)
  assert.notEqual(labelled.object.metadata.resourceVersion, before.version)
  await put('one', 'new', { team: 'shop' })
  await eventually(() => assert.equal(secretOf(secrets.get('default/one')), 'new'))
  const renewed = secrets.get('default/one')
  assert.ok(renewed?.found === true && renewed.version !== before.version && renewed.late === undefined)
})

test('one that was missing first is known to have come late; a refusal is told, and ends when the Role is there', async (t) => {
  const { api, secrets, changed, errors, put } = world(t)
  assert.deepEqual(await secrets.read('a', ['default/one']), new Map([['default/one', { found: false }]]))
  await put('one', 'hush')
  await eventually(() => assert.equal(secretOf(secrets.get('default/one')), 'hush'))
  const fact = secrets.get('default/one')
  assert.equal(fact?.found === true && fact.late, true)
  api.fault({ path: /secrets\?.*two/, status: 403 })
  const facts = await secrets.read('b', ['default/two'])
  assert.equal(facts.get('default/two')?.found, 'denied')
  assert.deepEqual(
    errors.map(({ status }) => status),
    [403],
  )
  await put('two', 'hush')
  await eventually(() => assert.equal(secretOf(secrets.get('default/two')), 'hush'))
  assert.ok(changed.some((stacks) => stacks.includes('b')))
})

test('while the API server can not be asked nothing is known, which is no answer', async (t) => {
  const { api, secrets, put } = world(t)
  await put('one', 'hush')
  api.fault({ path: /secrets\?/, status: 503 })
  assert.deepEqual(await secrets.read('a', ['default/one']), new Map())
  await eventually(() => assert.equal(secretOf(secrets.get('default/one')), 'hush'))
})

test('what is kept shows no value, whatever prints it', async (t) => {
  const { secrets, put } = world(t)
  await put('one', 'hush')
  const facts = await secrets.read('a', ['default/one'])
  const printed = [JSON.stringify([...facts]), inspect(facts, { depth: 9 })]
  for (const text of printed) assert.doesNotMatch(text, /hush|aHVzaA|not ours|bm90IG91cn/)
})

test('an answer that does not come keeps nobody waiting for long; once it is there it is known', async (t) => {
  const clock = install({ toFake: ['setTimeout', 'clearTimeout'] })
  t.after(() => clock.uninstall())
  const { api, secrets, put } = world(t)
  await put('one', 'hush')
  api.fault({ path: /secrets\?/, delayMs: 10_000 })
  const read = secrets.read('a', ['default/one'])
  await clock.tickAsync(3_000)
  assert.deepEqual(await read, new Map())
  await clock.tickAsync(7_000)
  assert.equal(secretOf(secrets.get('default/one')), 'hush')
})
