import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Clock, install } from '@sinonjs/fake-timers'
import { createQueue, type Pass, type PassReport, type Queue } from '../../src/watch/queue.ts'
import type { Verdict } from '../../src/watch/verdict.ts'
import { settle } from './scripted.ts'

describe('work queue', () => {
  let clock: Clock
  let queue: Queue
  let begun: string[]
  let reports: PassReport[]
  /** Passes that have begun and wait for the test to end them. */
  let open: Map<string, { end(verdict?: Verdict): void; fail(error: Error): void; pass: Pass }>
  const settled: Verdict = { verdict: 'settled' }

  const start = (workers = 2, work?: (pass: Pass) => Promise<Verdict>, editWorkers = 0): void => {
    queue = createQueue({
      workers,
      editWorkers,
      deadlineMs: 10_000,
      graceMs: 1_000,
      blockedMs: 60_000,
      onPass: (report) => reports.push(report),
      work: (pass) => {
        begun.push(pass.key)
        if (work) return work(pass)
        return new Promise((resolve, reject) => {
          open.set(pass.key, { end: (verdict = settled) => resolve(verdict), fail: reject, pass })
        })
      },
    })
  }
  const end = async (key: string, verdict?: Verdict): Promise<void> => {
    open.get(key)!.end(verdict)
    await settle()
  }

  beforeEach(() => {
    clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 })
    begun = []
    reports = []
    open = new Map()
  })
  afterEach(async () => {
    const stopped = queue.stop()
    await clock.tickAsync(20_000)
    await stopped
    assert.equal(clock.countTimers(), 0)
    clock.uninstall()
  })

  it('runs a key once however often it is named, and once more when named during its pass', async () => {
    start()
    for (let i = 0; i < 5; i += 1) queue.add('a')
    await settle()
    assert.deepEqual(begun, ['a'])
    queue.add('a')
    queue.add('a')
    await settle()
    assert.deepEqual(begun, ['a'])
    await end('a')
    assert.deepEqual(begun, ['a', 'a'])
    await end('a')
    assert.deepEqual(begun, ['a', 'a'])
    assert.deepEqual(queue.stats(), {
      ready: 0,
      running: 0,
      delayed: 0,
      longestWaitMs: 0,
      passes: 2,
      thrown: 0,
    })
  })

  it('runs as many keys at once as there are workers, edits before drift', async () => {
    start(2)
    queue.add('drift', 'drift')
    queue.add('resync', 'resync')
    queue.add('new', 'new')
    queue.add('edit')
    await settle()
    assert.deepEqual(begun, ['edit', 'new'])
    await end('edit')
    assert.deepEqual(begun, ['edit', 'new', 'resync'])
    queue.add('drift', 'edit')
    queue.add('other', 'new')
    await end('new')
    await end('resync')
    assert.deepEqual(begun, ['edit', 'new', 'resync', 'drift', 'other'])
  })

  it('has workers for edits alone, so that looks that wait for AWS keep nobody waiting', async () => {
    start(1, undefined, 1)
    queue.add('resync', 'resync')
    queue.add('another', 'new')
    await settle()
    assert.deepEqual(begun, ['another'])
    queue.add('edit')
    queue.add('resync', 'edit')
    await settle()
    assert.deepEqual(begun, ['another', 'edit'])
    await end('edit')
    assert.deepEqual(begun, ['another', 'edit', 'resync'])
    await end('another')
  })

  it('lets nothing starve', async () => {
    start(1)
    queue.add('old', 'drift')
    for (let i = 0; i < 20; i += 1) {
      clock.tick(1)
      queue.add(`edit ${i}`)
    }
    for (let i = 0; i < 10; i += 1) {
      await settle()
      await end(begun.at(-1)!)
    }
    assert.ok(begun.slice(0, 9).includes('old'), begun.join())
  })

  it('looks again when the pass says so, or sooner when nudged', async () => {
    start(1, async ({ key }) =>
      begun.length === 1 ? { verdict: 'again', afterMs: 15_000, why: key } : settled,
    )
    queue.add('a')
    await settle()
    assert.equal(queue.stats().delayed, 1)
    await clock.tickAsync(14_999)
    await settle()
    assert.equal(begun.length, 1)
    await clock.tickAsync(1)
    await settle()
    assert.equal(begun.length, 2)

    begun.length = 0
    queue.add('b')
    await settle()
    queue.add('b', 'resync', 20_000)
    await clock.tickAsync(5_000)
    queue.add('b')
    await settle()
    assert.equal(begun.length, 2)
    await clock.tickAsync(60_000)
    await settle()
    assert.equal(begun.length, 2)
  })

  it('takes the earliest of several delays, also of those asked for during a pass', async () => {
    start(1)
    queue.add('a', 'edit', 9_000)
    queue.add('a', 'edit', 3_000)
    queue.add('a', 'edit', 6_000)
    await clock.tickAsync(3_000)
    await settle()
    assert.equal(begun.length, 1)
    queue.add('a', 'resync', 8_000)
    queue.add('a', 'resync', 4_000)
    await end('a', { verdict: 'again', afterMs: 30_000, why: '' })
    await clock.tickAsync(4_000)
    await settle()
    assert.equal(begun.length, 2)
    await end('a')
    await clock.tickAsync(60_000)
    await settle()
    assert.equal(begun.length, 2)
  })

  it('looks at a blocked key slowly', async () => {
    start(1, async () => ({ verdict: 'blocked', why: 'a typo' }))
    queue.add('a')
    await settle()
    await clock.tickAsync(59_000)
    await settle()
    assert.equal(begun.length, 1)
    await clock.tickAsync(1_000)
    await settle()
    assert.equal(begun.length, 2)
    assert.equal(reports[1]?.priority, 'drift')
  })

  it('backs off a key whose pass throws, and forgets that when it settles', async () => {
    let broken = true
    start(1, async () => {
      if (broken) throw new Error('bug')
      return settled
    })
    queue.add('a')
    const times: number[] = []
    for (let i = 0; i < 4; i += 1) {
      await settle()
      const before = Date.now()
      while (begun.length === i + 1) await clock.tickAsync(100).then(settle)
      times.push(Date.now() - before)
    }
    assert.ok(
      times.every((ms, i) => ms >= 1_000 * 2 ** i && ms <= 2_000 * 2 ** i + 200),
      times.join(),
    )
    assert.match(String(reports[0]?.thrown), /bug/)
    broken = false
    queue.add('a')
    await settle()
    assert.equal(queue.stats().delayed, 0)
    assert.equal(queue.stats().thrown, 5)
    broken = true
    queue.add('a')
    await settle()
    const count = begun.length
    await clock.tickAsync(2_000)
    await settle()
    assert.equal(begun.length, count + 1)
  })

  it('frees a key whose pass never settles, after telling it to stop', async () => {
    start(1)
    queue.add('a')
    queue.add('b')
    await settle()
    const first = open.get('a')!
    await clock.tickAsync(10_000)
    assert.equal(first.pass.signal.aborted, true)
    assert.deepEqual(begun, ['a'])
    await clock.tickAsync(1_000)
    await settle()
    assert.deepEqual(begun, ['a', 'b'])
    await end('b')
    await clock.tickAsync(2_000)
    await settle()
    assert.deepEqual(begun, ['a', 'b', 'a'])
    first.end({ verdict: 'again', afterMs: 1, why: 'too late' })
    await end('a')
    await clock.tickAsync(1_000)
    await settle()
    assert.deepEqual(begun, ['a', 'b', 'a'])
  })

  it('stops: takes no more, drops what waits, ends what runs', async () => {
    start(1)
    queue.add('a')
    queue.add('b')
    queue.add('c', 'edit', 1_000)
    await settle()
    let stopped = false
    const stopping = queue.stop(5_000).then(() => {
      stopped = true
    })
    queue.add('d')
    await clock.tickAsync(4_999)
    assert.equal(open.get('a')?.pass.signal.aborted, false)
    assert.equal(stopped, false)
    await clock.tickAsync(1)
    assert.equal(open.get('a')?.pass.signal.aborted, true)
    await end('a')
    await stopping
    await clock.tickAsync(60_000)
    assert.deepEqual(begun, ['a'])
  })

  it('says when it is idle', async () => {
    start(1)
    let idle = false
    queue.add('a')
    queue.add('z', 'edit', 90_000)
    void queue.idle().then(() => {
      idle = true
    })
    await settle()
    assert.equal(idle, false)
    await end('a')
    assert.equal(idle, true)
    queue.forget('z')
    assert.equal(queue.stats().delayed, 0)
  })
})
