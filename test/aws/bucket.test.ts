import assert from 'node:assert/strict'
import { test } from 'node:test'
import FakeTimers from '@sinonjs/fake-timers'
import { createLimiter, type Limiter, type Priority, type Taken } from '../../src/aws/bucket.ts'

/** Virtual time; what is asked for in it is answered in it. */
async function inTime(
  run: (tools: { limiter: Limiter; clock: ReturnType<typeof FakeTimers.install> }) => Promise<void>,
): Promise<void> {
  const clock = FakeTimers.install({ now: 1_000_000, toNotFake: ['nextTick', 'queueMicrotask'] })
  try {
    await run({ limiter: createLimiter(), clock })
  } finally {
    clock.uninstall()
  }
}

const ask = (limiter: Limiter, action: string, log: string[], priority: Priority = 'resync'): void =>
  void limiter.take(action, { priority }).then((taken) => log.push(`${priority} ${taken}`))

test('a burst of what the category holds, then its rate, both nine tenths of what AWS publishes', () =>
  inTime(async ({ limiter, clock }) => {
    const log: string[] = []
    for (let n = 0; n < 40; n += 1) ask(limiter, 'elbv2:CreateRule', log)
    await clock.tickAsync(1)
    assert.equal(log.length, 18)
    await clock.tickAsync(10_000)
    // 2.7 a second.
    assert.equal(log.length, 18 + 22)
  }))

test('creating load balancers has a bucket of its own that fills slowly', () =>
  inTime(async ({ limiter, clock }) => {
    const log: string[] = []
    for (let n = 0; n < 11; n += 1) ask(limiter, 'elbv2:CreateLoadBalancer', log)
    await clock.tickAsync(1)
    assert.equal(log.length, 9)
    assert.ok(limiter.readyIn('elbv2:CreateLoadBalancer') > 5_000)
    assert.equal(limiter.readyIn('elbv2:CreateRule'), 0)
    assert.equal(limiter.readyIn('ec2:DescribeSubnets'), 0)
    await clock.tickAsync(5_600)
    assert.equal(log.length, 10)
  }))

test('all of ELBv2 share the account wide bucket; EC2 has nothing to do with it', () =>
  inTime(async ({ limiter, clock }) => {
    const log: string[] = []
    for (let n = 0; n < 36; n += 1) ask(limiter, 'elbv2:DescribeRules', log)
    await clock.tickAsync(1)
    assert.equal(log.length, 36)
    assert.ok(limiter.readyIn('elbv2:RegisterTargets') > 0)
    assert.equal(limiter.categoryReadyIn('elbv2:RegisterTargets'), 0)
    assert.equal(limiter.readyIn('ec2:AuthorizeSecurityGroupIngress'), 0)
  }))

test('an edit overtakes everything that waits, a new group the regular looks', () =>
  inTime(async ({ limiter, clock }) => {
    const log: string[] = []
    for (let n = 0; n < 36; n += 1) ask(limiter, 'elbv2:DescribeRules', [])
    ask(limiter, 'elbv2:DescribeRules', log, 'resync')
    ask(limiter, 'elbv2:DescribeRules', log, 'new')
    ask(limiter, 'elbv2:DescribeRules', log, 'user')
    await clock.tickAsync(1_000)
    assert.deepEqual(log, ['user taken', 'new taken', 'resync taken'])
  }))

test('a sweep gets every tenth turn however many edits wait', () =>
  inTime(async ({ limiter, clock }) => {
    for (let n = 0; n < 36; n += 1) ask(limiter, 'elbv2:DescribeRules', [])
    const log: string[] = []
    for (let n = 0; n < 10; n += 1) ask(limiter, 'elbv2:DescribeRules', log, 'drift')
    for (let n = 0; n < 100; n += 1) ask(limiter, 'elbv2:DescribeRules', log, 'user')
    await clock.tickAsync(10_000)
    assert.ok(log.length >= 88)
    const drift = log.filter((line) => line === 'drift taken').length
    assert.ok(drift >= Math.floor(log.length / 10), `${drift} of ${log.length}`)
    assert.ok(drift <= Math.ceil(log.length / 10) + 1, `${drift} of ${log.length}`)
  }))

test('a refusal empties the bucket and halves its rate for a while', () =>
  inTime(async ({ limiter, clock }) => {
    limiter.refused('elbv2:CreateRule')
    const wait = limiter.readyIn('elbv2:CreateRule')
    assert.ok(Math.abs(wait - 1000 / 1.35) < 1, String(wait))
    assert.equal(limiter.readyIn('ec2:CreateSecurityGroup'), 0)
    await clock.tickAsync(60_000)
    assert.equal(limiter.readyIn('elbv2:CreateRule'), 0)
    const log: string[] = []
    for (let n = 0; n < 50; n += 1) ask(limiter, 'elbv2:CreateRule', log)
    await clock.tickAsync(1)
    const burst = log.length
    await clock.tickAsync(4_000)
    assert.ok(log.length - burst >= 10, 'the rate is whole again')
  }))

test('waiting ends with the signal, and does not begin when the token would come too late', () =>
  inTime(async ({ limiter, clock }) => {
    for (let n = 0; n < 9; n += 1) ask(limiter, 'elbv2:SetSubnets', [])
    const stop = new AbortController()
    const seen: Taken[] = []
    void limiter.take('elbv2:SetSubnets', { priority: 'user', signal: stop.signal }).then((t) => seen.push(t))
    await clock.tickAsync(100)
    stop.abort()
    await clock.tickAsync(0)
    assert.deepEqual(seen, ['aborted'])
    const late = limiter.take('elbv2:SetSubnets', { priority: 'user', deadline: Date.now() + 1_000 })
    assert.equal(await late, 'late')
    assert.equal(clock.countTimers(), 1)
    await clock.runAllAsync()
    assert.equal(clock.countTimers(), 0)
  }))

test('half of the shards, half of the rate', () =>
  inTime(async ({ limiter, clock }) => {
    limiter.share(0.5)
    const log: string[] = []
    for (let n = 0; n < 40; n += 1) ask(limiter, 'elbv2:CreateRule', log)
    await clock.tickAsync(1)
    assert.equal(log.length, 9)
    await clock.tickAsync(10_000)
    assert.equal(log.length, 9 + 13)
  }))
