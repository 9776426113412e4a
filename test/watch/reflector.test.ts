import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { install, type Clock } from '@sinonjs/fake-timers'
import { createKube } from '../../src/kube/client.ts'
import { ingresses } from '../../src/kube/resource.ts'
import type { Ingress } from '../../src/model/cluster.ts'
import { type Reflector, startReflector } from '../../src/watch/reflector.ts'
import { createStore, type Store } from '../../src/watch/store.ts'
import { slimIngress } from '../../src/watch/transform.ts'
import { createScript, json, object, type Script, settle, status, type Stream } from './scripted.ts'

describe('reflector', () => {
  let clock: Clock
  let script: Script
  let store: Store<Ingress>
  let reflector: Reflector
  let told: string[]
  let waits: number[]
  let handlerErrors: unknown[]

  const name = (ingress: Ingress | undefined): string =>
    ingress ? `${ingress.metadata.name}@${ingress.metadata.resourceVersion}` : '-'
  const names = (): string[] => store.list().map(name).sort()
  const last = (): Stream => script.streams.at(-1)!
  const bookmark = (version: string, ended = false): object => ({
    metadata: {
      resourceVersion: version,
      ...(ended ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  })
  const start = (): void => {
    const made = createStore<Ingress>({}, (thrown) => handlerErrors.push(thrown))
    store = made
    store.onChange((old, now) => told.push(`${name(old)} > ${name(now)}`))
    reflector = startReflector({
      kube: createKube(script.handle),
      resource: ingresses,
      store: made,
      transform: slimIngress,
      onError: (_, waitMs) => waits.push(waitMs),
    })
  }
  /** As a server without WatchList: lists, then watches. */
  const startListing = async (...items: object[]): Promise<void> => {
    script.nextWatch.push(status(422, 'Invalid'))
    script.onList = () => json(200, { items, metadata: { resourceVersion: '10' } })
    start()
    await settle()
  }

  beforeEach(() => {
    clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 })
    script = createScript()
    told = []
    waits = []
    handlerErrors = []
  })
  afterEach(async () => {
    await reflector.stop()
    clock.uninstall()
    assert.deepEqual(handlerErrors, [])
  })

  it('takes the whole state from a WatchList and goes on in the same stream', async () => {
    start()
    await settle()
    assert.equal(last().query.get('sendInitialEvents'), 'true')
    assert.equal(last().query.get('resourceVersionMatch'), 'NotOlderThan')
    assert.equal(last().query.get('allowWatchBookmarks'), 'true')
    const seconds = Number(last().query.get('timeoutSeconds'))
    assert.ok(seconds >= 300 && seconds <= 600, `${seconds}`)
    last().send('ADDED', object('a', '3'))
    last().send('ADDED', object('b', '4'))
    await settle()
    assert.equal(store.size, 0)
    last().send('BOOKMARK', bookmark('7', true))
    await settle()
    assert.equal(await reflector.synced, true)
    assert.deepEqual(names(), ['a@3', 'b@4'])
    last().send('MODIFIED', object('a', '8', { spec: { ingressClassName: 'alb' } }))
    last().send('DELETED', object('b', '9'))
    await settle()
    assert.deepEqual(names(), ['a@8'])
    assert.deepEqual(told, ['- > a@3', '- > b@4', 'a@3 > a@8', 'b@4 > -'])
    assert.equal(script.streams.length, 1)
    assert.equal(script.lists.length, 0)
  })

  it('falls back to list and watch when the server refuses WatchList, and remembers', async () => {
    await startListing(object('a', '3'))
    assert.deepEqual(names(), ['a@3'])
    assert.equal(script.lists[0]?.get('limit'), '500')
    assert.equal(last().query.get('resourceVersion'), '10')
    assert.equal(last().query.get('sendInitialEvents'), null)
    last().send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })
    await settle()
    assert.equal(script.lists.length, 2)
    assert.equal(
      script.streams.every(({ query }) => query.get('sendInitialEvents') === null),
      true,
    )
    assert.deepEqual(waits, [])
  })

  it('falls back when the server never ends the initial events', async () => {
    script.onList = () => json(200, { items: [object('a', '3')], metadata: { resourceVersion: '10' } })
    start()
    await settle()
    last().send('ADDED', object('a', '3'))
    await settle()
    await clock.tickAsync(30_001)
    await settle()
    assert.deepEqual(names(), ['a@3'])
    assert.equal(script.streams[0]?.closed, true)
    assert.equal(last().query.get('resourceVersion'), '10')
  })

  it('reads pages, and once more in one piece when the continue token has expired', async () => {
    script.nextWatch.push(status(400, 'BadRequest'))
    const pages: Record<string, object> = {
      '': { items: [object('a', '1')], metadata: { resourceVersion: '5', continue: 'two' } },
      two: { items: [object('b', '2')], metadata: { resourceVersion: '5' } },
    }
    script.onList = (query) => json(200, pages[query.get('continue') ?? ''])
    start()
    await settle()
    assert.deepEqual(names(), ['a@1', 'b@2'])
    await reflector.stop()

    script = createScript()
    script.nextWatch.push(status(400, 'BadRequest'))
    script.nextList.push(json(200, pages['']), status(410, 'Expired'))
    script.onList = () =>
      json(200, { items: [object('a', '1'), object('c', '9')], metadata: { resourceVersion: '9' } })
    start()
    await settle()
    assert.deepEqual(names(), ['a@1', 'c@9'])
    assert.deepEqual(
      script.lists.map((query) => [query.get('limit'), query.get('continue')]),
      [
        ['500', null],
        ['500', 'two'],
        [null, null],
      ],
    )
  })

  it('resumes from the last bookmark after a reset, a clean end and garbage', async () => {
    await startListing(object('a', '3'))
    last().send('BOOKMARK', bookmark('20'))
    await settle()
    last().fail(new Error('socket hang up'))
    await settle()
    assert.equal(waits.length, 1)
    assert.ok(waits[0]! >= 800 && waits[0]! <= 1_600, `${waits[0]}`)
    await clock.tickAsync(1_600)
    await settle()
    assert.equal(last().query.get('resourceVersion'), '20')
    last().send('MODIFIED', object('a', '21', { spec: { ingressClassName: 'x' } }))
    last().raw('{"type":"MODIFIED","obj\n')
    last().send('MODIFIED', object('a', '99'))
    await settle()
    assert.deepEqual(names(), ['a@21'])
    assert.match(reflector.state().error ?? '', /Garbage/)
    await clock.tickAsync(1_600)
    await settle()
    assert.equal(last().query.get('resourceVersion'), '21')
    await clock.tickAsync(5_000)
    last().end()
    await settle()
    assert.equal(last().query.get('resourceVersion'), '21')
    assert.equal(script.streams.length, 4)
    assert.equal(waits.length, 2)
    assert.equal(script.lists.length, 1)
  })

  it('understands events however the bytes are cut', async () => {
    await startListing()
    const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: object('käse', '11') })}\n`)
    for (let i = 0; i < bytes.length; i += 1) last().raw(bytes.subarray(i, i + 1).toString('latin1'))
    await settle()
    const text = `${JSON.stringify({ type: 'ADDED', object: object('b', '12') })}\n`
    last().raw(text.slice(0, 20))
    last().raw(text.slice(20) + text.replaceAll('"b"', '"c"') + text.slice(0, 5))
    await settle()
    assert.equal(store.get('shop/b')?.metadata.resourceVersion, '12')
    assert.equal(store.get('shop/c')?.metadata.name, 'c')
    assert.equal(store.size, 3)
  })

  it('tells of what went and what was created anew while nobody watched', async () => {
    await startListing(object('a', '3'), object('b', '4'), object('c', '5'))
    told.length = 0
    script.onList = () =>
      json(200, {
        items: [
          object('b', '4'),
          { metadata: { name: 'c', namespace: 'shop', uid: 'other', resourceVersion: '30' } },
          object('d', '31'),
        ],
        metadata: { resourceVersion: '31' },
      })
    last().send('ERROR', { kind: 'Status', code: 410, message: 'gone' })
    await settle()
    assert.deepEqual(told, ['a@3 > -', 'c@5 > -', '- > c@30', '- > d@31'])
  })

  it('does not call a new resourceVersion news', async () => {
    await startListing(object('a', '3'))
    told.length = 0
    last().send('MODIFIED', object('a', '40'))
    await settle()
    assert.deepEqual(names(), ['a@40'])
    assert.deepEqual(told, [])
  })

  it('survives failing lists and waits longer each time, at most 30 s', async () => {
    script.nextWatch.push(status(422, 'Invalid'))
    script.nextList.push(...Array.from({ length: 8 }, () => status(500, 'InternalError')))
    script.onList = () => json(200, { items: [object('a', '3')], metadata: { resourceVersion: '4' } })
    start()
    for (let i = 0; i < 8; i += 1) {
      await settle()
      await clock.tickAsync(30_000)
    }
    await settle()
    assert.deepEqual(names(), ['a@3'])
    assert.equal(waits.length, 8)
    assert.ok(
      waits.every((ms, i) => ms >= Math.min(30_000, 800 * 2 ** i) && ms <= 30_000),
      waits.join(),
    )
  })

  it('waits as long as Retry-After says', async () => {
    script.nextWatch.push({ ...status(429, 'TooManyRequests'), headers: { 'retry-after': '17' } })
    start()
    await settle()
    assert.deepEqual(waits, [17_000])
    await clock.tickAsync(16_999)
    await settle()
    assert.equal(script.streams.length, 0)
    await clock.tickAsync(1)
    await settle()
    assert.equal(script.streams.length, 1)
  })

  it('does not run hot when every watch ends at once or every list is too old', async () => {
    await startListing(object('a', '3'))
    for (let i = 0; i < 40; i += 1) {
      last().end()
      await settle()
      await clock.tickAsync(500)
    }
    await settle()
    assert.ok(script.streams.length < 10, `${script.streams.length}`)
    await reflector.stop()

    script = createScript()
    script.nextWatch.push(
      status(422, 'Invalid'),
      ...Array.from({ length: 100 }, () => status(410, 'Expired')),
    )
    waits = []
    start()
    await settle()
    await clock.tickAsync(20_000)
    await settle()
    assert.ok(script.lists.length <= 7, `${script.lists.length}`)
    assert.ok(waits.length >= 3)
  })

  it('lists anew when the server keeps failing on one version', async () => {
    await startListing(object('a', '3'))
    script.nextWatch.push(...Array.from({ length: 6 }, () => status(504, 'Timeout')))
    last().fail(new Error('reset'))
    for (let i = 0; i < 8; i += 1) {
      await settle()
      await clock.tickAsync(30_000)
    }
    await settle()
    assert.equal(script.lists.length, 2)
  })

  it('leaves a watch that has gone silent', async () => {
    await startListing(object('a', '3'))
    await clock.tickAsync(100_000)
    last().send('BOOKMARK', bookmark('50'))
    await settle()
    await clock.tickAsync(149_000)
    await settle()
    assert.equal(script.streams.length, 1)
    await clock.tickAsync(1_001)
    await settle()
    assert.equal(script.streams.length, 2)
    assert.equal(script.streams[0]?.closed, true)
    assert.equal(last().query.get('resourceVersion'), '50')
    assert.deepEqual(waits, [])
  })

  it('ends by stop at any moment, and says whether it was synced', async () => {
    start()
    await settle()
    const synced = reflector.synced
    await reflector.stop()
    assert.equal(await synced, false)
    await settle()
    assert.equal(last().closed, true)

    script = createScript()
    script.nextWatch.push(status(500, 'InternalError'))
    start()
    await settle()
    await reflector.stop()
    await clock.tickAsync(60_000)
    assert.equal(script.requests.length, 1)
    assert.equal(clock.countTimers(), 0)
  })

  it('survives a handler that throws and a server that never answers', async () => {
    script.onList = () => json(200, { items: [object('a', '3')], metadata: { resourceVersion: '4' } })
    const answer = script.handle
    let silent = true
    script = { ...script, handle: (request) => (silent ? new Promise(() => undefined) : answer(request)) }
    start()
    store.onChange(() => {
      throw new Error('mine')
    })
    const heard: string[] = []
    store.onChange((_, now) => heard.push(name(now)))
    await settle()
    await clock.tickAsync(30_000)
    await settle()
    assert.match(reflector.state().error ?? '', /Timeout/)
    silent = false
    script.nextWatch.push(status(422, 'Invalid'))
    await clock.tickAsync(2_000)
    await settle()
    assert.deepEqual(heard, ['a@3'])
    assert.equal(handlerErrors.length, 1)
    handlerErrors.length = 0
  })
})
