/** Certificates and their authority change while two replicas answer an API server that trusts nobody else: no pod goes without its gate. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts'
import { createApiServer } from '../../localstack/kube/server.ts'
import { freePort } from '../../localstack/scenario/controller.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import { createKube } from '../../src/kube/client.ts'
import { mutatingWebhookConfigurations } from '../../src/kube/resource.ts'
import { fileSource } from '../../src/webhook/file-source.ts'
import type { Reviewer } from '../../src/webhook/review.ts'
import { usualTimes } from '../../src/webhook/material.ts'
import { secretSource } from '../../src/webhook/secret-source.ts'
import { startWebhooks } from '../../src/webhook/webhooks.ts'
import { eventually } from '../world.ts'

const day = 86_400_000
const namespace = 'default'
const name = 'albatross-webhook'
const servername = `${name}.${namespace}.svc`
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined } as never
const gates: Reviewer = () => ({
  patch: [{ op: 'add', path: '/spec/readinessGates', value: [{ conditionType: 'example.com/gate' }] }],
})

function clusterOf(t: TestContext) {
  const api = createApiServer({ namespaceDelayMs: 0 })
  t.after(() => api.stop())
  return { api, kube: createKube(api.handle, { fieldManager: name }), client: kubeOf(api.handle) }
}

const endpointsOn = (ports: readonly number[]): Manifest[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 9443 }] },
  },
  ...ports.map(
    (port): Manifest =>
      ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `${name}-${port}`, namespace, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: 'https', port, protocol: 'TCP' }],
        endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
      }) as Manifest,
  ),
]

/** The certificate that a new connection is shown by one who trusts these authorities alone; throws where it doesn't fit. */
function shown(port: number, ca: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false })
    const sent = request({ host: '127.0.0.1', port, servername, ca, agent, path: '/' }, (response) => {
      response.resume()
      const { raw } = (sent.socket as TLSSocket).getPeerCertificate()
      resolve(new X509Certificate(raw))
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('own certificates: the authority is replaced, then what it signs, and every admission meets one that is trusted', async (t) => {
  const { kube, client } = clusterOf(t)
  const ports = [await freePort(), await freePort()]
  await client.apply(...endpointsOn(ports), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { [label]: 'enabled' } },
  } as Manifest)
  // Made 85 days ago, for 90; the authority, for 200, is due as well.
  const times = { ...usualTimes, authorityMs: 200 * day, settleMs: 1_000 }
  const begin = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: begin - 85 * day })
  const replicas = ports.map((port) =>
    startWebhooks({
      kube,
      source: secretSource({ kube, namespace, name, names: [servername], times }),
      reviewers: { pods: gates },
      name,
      address: { service: { namespace, name } },
      host: '127.0.0.1',
      port,
      pollMs: 50,
      log: quiet,
    }),
  )
  t.after(() => Promise.all(replicas.map((replica) => replica.stop())))
  await Promise.all(replicas.map(({ begun }) => begun))
  const trusted = async (): Promise<string> => {
    const found = await kube.get(mutatingWebhookConfigurations, { name })
    assert.ok(found.ok)
    const [{ clientConfig }] = found.value.webhooks as unknown as [{ clientConfig: { caBundle: string } }]
    return Buffer.from(clientConfig.caBundle, 'base64').toString()
  }
  const bundles = new Set<string>()
  const serials = new Set<string>()
  let pods = 0
  let done = false
  const creating = (async () => {
    while (!done) {
      const pod = await kube.create<never>({ ...podResource }, podOf(`pod-${(pods += 1)}`))
      assert.ok(pod.ok, JSON.stringify(pod))
      const { spec } = pod.value as { spec: { readinessGates?: unknown } }
      assert.deepEqual(spec.readinessGates, [{ conditionType: 'example.com/gate' }], `pod ${pods}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  const looking = (async () => {
    while (!done) {
      const bundle = await trusted()
      bundles.add(bundle)
      for (const port of ports) serials.add((await shown(port, bundle)).serialNumber)
    }
  })()
  const broken = Promise.all([creating, looking])
  const soon = (look: () => void) => Promise.race([eventually(look, 30_000), broken])
  await soon(() => assert.ok(pods > 20))
  t.mock.timers.reset()
  await soon(() => {
    assert.equal(bundles.size, 2)
    assert.equal(serials.size, 2)
  })
  const after = pods
  await soon(() => assert.ok(pods > after + 20))
  done = true
  await broken
  const [first = '', second = ''] = [...bundles]
  assert.ok(second.endsWith(first))
})
const label = 'elbv2.k8s.aws/pod-readiness-gate-inject'
const podResource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }
const podOf = (pod: string) => ({
  metadata: { name: pod, namespace: 'shop' },
  spec: { containers: [{ name: 'app', image: 'app' }] },
})

test('certificates from files: swapped as a kubelet does it, served to the next connection; a bad pair changes nothing', async (t) => {
  const { kube } = clusterOf(t)
  const root = mkdtempSync(join(tmpdir(), 'webhook-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  let version = 0
  const write = (pair: { certificate: string; key: string }): void => {
    version += 1
    const folder = join(root, `v${version}`)
    rmSync(folder, { recursive: true, force: true })
    renameSync(mkdtempSync(join(root, 'new-')), folder)
    writeFileSync(join(folder, 'tls.crt'), pair.certificate)
    writeFileSync(join(folder, 'tls.key'), pair.key)
    symlinkSync(folder, join(root, 'next'))
    renameSync(join(root, 'next'), join(root, 'data'))
  }
  const make = () =>
    selfSigned({
      names: [servername],
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 90 * day),
    })
  const port = await freePort()
  const told: string[] = []
  const one = make()
  write(one)
  const files = { directory: join(root, 'data'), certificate: 'tls.crt', key: 'tls.key' }
  const webhooks = startWebhooks({
    kube,
    source: fileSource(files),
    reviewers: { pods: gates },
    name,
    address: { service: { namespace, name } },
    host: '127.0.0.1',
    port,
    pollMs: 20,
    log: { ...(quiet as object), warn: ({ error }: { error: string }) => told.push(error) } as never,
  })
  t.after(() => webhooks.stop())
  await webhooks.begun
  const fits = async (pair: { certificate: string }) =>
    assert.equal(
      (await shown(port, pair.certificate)).raw.equals(new X509Certificate(pair.certificate).raw),
      true,
    )
  await fits(one)
  const two = make()
  write(two)
  await eventually(() => fits(two))
  write({ certificate: 'rubbish', key: two.key })
  await eventually(() => assert.equal(told.length, 1))
  await fits(two)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(told, [
    `${join(root, 'data', 'tls.crt')}: is no certificate in PEM (the last good certificate stays)`,
  ])
  const three = make()
  write(three)
  await eventually(() => fits(three))
  // Whoever makes the files tells the API server whom to trust.
  const found = await kube.get(mutatingWebhookConfigurations, { name })
  assert.equal(found.ok, false)
})

test('only those that a given authority vouches for are answered', async (t) => {
  const { kube } = clusterOf(t)
  const root = mkdtempSync(join(tmpdir(), 'webhook-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const terms = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }
  const client = selfSigned({ names: ['kube-apiserver'], ...terms })
  writeFileSync(join(root, 'clients.crt'), client.certificate)
  const port = await freePort()
  const webhooks = startWebhooks({
    kube,
    source: secretSource({ kube, namespace, name, names: [servername], times: usualTimes }),
    reviewers: { pods: gates },
    name,
    address: { service: { namespace, name } },
    host: '127.0.0.1',
    port,
    clientAuthorities: join(root, 'clients.crt'),
    pollMs: 1_000,
    log: quiet,
  })
  t.after(() => webhooks.stop())
  await webhooks.begun
  const ask = (how: object): Promise<number> =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ keepAlive: false })
      const options = { host: '127.0.0.1', port, path: '/', agent, rejectUnauthorized: false, ...how }
      request(options, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
  await assert.rejects(ask({}))
  assert.equal(await ask({ cert: client.certificate, key: client.key }), 404)
})

test('what is no review gets a plain refusal, and a reviewer that throws lets the object pass', async (t) => {
  const { kube } = clusterOf(t)
  const port = await freePort()
  const thrown: string[] = []
  const webhooks = startWebhooks({
    kube,
    source: secretSource({ kube, namespace, name, names: ['127.0.0.1'], times: usualTimes }),
    reviewers: {
      pods: () => {
        throw new Error('a bug')
      },
    },
    name,
    address: { url: `https://127.0.0.1:${port}` },
    host: '127.0.0.1',
    port,
    pollMs: 1_000,
    log: { ...(quiet as object), error: ({ path }: { path: string }) => thrown.push(path) } as never,
  })
  t.after(() => webhooks.stop())
  await webhooks.begun
  const post = (path: string, body: string, method = 'POST'): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  assert.equal((await post('/nowhere', '{}')).status, 404)
  assert.equal((await post('/mutate-v1-pod', '', 'GET')).status, 405)
  assert.equal((await post('/mutate-v1-pod', 'rubbish')).status, 400)
  assert.equal((await post('/mutate-v1-pod', 'x'.repeat(9 << 20))).status, 413)
  const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid: 'u' } }
  const passed = await post('/mutate-v1-pod', JSON.stringify(review))
  assert.deepEqual(JSON.parse(passed.text).response, { uid: 'u', allowed: true })
  assert.deepEqual(thrown, ['/mutate-v1-pod'])
})
