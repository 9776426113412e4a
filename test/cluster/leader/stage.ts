/** A real API server, the local AWS as far away as AWS is, and replicas; what each of them called, and by what right. */
import assert from 'node:assert/strict'
import { listen, type Listening } from '../../../localstack/aws/listen.ts'
import {
  deployment,
  ingress,
  ingressClass,
  namespace,
  service,
} from '../../../localstack/scenario/manifest.ts'
import { startSystemOn, type System } from '../../../localstack/scenario/system.ts'
import { ask } from '../../../localstack/scenario/ask.ts'
import { timings } from '../../../localstack/timing.ts'
import type { Handle } from '../../../src/lib/http.ts'
import { ownersIn, type Owners } from '../../journal.ts'
import { eventually } from '../../world.ts'
import { binaries } from '../binaries.ts'
import { type Client, clientOf } from '../client.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { type Asked, requests } from '../requests.ts'
import { serviceAccount } from '../service-account.ts'
import { followLeases, type Leases } from './leases.ts'
import { type Replica, startReplica } from './replica.ts'

/** A busy machine is no failure. */
export const limitMs = 40_000
/** Between a call and its answer: some are always in flight. */
const latencyMs = 100

/** One request, by the monotonic clock. */
export type Call = { readonly key: string; readonly startMs: number; endMs: number; abandoned: boolean }
export type Stage = {
  readonly system: System
  readonly leases: Leases
  readonly calls: readonly Call[]
  readonly owners: Owners
  replica(key: string, ...flags: string[]): Promise<Replica>
  replicas(): readonly Replica[]
  /** What the API server did not permit. */
  refused(): readonly Asked[]
  /** Ingresses of a group each. */
  add(names: readonly string[], path?: string): Promise<void>
  served(names: readonly string[], path?: string): Promise<void>
  end(): Promise<void>
}

export async function startStage(): Promise<Stage> {
  const cluster: Cluster = await startCluster(binaries())
  const client: Client = clientOf(cluster.kubeconfig)
  const system = await startSystemOn(
    { handle: client.handle, stop: () => client.close() },
    { clusterName: 'demo', region: 'eu-west-1', timing: timings.instant },
  )
  const calls: Call[] = []
  const aws: Listening = await listen(distant(system.cloud.handle, calls))
  const { kubeconfig } = await serviceAccount(client, cluster)
  const leases = await followLeases(client.handle)
  const replicas: Replica[] = []
  await system.kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 2 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
  return {
    system,
    leases,
    calls,
    owners: ownersIn(system.account),
    replicas: () => replicas,
    refused: () => requests(cluster).filter(({ permitted }) => !permitted),
    replica: async (key, ...flags) => {
      const made = await startReplica({ key, kubeconfig, awsUrl: aws.url, vpcId: system.vpcId, flags })
      replicas.push(made)
      return made
    },
    add: async (names, path = '/') => {
      for (const name of names) await system.kube.apply(ingressOf(name, path))
    },
    served: async (names, path = '/') => {
      for (const name of names) await eventually(() => isServed(name, path, system), limitMs)
    },
    end: async () => {
      await Promise.all(replicas.map((one) => one.close()))
      leases.stop()
      await aws.close()
      await system.stop()
      await cluster.stop()
    },
  }
}

const ingressOf = (name: string, path: string) =>
  ingress(name, {
    namespace: 'shop',
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip' },
    paths: [{ path, service: 'web', port: 80 }],
  })

type Served = { readonly status?: { readonly loadBalancer?: { readonly ingress?: { hostname: string }[] } } }
async function isServed(name: string, path: string, system: System): Promise<void> {
  const found = await system.kube.get<Served>(`/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`)
  const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
  assert.ok(hostname, `${name} has no address`)
  const { status } = await ask(system.addressOf(hostname, 80), hostname, path)
  assert.equal(status, 200, name)
}

/** Carried out when it arrives, answered late, also to one who is gone. */
const distant =
  (handle: Handle, calls: Call[]): Handle =>
  async (request) => {
    const key = /Credential=([^/]+)\//.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
    const call = { key, startMs: performance.now(), endMs: Infinity, abandoned: false }
    if (key !== '') calls.push(call)
    const answer = await handle(request)
    await new Promise((resolve) => setTimeout(resolve, latencyMs))
    call.endMs = performance.now()
    call.abandoned = request.signal?.aborted === true
    return answer
  }
