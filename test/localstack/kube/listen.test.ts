// Over a socket: an ordinary client gets answers, a watch as it happens, and its end when either side goes.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { listenKube, writeKubeconfig } from '../../../localstack/kube/listen.ts'
import { createApiServer } from '../../../localstack/kube/server.ts'

const maps = '/api/v1/namespaces/default/configmaps'

test('requests, a watch and a reset over loopback', async () => {
  const server = createApiServer()
  const { url, close } = await listenKube(server.handle)
  const gone = new AbortController()
  const watch = await fetch(`${url}${maps}?watch=true`, { signal: gone.signal })
  const made = await fetch(`${url}${maps}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { name: 'a' } }),
  })
  assert.equal(made.status, 201)
  const reader = watch.body!.getReader()
  const { value } = await reader.read()
  assert.equal(JSON.parse(Buffer.from(value!).toString()).type, 'ADDED')
  gone.abort()
  await assert.rejects(reader.read())
  while (server.watchCount() > 0) await new Promise((resolve) => setTimeout(resolve, 1))
  server.fault({ reset: true })
  await assert.rejects(fetch(`${url}${maps}`))
  await close()
  server.stop()
})

test('the kubeconfig names the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  after(() => rm(folder, { recursive: true }))
  writeKubeconfig(join(folder, 'config'), 'http://127.0.0.1:1')
  const config = JSON.parse(await readFile(join(folder, 'config'), 'utf8'))
  assert.equal(config.clusters[0].cluster.server, 'http://127.0.0.1:1')
  assert.equal(config['current-context'], config.contexts[0].name)
})
