/** The webhooks over real HTTPS: a new pod of a labelled namespace gets its gate, and the gate opens; without webhooks nothing stops. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { selfSigned } from '../../localstack/aws/acm/self-signed.ts'
import { freePort } from '../../localstack/scenario/controller.ts'
import {
  deployment,
  ingress,
  ingressClass,
  type Manifest,
  namespace,
  service,
} from '../../localstack/scenario/manifest.ts'
import type { Running } from '../../src/start.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import { targetGroup } from './targets-fixture.ts'

const limitMs = 30_000
let world: TestWorld
let controller: Running
let port = 0
before(async () => {
  world = await startTestWorld()
  port = await freePort()
  controller = world.controller([...onPort(port), '--enable-targetgroupbinding-defaults'])
  await controller.synced
  await world.kube.apply(
    labelled('shop'),
    namespace('plain'),
    ingressClass('alb'),
    ...['shop', 'plain'].flatMap((of) => [
      service('web', { namespace: of, port: 80, targetPort: 8080 }),
      ingress('web', {
        namespace: of,
        class: 'alb',
        annotations: { 'target-type': 'ip' },
        paths: [{ path: '/', service: 'web', port: 80 }],
      }),
    ]),
  )
})
after(() => world.end())

const onPort = (of: number): string[] => [
  '--enable-pod-readiness-gate-inject',
  `--webhook-url=https://127.0.0.1:${of}`,
  '--webhook-bind-host=127.0.0.1',
  `--webhook-bind-port=${of}`,
]
const labelled = (name: string): Manifest => {
  const made = namespace(name)
  return {
    ...made,
    metadata: { ...made.metadata, labels: { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' } },
  } as Manifest
}

type Pod = {
  metadata: { name: string }
  spec: { readinessGates?: { conditionType: string }[] }
  status?: { conditions?: { type: string; status: string }[] }
}
const podsIn = (of: string): Promise<readonly Pod[]> => world.kube.list<Pod>(`/api/v1/namespaces/${of}/pods`)
const bindingIn = (of: string): Promise<string> =>
  eventually(async () => {
    const [found] = await world.kube.list<{ metadata: { name: string }; spec: { targetType?: string } }>(
      `/apis/elbv2.k8s.aws/v1beta1/namespaces/${of}/targetgroupbindings`,
    )
    assert.equal(found?.spec.targetType, 'ip')
    return found.metadata.name
  }, limitMs)
const isTrue = ({ status }: Pod, type: string): boolean =>
  status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
const warnings = (): string[] =>
  world.logs.filter(({ level }) => level >= 40).map(({ error }) => String(error))

test('a pod of a labelled namespace gets its gate, which is True once the load balancer finds it healthy', async () => {
  const [binding] = [await bindingIn('shop'), await bindingIn('plain')]
  const gate = `target-health.elbv2.k8s.aws/${binding}`
  await world.kube.apply(
    deployment('web', { namespace: 'shop', port: 8080, replicas: 2 }),
    deployment('web', { namespace: 'plain', port: 8080, replicas: 1 }),
    deployment('other', { namespace: 'shop', port: 8080, replicas: 1 }),
  )
  await eventually(async () => {
    const pods = await podsIn('shop')
    assert.equal(pods.length, 3)
    for (const pod of pods) {
      const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
      const ours = pod.metadata.name.startsWith('web-')
      assert.deepEqual(gates, ours ? [gate] : [])
      if (ours) assert.ok(isTrue(pod, gate))
      assert.ok(isTrue(pod, 'Ready'))
    }
  }, limitMs)
  const [plain] = await podsIn('plain')
  assert.equal(plain?.spec.readinessGates, undefined)
})

test('the configuration and the Secret are as documented, and nothing is written twice', async () => {
  const configuration =
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/albatross-webhook'
  type Webhook = { name: string; failurePolicy: string; namespaceSelector: object; timeoutSeconds: number }
  const found = await world.kube.get<{ webhooks: Webhook[] }>(configuration)
  assert.deepEqual(
    found?.webhooks.map(({ name, failurePolicy, timeoutSeconds }) => [name, failurePolicy, timeoutSeconds]),
    [
      ['mpod.elbv2.k8s.aws', 'Ignore', 3],
      ['mtargetgroupbinding.elbv2.k8s.aws', 'Ignore', 5],
    ],
  )
  const secret = await world.kube.get<{ data: object }>(
    '/api/v1/namespaces/default/secrets/albatross-webhook',
  )
  assert.deepEqual(Object.keys(secret?.data ?? {}).sort(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  const logged = JSON.stringify(world.logs)
  for (const value of Object.values(secret?.data ?? {}))
    assert.ok(!logged.includes(Buffer.from(String(value), 'base64').toString().slice(30, 70)))
})

const binding = (name: string, spec: object): Manifest =>
  ({
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name, namespace: 'shop' },
    spec: { serviceRef: { name: 'web', port: 80 }, ...spec },
  }) as Manifest
const pathOf = (name: string): string =>
  `/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings/${name}`

test('what was answered and how long the certificate lasts are metrics', () => {
  const metrics = controller.metrics()
  assert.match(metrics, /^albatross_webhook_reviews_total\{webhook="pods",result="changed"\} 2$/m)
  assert.match(metrics, /^albatross_webhook_reviews_total\{webhook="pods",result="unchanged"\} 1$/m)
  const until = Number(/^albatross_webhook_certificate_expires_seconds (\d+)$/m.exec(metrics)?.[1])
  assert.ok(Math.abs(until - Date.now() / 1000 - 90 * 86_400) < 3_600)
})

test('a binding is complete from its first version on', async () => {
  const arn = await targetGroup(world, 'hand-made')
  const made = await world.api.handle({
    method: 'POST',
    path: pathOf(''),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(binding('hand', { targetGroupName: 'hand-made' })),
  })
  const { spec, metadata } = JSON.parse(made.body as string) as {
    spec: object
    metadata: { generation: number }
  }
  assert.equal(metadata.generation, 1)
  assert.deepEqual(spec, {
    serviceRef: { name: 'web', port: 80 },
    targetGroupName: 'hand-made',
    targetGroupARN: arn,
    targetType: 'ip',
    targetGroupProtocol: 'HTTP',
    ipAddressType: 'ipv4',
    vpcID: world.vpcId,
  })
  const missing = await world.api.handle({
    method: 'POST',
    path: pathOf(''),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(binding('missing', { targetGroupName: 'nowhere' })),
  })
  assert.equal(missing.status, 201)
  assert.equal(missing.headers['warning'], '299 - "target group nowhere does not exist"')
  await world.kube.remove(binding('missing', {}), binding('hand', {}))
})

test("a configuration that somebody else keeps: only caBundle is written, and their tool doesn't fight it", async (t) => {
  const name = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/chart'
  const chart = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'chart', labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
    webhooks: [
      {
        name: 'mpod.elbv2.k8s.aws',
        clientConfig: { url: `https://127.0.0.1:${await freePort()}/mutate-v1-pod` },
        failurePolicy: 'Ignore',
        timeoutSeconds: 7,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
    ],
  }
  await world.kube.apply(chart as never)
  const own = await freePort()
  const second = world.controller([...onPort(own), '--webhook-name=chart'])
  t.after(() => second.stop())
  await second.synced
  type Found = { webhooks: { clientConfig: { url: string; caBundle?: string }; timeoutSeconds: number }[] }
  const found = await world.kube.get<Found>(name)
  const [webhook] = found?.webhooks ?? []
  assert.ok(webhook?.clientConfig.caBundle)
  assert.equal(webhook.clientConfig.url, chart.webhooks[0]?.clientConfig.url)
  assert.equal(webhook.timeoutSeconds, 7)
  await world.kube.apply(chart as never)
  assert.deepEqual((await world.kube.get<Found>(name))?.webhooks[0], webhook)
  await world.kube.remove(chart as never)
})

test('a replica that stands by answers as the leader does', async (t) => {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'held' },
    spec: {
      holderIdentity: 'somebody',
      leaseDurationSeconds: 600,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  }
  const made = await world.api.handle({
    method: 'POST',
    path: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(lease),
  })
  assert.equal(made.status, 201)
  const own = await freePort()
  const election = ['--enable-leader-election=true', '--leader-election-id=held']
  const standby = world.controller([...onPort(own), ...election, '--webhook-name=standby'])
  t.after(() => standby.stop())
  await standby.synced
  assert.equal(standby.leads(), false)
  const object = { metadata: { labels: { app: 'web' } }, spec: {} }
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object },
  }
  const { response } = JSON.parse(await post(own, '/mutate-v1-pod', JSON.stringify(review))) as {
    response: { patch: string }
  }
  const [operation] = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as { value: object[] }[]
  assert.deepEqual(operation?.value, [
    { conditionType: `target-health.elbv2.k8s.aws/${await bindingIn('shop')}` },
  ])
})

const post = (of: number, path: string, body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: of, path, method: 'POST', rejectUnauthorized: false }
    request({ ...options, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
      .on('error', reject)
      .end(body)
  })

const files = mkdtempSync(join(tmpdir(), 'webhook-'))
after(() => rmSync(files, { recursive: true, force: true }))
const year = 365 * 86_400_000
const pair = () =>
  selfSigned({
    names: ['localhost'],
    notBefore: new Date(Date.now() - year),
    notAfter: new Date(Date.now() + year),
  })

test('certificates that can not be read: one line that names the file, and all else goes on', async (t) => {
  const before = warnings().length
  const own = world.controller([
    ...onPort(await freePort()),
    `--webhook-cert-dir=${files}`,
    '--webhook-name=files',
  ])
  t.after(() => own.stop())
  assert.equal(await own.synced, true)
  assert.deepEqual(warnings().slice(before), [
    `${join(files, 'tls.crt')} can't be read: ENOENT (not served: pods get no gates until it is put right)`,
  ])
  writeFileSync(join(files, 'tls.crt'), pair().certificate)
  writeFileSync(join(files, 'tls.key'), 'rubbish')
  chmodSync(join(files, 'tls.key'), 0o600)
  const third = world.controller([...onPort(await freePort()), `--webhook-cert-dir=${files}`])
  t.after(() => third.stop())
  await third.synced
  assert.match(warnings().at(-1) ?? '', /tls.key: is no private key in PEM/)
  const fourth = world.controller([
    ...onPort(await freePort()),
    `--webhook-cert-dir=${files}`,
    '--webhook-cert-file=public.pem',
    '--webhook-key-file=private.pem',
    `--kube-ca-pem-filepath=${join(files, 'nobody.pem')}`,
  ])
  t.after(() => fourth.stop())
  await fourth.synced
  assert.match(warnings().at(-1) ?? '', /nobody\.pem|public\.pem/)
})

test('a port in use: one line, and all else goes on', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port: number } = taken.address() as { port: number }
  const before = warnings().length
  const own = world.controller([...onPort(number), '--webhook-name=taken'])
  t.after(() => own.stop())
  assert.equal(await own.synced, true)
  assert.deepEqual(warnings().slice(before), [
    `port ${number} is in use: free it, or change --webhook-bind-port (not served: pods get no gates until it is put right)`,
  ])
})

test('nobody answers: pods are created all the same, at once and without a gate', async () => {
  await controller.stop()
  const before = Date.now()
  await world.kube.apply(deployment('web', { namespace: 'shop', port: 8080, replicas: 3 }))
  await eventually(async () => {
    const pods = (await podsIn('shop')).filter(({ metadata }) => metadata.name.startsWith('web-'))
    const ungated = pods.filter(({ spec }) => spec.readinessGates === undefined)
    assert.deepEqual([pods.length, ungated.length], [3, 1])
    assert.ok(isTrue(ungated[0] as Pod, 'Ready'))
  }, limitMs)
  assert.ok(Date.now() - before < 10_000)
})

test('a label that asks for what is switched off is told', async (t) => {
  const plain = world.controller()
  t.after(() => plain.stop())
  await plain.synced
  const told = world.logs.find(({ msg }) => msg.includes('get no readiness gates'))
  assert.deepEqual(told?.['namespaces'], ['shop'])
})

test('a flag that forbids something and that nothing enforces is told; with the policy in force it is not', async (t) => {
  const flag = '--disable-ingress-group-name-annotation'
  const told = () => world.logs.filter(({ msg }) => msg.startsWith(`nothing enforces ${flag}`)).length
  const first = world.controller([flag])
  t.after(() => first.stop())
  await first.synced
  assert.equal(told(), 1)
  for (const document of parseAllDocuments(readFileSync(`policy/${flag.slice(2)}.yaml`, 'utf8')))
    await world.kube.apply(document.toJSON() as Manifest)
  const second = world.controller([flag])
  t.after(() => second.stop())
  await second.synced
  assert.equal(told(), 1)
})
