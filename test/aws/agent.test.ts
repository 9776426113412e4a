import assert from 'node:assert/strict'
import { once } from 'node:events'
import http, { type RequestListener, type Server } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { checkedBy, checkingAgents } from '../../src/aws/agent.ts'
import { certify } from '../../localstack/scenario/certificate.ts'

const pair = certify('localhost')
const over = new Error('this replica leads no more')

/** A server that counts, behind a wire on which nothing arrives before it is opened. */
async function served(t: TestContext, make: (listener: RequestListener) => Server) {
  let asked = 0
  const server = make((_request, response) => {
    asked += 1
    response.end('ok')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const opened = Promise.withResolvers<void>()
  const wire = net
    .createServer((client) => {
      client.on('error', () => undefined)
      void opened.promise.then(() => {
        const target = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
        target.on('error', () => undefined)
        client.pipe(target).pipe(client)
      })
    })
    .listen(0, '127.0.0.1')
  await once(wire, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
    wire.close()
  })
  return { port: (wire.address() as AddressInfo).port, open: () => opened.resolve(), asked: () => asked }
}

async function answer(request: http.ClientRequest): Promise<string> {
  const [response] = (await once(request.end('body'), 'response')) as [http.IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

test('what may no more leave once TLS is agreed does not; a connection that waits is asked about, too', async (t) => {
  const { httpsAgent } = checkingAgents(2_000)
  t.after(() => httpsAgent.destroy())
  const { port, open, asked } = await served(t, (listener) =>
    https.createServer({ cert: pair.certificate, key: pair.key }, listener),
  )
  let may = true
  const send = () =>
    checkedBy(
      () => (may ? undefined : over),
      () =>
        answer(
          https.request({
            host: '127.0.0.1',
            servername: 'localhost',
            ca: pair.certificate,
            port,
            method: 'POST',
            agent: httpsAgent,
          }),
        ),
    )
  const late = send()
  // The connection is there, the handshake is not.
  await new Promise((resolve) => setTimeout(resolve, 50))
  may = false
  open()
  await assert.rejects(late, over)
  assert.equal(asked(), 0)
  may = true
  assert.equal(await send(), 'ok')
  may = false
  await assert.rejects(send(), over)
  assert.equal(asked(), 1)
})

test('the same without TLS, while the name is looked up', async (t) => {
  const { httpAgent } = checkingAgents(2_000)
  t.after(() => httpAgent.destroy())
  const { port, open, asked } = await served(t, (listener) => http.createServer(listener))
  open()
  let may = true
  const found = Promise.withResolvers<void>()
  const lookup: net.LookupFunction = (_host, _options, told) =>
    void found.promise.then(() => told(null, [{ address: '127.0.0.1', family: 4 }]))
  const send = () =>
    checkedBy(
      () => (may ? undefined : over),
      () => answer(http.request({ host: 'aws', port, lookup, method: 'POST', agent: httpAgent })),
    )
  const late = send()
  await new Promise((resolve) => setTimeout(resolve, 20))
  may = false
  found.resolve()
  await assert.rejects(late, over)
  assert.equal(asked(), 0)
  may = true
  assert.deepEqual(await Promise.all([send(), send()]), ['ok', 'ok'])
})

test('a connection that does not come about is an error within its limit', async (t) => {
  const { httpsAgent } = checkingAgents(200)
  t.after(() => httpsAgent.destroy())
  const { port } = await served(t, (listener) => http.createServer(listener))
  await assert.rejects(
    answer(https.request({ host: '127.0.0.1', port, agent: httpsAgent })),
    /no connection in time/,
  )
  const nobody = net.createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port: free } = nobody.address() as AddressInfo
  await new Promise((resolve) => nobody.close(resolve))
  await assert.rejects(
    answer(https.request({ host: '127.0.0.1', port: free, agent: httpsAgent })),
    /ECONNREFUSED/,
  )
})
