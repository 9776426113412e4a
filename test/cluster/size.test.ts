/** 10,000 Ingresses and 50,000 pods: how long until all are known, and what that takes of memory. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createCloud } from '../../localstack/aws/cloud.ts'
import { listen, type Listening } from '../../localstack/aws/listen.ts'
import { seedVpc } from '../../localstack/aws/seed.ts'
import { controllerOf } from '../../localstack/scenario/controller.ts'
import { timings } from '../../localstack/timing.ts'
import { customResourceDefinitions } from '../../src/kind/crd.ts'
import { imageFlags } from '../image-flags.ts'
import { record } from '../records.ts'
import { eventually } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Client, clientOf } from './client.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { endpointSlices, fill, ingresses, pods } from './fill.ts'
import { requests } from './requests.ts'
import { serviceAccount } from './service-account.ts'

const counts = { ingresses: 10_000, pods: 50_000 }
const mostMiB = 400
let kube: Client
let aws: Listening
const cloud = createCloud({
  timing: timings.instant,
  seed: (account) => seedVpc(account, { clusterName: 'demo', region: 'eu-west-1' }),
})
const [vpcId = ''] = cloud.account('123456789012', 'eu-west-1').vpcs.keys()
before(async () => {
  aws = await listen(cloud.handle)
})
after(() => aws.close())

async function large(cluster: Cluster): Promise<void> {
  for (const crd of customResourceDefinitions())
    await kube.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  await fill(cluster.etcdUrl, ingresses(counts.ingresses, 'alb'))
  await fill(cluster.etcdUrl, pods(counts.pods))
  await fill(cluster.etcdUrl, endpointSlices(counts.pods))
  // The API server's own cache follows.
  await eventually(async () => {
    const { body } = await kube.call('GET', '/api/v1/pods?limit=1')
    const { metadata } = body as { metadata: { remainingItemCount?: number } }
    assert.equal(metadata.remainingItemCount, counts.pods - 1)
  }, 120_000)
}

for (const [how, apiServer] of [
  ['by watches that begin with everything', []],
  ['in pages', ['--feature-gates=WatchList=false']],
] as const)
  test(`everything is known, ${how}, within ${mostMiB} MiB`, async (t) => {
    const cluster = await startCluster(binaries(), { apiServer })
    kube = clientOf(cluster.kubeconfig)
    t.after(async () => {
      kube.close()
      await cluster.stop()
    })
    await large(cluster)
    const { kubeconfig } = await serviceAccount(kube, cluster)
    const controller = controllerOf({
      kubeconfig,
      aws: { AWS_ENDPOINT_URL: aws.url, AWS_ACCESS_KEY_ID: 'CONTROLLER', AWS_SECRET_ACCESS_KEY: 'local' },
      clusterName: 'demo',
      region: 'eu-west-1',
      vpcId,
      logFile: cluster.at('controller.log'),
      readyWithinMs: 120_000,
      nodeFlags: imageFlags,
    })
    t.after(() => controller.stop())
    const { readyMs } = await controller.start()
    const peak = controller.peakMiB()
    const said = await controller.said()
    record('log', said.log)
    record('metrics', said.metrics)
    t.diagnostic(
      `synced in ${(readyMs / 1000).toFixed(1)} s, ${peak} MiB at most, ${controller.residentMiB()} MiB after`,
    )
    const pages = requests(cluster).filter(
      ({ verb, requestURI }) => verb === 'list' && requestURI.startsWith('/api/v1/pods'),
    )
    t.diagnostic(`${pages.length} pages of pods`)
    if (apiServer.length > 0) assert.ok(pages.length >= counts.pods / 500, `${pages.length} pages`)
    assert.ok(peak === undefined || peak < mostMiB, `${peak} MiB`)
  })
