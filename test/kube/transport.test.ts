import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createKube } from '../../src/kube/client.ts'
import { loadKubeConfig } from '../../src/kube/kubeconfig.ts'
import { nodes } from '../../src/kube/resource.ts'
import { createTransport, type Transport } from '../../src/kube/transport.ts'

describe('transport', () => {
  let server: Server
  let folder: string
  let transport: Transport | undefined
  let heard: { method: string; url: string; headers: IncomingMessage['headers'] }[]
  let sockets: Set<unknown>
  let refuseToken: string | undefined
  let watchClosed: Promise<void>
  let url: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
    server = createServer((request, response) => {
      sockets.add(request.socket)
      const { method = '', url: path = '', headers } = request
      heard.push({ method, url: path, headers })
      if (refuseToken && headers.authorization === refuseToken) response.writeHead(401).end('{}')
      else if (path.includes('watch=true')) {
        response.writeHead(200).write('{"type":"A"}\n')
        watchClosed = new Promise((resolve) => response.on('close', () => resolve()))
      } else if (!path.includes('silent')) response.writeHead(200).end('{"metadata":{"name":"n"}}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    heard = []
    sockets = new Set()
    refuseToken = undefined
  })
  after(async () => {
    await transport?.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  const connect = async (user: object, more: object = {}): Promise<Transport> => {
    await transport?.close()
    const path = join(folder, 'config')
    writeFileSync(
      path,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: url, ...more } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
        'current-context': 'x',
      }),
    )
    const config = await loadKubeConfig({ path })
    assert.equal(config.namespace, 'shop')
    transport = createTransport(config, { userAgent: 'albatross/test' })
    return transport
  }

  it('keeps one connection for many calls, and says who we are', async () => {
    const kube = createKube((await connect({ token: 'secret' })).handle)
    for (let i = 0; i < 10; i += 1) assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    // Two, because undici frees a socket a turn after its answer is complete.
    assert.ok(sockets.size <= 2, `${sockets.size}`)
    assert.equal(heard[0]?.headers.authorization, 'Bearer secret')
    assert.equal(heard[0]?.headers['user-agent'], 'albatross/test')
  })

  it('streams a watch, and closes it when nobody reads on', async () => {
    const kube = createKube((await connect({ token: 'secret' })).handle)
    const controller = new AbortController()
    const opened = await kube.watch(nodes, {}, controller.signal)
    assert.equal(opened.ok, true)
    if (!opened.ok) return
    for await (const chunk of opened.value) {
      assert.equal(Buffer.from(chunk).toString(), '{"type":"A"}\n')
      break
    }
    await watchClosed
  })

  it('gets a new token when the old one is refused', async () => {
    const counter = join(folder, 'count')
    writeFileSync(counter, '')
    const script = `printf x >> ${counter}; printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%s"}}' $(wc -c < ${counter} | tr -d ' ')`
    const kube = createKube(
      (
        await connect({
          exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] },
        })
      ).handle,
    )
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    refuseToken = 'Bearer t1'
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    assert.deepEqual(
      heard.map(({ headers }) => headers.authorization),
      ['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t2'],
    )
  })

  it('reads a token file, and tells of a server that is silent or gone', async () => {
    const tokenFile = join(folder, 'token')
    writeFileSync(tokenFile, 'from-file\n')
    const { handle } = await connect({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } })
    const kube = createKube(handle, { timeoutMs: 100 })
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    assert.equal(heard[0]?.headers.authorization, 'Bearer from-file')
    const silent = await kube.get(nodes, { name: 'silent' })
    assert.equal(!silent.ok && silent.error.reason, 'Timeout')
    const gone = createTransport(
      {
        cluster: { name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: false },
        user: { name: 'u' },
        namespace: 'x',
      },
      {},
    )
    const refused = await createKube(gone.handle).get(nodes, { name: 'n' })
    assert.equal(!refused.ok && refused.error.reason, 'Unreachable')
    await gone.close()
  })

  it('reads the file that a kubeconfig names as tokenFile, beside it, before its token; anew once that is refused', async () => {
    writeFileSync(join(folder, 'mounted'), 'first\n')
    const kube = createKube((await connect({ tokenFile: 'mounted', token: 'stale' })).handle)
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    writeFileSync(join(folder, 'mounted'), 'second\n')
    refuseToken = 'Bearer first'
    assert.equal((await kube.get(nodes, { name: 'n' })).ok, true)
    assert.deepEqual(
      heard.map(({ headers }) => headers.authorization),
      ['Bearer first', 'Bearer first', 'Bearer second'],
    )
  })

  it('says in a sentence what is wrong with a kubeconfig', async () => {
    const path = join(folder, 'bad')
    writeFileSync(path, 'clusters: []\ncurrent-context: nowhere\n')
    await assert.rejects(loadKubeConfig({ path }), /no context named "nowhere"/)
    await assert.rejects(loadKubeConfig({ path: join(folder, 'absent') }), /ENOENT/)
  })
})
