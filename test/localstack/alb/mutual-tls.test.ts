import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { connect } from 'node:tls'
import { afterEach, beforeEach, test } from 'node:test'
import type { MutualAuthenticationAttributes } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { KeyPair } from '../../../localstack/aws/account.ts'
import { issued } from '../../../localstack/aws/acm/self-signed.ts'
import { ask, type AskOptions } from '../../../localstack/scenario/ask.ts'
import type { Answer } from '../../../localstack/scenario/scenario.ts'
import { eventually } from '../../world.ts'
import { Bench, fixed, forwardTo, listenerArn, onPath, podIp } from './account.ts'

const years = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') }
const office = issued({ names: ['office CA'], ...years })
const branch = issued({ names: ['branch CA'], ...years, by: office, authority: true })
const stranger = issued({ names: ['office CA'], ...years })
const client = issued({ names: ['alice'], ...years, by: office })
const storeArn = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:truststore/office/0'

let bench = new Bench()
const pod = podIp(41)
beforeEach(async () => {
  bench = new Bench()
  bench.https(fixed(404), 'a.example')
  bench.group('web', [[pod, 80]])
  bench.rule(1, onPath('/*'), forwardTo('web'))
  await bench.pod(pod, 80, (incoming, response) => response.end(JSON.stringify(incoming.headers)))
  bench.account.trustStores.set(storeArn, { arn: storeArn, wire: {}, bundle: office.certificate })
})
afterEach(() => bench.stop())

function demand(MutualAuthentication: MutualAuthenticationAttributes): void {
  const record = bench.account.listeners.get(listenerArn)
  assert.ok(record)
  record.wire = { ...record.wire, MutualAuthentication }
  bench.account.changed()
}

async function started(given: MutualAuthenticationAttributes): Promise<void> {
  demand(given)
  await bench.start().catch(() => undefined)
  await bench.healthy('web', pod, 80)
}

const shown = ({ certificate, key }: KeyPair, ...chain: KeyPair[]): AskOptions => ({
  tls: { cert: [certificate, ...chain.map((one) => one.certificate)].join(''), key },
})
const request = (options: AskOptions = {}): Promise<Answer> =>
  ask(bench.address(443), 'a.example', '/', { tls: {}, ...options })
const refused = (options?: AskOptions): Promise<void> =>
  assert.rejects(request(options), /ECONNRESET|hang up|disconnected before/)
const headersOf = ({ body }: Answer): Record<string, string> => JSON.parse(body) as Record<string, string>

test('verify lets in whom the trust store vouches for, directly or by a chain that the client shows, and nobody else', async () => {
  await started({ Mode: 'verify', TrustStoreArn: storeArn })
  const ofBranch = issued({ names: ['bob'], ...years, by: branch })
  assert.equal((await request(shown(client))).status, 200)
  assert.equal((await request(shown(ofBranch, branch))).status, 200)
  await refused()
  await refused(shown(ofBranch))
  await refused(shown(issued({ names: ['alice'], ...years, by: stranger }), stranger))
  await refused(shown(stranger))
  // An end entity can't vouch for another.
  await refused(shown(issued({ names: ['mallory'], ...years, by: client }), client))
})

test('targets are told who the client is, by headers that it can not write itself', async () => {
  await started({ Mode: 'verify', TrustStoreArn: storeArn })
  const answer = await request({ ...shown(client), headers: { 'x-amzn-mtls-clientcert-subject': 'CN=root' } })
  const { serialNumber } = new X509Certificate(client.certificate)
  const told = headersOf(answer)
  assert.deepEqual(
    Object.fromEntries(Object.entries(told).filter(([name]) => name.startsWith('x-amzn-mtls'))),
    {
      'x-amzn-mtls-clientcert-serial-number': serialNumber,
      'x-amzn-mtls-clientcert-issuer': 'CN=office CA',
      'x-amzn-mtls-clientcert-subject': 'CN=alice',
      'x-amzn-mtls-clientcert-validity': 'NotBefore=2020-01-01T00:00:00Z;NotAfter=2040-01-01T00:00:00Z',
      'x-amzn-mtls-clientcert-leaf': told['x-amzn-mtls-clientcert-leaf'],
    },
  )
  const leaf = new X509Certificate(decodeURIComponent(told['x-amzn-mtls-clientcert-leaf'] ?? ''))
  assert.equal(leaf.serialNumber, serialNumber)
  bench.account.listeners
    .get(listenerArn)
    ?.attributes.set('routing.http.request.x_amzn_mtls_clientcert_subject.header_name', 'X-Who')
  bench.account.changed()
  assert.equal(headersOf(await request(shown(client)))['x-who'], 'CN=alice')
})

test('an expired certificate is refused unless expiry is ignored, which overlooks nothing else', async () => {
  const old = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }
  const expired = issued({ names: ['alice'], ...old, by: office })
  const foreign = issued({ names: ['alice'], ...old, by: stranger })
  await started({ Mode: 'verify', TrustStoreArn: storeArn })
  await refused(shown(expired))
  demand({ Mode: 'verify', TrustStoreArn: storeArn, IgnoreClientCertificateExpiry: true })
  assert.equal((await request(shown(expired))).status, 200)
  await refused(shown(foreign, stranger))
})

test('passthrough lets everybody in, and hands the whole chain on unchecked', async () => {
  await started({ Mode: 'passthrough' })
  const forged = { headers: { 'x-amzn-mtls-clientcert': 'forged' } }
  assert.equal(headersOf(await request(forged))['x-amzn-mtls-clientcert'], undefined)
  const ofBranch = issued({ names: ['bob'], ...years, by: branch })
  const chain = headersOf(await request(shown(ofBranch, branch)))['x-amzn-mtls-clientcert'] ?? ''
  assert.deepEqual(
    decodeURIComponent(chain)
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((one) => new X509Certificate(one).subject),
    ['CN=bob', 'CN=branch CA'],
  )
  assert.match(chain, /^-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9+/=%]+-----END%20CERTIFICATE-----%0A/)
})

test('a listener changes its mind for the next connection; HTTP/2 is asked like HTTP/1.1', async () => {
  await started({ Mode: 'off' })
  assert.equal((await request()).status, 200)
  demand({ Mode: 'verify', TrustStoreArn: storeArn })
  await refused()
  const { host, port } = bench.address(443)
  const { certificate: cert, key } = client
  const session = connectHttp2(`https://${host}:${port}`, { cert, key, rejectUnauthorized: false })
  const stream = session.request({ ':path': '/', ':authority': 'a.example' })
  const body = await stream.toArray()
  session.close()
  assert.equal(
    headersOf({ body: Buffer.concat(body).toString() } as Answer)['x-amzn-mtls-clientcert-subject'],
    'CN=alice',
  )
  demand({ Mode: 'off' })
  assert.equal((await request()).status, 200)
})

/** The first bytes of a TLS 1.2 handshake, which anybody can read. */
function greeting(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const seen: Buffer[] = []
  const tap = createServer((near) => {
    const far = connectTcp(bench.address(443))
    far.on('data', (chunk) => seen.push(chunk))
    near.pipe(far).pipe(near)
    for (const one of [near, far]) one.on('error', () => undefined)
    near.on('close', () => tap.close(() => resolve(Buffer.concat(seen).toString('latin1'))))
  })
  tap.listen(0, '127.0.0.1', () => {
    const { port } = tap.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
    socket.on('secureConnect', () => socket.destroy())
    socket.on('error', () => undefined)
  })
  return promise
}

test('the names of the authorities are told where they are to be', async () => {
  await started({ Mode: 'verify', TrustStoreArn: storeArn, AdvertiseTrustStoreCaNames: 'on' })
  assert.match(await greeting(), /office CA/)
  demand({ Mode: 'verify', TrustStoreArn: storeArn, AdvertiseTrustStoreCaNames: 'off' })
  await eventually(async () => assert.doesNotMatch(await greeting(), /office CA/))
})
