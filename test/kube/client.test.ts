import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { install } from '@sinonjs/fake-timers'
import { createKube } from '../../src/kube/client.ts'
import { mergePatch } from '../../src/kube/merge-patch.ts'
import { ingresses, nodes, services } from '../../src/kube/resource.ts'
import type { Handle, HttpResponse } from '../../src/lib/http.ts'
import { settle } from '../watch/scripted.ts'

const answering =
  (response: HttpResponse): Handle =>
  () =>
    Promise.resolve(response)
const web = { namespace: 'shop', name: 'web' }

describe('kube client', () => {
  it('says why as one value, whatever the answer looks like', async () => {
    const refused = await createKube(
      answering({
        status: 429,
        headers: { 'retry-after': '7' },
        body: JSON.stringify({ kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'slow down' }),
      }),
    ).get(ingresses, web)
    assert.deepEqual(refused, {
      ok: false,
      error: { status: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 7 },
    })
    const html = await createKube(answering({ status: 502, headers: {}, body: '<html>' })).get(ingresses, web)
    assert.equal(!html.ok && html.error.message, '<html>')
    const nonsense = await createKube(answering({ status: 200, headers: {}, body: '{' })).get(ingresses, web)
    assert.equal(!nonsense.ok && nonsense.error.reason, 'Garbage')
    const thrown = await createKube(() => Promise.reject(new Error('ECONNREFUSED'))).get(ingresses, web)
    assert.deepEqual(!thrown.ok && thrown.error.reason, 'Unreachable')
  })

  it('ends by its deadline or with the signal, also when the handler ignores both', async () => {
    const clock = install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const kube = createKube(() => new Promise(() => undefined), { timeoutMs: 5_000 })
      const late = kube.get(nodes, { name: 'n' })
      await clock.tickAsync(5_000)
      const answer = await late
      assert.equal(!answer.ok && answer.error.reason, 'Timeout')
      const controller = new AbortController()
      const given = kube.get(nodes, { name: 'n' }, controller.signal)
      controller.abort()
      const up = await given
      assert.equal(!up.ok && up.error.reason, 'Aborted')
      await settle()
      assert.equal(clock.countTimers(), 0)
    } finally {
      clock.uninstall()
    }
  })

  it('asks for pages until there is no more, at the right paths', async () => {
    const paths: string[] = []
    const kube = createKube(({ method, path, headers }) => {
      paths.push(`${method} ${path} ${headers['content-type'] ?? ''}`.trim())
      const more = path.includes('continue=') ? {} : { continue: 'next/1' }
      return Promise.resolve({
        status: 200,
        headers: {},
        body: JSON.stringify({
          items: [{ metadata: { name: paths.length } }],
          metadata: { resourceVersion: '9', ...more },
        }),
      })
    })
    const all = await kube.list(services, { namespace: 'shop', labelSelector: 'a=b' })
    assert.equal(all.ok && all.value.items.length, 2)
    assert.equal(all.ok && all.value.resourceVersion, '9')
    await kube.apply(ingresses, { metadata: web }, { subresource: 'status', force: true })
    await kube.patch(nodes, { name: 'n' }, {})
    assert.deepEqual(paths, [
      'GET /api/v1/namespaces/shop/services?limit=500&labelSelector=a%3Db',
      'GET /api/v1/namespaces/shop/services?limit=500&labelSelector=a%3Db&continue=next%2F1',
      'PATCH /apis/networking.k8s.io/v1/namespaces/shop/ingresses/web/status?fieldManager=albatross&force=true application/apply-patch+yaml',
      'PATCH /api/v1/nodes/n?fieldManager=albatross application/merge-patch+json',
    ])
  })
})

describe('merge patch', () => {
  it('says the least, removes what is absent, replaces lists', () => {
    assert.equal(mergePatch({ a: { b: [1] }, c: 1 }, { c: 1, a: { b: [1] } }), undefined)
    assert.deepEqual(mergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: 1, d: 3 }, l: [2] }), {
      a: { c: null, d: 3 },
      l: [2],
    })
  })
})
