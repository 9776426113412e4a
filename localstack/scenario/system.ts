/** The local AWS with its data plane, and the local cluster with its pods, in this process: what scenarios and tests run on. */
import { type DataPlane, type DataPlaneOptions, startDataPlane } from '../alb/data-plane.ts'
import { createLoopback, loopback } from '../alb/loopback.ts'
import type { Address, Network } from '../alb/network.ts'
import type { Account } from '../aws/account.ts'
import { type Cloud, type CloudOptions, createCloud } from '../aws/cloud.ts'
import { assignPodIp, releasePodIp, seedVpc } from '../aws/seed.ts'
import { type ApiServer, createApiServer } from '../kube/server.ts'
import type { Node } from '../pods/kinds.ts'
import type { Addresses } from '../pods/kubelet.ts'
import type { Timing } from '../timing.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { nodesOf } from './nodes.ts'
import type { World } from './scenario.ts'

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
    // Calls without a signature, as to STS, are the default region's.
    seed: (made) => {
      if (made.region === region) seedVpc(made, { clusterName, region })
    },
    onlookers,
    ...(policiesOf ? { policiesOf } : {}),
  })
  const account = cloud.account(accountId, region)
  const network: Network = addresses === undefined ? await createLoopback() : loopback(addresses)
  const plane = startDataPlane({ account, network, timing, onFailure })
  const start = (one: Cluster) =>
    startCluster(one, { nodes: nodesOf(account), addresses: addressesOn(account), network, timing })
  const first = await start(cluster)
  return {
    cloud,
    account,
    plane,
    kube: first.kube,
    ...idsOf(account, clusterName),
    addressOf: (dnsName, port) => addressIn(account, plane, dnsName, port),
    beside: start,
    stop: async () => {
      await first.stop()
      await plane.stop()
    },
  }
}

function idsOf(account: Account, clusterName: string): { vpcId: string; nodeSecurityGroup: string } {
  const [vpcId = ''] = account.vpcs.keys()
  const key = `kubernetes.io/cluster/${clusterName}`
  const node = [...account.securityGroups.keys()].find((id) => account.tags.get(id)?.has(key))
  return { vpcId, nodeSecurityGroup: node ?? '' }
}

const instanceOf = (node: Node): string => node.spec.providerID?.split('/').at(-1) ?? ''
const addressesOn = (account: Account): Addresses => ({
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
