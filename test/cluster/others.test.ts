/** Other people's software on top, on a real API server: external-dns, the Python client, stock kubectl. Each finds nothing to complain about. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ingress, namespace } from '../../localstack/scenario/manifest.ts'
import { backendOf, hostnameOf, loadBalancers } from '../../localstack/scenario/look.ts'
import { workload } from '../../localstack/scenario/served.ts'
import type { Running } from '../../localstack/scenario/world.ts'
import { pythonWith } from '../python.ts'
import { eventually } from '../world.ts'
import type { Cluster } from './cluster.ts'
import { type ExternalDns, startExternalDns } from './others/external-dns.ts'
import { program } from './others/program.ts'
import { good, type Run, run } from './others/run.ts'
import { type Stage, startStage } from './others/stage.ts'

const limitMs = 60_000
const zone = 'example.com'
let stage: Stage | undefined
let cluster: Cluster
let world: Running
let dns: ExternalDns
let python: string
let kubectl: Run
before(async () => {
  const externalDns = program('external-dns')
  python = await pythonWith('python', join(import.meta.dirname, 'others/python.txt'))
  stage = await startStage()
  ;({ cluster, world, kubectl } = stage)
  dns = await startExternalDns(externalDns, cluster.kubeconfig, zone)
})
after(async () => {
  await dns?.stop()
  await stage?.stop()
})

const hosts = ['shop', 'www'].map((name) => `${name}.${zone}`)
const web = (annotations: Readonly<Record<string, string>>, names = hosts) =>
  ingress('web', {
    namespace: 'shop',
    class: 'aws-alb',
    annotations: { 'target-type': 'ip', ...annotations },
    paths: names.map((host) => ({ host, path: '/', service: 'web', port: 8080 })),
  })

/** Every name leads to the one address at which the Ingress is served. */
async function resolved(names = hosts): Promise<string> {
  const address = await hostnameOf(world, 'web', 'shop')
  assert.deepEqual(dns.records(), new Map(names.map((name) => [name, `0 IN CNAME  ${address} []`])))
  for (const name of names) assert.equal((await world.request(address, '/', { host: name })).status, 200)
  return address
}

test('external-dns: a record for each host, and it leads to the pods', async () => {
  const objects = workload('web', { namespace: 'shop', replicas: 2 })
  await world.kube.apply(namespace('shop'), ...objects, web({ scheme: 'internet-facing' }))
  await eventually(() => resolved(), limitMs)
})

test('external-dns: a held edit leaves its records as they are', async () => {
  const before = [...dns.changes]
  await world.kube.apply(web({ scheme: 'internet-facing', 'load-balancer-attributes': 'nonsense' }))
  const wait = ['--for=condition=Accepted=False', 'ingressreport/web', '--namespace=shop', '--timeout=60s']
  await good(kubectl('wait', ...wait))
  // Several of its turns.
  await new Promise((done) => setTimeout(done, 3_000))
  await resolved()
  assert.deepEqual(dns.changes, before)
})

test('external-dns: another load balancer is another address, and no name is without one meanwhile', async () => {
  const [first, before] = [await resolved(), dns.changes.length]
  await world.kube.apply(web({ scheme: 'internal' }))
  await eventually(async () => assert.notEqual(await resolved(), first), limitMs)
  const changes = dns.changes.slice(before)
  assert.deepEqual(
    changes.map(({ what, name }) => `${what} ${name}`).toSorted(),
    hosts.map((name) => `UPDATE ${name}`),
  )
  // The old one goes, and takes no record with it.
  await eventually(async () => assert.equal((await loadBalancers(world)).length, 1), limitMs)
  await resolved()
})

test('external-dns: a host that goes takes its record along, and the Ingress all of them', async () => {
  await world.kube.apply(web({ scheme: 'internal' }, hosts.slice(0, 1)))
  await eventually(() => resolved(hosts.slice(0, 1)), limitMs)
  await good(kubectl('--namespace=shop', 'delete', 'ingress/web', '--timeout=60s'))
  await eventually(() => assert.equal(dns.records().size, 0), limitMs)
  assert.deepEqual(dns.complaints, [])
})

type Read = {
  readonly hostname: string
  readonly status: string
  readonly finalizers: readonly string[]
  readonly conditions: Readonly<Record<string, string>>
  readonly groups: readonly string[]
  readonly bindings: number
}
test("the Python client makes scenario paths' Ingress, watches it, and reads what became of it", async () => {
  const services = ['tomcat', 'httpd']
  await world.kube.apply(
    namespace('paths'),
    ...services.flatMap((name) => workload(name, { namespace: 'paths', replicas: 2 })),
  )
  const script = join(import.meta.dirname, 'others/paths.py')
  const env = { KUBECONFIG: cluster.kubeconfig }
  const read = JSON.parse(await good(run(python, ['-W', 'error', script], { env }))) as Read
  assert.equal(read.status, read.hostname)
  assert.deepEqual(read.finalizers, ['ingress.k8s.aws/resources'])
  assert.equal(read.conditions['Accepted'], 'True')
  assert.deepEqual(read.groups, [read.hostname])
  assert.equal(read.bindings, services.length)
  await eventually(async () => {
    for (const name of services) {
      const answer = await world.request(read.hostname, `/${name}`)
      assert.equal(answer.status === 200 && backendOf(answer), name)
    }
  }, limitMs)
  assert.equal((await world.request(read.hostname, '/other')).status, 404)
})

const manifest = join(import.meta.dirname, 'others/web.yaml')
test('kubectl applies, waits, shows and describes, and sees no difference afterwards', async () => {
  const shop = (...args: readonly string[]) => kubectl('--namespace=kubectl', ...args)
  await good(kubectl('create', 'namespace', 'kubectl'))
  const applied = await shop('apply', '--filename', manifest)
  assert.deepEqual([applied.code, applied.err], [0, ''])
  const address = '--for=jsonpath={.status.loadBalancer.ingress[0].hostname}'
  await good(shop('wait', address, 'ingress/web', '--timeout=60s'))
  // It is written a moment after the address.
  await good(shop('wait', '--for=create', 'ingressreport/web', '--timeout=60s'))
  await good(shop('wait', '--for=condition=Programmed', 'ingressreport/web', '--timeout=60s'))
  const hostname = await hostnameOf(world, 'web', 'kubectl')
  assert.equal((await world.request(hostname, '/')).status, 200)
  const again = await shop('apply', '--filename', manifest)
  assert.match(again.out, /ingress\.networking\.k8s\.io\/web unchanged/)
  assert.equal((await shop('diff', '--filename', manifest)).code, 0)
  const server = await shop('apply', '--server-side', '--field-manager=gitops', '--filename', manifest)
  assert.equal(server.code, 0, server.err)
  assert.match(await good(shop('get', 'ingress/web')), new RegExp(`web +aws-alb +\\* +${hostname} +80`))
  assert.match(await good(shop('describe', 'ingress/web')), new RegExp(`Address: +${hostname}`))
  assert.match(
    await good(shop('get', 'ingressreports,ingressgroups,targetgroupbindings')),
    /NAME[^]*NAME[^]*NAME/,
  )
  assert.match(await good(shop('explain', 'ingressreport.status.conditions')), /Accepted, Programmed/)
})

test('kubectl: a mistake is told where it was made, and mended, by what describe and events show', async () => {
  const shop = (...args: readonly string[]) => kubectl('--namespace=kubectl', ...args)
  await good(shop('annotate', 'ingress/web', 'alb.ingress.kubernetes.io/scheme=outside', '--overwrite'))
  await good(shop('wait', '--for=condition=Accepted=False', 'ingressreport/web', '--timeout=60s'))
  await eventually(async () => {
    assert.match(await good(shop('describe', 'ingress/web')), /Warning .*scheme/)
    assert.match(await good(shop('events', '--for=ingress/web')), /Warning .*scheme/)
  }, limitMs)
  assert.match(await good(shop('describe', 'ingressreport/web')), /internal.*internet-facing/)
  await good(
    shop('annotate', 'ingress/web', 'alb.ingress.kubernetes.io/scheme=internet-facing', '--overwrite'),
  )
  await good(shop('wait', '--for=condition=Accepted', 'ingressreport/web', '--timeout=60s'))
  await good(shop('delete', '--filename', manifest, '--timeout=60s'))
  assert.equal((await shop('get', 'ingressreport/web')).code, 1)
})
