import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Clock, install } from '@sinonjs/fake-timers'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { createKube, type Kube } from '../../src/kube/client.ts'
import { createRecorder, type Recorder } from '../../src/kube/event.ts'
import type { EventNote } from '../../src/kube/event-body.ts'
import { coreEvents, events } from '../../src/kube/resource.ts'
import { settle } from '../watch/scripted.ts'

type StoredEvent = {
  reason: string
  note: string
  eventTime: string
  series?: { count: number; lastObservedTime: string }
  reportingController: string
  reportingInstance: string
  regarding: { kind: string; uid: string; namespace?: string }
  metadata: { name: string; namespace: string }
}
const note = (message: string, name = 'web'): EventNote => ({
  object: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '5' },
  },
  type: 'Warning',
  reason: 'FailedBuildModel',
  message,
})

describe('event recorder', () => {
  let clock: Clock
  let server: ApiServer
  let kube: Kube
  let recorder: Recorder
  let errors: string[]

  const stored = async (): Promise<StoredEvent[]> => {
    const answer = await kube.list(events, { namespace: 'default' })
    return answer.ok ? (answer.value.items as unknown as StoredEvent[]) : []
  }
  beforeEach(() => {
    clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2026, 10, 20, 12) })
    server = createApiServer()
    kube = createKube(server.handle)
    errors = []
    recorder = createRecorder(kube, { queueLimit: 5, onError: (error) => errors.push(error.reason) })
  })
  afterEach(() => {
    server.stop()
    clock.uninstall()
  })

  it('writes an event as kubectl describe looks for it', async () => {
    recorder.record(note('bad value'))
    await recorder.flush()
    const [event] = await stored()
    assert.deepEqual(
      [event?.series, event?.reportingController, event?.regarding, event?.eventTime],
      [
        undefined,
        'ingress',
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          name: 'web',
          namespace: 'default',
          uid: 'uid-web',
          resourceVersion: '5',
        },
        '2026-11-20T12:00:00.000000Z',
      ],
    )
  })

  it('counts a repeated one, and begins anew after ten quiet minutes', async () => {
    recorder.record(note('bad value'))
    await recorder.flush()
    await clock.tickAsync(90_000)
    recorder.record(note('bad value'))
    recorder.record(note('bad value'))
    await recorder.flush()
    const [event, ...others] = await stored()
    assert.equal(others.length, 0)
    assert.deepEqual(event?.series, { count: 3, lastObservedTime: '2026-11-20T12:01:30.000000Z' })
    await clock.tickAsync(600_000)
    recorder.record(note('bad value'))
    await recorder.flush()
    assert.deepEqual(
      (await stored()).map(({ series }) => series?.count ?? 1).toSorted((a, b) => a - b),
      [1, 3],
    )
  })

  it('creates the event anew when the server has forgotten it', async () => {
    recorder.record(note('bad value'))
    await recorder.flush()
    const [event] = await stored()
    await kube.delete(events, event!.metadata)
    recorder.record(note('bad value'))
    await recorder.flush()
    assert.deepEqual(
      (await stored()).map(({ series }) => series?.count),
      [2],
    )
  })

  it('limits what one object may say, not what others may', async () => {
    for (let i = 0; i < 40; i += 1) {
      recorder.record(note(`problem ${i}`))
      await recorder.flush()
    }
    recorder.record(note('other', 'api'))
    await recorder.flush()
    assert.equal((await stored()).length, 26)
    assert.equal(recorder.stats().limited, 15)
    await clock.tickAsync(300_000)
    recorder.record(note('later'))
    await recorder.flush()
    assert.equal((await stored()).length, 27)
  })

  it('tries again after a passing failure, gives up on a refusal, and keeps no more than its limit', async () => {
    server.fault({ path: /events/, status: 500, times: 2 })
    recorder.record(note('a'))
    const flushed = recorder.flush()
    for (let i = 0; i < 5; i += 1) {
      await settle()
      await clock.tickAsync(1_000)
    }
    await flushed
    assert.deepEqual(
      (await stored()).map(({ note: text }) => text),
      ['a'],
    )
    server.fault({ path: /events/, status: 403, times: 2 })
    recorder.record(note('b'))
    await recorder.flush()
    assert.deepEqual(errors, ['Forbidden'])
    for (let i = 0; i < 9; i += 1) recorder.record(note(`c${i}`))
    await recorder.flush()
    assert.deepEqual(recorder.stats(), { written: 6, limited: 0, dropped: 5 })
  })

  it('keeps room for others when many come that can wait', async () => {
    const patient = Array.from({ length: 9 }, (_, i) => recorder.record({ ...note(`p${i}`), patient: true }))
    assert.equal(patient.filter(Boolean).length, 3)
    assert.equal(recorder.record(note('urgent')), true)
    await recorder.flush()
    assert.equal((await stored()).length, 4)
    assert.equal(recorder.record({ ...note('p8'), patient: true }), true)
    await recorder.flush()
  })

  it('cuts a message to what the API server takes', async () => {
    recorder.record(note('ü'.repeat(2000)))
    recorder.record({ ...note('ä'.repeat(2000), 'api'), help: 'docs/problems.md#conflict' })
    await recorder.flush()
    const [cut, helpful] = (await stored())
      .map(({ note: text }) => text)
      .toSorted((a, b) => b.localeCompare(a))
    for (const text of [cut, helpful]) assert.ok(Buffer.byteLength(text!) <= 1024)
    assert.ok(cut!.endsWith('ü...'))
    assert.ok(helpful!.endsWith('ä... (docs/problems.md#conflict)'))
  })

  it("writes core events where only those may be written, as under ALBC's ClusterRole", async () => {
    server.fault({ path: /events\.k8s\.io/, method: 'POST', status: 403, times: 9 })
    for (const text of ['a', 'a', 'b']) recorder.record(note(text))
    await recorder.flush()
    recorder.record(note('a'))
    await recorder.flush()
    const answer = await kube.list(coreEvents, { namespace: 'default' })
    const seen = answer.ok ? (answer.value.items as unknown as { message: string; count: number }[]) : []
    assert.deepEqual(
      seen.map(({ message, count }) => `${message} ${count}`).toSorted((a, b) => a.localeCompare(b)),
      ['a 3', 'b 1'],
    )
    assert.deepEqual([errors, recorder.stats().dropped], [[], 0])
  })
})
