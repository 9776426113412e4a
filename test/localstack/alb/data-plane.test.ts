import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { type Socket, connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { chooseGroup } from '../../../localstack/alb/balance.ts'
import {
  Bench,
  ask,
  fixed,
  forwardTo,
  groupArn,
  listenerArn,
  loadBalancerArn,
  onPath,
  podIp,
  until,
} from './account.ts'

let bench = new Bench()
afterEach(() => bench.stop())

describe('rules', () => {
  beforeEach(() => {
    bench = new Bench()
  })

  it('answer in the order of their priority, else the default', async () => {
    bench.rule(100, onPath('/*'), fixed(200, 'wide'))
    bench.rule(20, onPath('/a/*'), fixed(201, 'narrow'))
    const at = await bench.start()
    assert.equal((await ask(at, { path: '/a/b' })).body, 'narrow')
    assert.equal((await ask(at, { path: '/A/b' })).body, 'wide')
    bench.account.rules.delete(`${listenerArn}/100`)
    await bench.changed()
    const missed = await ask(at, { path: '/b' })
    assert.equal(missed.status, 404)
    assert.equal(missed.body, '')
    assert.equal(missed.headers['server'], 'awselb/2.0')
  })

  it('give fixed responses with their type', async () => {
    bench.rule(1, onPath('/new'), fixed(503, 'Backend service does not exist'))
    bench.rule(2, onPath('/json'), fixed(200, '{}', 'application/json'))
    const at = await bench.start()
    const answer = await ask(at, { path: '/new' })
    assert.deepEqual(
      [answer.status, answer.body, answer.headers['content-type'], answer.headers['content-length']],
      [503, 'Backend service does not exist', 'text/plain; charset=utf-8', '30'],
    )
    const json = await ask(at, { path: '/json', headers: { 'X-Forwarded-For': '1.1.1.1' } })
    assert.equal(json.headers['content-type'], 'application/json; charset=utf-8')
  })

  it('redirect', async () => {
    bench.listener({
      Type: 'redirect',
      RedirectConfig: { StatusCode: 'HTTP_301', Protocol: 'HTTPS', Port: '443', Path: '/x/#{path}' },
    })
    const answer = await ask(await bench.start(), { path: '/a?b=c', headers: { host: 'Shop.example:80' } })
    assert.equal(answer.status, 301)
    assert.equal(answer.headers['location'], 'https://shop.example:443/x/a?b=c')
    assert.equal(answer.headers['content-length'], '134')
  })

  it('match by source address and header, not by what X-Forwarded-For claims', async () => {
    bench.rule(1, [{ Field: 'source-ip', SourceIpConfig: { Values: ['198.51.100.0/24'] } }], fixed(200, 'in'))
    const at = await bench.start()
    assert.equal((await ask(at, { headers: { 'X-Forwarded-For': '198.51.100.7' } })).status, 404)
    await bench.plane?.stop()
    assert.equal((await ask(await bench.start('198.51.100.7'))).status, 200)
  })

  it('refuse TRACE, too long a trail of proxies, and a request that is none', async () => {
    const at = await bench.start()
    assert.equal((await ask(at, { method: 'TRACE' })).status, 405)
    const trail = Array.from({ length: 31 }, () => '1.1.1.1').join(',')
    assert.equal((await ask(at, { headers: { 'X-Forwarded-For': trail } })).status, 463)
    const socket = connect(at)
    socket.write('nonsense\r\n\r\n')
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    )
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\nServer: awselb\/2\.0\r\n/)
    socket.destroy()
  })

  it('follow listener attributes', async () => {
    const attributes = bench.account.listeners.get(listenerArn)?.attributes
    attributes?.set('routing.http.response.server.enabled', 'false')
    attributes?.set('routing.http.response.x_frame_options.header_value', 'DENY')
    const { headers } = await ask(await bench.start())
    assert.equal(headers['server'], undefined)
    assert.equal(headers['x-frame-options'], 'DENY')
  })

  it('take effect after the time that AWS takes', async () => {
    bench = new Bench({ timing: { propagationMs: 60 } })
    const at = await bench.start()
    bench.rule(1, onPath('/*'), fixed(200))
    bench.account.changed()
    assert.equal((await ask(at)).status, 404)
    await bench.plane?.idle()
    assert.equal((await ask(at)).status, 200)
  })

  it('wait for the load balancer to be active', async () => {
    const record = bench.account.loadBalancers.get(loadBalancerArn)
    if (record) record.activeAt = Date.now() + 80
    await assert.rejects(bench.start())
    await until('it listens', () => bench.plane?.addressOf(loadBalancerArn, 80) !== undefined)
  })

  it('move with their listener to another port', async () => {
    bench.securityGroup('sg-lb', [
      { cidr: '0.0.0.0/0', port: 80 },
      { cidr: '0.0.0.0/0', port: 8080 },
    ])
    const old = await bench.start()
    bench.listener(fixed(200, 'moved'), 8080)
    await bench.changed()
    assert.equal((await ask(bench.address(8080))).body, 'moved')
    await assert.rejects(ask(old))
  })
})

describe('forwarding', () => {
  beforeEach(() => {
    bench = new Bench()
    bench.listener(forwardTo('a'))
  })

  it('goes round the healthy targets, with the headers of an ALB', async () => {
    let seen: Record<string, unknown> = {}
    for (const ip of [podIp(1), podIp(2), podIp(3)])
      await bench.pod(ip, 9000, (incoming, response) => {
        if (incoming.url !== '/healthz') seen = { ...incoming.headers, url: incoming.url }
        response.setHeader('X-Pod', ip).end(ip)
      })
    bench.group('a', [
      [podIp(1), 9000],
      [podIp(2), 9000],
      [podIp(3), 9000],
    ])
    const at = await bench.start()
    for (const ip of [podIp(1), podIp(2), podIp(3)]) await bench.healthy('a', ip, 9000)
    const headers = { host: 'shop.example:80', 'x-forwarded-for': '1.2.3.4', 'x-own': 'kept', te: 'trailers' }
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(at, { path: '/p?q', headers })))
    const counts = Map.groupBy(answers, ({ body }) => body)
    assert.deepEqual(
      [...counts.values()].map((some) => some.length),
      [2, 2, 2],
    )
    assert.equal(answers[0]?.headers['x-pod'], answers[0]?.body)
    assert.match(String(seen['x-amzn-trace-id']), /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/)
    assert.deepEqual(
      ['url', 'host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port', 'x-own', 'te'].map(
        (name) => seen[name],
      ),
      ['/p?q', 'shop.example', '1.2.3.4, 203.0.113.1', 'http', '80', 'kept', undefined],
    )
  })

  it('shares by weight', async () => {
    assert.equal(
      chooseGroup(
        [
          { group: 'a', weight: 0 },
          { group: 'b', weight: 0 },
        ],
        0.5,
      ),
      undefined,
    )
    const tuples = [
      { group: 'a', weight: 1 },
      { group: 'b', weight: 3 },
    ]
    assert.deepEqual(
      [0, 0.24, 0.25, 0.99].map((draw) => chooseGroup(tuples, draw)),
      ['a', 'a', 'b', 'b'],
    )
    bench.listener(forwardTo(['a', 0], ['b', 100]))
    await bench.pod(podIp(1), 9000)
    await bench.pod(podIp(2), 9000)
    bench.group('a', [[podIp(1), 9000]])
    bench.group('b', [[podIp(2), 9000]])
    const at = await bench.start()
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(at)))
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set([podIp(2)]))
    bench.listener(forwardTo(['a', 0], ['b', 0]))
    await bench.changed()
    assert.equal((await ask(at)).status, 503)
  })

  it('reaches node ports of instances', async () => {
    bench.account.instances.set('i-1', {
      InstanceId: 'i-1',
      PrivateIpAddress: podIp(21),
      State: { Name: 'running' },
    })
    await bench.pod(podIp(21), 30971)
    bench.group('a', [['i-1', 30971]], { TargetType: 'instance' })
    const at = await bench.start()
    await bench.healthy('a', 'i-1', 30971)
    assert.equal((await ask(at)).body, podIp(21))
    bench.account.instances.set('i-1', {
      InstanceId: 'i-1',
      PrivateIpAddress: podIp(21),
      State: { Name: 'stopped' },
    })
    await bench.changed()
    assert.equal((await ask(at)).status, 503)
  })

  it('rewrites what the target sees', async () => {
    await bench.pod(podIp(1), 9000, (incoming, response) =>
      response.end(`${incoming.headers.host} ${incoming.url}`),
    )
    bench.group('a', [[podIp(1), 9000]])
    const rewrites = (Regex: string, Replace: string) => ({ Rewrites: [{ Regex, Replace }] })
    bench.rule(1, onPath('/api/*'), forwardTo('a'), [
      { Type: 'url-rewrite', UrlRewriteConfig: rewrites('^/api/(.*)$', '/$1') },
      { Type: 'host-header-rewrite', HostHeaderRewriteConfig: rewrites('^(.+)\\.com$', '$1.internal') },
    ])
    const at = await bench.start()
    assert.equal((await ask(at, { path: '/api/x?y', headers: { host: 'a.com' } })).body, 'a.internal /x?y')
  })

  it('streams bodies both ways', async () => {
    await bench.pod(podIp(1), 9000, (incoming, response) => incoming.pipe(response))
    bench.group('a', [[podIp(1), 9000]])
    const at = await bench.start()
    const body = 'x'.repeat(3_000_000)
    assert.equal((await ask(at, { method: 'POST', body })).body.length, body.length)
    const chunked = await ask(at, { method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } })
    assert.equal(chunked.body, body)
  })

  it('says 503 without a target, 502 for one that refuses, resets or talks nonsense, 504 for silence', async () => {
    bench.group('a')
    const at = await bench.start()
    assert.equal((await ask(at)).status, 503)
    bench.register('a', podIp(9), 9000)
    await bench.changed()
    const refused = await ask(at, { method: 'POST', body: 'x'.repeat(500_000) })
    assert.equal(refused.status, 502)
    assert.equal(refused.headers['server'], 'awselb/2.0')
    const pod = await bench.pod(podIp(9), 9000, (incoming, response) => {
      if (incoming.url === '/reset') incoming.socket.resetAndDestroy()
      else if (incoming.url === '/headers') response.setHeader('X-Long', 'x'.repeat(40_000)).end()
      else if (incoming.url === '/nonsense') incoming.socket.end('nonsense\r\n\r\n')
      else if (incoming.url !== '/silence') response.end()
    })
    assert.equal((await ask(at, { path: '/reset' })).status, 502)
    assert.equal((await ask(at, { path: '/nonsense' })).status, 502)
    assert.equal((await ask(at, { path: '/headers' })).status, 502)
    bench.account.loadBalancers.get(loadBalancerArn)?.attributes.set('idle_timeout.timeout_seconds', '5')
    await bench.changed()
    assert.equal((await ask(at, { path: '/silence' })).status, 504)
    assert.equal((await ask(at)).status, 200)
    pod.closeAllConnections()
  })

  it('ends a request whose client falls silent', async () => {
    await bench.pod(podIp(1), 9000, (incoming) => incoming.resume())
    bench.group('a', [[podIp(1), 9000]])
    bench.account.loadBalancers.get(loadBalancerArn)?.attributes.set('idle_timeout.timeout_seconds', '5')
    const socket = connect(await bench.start())
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    )
    assert.match(answer, /^HTTP\/1\.1 408 /)
    socket.destroy()
  })

  it('lets a target know that its client went away', async () => {
    let gone = false
    let came = false
    await bench.pod(podIp(1), 9000, (incoming, response) => {
      if (incoming.url === '/healthz') return void response.end()
      came = true
      response.on('close', () => (gone = true))
      response.write('the first of many')
    })
    bench.group('a', [[podIp(1), 9000]])
    const socket = connect(await bench.start())
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    assert.deepEqual([came, gone], [true, false])
    socket.resetAndDestroy()
    await until('the target sees it', () => gone)
  })

  it('outlives clients that talk nonsense or vanish', async () => {
    await bench.pod(podIp(1), 9000, (incoming, response) => {
      incoming.pipe(response.on('error', () => undefined)).on('error', () => undefined)
    })
    bench.group('a', [[podIp(1), 9000]])
    const at = await bench.start()
    const head = '/ HTTP/1.1\r\nHost: a\r\n'
    const openings = [
      `GET ${head}`,
      `POST ${head}Content-Length: 100\r\n\r\nhalf`,
      `POST ${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`,
      `GET ${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc`,
      'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
      'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
      '\x16\x03\x01\r\n\r\n',
    ]
    const vanish = async (text: string, number: number): Promise<void> => {
      const socket = connect(at).on('error', () => undefined)
      socket.write(text)
      await new Promise((resolve) => setTimeout(resolve, number % 10))
      if (number % 2) socket.resetAndDestroy()
      else socket.destroy()
    }
    await Promise.all(Array.from({ length: 100 }, (_, number) => vanish(openings[number % 7] ?? '', number)))
    assert.equal((await ask(at, { method: 'POST', body: 'still here' })).body, 'still here')
  })

  it('tunnels WebSockets, and passes a refusal on', async () => {
    const pod = await bench.pod(podIp(1), 9000, (_, response) => response.writeHead(403).end('no'))
    pod.on('upgrade', (incoming, socket: Socket) => {
      if (incoming.url !== '/socket')
        return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: b\r\n\r\n',
      )
      socket.on('error', () => undefined).pipe(socket)
    })
    bench.group('a', [[podIp(1), 9000]])
    const at = await bench.start()
    const open = async (path: string, more: string): Promise<string> => {
      const socket = connect(at)
      let heard = ''
      socket.on('data', (data) => (heard += String(data)))
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
      await until('the head', () => heard.includes('\r\n\r\n'))
      socket.write(more)
      await until('the rest', () => heard.endsWith(more || 'no'))
      socket.destroy()
      return heard
    }
    assert.match(await open('/socket', 'ping'), /^HTTP\/1\.1 101 [^]*X-A: b\r\n\r\nping$/)
    assert.match(await open('/other', ''), /^HTTP\/1\.1 403 [^]*no$/)
    bench.rule(1, onPath('/none'), fixed(403, 'no'))
    await bench.changed()
    assert.match(await open('/none', ''), /^HTTP\/1\.1 403 [^]*Server: awselb/)
  })

  it('lets a target that leaves finish, and cuts it off when its time is over', async () => {
    const held: (() => void)[] = []
    for (const ip of [podIp(1), podIp(2)])
      await bench.pod(ip, 9000, (incoming, response) => {
        if (incoming.url === '/slow') held.push(() => response.end(ip))
        else response.end(ip)
      })
    bench.group('a', [[podIp(1), 9000]])
    const at = await bench.start()
    const [first, second] = [ask(at, { path: '/slow' }), ask(at, { path: '/slow' })]
    await until('both are under way', () => held.length === 2)
    const targets = bench.account.targetGroups.get(groupArn('a'))?.targets
    const leaving = targets?.get(`${podIp(1)}:9000`)
    if (leaving) leaving.drainingUntil = Date.now() + 150
    bench.register('a', podIp(2), 9000)
    await bench.changed()
    assert.equal((await ask(at)).body, podIp(2))
    held[0]?.()
    assert.deepEqual([(await first).status, (await first).body], [200, podIp(1)])
    assert.equal((await second).status, 502)
  })

  it('serves fifty clients at once without a failure while targets come and go', async () => {
    for (const ip of [podIp(1), podIp(2), podIp(3)]) await bench.pod(ip, 9000)
    bench.group('a', [
      [podIp(1), 9000],
      [podIp(2), 9000],
    ])
    const at = await bench.start()
    const agent = new Agent({ keepAlive: true, maxSockets: 50 })
    const client = async (): Promise<string[]> => {
      const bodies: string[] = []
      for (let count = 0; count < 20; count += 1) {
        const { status, body } = await ask(at, { agent })
        bodies.push(`${status} ${body}`)
      }
      return bodies
    }
    const clients = Array.from({ length: 50 }, client)
    bench.register('a', podIp(3), 9000)
    await bench.changed()
    const leaving = bench.account.targetGroups.get(groupArn('a'))?.targets.get(`${podIp(1)}:9000`)
    if (leaving) leaving.drainingUntil = Date.now() + 10_000
    await bench.changed()
    const answers = new Set((await Promise.all(clients)).flat())
    agent.destroy()
    for (const ip of [podIp(2), podIp(3)]) assert.ok(answers.delete(`200 ${ip}`), ip)
    answers.delete(`200 ${podIp(1)}`)
    assert.deepEqual([...answers], [])
  })
})

describe('security groups', () => {
  beforeEach(() => {
    bench = new Bench()
    bench.listener(forwardTo('a'))
    bench.group('a', [[podIp(1), 9000]])
    bench.networkInterface('eni-node', podIp(1), ['sg-node'])
  })

  it('keep clients out at the door', async () => {
    bench.securityGroup('sg-lb', [
      { cidr: '198.51.100.0/24', port: 80 },
      { cidr: '0.0.0.0/0', port: 443 },
    ])
    const at = await bench.start()
    await assert.rejects(ask(at), { code: 'ECONNRESET' })
    bench.securityGroup('sg-lb', [{ cidr: '203.0.113.0/24', port: 80 }])
    await bench.changed()
    assert.equal((await ask(at)).status, 504)
  })

  it('stand between load balancer and target', async () => {
    await bench.pod(podIp(1), 9000)
    bench.securityGroup('sg-node', [
      { group: 'sg-other', port: 9000 },
      { group: 'sg-lb', port: 9001 },
    ])
    const at = await bench.start()
    await until('the check times out', () => bench.health('a', podIp(1), 9000)?.Reason === 'Target.Timeout')
    assert.equal((await ask(at)).status, 504)
    bench.securityGroup('sg-node', [{ group: 'sg-lb', port: 9000 }])
    await bench.changed()
    await bench.healthy('a', podIp(1), 9000)
    assert.equal((await ask(at)).body, podIp(1))
    bench.securityGroup('sg-node', [{ cidr: '10.0.0.0/24', port: 9000 }])
    await bench.changed()
    assert.equal((await ask(at)).status, 200)
    bench.securityGroup('sg-node', [{ cidr: '10.0.9.0/24', port: 9000 }])
    await bench.changed()
    assert.equal((await ask(at)).status, 504)
  })
})

describe('stopping', () => {
  it('ends open connections and leaves nothing running', async () => {
    bench = new Bench()
    bench.listener(forwardTo('a'))
    await bench.pod(podIp(1), 9000, () => undefined)
    bench.group('a', [[podIp(1), 9000]])
    const at = await bench.start()
    const agent = new Agent({ keepAlive: true })
    const stuck = assert.rejects(ask(at, { agent }))
    const idle = connect(at)
    idle.on('error', () => undefined)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const begun = performance.now()
    await bench.plane?.stop()
    assert.ok(performance.now() - begun < 500)
    await stuck
    await assert.rejects(ask(at))
    await bench.plane?.stop()
    bench.account.changed()
    await bench.plane?.idle()
    assert.equal(bench.plane?.addressOf(loadBalancerArn, 80), undefined)
    agent.destroy()
    idle.destroy()
  })
})
