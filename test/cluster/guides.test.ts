/** docs/install.md and docs/migrate-from-albc.md, their kubectl and helm commands followed word for word on a real API server. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, test } from 'node:test'
import { freePort } from '../../localstack/scenario/controller.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Deployment, type Process, startDeployed } from './others/deployed.ts'
import { blocks, commands } from './others/guide.ts'
import { type Local, startLocal, vpcIdOf } from './others/local.ts'
import { program } from './others/program.ts'
import { good, run } from './others/run.ts'

const root = resolve(import.meta.dirname, '../..')
const limitMs = 60_000

type Reader = {
  readonly cluster: Cluster
  readonly kube: Client
  readonly folder: string
  local?: Local
  controller?: Process
  readonly type: (command: string) => Promise<string>
}
let reader: Reader | undefined
afterEach(async () => {
  await reader?.controller?.stop()
  await reader?.local?.stop()
  reader?.kube.close()
  await reader?.cluster.stop()
  if (reader !== undefined) rmSync(reader.folder, { recursive: true, force: true })
  reader = undefined
})

/** In a clone of the repository, with kubectl and helm on the path. */
async function startReader(): Promise<Reader> {
  const folder = mkdtempSync(join(tmpdir(), 'reader-'))
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(join(binaries(), 'kubectl'), join(bin, 'kubectl'))
  symlinkSync(program('helm'), join(bin, 'helm'))
  for (const name of ['chart', 'docs', 'crds']) symlinkSync(join(root, name), join(folder, name))
  const cluster = await startCluster(binaries())
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    KUBECONFIG: cluster.kubeconfig,
  }
  const type = (command: string): Promise<string> =>
    good(run('sh', ['-c', `cd '${folder}' && ${command}`], { env }))
  reader = { cluster, kube: clientOf(cluster.kubeconfig), folder, type }
  return reader
}

const filled = [
  ['my-cluster', 'demo'],
  ['vpc-…', vpcIdOf()],
  ['<registry>', 'registry.example.com'],
  ['clusterName=…,region=…,vpcId=…', `clusterName=demo,region=eu-west-1,vpcId=${vpcIdOf()}`],
  ['image.repository=…', 'image.repository=registry.example.com/albatross'],
] as const

async function follow(
  { type }: Reader,
  file: string,
  heading: string,
  most = 99,
): Promise<readonly string[]> {
  const said: string[] = []
  const typed = commands(file, heading, filled).slice(0, most)
  assert.ok(typed.length > 0)
  for (const command of typed) {
    assert.doesNotMatch(command, /…|<[a-z]+>/, 'not filled in')
    said.push(await type(command))
  }
  return said
}

/** The process in place of the pods that no kubelet starts. */
async function startController(given: Reader): Promise<Process> {
  const { kube, cluster, local } = given
  const path = '/apis/apps/v1/namespaces/kube-system/deployments/albatross'
  const deployment = (await kube.call('GET', path)).body as Deployment
  assert.ok(local !== undefined)
  const flags = ['--metrics-bind-addr=0', `--health-probe-bind-addr=127.0.0.1:${await freePort()}`]
  given.controller = await startDeployed({ kube, cluster, awsUrl: local.awsUrl, deployment, flags })
  return given.controller
}

const answers = async ({ local, type }: Reader): Promise<void> => {
  const hostname = await type(
    "kubectl get ingress web -o jsonpath='{.status.loadBalancer.ingress[0].hostname}'",
  )
  assert.equal((await local?.request(hostname, '/'))?.status, 200)
}

test('docs/install.md: from nothing to the first Ingress, and away again', async () => {
  const given = await startReader()
  const [install = '', ...rest] = commands('install.md', '3. The chart', filled)
  await given.type(install)
  given.local = await startLocal(given.cluster.kubeconfig)
  await startController(given)
  for (const command of rest) await given.type(command)
  const [manifest = ''] = blocks('install.md', '4. The first Ingress', 'yaml')
  writeFileSync(join(given.folder, 'web.yaml'), manifest)
  await follow(given, 'install.md', '4. The first Ingress')
  await eventually(() => answers(given), limitMs)
  const [gone = '', ...away] = commands('install.md', 'Uninstall', filled)
  await given.type(gone)
  assert.deepEqual([...given.local.account.loadBalancers.keys()], [])
  await given.controller?.stop()
  delete given.controller
  // The API server may take minutes to let a definition go that it has just learnt.
  for (const command of away)
    await given.type(command.replace('delete -f chart/crds', 'delete --wait=false -f chart/crds'))
  const each = '{range .items[*]}{.metadata.name} {.metadata.deletionTimestamp}{"\\n"}{end}'
  assert.doesNotMatch(await given.type(`kubectl get crd -o jsonpath='${each}'`), /^\S+ $/m)
})

const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/aws-load-balancer-controller-leader'
/** When ALBC renewed it last, in seconds from now. */
const renewed = (local: Local, seconds: number): Promise<void> => {
  const renewTime = new Date(Date.now() + seconds * 1000).toISOString().replace('Z', '000Z')
  return local.kube.patch(lease, { spec: { renewTime } })
}

/** An Ingress served at names and with tags and finalizers that are ALBC's, too; recordings of its own are in test/takeover. */
async function startServed(given: Reader): Promise<Local> {
  const { type } = given
  const local = await startLocal(given.cluster.kubeconfig)
  given.local = local
  const set =
    'createIngressClassResource=false,ingressClassParams.create=false,clusterName=demo,region=eu-west-1'
  await type(`kubectl apply -f ${join(import.meta.dirname, 'others/albc-class.yaml')}`)
  await type(`helm install albatross chart -n kube-system --set ${set},vpcId=${vpcIdOf()}`)
  await type('kubectl create deployment web --image=nginx --port=80 --replicas=2')
  await type('kubectl expose deployment web --port=80')
  const [manifest = ''] = blocks('install.md', '4. The first Ingress', 'yaml')
  writeFileSync(join(given.folder, 'web.yaml'), manifest)
  await type('kubectl apply -f web.yaml')
  const builder = await startController(given)
  await eventually(() => answers(given), limitMs)
  await builder.stop()
  await type('helm uninstall albatross -n kube-system')
  await type('kubectl delete ingressreports,ingressgroups --all -A')
  await type(`kubectl apply -f ${join(import.meta.dirname, 'others/albc.yaml')}`)
  await renewed(local, 0)
  return local
}

test('docs/migrate-from-albc.md: a look beside ALBC, the move, and back, without a write to AWS', async () => {
  const given = await startReader()
  const { type } = given
  const local = await startServed(given)
  const built = local.cloud.journal.since().at(-1)?.n ?? 0
  const writes = (): readonly string[] =>
    local.cloud.journal.since(built).flatMap(({ write, action }) => (write ? [action] : []))

  const [observe = '', look = ''] = commands('migrate-from-albc.md', 'Before', filled)
  await type(observe)
  const observer = await startController(given)
  await eventually(async () => assert.match(await type(look), /^ingress\.default\.web +0 +<none>$/m), limitMs)
  await eventually(() => assert.match(observer.log(), /ALBC is running/), limitMs)
  assert.match(observer.log(), /ALBC's webhooks are there/)
  await observer.stop()

  await follow(given, 'migrate-from-albc.md', 'Moving')
  // A minute later.
  await renewed(local, -660)
  const mover = await startController(given)
  assert.ok(mover.args.includes('--mode=reconcile'))
  await eventually(() => assert.match(mover.log(), /"msg":"leading"/), limitMs)
  await type('kubectl wait --for=condition=Programmed ingressreport/web --timeout=60s')
  await type('kubectl get events -A --field-selector reportingComponent=albatross')
  await answers(given)
  assert.deepEqual(writes(), [])
  // It works: a new pod is registered.
  await type('kubectl scale deployment/web --replicas=3')
  await eventually(() => assert.deepEqual([...new Set(writes())], ['RegisterTargets']), limitMs)
  await answers(given)
  await mover.stop()
  delete given.controller

  await follow(given, 'migrate-from-albc.md', 'Going back')
  assert.match(await type('kubectl get ingress web -o yaml'), /ingress\.k8s\.aws\/resources/)
  assert.match(await type('kubectl get ingressclass alb -o yaml'), /ingress\.k8s\.aws\/alb/)
  await answers(given)
})
