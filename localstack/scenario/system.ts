/** The local AWS with its data plane, and the local cluster with its pods, in this process: what scenarios and tests run on. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../alb/data-plane.ts'
import { createLoopback, loopback } from '../alb/loopback.ts'
import type { Address, Network } from '../alb/network.ts'
import type { Handle } from '../../src/lib/http.ts'
import type { Account } from '../aws/account.ts'
import { type Cloud, type CloudOptions, createCloud } from '../aws/cloud.ts'
import { assignPodIp, releasePodIp, seedVpc } from '../aws/seed.ts'
import { type ApiServer, createApiServer } from '../kube/server.ts'
import type { Node } from '../pods/kinds.ts'
import { startWorkloads } from '../pods/workloads.ts'
import type { Timing } from '../timing.ts'
import { kubeOf } from './kube.ts'
import { type Manifest, pathOf } from './manifest.ts'
import { nodesOf } from './nodes.ts'
import type { World } from './scenario.ts'

const root = resolve(import.meta.dirname, '../..')
const accountId = '123456789012'

export type SystemOptions = {
  readonly clusterName: string
  readonly region: string
  readonly timing: Timing
  /** Access keys whose calls draw from no token bucket. */
  readonly onlookers?: readonly string[]
  readonly policiesOf?: CloudOptions['policiesOf']
  /** As found out by trying if absent; `single` is how a system with 127.0.0.1 alone works. */
  readonly addresses?: 'many' | 'single'
  /** Told of each request that its target did not answer. */
  readonly onFailure?: DataPlaneOptions['onFailure']
}

export type System = {
  readonly cloud: Cloud
  readonly account: Account
  readonly plane: DataPlane
  readonly kube: World['kube']
  readonly vpcId: string
  readonly nodeSecurityGroup: string
  /** Where a listener of the load balancer with this DNS name answers; throws while it answers nowhere. */
  addressOf(dnsName: string, port: number): Address
  /** Another cluster in the same account, with pods of its own on the same instances. */
  beside(cluster: Cluster): Promise<Pick<System, 'kube' | 'stop'>>
  stop(): Promise<void>
}

/** A cluster to run on: the one in memory, or a real API server. */
export type Cluster = { readonly handle: Handle; stop(): void }

export async function startSystem(options: SystemOptions): Promise<System & { readonly api: ApiServer }> {
  const api = createApiServer({})
  return { ...(await startSystemOn(api, options)), api }
}

export async function startSystemOn(
  cluster: Cluster,
  { clusterName, region, timing, onlookers = [], policiesOf, addresses, onFailure }: SystemOptions,
): Promise<System> {
  const cloud = createCloud({
    timing,
    seed: (account) => seedVpc(account, { clusterName, region }),
    onlookers,
    ...(policiesOf ? { policiesOf } : {}),
  })
  const account = cloud.account(accountId, region)
  const network: Network = addresses === undefined ? await createLoopback() : loopback(addresses)
  const plane = startDataPlane({ account, network, timing, onFailure })
  const place = { account, network, timing }
  const first = await startCluster(cluster, place)
  return {
    cloud,
    account,
    plane,
    kube: first.kube,
    ...idsOf(account, clusterName),
    addressOf: (dnsName, port) => addressIn(account, plane, dnsName, port),
    beside: (other) => startCluster(other, place),
    stop: async () => {
      await first.stop()
      await plane.stop()
    },
  }
}

async function startCluster(
  cluster: Cluster,
  { account, network, timing }: { account: Account; network: Network; timing: Timing },
): Promise<Pick<System, 'kube' | 'stop'>> {
  const kube = kubeOf(cluster.handle)
  await kube.apply(...crds())
  for (const node of nodesOf(account)) {
    await kube.apply(node)
    await kube.patch(`${pathOf(node)}/status`, { status: node.status })
  }
  const workloads = startWorkloads({
    handle: cluster.handle,
    network,
    addresses: addressesOn(account),
    timing,
  })
  await workloads.ready
  return {
    kube,
    stop: async () => {
      await workloads.stop()
      cluster.stop()
    },
  }
}

function crds(): Manifest[] {
  const folder = join(root, 'crds')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => document.toJSON() as Manifest)
}

function idsOf(account: Account, clusterName: string): { vpcId: string; nodeSecurityGroup: string } {
  const [vpcId = ''] = account.vpcs.keys()
  const key = `kubernetes.io/cluster/${clusterName}`
  const node = [...account.securityGroups.keys()].find((id) => account.tags.get(id)?.has(key))
  return { vpcId, nodeSecurityGroup: node ?? '' }
}

const instanceOf = (node: Node): string => node.spec.providerID?.split('/').at(-1) ?? ''
const addressesOn = (
  account: Account,
): { assign(node: Node): string; release(node: Node, ip: string): void } => ({
  assign: (node) => assignPodIp(account, instanceOf(node)),
  release: (node, ip) => releasePodIp(account, instanceOf(node), ip),
})

function addressIn(account: Account, plane: DataPlane, dnsName: string, port: number): Address {
  const wanted = dnsName.toLowerCase()
  const found = [...account.loadBalancers.values()].find(({ wire }) => wire.DNSName?.toLowerCase() === wanted)
  const address = found === undefined ? undefined : plane.addressOf(found.arn, port)
  if (address === undefined) throw new Error(`${dnsName}:${port} answers nowhere yet`)
  return address
}
