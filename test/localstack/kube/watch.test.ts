// Lists and watches: pages, selectors, bookmarks, what is too old, faults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, client, type Event, type Json, type Watch } from './client.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const map = (name: string, labels: object = {}) => ({ metadata: { name, labels } })
const names = (body: Json) => (body.items as { metadata: { name: string } }[]).map((one) => one.metadata.name)
const seen = (event: Event | undefined) => `${event?.type} ${event?.object.metadata?.name}`

async function fill({ post }: Client, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await post(maps, map(`m${index}`))
}

const several = async (watch: Watch, count: number): Promise<string[]> => {
  const out: string[] = []
  for (let index = 0; index < count; index += 1) out.push(seen(await watch.next()))
  return out
}

test('pages show the list as it was at the first one, until that is forgotten', async () => {
  const api = client()
  await fill(api, 5)
  const first = await api.get(`${maps}?limit=2`)
  assert.deepEqual(names(first.body), ['m0', 'm1'])
  assert.equal(first.body.metadata.remainingItemCount, 3)
  await api.remove(`${maps}/m2`)
  await api.post(maps, map('m1a'))
  const second = await api.get(`${maps}?limit=2&continue=${first.body.metadata.continue}`)
  assert.deepEqual(names(second.body), ['m2', 'm3'])
  assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
  api.server.compact()
  await api.post(maps, map('later'))
  const old = await api.get(`${maps}?limit=2&continue=${second.body.metadata.continue}`)
  assert.deepEqual([old.status, old.body.reason], [410, 'Expired'])
  const rest = await api.get(`${maps}?continue=${old.body.metadata.continue}`)
  assert.deepEqual(names(rest.body), ['m4'])
})

test('selectors by label and field, over all namespaces', async () => {
  const { post, get } = client()
  await post(maps, map('a', { app: 'x' }))
  await post(maps, map('b', { app: 'y', tier: 'web' }))
  await post('/api/v1/namespaces/kube-system/configmaps', map('c', { app: 'x' }))
  const all = '/api/v1/configmaps'
  const by = async (query: string) => names((await get(`${all}?${query}`)).body)
  assert.deepEqual(await by('labelSelector=app%3Dx'), ['a', 'c'])
  assert.deepEqual(await by('labelSelector=app%20in%20(x,y),!tier'), ['a', 'c'])
  assert.deepEqual(await by('labelSelector=app!%3Dx'), ['b'])
  assert.deepEqual(await by('labelSelector=app%20notin%20(x)'), ['b'])
  assert.deepEqual(await by('fieldSelector=metadata.namespace%3Dkube-system'), ['c'])
  const unknown = await get(`${all}?fieldSelector=data.a%3Db`)
  assert.equal(unknown.body.message, 'field label not supported: data.a')
})

test('a watch goes on after the version given, in order, and at once', async () => {
  const api = client()
  const { body } = await api.post(maps, map('a'))
  const watch = await api.watch(`${maps}?resourceVersion=${body.metadata.resourceVersion}`)
  await api.patch('merge', `${maps}/a`, { data: { k: 'v' } })
  await api.post(maps, map('b'))
  await api.remove(`${maps}/a`)
  assert.deepEqual(await several(watch, 3), ['MODIFIED a', 'ADDED b', 'DELETED a'])
  const waiting = watch.next()
  const before = performance.now()
  await api.post(maps, map('c'))
  assert.equal(seen(await waiting), 'ADDED c')
  assert.ok(performance.now() - before < 50)
  watch.abort()
  assert.equal(await watch.next(), undefined)
  assert.equal(api.server.watchCount(), 0)
})

test('without a version a watch begins with what is there', async () => {
  const api = client()
  await fill(api, 2)
  const watch = await api.watch(maps)
  await api.remove(`${maps}/m0`)
  assert.deepEqual(await several(watch, 3), ['ADDED m0', 'ADDED m1', 'DELETED m0'])
})

test('WatchList: the objects, then the bookmark that says so; refused where switched off', async () => {
  const api = client()
  await fill(api, 1)
  const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await api.watch(`${maps}?${query}`)
  assert.equal(seen(await watch.next()), 'ADDED m0')
  const end = await watch.next()
  assert.equal(end!.type, 'BOOKMARK')
  assert.equal(end!.object.metadata!.annotations!['k8s.io/initial-events-end'], 'true')
  assert.equal(end!.object.metadata!.resourceVersion, `${api.server.store.revision()}`)
  const older = client({ watchList: false })
  const refused = await older.call('GET', `${maps}?watch=true&${query}`)
  assert.equal(refused.status, 422)
})

test('bookmarks tell the version while nothing happens', async () => {
  const api = client({ bookmarkMs: 5 })
  const watch = await api.watch(
    `${maps}?allowWatchBookmarks=true&resourceVersion=${api.server.store.revision()}`,
  )
  await api.post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })
  const event = await watch.next()
  assert.equal(event!.type, 'BOOKMARK')
  assert.equal(event!.object.metadata!.resourceVersion, `${api.server.store.revision()}`)
})

test('too old a version ends in an ERROR event with 410', async () => {
  const api = client({ historySize: 2 })
  await fill(api, 12)
  for (const from of ['2', `${api.server.store.revision() - 1}`]) {
    if (from !== '2') api.server.compact()
    const watch = await api.watch(`${maps}?resourceVersion=${from}`)
    const event = await watch.next()
    assert.deepEqual([event!.type, event!.object.code, event!.object.reason], ['ERROR', 410, 'Expired'])
    assert.equal(await watch.next(), undefined)
  }
})

test('through a selector, coming to match is ADDED and ceasing to match is DELETED', async () => {
  const api = client()
  const watch = await api.watch(
    `${maps}?labelSelector=app%3Dx&resourceVersion=${api.server.store.revision()}`,
  )
  await api.post(maps, map('a'))
  await api.patch('merge', `${maps}/a`, { metadata: { labels: { app: 'x' } } })
  await api.patch('merge', `${maps}/a`, { data: { k: 'v' } })
  await api.patch('merge', `${maps}/a`, { metadata: { labels: { app: 'y' } } })
  await api.remove(`${maps}/a`)
  await api.post(maps, map('b', { app: 'x' }))
  assert.deepEqual(await several(watch, 4), ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b'])
})

test('timeoutSeconds ends a watch; watches can be dropped cleanly, broken off, or spoilt', async () => {
  const api = client()
  const from = `resourceVersion=${api.server.store.revision()}`
  const clean = await api.watch(`${maps}?${from}`)
  api.server.dropWatches()
  assert.equal(await clean.next(), undefined)
  const broken = await api.watch(`${maps}?${from}`)
  api.server.dropWatches('reset')
  await assert.rejects(broken.next(), { code: 'ECONNRESET' })
  const spoilt = await api.watch(`${maps}?${from}`)
  api.server.dropWatches('garbage')
  await assert.rejects(spoilt.next(), SyntaxError)
  const timed = await api.watch(`${maps}?${from}&timeoutSeconds=0.01`)
  assert.equal(await timed.next(), undefined)
})

test('faults hit the requests they name, as often as asked', async () => {
  const { get, post, server } = client()
  server.fault({ path: /configmaps/, status: 429, retryAfterSeconds: 3, times: 2 })
  assert.equal((await get('/api/v1/namespaces')).status, 200)
  const refused = await get(maps)
  assert.deepEqual(
    [refused.status, refused.headers['retry-after'], refused.body.reason],
    [429, '3', 'TooManyRequests'],
  )
  assert.equal((await get(maps)).status, 429)
  assert.equal((await get(maps)).status, 200)
  server.fault({ method: 'POST', reset: true, after: true })
  await assert.rejects(post(maps, map('a')), { code: 'ECONNRESET' })
  assert.equal((await get(`${maps}/a`)).status, 200, 'carried out, though the answer was lost')
  server.fault({ garbage: true })
  await assert.rejects(get(maps), SyntaxError)
})
