/** Helm and the chart on a real API server: every set of values, and a release whose Deployment's own words start the controller. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { freePort } from '../../localstack/scenario/controller.ts'
import { ingress, namespace } from '../../localstack/scenario/manifest.ts'
import { workload } from '../../localstack/scenario/served.ts'
import { readConfig } from '../../src/config.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { requests } from './requests.ts'
import { type Deployment, type Process, startDeployed } from './others/deployed.ts'
import { type Local, startLocal, vpcIdOf } from './others/local.ts'
import { program } from './others/program.ts'
import { good, type Run, run } from './others/run.ts'

const root = resolve(import.meta.dirname, '../..')
const chart = join(root, 'chart')
const values = join(root, 'test/chart/values')
const limitMs = 60_000
const home = mkdtempSync(join(tmpdir(), 'helm-'))

let cluster: Cluster
let kube: Client
let helm: Run
let kubectl: Run
let local: Local | undefined
let controller: Process | undefined
before(async () => {
  const env = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }
  const file = program('helm')
  const definitions = program('prometheus-operator')
  const folder = binaries()
  cluster = await startCluster(folder)
  kube = clientOf(cluster.kubeconfig)
  const { kubeconfig } = cluster
  helm = (...args) => run(file, args, { env: { ...env, KUBECONFIG: kubeconfig } })
  kubectl = (...args) => run(join(folder, 'kubectl'), args, { env: { KUBECONFIG: kubeconfig } })
  for (const kind of ['servicemonitors', 'prometheusrules'])
    await good(
      kubectl('apply', '--server-side', '-f', join(definitions, `monitoring.coreos.com_${kind}.yaml`)),
    )
  await good(kubectl('create', 'namespace', 'monitoring'))
})
after(async () => {
  await controller?.stop()
  await local?.stop()
  kube?.close()
  await cluster?.stop()
  rmSync(home, { recursive: true, force: true })
})

const release = ['albatross', chart, '--namespace', 'kube-system'] as const
const deployment = async (): Promise<Deployment> =>
  (await kube.call('GET', '/apis/apps/v1/namespaces/kube-system/deployments/albatross')).body as Deployment

async function startController(): Promise<Process> {
  assert.ok(local !== undefined)
  const { awsUrl } = local
  return startDeployed({ kube, cluster, awsUrl, deployment: await deployment() })
}

const hostname = async (): Promise<string> => {
  const path = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web'
  const { body } = await kube.call('GET', path)
  const { status } = body as { status?: { loadBalancer?: { ingress?: { hostname?: string }[] } } }
  const found = status?.loadBalancer?.ingress?.[0]?.hostname
  assert.ok(found !== undefined, controller?.log().slice(-3000))
  return found
}

const served = async (): Promise<void> => {
  const { status } = (await local?.request(await hostname(), '/')) ?? {}
  assert.equal(status, 200)
}
/** By the API server's own audit log. */
function permitted(): void {
  const asked = requests(cluster)
  assert.ok(asked.length > 20)
  assert.deepEqual(
    asked.filter((request) => !request.permitted),
    [],
  )
}
const role = 'arn:aws:iam::123456789012:role/albatross'
let ports: readonly number[] = []
const settings = (...more: readonly string[]): readonly string[] => {
  const [metrics, health, webhook] = ports
  return [
    'clusterName=demo,region=eu-west-1,defaultTargetType=ip',
    `vpcId=${vpcIdOf()}`,
    `serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn=${role}`,
    `metricsPort=${metrics},healthPort=${health},webhookBindPort=${webhook}`,
    'enablePodReadinessGateInject=true,admissionPolicies.enabled=true',
    // The API server reaches no Service where no kube-proxy is.
    `extraArgs={--webhook-url=https://127.0.0.1:${webhook},--webhook-bind-host=127.0.0.1}`,
    ...more,
  ].flatMap((setting) => ['--set', setting])
}

test('install: what the release states suffices for the controller to serve an Ingress', async () => {
  ports = [await freePort(), await freePort(), await freePort()]
  await good(helm('install', ...release, ...settings()))
  local = await startLocal(cluster.kubeconfig)
  controller = await startController()
  for (const [port, path] of [[ports[1], 'readyz'] as const, [ports[0], 'metrics'] as const])
    await eventually(
      async () => assert.equal((await fetch(`http://127.0.0.1:${port}/${path}`)).status, 200),
      limitMs,
    )
  const shop = namespace('shop')
  const labels = { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' }
  await local.kube.apply(
    { ...shop, metadata: { ...shop.metadata, labels } },
    ingress('web', {
      namespace: 'shop',
      class: 'alb',
      annotations: { scheme: 'internet-facing' },
      paths: [{ path: '/', service: 'web', port: 8080 }],
    }),
    ...workload('web', { namespace: 'shop', replicas: 2 }),
  )
  await eventually(served, limitMs)
  // Pods that came after the target group bear its gate, and are ready by what the controller writes.
  await good(kubectl('--namespace=shop', 'rollout', 'restart', 'deployment/web'))
  await eventually(async () => {
    const gates = 'jsonpath={.items[*].spec.readinessGates[*].conditionType}'
    const found = await good(kubectl('--namespace=shop', 'get', 'pods', '--output', gates))
    assert.match(found, /^target-health\.elbv2\.k8s\.aws\/\S+ target-health\.elbv2\.k8s\.aws\/\S+$/)
  }, limitMs)
  await good(kubectl('--namespace=shop', 'rollout', 'status', 'deployment/web', '--timeout=60s'))
  await served()
})

test('the role of the service account is assumed, and the API server refuses nothing', async () => {
  const calls = (await (await fetch(`${local?.awsUrl}/_local/journal?since=0`)).json()) as {
    action: string
    accessKey: string
  }[]
  assert.ok(calls.some(({ action }) => action === 'AssumeRoleWithWebIdentity'))
  assert.deepEqual(
    calls.filter(
      ({ accessKey, action }) => !accessKey.startsWith('ASIA') && !action.startsWith('AssumeRole'),
    ),
    [],
  )
  permitted()
  const { body } = await kube.call(
    'GET',
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/albatross-leader',
  )
  assert.ok((body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity)
})

test('a misspelt annotation is warned of by the policies of the release', async () => {
  const annotated = await kubectl(
    '--namespace=shop',
    'annotate',
    'ingress/web',
    'alb.ingress.kubernetes.io/shceme=internal',
    '--dry-run=server',
  )
  assert.equal(annotated.code, 0)
  assert.match(annotated.err, /Warning: .*not read on an Ingress: alb\.ingress\.kubernetes\.io\/shceme/)
})

test('upgrade: the next controller works by what the release states now', async () => {
  const stopped = await controller?.stop()
  assert.equal(stopped?.code, 0)
  assert.ok(stopped.ms < 10_000, `${stopped.ms} ms`)
  await good(kubectl('apply', '--server-side', '--force-conflicts', '-f', join(chart, 'crds')))
  await good(helm('upgrade', ...release, ...settings('defaultTags.team=web', 'groupFailure=strict')))
  controller = await startController()
  assert.ok(controller.args.includes('--default-tags=team=web'))
  assert.ok(controller.args.includes('--group-failure=strict'))
  await eventually(() => {
    const arns = [...(local?.account.loadBalancers.keys() ?? [])]
    assert.equal(arns.length, 1)
    assert.equal(local?.account.tags.get(arns[0] ?? '')?.get('team'), 'web')
  }, limitMs)
  await served()
  permitted()
})

test('uninstall: Ingresses first, then the release; nothing of it stays but its definitions', async () => {
  await good(kubectl('--namespace=shop', 'delete', 'ingress/web', '--timeout=60s'))
  assert.deepEqual([...(local?.account.loadBalancers.keys() ?? [])], [])
  assert.deepEqual([...(local?.account.targetGroups.keys() ?? [])], [])
  const token = controller?.token ?? ''
  const may = () => kubectl('auth', 'can-i', 'list', 'ingresses', '--all-namespaces', `--token=${token}`)
  assert.equal((await may()).code, 0)
  await controller?.stop()
  controller = undefined
  await good(helm('uninstall', 'albatross', '--namespace', 'kube-system', '--wait'))
  // The controller's own, as docs/install.md says.
  await good(kubectl('delete', 'mutatingwebhookconfiguration/albatross-webhook'))
  await good(kubectl('delete', '--namespace=kube-system', 'secret/albatross-webhook'))
  const kinds = (await good(kubectl('api-resources', '--verbs=list', '--output=name'))).trim().split('\n')
  const label = 'app.kubernetes.io/instance=albatross'
  const left = await good(
    kubectl(
      'get',
      kinds.join(','),
      '--all-namespaces',
      `--selector=${label}`,
      '--output=name',
      '--ignore-not-found',
    ),
  )
  // Pods of the Deployment that is gone, and what their controllers keep for a moment.
  assert.doesNotMatch(left, /role|policy|service|ingressclass|configmap|deployment/)
  assert.equal((await kubectl('get', 'crd', 'ingressreports.albatross.dev')).code, 0)
})

const sets = readdirSync(values).filter((file) => file.endsWith('.yaml'))

test('definitions, as an upgrade applies them', async () => {
  await good(kubectl('apply', '--server-side', '--force-conflicts', '-f', join(chart, 'crds')))
  await good(kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'))
})

/** What stands there for a certificate is none. */
const warned: Readonly<Record<string, string>> = {
  'own-certificate.yaml': 'Warning: x509: malformed certificate\n',
}

for (const set of sets)
  test(`values ${set}: linted, rendered, and each object taken by the API server`, async () => {
    const file = join(values, set)
    const linted = await helm('lint', chart, '--strict', '--values', file)
    assert.equal(linted.code, 0, linted.out + linted.err)
    const rendered = await good(
      helm('template', 'albatross', chart, '--namespace', 'kube-system', '--values', file),
    )
    const dry = await run(
      join(binaries(), 'kubectl'),
      ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
      { env: { KUBECONFIG: cluster.kubeconfig }, input: rendered },
    )
    assert.equal(dry.code, 0, dry.err)
    assert.equal(dry.err, warned[set] ?? '')
    const objects = parseAllDocuments(rendered)
      .map((document) => document.toJSON() as Deployment & { kind: string })
      .filter((object) => object !== null)
    assert.equal(dry.out.trim().split('\n').length, objects.length, dry.out)
    const args = objects.find(({ kind }) => kind === 'Deployment')?.spec.template.spec.containers[0]?.args
    // Found by instance metadata, where the values leave them out; what is given twice counts as given last.
    const config = readConfig([`--aws-vpc-id=${vpcIdOf()}`, '--aws-region=eu-west-1', ...(args ?? [])], {})
    assert.ok(config.ok, JSON.stringify(config))
  })

test('values that mean something else here, and mistakes, are refused by a line that names them', async () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['clusterName=', /clusterName must be set/],
    ['clustername=demo', /clustername/],
    ['replicaCount=0', /replicaCount/],
    ['watchNamespace=shop', /watchNamespace=shop: .*ingressClass/],
    ['awsApiEndpoints=EC2=https://ec2', /awsApiEndpoints: .*AWS_ENDPOINT_URL/],
    ['objectSelector.matchLabels.app=web', /objectSelector: .*leave it out/],
    ['certManagement.any=x', /certManagement\.any: .*EnableCertificateManagement/],
    ['ingressClass=', /ingressClass is empty/],
    ['admissionPolicies.action=refuse', /admissionPolicies/],
    ['vpcId=vpc', /vpcId/],
  ]
  for (const [setting, said] of refused) {
    const { code, err } = await helm('template', chart, '--set', 'clusterName=demo', '--set', setting)
    assert.equal(code, 1, setting)
    assert.match(err, said)
  }
})
