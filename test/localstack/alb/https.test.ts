import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { Agent, request } from 'node:https'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Address } from '../../../localstack/alb/network.ts'
import { selfSigned } from '../../../localstack/aws/acm/self-signed.ts'
import {
  type Answer,
  Bench,
  ask,
  fixed,
  forwardTo,
  listenerArn,
  loadBalancerArn,
  onPath,
  podIp,
} from './account.ts'

let bench = new Bench()
const sessions: ClientHttp2Session[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await bench.stop()
})

type Sent = { path?: string; headers?: Record<string, string>; body?: string; agent?: Agent }

function askTls({ host, port }: Address, name: string, { body, agent, ...sent }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port,
        agent: agent ?? false,
        servername: name,
        rejectUnauthorized: false,
        ...sent,
        method: body === undefined ? 'GET' : 'POST',
        headers: { host: name, ...sent.headers },
      },
      (incoming) => {
        let text = ''
        incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** The subject of the certificate that a client with this SNI gets, and what was agreed. */
function shake({ host, port }: Address, servername?: string, ALPNProtocols?: string[]) {
  return new Promise<{ subject: string; alpn: string | false | null; protocol: string | null }>(
    (resolve, reject) => {
      const socket: TLSSocket = connectTls(
        {
          host,
          port,
          rejectUnauthorized: false,
          ...(servername === undefined ? {} : { servername }),
          ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
        },
        () => {
          resolve({
            subject: String(socket.getPeerCertificate().subject.CN),
            alpn: socket.alpnProtocol,
            protocol: socket.getProtocol(),
          })
          socket.destroy()
        },
      )
      socket.on('error', reject)
    },
  )
}

type Answer2 = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

function session({ host, port }: Address): ClientHttp2Session {
  const made = connectHttp2(`https://${host}:${port}`, { rejectUnauthorized: false, servername: 'a.example' })
  made.on('error', () => undefined)
  sessions.push(made)
  return made
}

function ask2(on: ClientHttp2Session, headers: Record<string, string>, body?: string): Promise<Answer2> {
  return new Promise((resolve, reject) => {
    const stream = on.request({ ':authority': 'a.example', ...headers }, { endStream: body === undefined })
    let answer: IncomingHttpHeaders = {}
    let text = ''
    stream.on('response', (given) => (answer = given))
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    stream.on('end', () => resolve({ status: Number(answer[':status']), headers: answer, body: text }))
    stream.on('error', reject)
    if (body !== undefined) stream.end(body)
  })
}

describe('certificates', () => {
  it('made here are what OpenSSL takes for good, whatever their names and years', () => {
    const many = Array.from({ length: 40 }, (_, index) => `host-${index}.example`)
    for (const [names, notAfter] of [
      [['*.example', ...many], '2031-05-06T07:08:09Z'],
      [['a'.repeat(80)], '2060-01-01T00:00:00Z'],
    ] as const) {
      const pair = selfSigned({
        names: names as [string, ...string[]],
        notBefore: new Date('2020-01-01'),
        notAfter: new Date(notAfter),
      })
      const read = new X509Certificate(pair.certificate)
      assert.equal(read.verify(read.publicKey), true)
      assert.equal(read.checkPrivateKey(createPrivateKey(pair.key)), true)
      assert.equal(read.subjectAltName, names.map((name) => `DNS:${name}`).join(', '))
      assert.equal(Date.parse(read.validTo), Date.parse(notAfter))
    }
  })

  it('are chosen by the name that the client asks for, else the default', async () => {
    bench = new Bench()
    bench.https(fixed(200, 'hello'), 'default.example', '*.shop.example')
    await bench.start().catch(() => undefined)
    const at = bench.address(443)
    assert.equal((await shake(at)).subject, 'default.example')
    assert.equal((await shake(at, 'www.shop.example')).subject, '*.shop.example')
    assert.equal((await shake(at, 'a.b.shop.example')).subject, 'default.example')
    const record = bench.account.listeners.get(listenerArn)
    if (record) record.wire = { ...record.wire, Certificates: [bench.certificate('new.example')] }
    await bench.changed()
    assert.equal((await shake(at)).subject, 'new.example')
    assert.deepEqual((await askTls(at, 'new.example')).body, 'hello')
  })

  it('imported are the ones shown, also after a renewal in place', async () => {
    bench = new Bench()
    bench.https(fixed(200), 'old.example')
    const [arn = ''] = bench.account.certificates.keys()
    const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') }
    for (const name of ['first.example', 'second.example']) {
      bench.account.keyPairs.set(arn, selfSigned({ names: [name], ...validity }))
      if (bench.plane) await bench.changed()
      else await bench.start().catch(() => undefined)
      assert.equal((await shake(bench.address(443))).subject, name)
    }
  })

  it('that OpenSSL refuses do not stop the other listeners', async () => {
    bench = new Bench()
    bench.https(fixed(200), 'a.example')
    const [arn = ''] = bench.account.certificates.keys()
    bench.account.keyPairs.set(arn, { certificate: 'none', key: 'none' })
    const https = bench.account.listeners.get(listenerArn)
    if (https) bench.account.listeners.set('other', { ...https, arn: 'other', wire: { Port: 80 } })
    const at = await bench.start()
    assert.throws(() => bench.address(443))
    bench.securityGroup('sg-lb', [{ cidr: '0.0.0.0/0', port: 80 }])
    await bench.changed()
    assert.equal((await ask(at)).status, 503)
  })

  it('need a TLS version that the policy has', async () => {
    bench = new Bench()
    bench.https(fixed(200), 'a.example')
    const record = bench.account.listeners.get(listenerArn)
    if (record) record.wire = { ...record.wire, SslPolicy: 'ELBSecurityPolicy-TLS-1-2-2017-01' }
    await bench.start().catch(() => undefined)
    assert.equal((await shake(bench.address(443))).protocol, 'TLSv1.2')
    if (record) record.wire = { ...record.wire, SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' }
    await bench.changed()
    assert.equal((await shake(bench.address(443))).protocol, 'TLSv1.3')
  })
})

describe('HTTPS', () => {
  let at: Address
  beforeEach(async () => {
    bench = new Bench()
    bench.https(forwardTo('web'), 'a.example')
    const ip = podIp(9)
    bench.group('web', [[ip, 8080]])
    await bench.pod(ip, 8080, (incoming, response) => {
      let body = ''
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
      incoming.on('end', () => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        response.end(JSON.stringify({ headers: incoming.headers, method: incoming.method, body }))
      })
    })
    bench.rule(5, onPath('/fixed'), fixed(200, 'fixed'))
    await bench.start().catch(() => undefined)
    await bench.healthy('web', ip, 8080)
    at = bench.address(443)
  })

  it('tells targets how the client came', async () => {
    bench.account.loadBalancers
      .get(loadBalancerArn)
      ?.attributes.set('routing.http.x_amzn_tls_version_and_cipher_suite.enabled', 'true')
    await bench.changed()
    const { headers } = JSON.parse(
      (await askTls(at, 'a.example', { headers: { 'x-amzn-tls-version': 'x' } })).body,
    )
    assert.equal(headers['x-forwarded-proto'], 'https')
    assert.equal(headers['x-forwarded-port'], '443')
    assert.equal(headers['host'], 'a.example')
    assert.equal(headers['x-amzn-tls-version'], 'TLSv1.2')
    assert.match(headers['x-amzn-tls-cipher-suite'], /^ECDHE-ECDSA-/)
  })

  it('speaks HTTP/2 with who wants it, and HTTP/1.1 with the rest', async () => {
    assert.equal((await shake(at, 'a.example', ['h2', 'http/1.1'])).alpn, 'h2')
    assert.equal((await shake(at, 'a.example', ['http/1.1'])).alpn, 'http/1.1')
    bench.account.loadBalancers.get(loadBalancerArn)?.attributes.set('routing.http2.enabled', 'false')
    await bench.changed()
    assert.equal((await shake(at, 'a.example', ['h2', 'http/1.1'])).alpn, 'http/1.1')
  })

  it('carries HTTP/2 requests, bodies and several cookies to HTTP/1.1 targets and back', async () => {
    const on = session(at)
    const answer = await ask2(
      on,
      { ':path': '/x?y=1', ':method': 'POST', cookie: 'c=1; d=2' },
      'b'.repeat(100_000),
    )
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
    const seen = JSON.parse(answer.body)
    assert.deepEqual([seen.method, seen.body.length, seen.headers.host], ['POST', 100_000, 'a.example'])
    assert.equal(seen.headers.cookie, 'c=1; d=2')
    assert.equal(seen.headers['x-forwarded-proto'], 'https')
    const all = await Promise.all(['/fixed', '/a', '/fixed'].map((path) => ask2(on, { ':path': path })))
    assert.deepEqual(
      all.map(({ status }) => status),
      [200, 200, 200],
    )
    const head = await ask2(on, { ':path': '/fixed', ':method': 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '5', ''])
  })

  it('answers 502 over HTTP/2 when the target breaks off', async () => {
    bench.group('web', [[podIp(11), 8080]])
    await bench.changed()
    const { status } = await ask2(session(at), { ':path': '/' })
    assert.equal(status, 502)
  })

  it('lets a keep-alive connection go when the listener goes', async () => {
    const agent = new Agent({ keepAlive: true })
    assert.equal((await askTls(at, 'a.example', { path: '/fixed', agent })).body, 'fixed')
    bench.account.listeners.delete(listenerArn)
    await bench.changed()
    await assert.rejects(askTls(at, 'a.example', { path: '/fixed', agent }))
    agent.destroy()
  })
})

it('is where a redirect from HTTP leads', async () => {
  bench = new Bench()
  bench.https(fixed(200, 'safe'), 'a.example')
  const other = `${listenerArn}-http`
  const record = bench.account.listeners.get(listenerArn)
  bench.securityGroup('sg-lb', [
    { cidr: '0.0.0.0/0', port: 80 },
    { cidr: '0.0.0.0/0', port: 443 },
  ])
  if (record)
    bench.account.listeners.set(other, {
      ...record,
      arn: other,
      wire: {
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [
          { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
        ],
      },
    })
  const first = await ask(await bench.start(), { path: '/a?b', headers: { host: 'a.example' } })
  const location = new URL(first.headers['location'] ?? '')
  assert.deepEqual([first.status, location.href], [301, 'https://a.example/a?b'])
  const second = await askTls(bench.address(Number(location.port || 443)), location.hostname, {
    path: location.pathname,
  })
  assert.equal(second.body, 'safe')
})
