/** The webhooks asked by a real API server: gates, defaults, a changed certificate, somebody else's configuration, and nobody there. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import pino from 'pino'
import { parseAllDocuments } from 'yaml'
import { createCloud } from '../../localstack/aws/cloud.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { seedVpc } from '../../localstack/aws/seed.ts'
import { freePort } from '../../localstack/scenario/controller.ts'
import { timings } from '../../localstack/timing.ts'
import { readConfig } from '../../src/config.ts'
import { type Running, start } from '../../src/start.ts'
import { targetGroup } from '../end-to-end/targets-fixture.ts'
import { record } from '../records.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'

const limitMs = 30_000
const cloud = createCloud({
  timing: timings.instant,
  seed: (account) => seedVpc(account, { clusterName: 'demo', region: 'eu-west-1' }),
})
const account = cloud.account('123456789012', 'eu-west-1')
let cluster: Cluster
let kube: Client
let controller: Running | undefined
let arn = ''
before(async () => {
  cluster = await startCluster(binaries())
  kube = clientOf(cluster.kubeconfig)
  const crds = resolve(import.meta.dirname, '../../crds')
  for (const file of readdirSync(crds).filter((one) => one.endsWith('.yaml')))
    for (const document of parseAllDocuments(readFileSync(join(crds, file), 'utf8')))
      await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', document.toJSON() as object)
  arn = await targetGroup({ cloud, account } as never, 'web')
  await make('/api/v1/namespaces', {
    metadata: { name: 'shop', labels: { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' } },
  })
  await make('/api/v1/namespaces/shop/services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  })
  controller = await run()
})
after(async () => {
  await controller?.stop()
  kube?.close()
  await cluster?.stop()
})

async function make(path: string, object: object): Promise<unknown> {
  const made = await kube.call('POST', path, object)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return made.body
}
async function get<T>(path: string): Promise<T> {
  const found = await kube.call('GET', path)
  assert.equal(found.status, 200, JSON.stringify(found.body))
  return found.body as T
}

const [vpcId = ''] = account.vpcs.keys()
async function run(): Promise<Running> {
  const port = await freePort()
  const config = readConfig(
    [
      '--cluster-name=demo',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${vpcId}`,
      '--enable-leader-election=false',
      '--enable-pod-readiness-gate-inject',
      '--enable-targetgroupbinding-defaults',
      `--webhook-url=https://127.0.0.1:${port}`,
      '--webhook-bind-host=127.0.0.1',
      `--webhook-bind-port=${port}`,
    ],
    {},
  )
  assert.ok(config.ok)
  const aws = {
    requestHandler: inProcess(cloud.handle),
    credentials: { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' },
  }
  const write = (line: string): void => {
    record('log', line)
    process.stderr.write(line)
  }
  const log = pino({ level: 'warn' }, { write })
  const running = start({ config: config.value, kube: kube.handle, aws, log, namespace: 'kube-system' })
  assert.equal(await running.synced, true)
  return running
}

const bindings = '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings'
type Binding = { spec: Record<string, unknown>; metadata: { generation: number } }
test('a binding is completed before it is stored', async () => {
  const path = `${bindings}?dryRun=All`
  const given = (name: string) => ({
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name },
    spec: { serviceRef: { name: 'web', port: 80 }, targetGroupName: name },
  })
  // The configuration comes into force a moment after it was written.
  await eventually(async () => {
    const { spec } = (await make(path, given('web'))) as Binding
    assert.deepEqual(spec, {
      serviceRef: { name: 'web', port: 80 },
      targetGroupName: 'web',
      targetGroupARN: arn,
      targetType: 'ip',
      targetGroupProtocol: 'HTTP',
      ipAddressType: 'ipv4',
      vpcID: vpcId,
    })
  }, limitMs)
  const missing = await kube.call('POST', path, given('nowhere'))
  assert.equal(missing.status, 201)
  assert.deepEqual(missing.warnings, ['target group nowhere does not exist'])
  await make(bindings, given('web'))
})

type Pod = { spec: { readinessGates?: { conditionType: string }[] } }
const pods = '/api/v1/namespaces/shop/pods'
const pod = (name: string) => ({
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: 'app' }] },
})
const gates = async (name: string): Promise<readonly string[]> => {
  const { spec } = (await make(`${pods}?dryRun=All`, pod(name))) as Pod
  return (spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
}
const gate = ['target-health.elbv2.k8s.aws/web']

test('a pod gets its gate', async () => {
  await eventually(async () => assert.deepEqual(await gates('one'), gate), limitMs)
})

const secret = '/api/v1/namespaces/kube-system/secrets/albatross-webhook'
const configuration = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/albatross-webhook'
type Config = {
  metadata: { labels?: object; managedFields: { manager: string; operation: string }[] }
  webhooks: {
    name: string
    failurePolicy: string
    timeoutSeconds: number
    clientConfig: { caBundle: string }
  }[]
}

test('the real server keeps the configuration as we mean it, and a second start writes nothing', async () => {
  const before = await get<Config>(configuration)
  assert.deepEqual(
    before.webhooks.map(({ name, failurePolicy, timeoutSeconds }) => [name, failurePolicy, timeoutSeconds]),
    [
      ['mpod.elbv2.k8s.aws', 'Ignore', 3],
      ['mtargetgroupbinding.elbv2.k8s.aws', 'Ignore', 5],
    ],
  )
  const { data } = await get<{ data: Record<string, string> }>(secret)
  const authority = new X509Certificate(Buffer.from(data['ca.crt'] ?? '', 'base64'))
  const leaf = new X509Certificate(Buffer.from(data['tls.crt'] ?? '', 'base64'))
  assert.ok(leaf.verify(authority.publicKey))
  assert.deepEqual(
    before.webhooks.map(({ clientConfig }) => clientConfig.caBundle),
    [data['ca.crt'], data['ca.crt']],
  )
})

test('another authority and certificate: pods go on getting their gates', async () => {
  await controller?.stop()
  assert.equal((await kube.call('DELETE', secret)).status, 200)
  controller = await run()
  await eventually(async () => assert.deepEqual(await gates('two'), gate), limitMs)
})

test("a configuration of somebody else's: we own caBundle there, and nothing else", async () => {
  await controller?.stop()
  const { webhooks } = await get<Config>(configuration)
  assert.equal((await kube.call('DELETE', configuration)).status, 200)
  const chart = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'albatross-webhook', labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
    webhooks: webhooks.map(({ clientConfig: { caBundle: _none, ...clientConfig }, ...webhook }) => ({
      ...webhook,
      clientConfig,
      timeoutSeconds: 7,
    })),
  }
  const apply = async () => {
    const path = `${configuration}?fieldManager=helm`
    const answer = await kube.call('PATCH', path, chart, 'application/apply-patch+yaml')
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
  }
  await apply()
  controller = await run()
  const theirs = await get<Config>(configuration)
  assert.deepEqual(
    theirs.webhooks.map(({ timeoutSeconds }) => timeoutSeconds),
    [7, 7],
  )
  assert.ok(theirs.webhooks.every(({ clientConfig }) => clientConfig.caBundle))
  const owned = theirs.metadata.managedFields.find(({ manager }) => manager === 'albatross-webhook')
  assert.equal(owned?.operation, 'Apply')
  // Their tool applies again without force: no conflict, and nothing is lost.
  await apply()
  assert.deepEqual((await get<Config>(configuration)).webhooks, theirs.webhooks)
  assert.equal((await kube.call('DELETE', configuration)).status, 200)
  await controller.stop()
  controller = await run()
  await eventually(async () => assert.deepEqual(await gates('three'), gate), limitMs)
})

test('nobody answers: pods and bindings are made all the same, at once', async () => {
  await controller?.stop()
  controller = undefined
  const began = Date.now()
  assert.deepEqual(await gates('four'), [])
  assert.ok(Date.now() - began < 5_000)
})
