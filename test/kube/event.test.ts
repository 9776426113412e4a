import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Clock, install } from '@sinonjs/fake-timers'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { createKube, type Kube } from '../../src/kube/client.ts'
import { createRecorder, type Recorder } from '../../src/kube/event.ts'
import type { EventNote } from '../../src/kube/event-body.ts'
import { events } from '../../src/kube/resource.ts'
import { settle } from '../watch/scripted.ts'

type StoredEvent = {
  count: number
  reason: string
  message: string
  firstTimestamp: string
  lastTimestamp: string
  source: { component: string }
  involvedObject: { kind: string; uid: string; namespace?: string }
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
      [event?.count, event?.source, event?.involvedObject, event?.firstTimestamp],
      [
        1,
        { component: 'ingress' },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          name: 'web',
          namespace: 'default',
          uid: 'uid-web',
          resourceVersion: '5',
        },
        '2026-11-20T12:00:00Z',
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
    assert.equal(event?.count, 3)
    assert.equal(event?.lastTimestamp, '2026-11-20T12:01:30Z')
    await clock.tickAsync(600_000)
    recorder.record(note('bad value'))
    await recorder.flush()
    assert.deepEqual(
      (await stored()).map(({ count }) => count).toSorted((a, b) => a - b),
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
      (await stored()).map(({ count }) => count),
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
      (await stored()).map(({ message }) => message),
      ['a'],
    )
    server.fault({ path: /events/, status: 403 })
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
    await recorder.flush()
    const [event] = await stored()
    assert.ok(Buffer.from(event!.message).length <= 1024)
    assert.ok(event!.message.endsWith('ü...'))
  })
})
