/** Who registers next while AWS takes no more. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type Clock, install } from '@sinonjs/fake-timers'
import { createTurns } from '../../src/reconcile/turns.ts'

let clock: Clock
beforeEach(() => {
  clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
})
afterEach(() => {
  clock.uninstall()
})

/** One token comes every 250 ms; who is woken takes it. */
function world(tokens: number) {
  let left = tokens
  let at = Date.now()
  const order: string[] = []
  const ranks = new Map<string, number>()
  const readyIn = (): number => {
    const came = Math.floor((Date.now() - at) / 250)
    left += came
    at += came * 250
    return left > 0 ? 0 : at + 250 - Date.now()
  }
  const turns = createTurns(readyIn, (key) => ask(key, ranks.get(key) ?? 0))
  const ask = (key: string, rank: number): void => {
    ranks.set(key, rank)
    if (!turns.take(key, rank)) return
    left -= 1
    order.push(key)
  }
  return { ask, order, turns }
}

test('while there are tokens nobody waits', () => {
  const { ask, order } = world(3)
  for (const key of ['big', 'small', 'leaving']) ask(key, 1)
  assert.deepEqual(order, ['big', 'small', 'leaving'])
})

test('then those who take targets out, then empty target groups, then the smallest', async () => {
  const { ask, order } = world(1)
  ask('first', 1_500)
  ask('big', 1_900)
  ask('small', 1_002)
  ask('empty', 12)
  ask('leaving', -1)
  assert.deepEqual(order, ['first'])
  await clock.tickAsync(1_100)
  assert.deepEqual(order, ['first', 'leaving', 'empty', 'small', 'big'])
})

test('who has waited long goes before all', async () => {
  const { ask, order } = world(0)
  ask('big', 1_900)
  for (let n = 0; n < 60; n += 1) {
    ask(`small-${n}`, 1)
    await clock.tickAsync(250)
  }
  const at = order.indexOf('big')
  assert.ok(at > 30 && at < 50, `its turn was number ${at}`)
})

test('one that has nothing to do any more keeps nobody waiting', async () => {
  const { ask, order, turns } = world(0)
  ask('gone', 1)
  ask('here', 2)
  turns.drop('gone')
  await clock.tickAsync(300)
  assert.deepEqual(order, ['here'])
  assert.equal(clock.countTimers(), 0)
})
