import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { usableTargets } from '../../../localstack/alb/balance.ts'
import { acceptsCode } from '../../../localstack/alb/probe.ts'
import { tableOf } from '../../../localstack/alb/table.ts'
import { Bench, ask, forwardTo, groupArn, podIp, until } from './account.ts'

let bench = new Bench()
beforeEach(() => {
  bench = new Bench()
  bench.listener(forwardTo('a'))
})
afterEach(() => bench.stop())

describe('health checks', () => {
  it('accept the codes of the matcher', () => {
    const cases: readonly (readonly [string, number, boolean])[] = [
      ['200', 200, true],
      ['200', 201, false],
      ['200,202', 202, true],
      ['200-299', 299, true],
      ['200-299,404', 404, true],
      ['200-299', 300, false],
    ]
    for (const [matcher, code, expected] of cases)
      assert.equal(acceptsCode(matcher, code), expected, `${matcher} ${code}`)
  })

  it('take a target from registration to healthy after one success, and then through the thresholds', async () => {
    bench = new Bench({ timing: { firstHealthCheckMs: 40 } })
    bench.listener(forwardTo('a'))
    let status = 200
    const seen: string[] = []
    const states: (string | undefined)[] = []
    await bench.pod(podIp(1), 9000, (incoming, response) => {
      seen.push(
        `${incoming.method} ${incoming.url} ${incoming.headers['user-agent']} ${incoming.headers.host}`,
      )
      states.push(bench.health('a', podIp(1), 9000)?.State)
      response.writeHead(status).end()
    })
    bench.group('a', [[podIp(1), 9000]], { HealthyThresholdCount: 3 })
    assert.equal(bench.health('a', podIp(1), 9000)?.Reason, 'Elb.RegistrationInProgress')
    await bench.start()
    assert.deepEqual(bench.health('a', podIp(1), 9000), {
      State: 'initial',
      Reason: 'Elb.InitialHealthChecking',
      Description: 'Initial health checks in progress',
    })
    await bench.healthy('a', podIp(1), 9000)
    assert.equal(seen[0], `GET /healthz ELB-HealthChecker/2.0 ${podIp(1)}:9000`)
    await until('a second check', () => states.length > 1)
    assert.deepEqual(states.slice(0, 2), ['initial', 'healthy'])
    assert.deepEqual(bench.health('a', podIp(1), 9000), { State: 'healthy' })
    status = 404
    const failing = seen.length
    await until('it is unhealthy', () => bench.health('a', podIp(1), 9000)?.State === 'unhealthy')
    assert.ok(seen.length - failing >= 2)
    assert.deepEqual(bench.health('a', podIp(1), 9000), {
      State: 'unhealthy',
      Reason: 'Target.ResponseCodeMismatch',
      Description: 'Health checks failed with these codes: [404]',
    })
    status = 200
    const passing = seen.length
    await bench.healthy('a', podIp(1), 9000)
    assert.ok(seen.length - passing >= 3)
  })

  it('tell a refused connection from silence, and check another port where told', async () => {
    await bench.pod(podIp(2), 9000, () => undefined)
    await bench.pod(podIp(3), 9100)
    bench.group(
      'a',
      [
        [podIp(1), 9000],
        [podIp(2), 9000],
      ],
      { HealthCheckTimeoutSeconds: 2 },
    )
    bench.group('b', [[podIp(3), 9000]], { HealthCheckPort: '9100' })
    bench.listener(forwardTo('a', 'b'))
    await bench.start()
    await bench.healthy('b', podIp(3), 9000)
    await until('both are unhealthy', () =>
      [podIp(1), podIp(2)].every((ip) => bench.health('a', ip, 9000)?.State === 'unhealthy'),
    )
    assert.deepEqual(
      [podIp(1), podIp(2)].map((ip) => bench.health('a', ip, 9000)),
      [
        { State: 'unhealthy', Reason: 'Target.FailedHealthChecks', Description: 'Health checks failed' },
        { State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' },
      ],
    )
  })

  it('begin when a rule names the group, and end with it', async () => {
    let checks = 0
    await bench.pod(podIp(1), 9000, (_, response) => {
      checks += 1
      response.end()
    })
    bench.group('a')
    bench.group('b', [[podIp(1), 9000]])
    await bench.start()
    await new Promise((resolve) => setTimeout(resolve, 40))
    assert.equal(checks, 0)
    bench.listener(forwardTo('b'))
    await bench.changed()
    await bench.healthy('b', podIp(1), 9000)
    bench.listener(forwardTo('a'))
    await bench.changed()
    const before = checks
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.ok(checks <= before + 1)
  })

  it('steer traffic: only healthy targets, all of them when none is', async () => {
    let sick = podIp(2)
    for (const ip of [podIp(1), podIp(2)])
      await bench.pod(ip, 9000, (incoming, response) =>
        response.writeHead(incoming.url === '/healthz' && sick.includes(ip) ? 500 : 200).end(ip),
      )
    bench.group('a', [
      [podIp(1), 9000],
      [podIp(2), 9000],
    ])
    const at = await bench.start()
    const unhealthy = (ip: string) =>
      until(`${ip} is unhealthy`, () => bench.health('a', ip, 9000)?.State === 'unhealthy')
    const bodies = async () =>
      new Set((await Promise.all(Array.from({ length: 6 }, () => ask(at)))).map(({ body }) => body))
    await bench.healthy('a', podIp(1), 9000)
    await unhealthy(podIp(2))
    assert.deepEqual(await bodies(), new Set([podIp(1)]))
    sick = `${podIp(1)} ${podIp(2)}`
    await unhealthy(podIp(1))
    assert.deepEqual(await bodies(), new Set([podIp(1), podIp(2)]))
  })

  it('fail open below the group’s own minimum', () => {
    bench.group('a', [
      [podIp(1), 1],
      [podIp(2), 1],
      [podIp(3), 1],
    ])
    const record = bench.account.targetGroups.get(groupArn('a'))
    const usable = () => {
      const group = tableOf(bench.account, Date.now()).groups.get(groupArn('a'))
      return group && usableTargets(group).length
    }
    for (const target of record?.targets.values() ?? [])
      target.health = { State: target.id === podIp(1) ? 'healthy' : 'unhealthy' }
    assert.equal(usable(), 1)
    const key = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets'
    record?.attributes.set(`${key}.percentage`, '50')
    assert.equal(usable(), 3)
    record?.attributes.set(`${key}.percentage`, 'off').set(`${key}.count`, '2')
    assert.equal(usable(), 3)
  })
})
