import assert from 'node:assert/strict'
import { afterEach, beforeEach, it } from 'node:test'
import type { Address } from '../../../localstack/alb/network.ts'
import { open, seal } from '../../../localstack/alb/seal.ts'
import { type Answer, Bench, ask, fixed, forwardTo, groupArn, listenerArn, podIp } from './account.ts'

let bench = new Bench()
let at: Address
const [first, second, third] = [podIp(21), podIp(22), podIp(23)]
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.stop())

const cookieNames = ({ headers }: Answer): string[] =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.slice(0, cookie.indexOf('=')))
const backAs = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ')

async function web(attributes: Record<string, string>, setCookie?: string): Promise<void> {
  bench.group('web', [
    [first, 80],
    [second, 80],
  ])
  for (const ip of [first, second])
    await bench.pod(ip, 80, (_, response) => {
      if (setCookie !== undefined) response.setHeader('Set-Cookie', setCookie)
      response.end(ip)
    })
  const group = bench.account.targetGroups.get(groupArn('web'))
  for (const [key, value] of Object.entries({ 'stickiness.enabled': 'true', ...attributes }))
    group?.attributes.set(key, value)
  bench.listener(forwardTo('web'))
  at = await bench.start()
  await Promise.all([first, second].map((ip) => bench.healthy('web', ip, 80)))
}

const answers = async (headers: Record<string, string>): Promise<Set<string>> =>
  new Set((await Promise.all(Array.from({ length: 6 }, () => ask(at, { headers })))).map(({ body }) => body))

it('a client with AWSALB stays with its target, until that is gone', async () => {
  await web({ 'stickiness.type': 'lb_cookie', 'stickiness.lb_cookie.duration_seconds': '60' })
  assert.equal((await answers({})).size, 2)
  const answer = await ask(at)
  assert.deepEqual(cookieNames(answer), ['AWSALB', 'AWSALBCORS'])
  assert.match(answer.headers['set-cookie']?.[1] ?? '', /; Expires=.* GMT; Path=\/; SameSite=None$/)
  assert.deepEqual(await answers({ cookie: `x=1; ${backAs(answer)}` }), new Set([answer.body]))
  assert.equal((await answers({ cookie: 'AWSALB=forged' })).size, 2)
  bench.account.targetGroups.get(groupArn('web'))?.targets.delete(`${answer.body}:80`)
  await bench.changed()
  const moved = await ask(at, { headers: { cookie: backAs(answer) } })
  assert.notEqual(moved.body, answer.body)
  assert.deepEqual(await answers({ cookie: backAs(moved) }), new Set([moved.body]))
})

it('an application cookie holds only together with that of the load balancer', async () => {
  const attributes = { 'stickiness.type': 'app_cookie', 'stickiness.app_cookie.cookie_name': 'session' }
  await web(attributes, 'session=abc')
  const answer = await ask(at)
  assert.deepEqual(cookieNames(answer), ['session', 'AWSALBAPP-0'])
  assert.deepEqual(await answers({ cookie: backAs(answer) }), new Set([answer.body]))
  assert.equal((await answers({ cookie: backAs(answer).replace('session=abc; ', '') })).size, 2)
})

it('no cookie is set where the target sets none of that name, or stickiness is off', async () => {
  await web({ 'stickiness.type': 'app_cookie', 'stickiness.app_cookie.cookie_name': 'session' }, 'other=1')
  assert.deepEqual(cookieNames(await ask(at)), ['other'])
  bench.account.targetGroups.get(groupArn('web'))?.attributes.set('stickiness.enabled', 'false')
  await bench.changed()
  assert.deepEqual(cookieNames(await ask(at)), ['other'])
})

it('a client with AWSALBTG stays with its target group while that has weight', async () => {
  for (const [name, ip] of [
    ['blue', first],
    ['green', third],
  ] as const) {
    bench.group(name, [[ip, 80]])
    await bench.pod(ip, 80)
  }
  const sticky = (...weights: [number, number]) => {
    const action = forwardTo(['blue', weights[0]], ['green', weights[1]])
    return {
      ...action,
      ForwardConfig: {
        ...action.ForwardConfig,
        TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
      },
    }
  }
  bench.listener(fixed(404))
  bench.rule(1, [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }], sticky(1, 0))
  at = await bench.start()
  await bench.healthy('blue', first, 80)
  await bench.healthy('green', third, 80)
  const answer = await ask(at)
  assert.deepEqual(cookieNames(answer), ['AWSALBTG', 'AWSALBTGCORS'])
  const rule = bench.account.rules.get(`${listenerArn}/1`)
  if (rule) rule.wire = { ...rule.wire, Actions: [sticky(1, 999)] }
  await bench.changed()
  assert.deepEqual(await answers({ cookie: backAs(answer) }), new Set([first]))
  if (rule) rule.wire = { ...rule.wire, Actions: [sticky(0, 1)] }
  await bench.changed()
  assert.deepEqual(await answers({ cookie: backAs(answer) }), new Set([third]))
})

it('a sealed value opens unchanged, in time and whole', () => {
  const sealed = seal({ group: 'a' }, 1000)
  assert.deepEqual(open(sealed, 999), { group: 'a' })
  assert.equal(open(sealed, 1000), undefined)
  assert.equal(open(`${sealed.slice(0, -3)}AAA`, 0), undefined)
  assert.equal(open('', 0), undefined)
})
