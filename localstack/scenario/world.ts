/** Brings the whole system up on loopback (local AWS, data plane, API server, pods) and takes it down again. */
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type DataPlane, startDataPlane } from '../alb/data-plane.ts'
import { createLoopback } from '../alb/loopback.ts'
import type { Address } from '../alb/network.ts'
import type { Account } from '../aws/account.ts'
import { createCloud } from '../aws/cloud.ts'
import { listen } from '../aws/listen.ts'
import { assignPodIp, releasePodIp, seedVpc } from '../aws/seed.ts'
import { createApiServer } from '../kube/server.ts'
import { listenKube, writeKubeconfig } from '../kube/listen.ts'
import { startWorkloads } from '../pods/workloads.ts'
import type { Node } from '../pods/kinds.ts'
import { timings } from '../timing.ts'
import { controllerAccessKey, controllerOf } from './controller.ts'
import { kubeOf } from './kube.ts'
import { nodesOf } from './nodes.ts'
import { type Manifest, pathOf } from './manifest.ts'
import type { Answer, JournalEntry, World } from './scenario.ts'

const root = resolve(import.meta.dirname, '../..')
const accountId = '123456789012'
/** A scenario's own calls: they must not use up what the controller may call. */
const onlooker = 'SCENARIO'

export type Running = World & {
  readonly awsUrl: string
  readonly kubeUrl: string
  readonly kubeconfig: string
  readonly logFile: string
  stop(): Promise<void>
}

export async function startWorld({
  clusterName,
  region,
}: {
  readonly clusterName: string
  readonly region: string
}): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'albatross-'))
  const cloud = createCloud({
    timing: timings.sandbox,
    seed: (account) => seedVpc(account, { clusterName, region }),
    onlookers: [onlooker],
  })
  const account = cloud.account(accountId, region)
  const network = await createLoopback()
  const plane = startDataPlane({ account, network, timing: timings.sandbox })
  const aws = await listen(cloud.handle)
  const api = createApiServer({})
  const kubeServer = await listenKube(api.handle)
  const kubeconfig = join(directory, 'kubeconfig')
  writeKubeconfig(kubeconfig, kubeServer.url)
  const kube = kubeOf(kubeServer.url)
  await kube.apply(...crds())
  for (const node of nodesOf(account)) {
    await kube.apply(node)
    await kube.patch(`${pathOf(node)}/status`, { status: node.status })
  }
  const workloads = startWorkloads({
    handle: api.handle,
    network,
    addresses: addressesOn(account),
    timing: timings.sandbox,
  })
  await workloads.ready
  const ids = idsOf(account, clusterName)
  const logFile = join(directory, 'controller.log')
  const controller = controllerOf({
    kubeconfig,
    awsUrl: aws.url,
    clusterName,
    region,
    vpcId: ids.vpcId,
    logFile,
  })
  const client = {
    region,
    endpoint: aws.url,
    credentials: { accessKeyId: onlooker, secretAccessKey: 'local' },
  }
  const elbv2 = new ElasticLoadBalancingV2Client(client)
  const ec2 = new EC2Client(client)
  const addressOf = (dnsName: string, port: number): Address => addressIn(account, plane, dnsName, port)
  return {
    clusterName,
    region,
    ...ids,
    awsUrl: aws.url,
    kubeUrl: kubeServer.url,
    kubeconfig,
    logFile,
    kube,
    elbv2,
    ec2,
    controller,
    journal: async (since = 0) => {
      const response = await fetch(`${aws.url}/_local/journal?since=${since}`)
      return ((await response.json()) as JournalEntry[]).filter(
        ({ accessKey }) => accessKey === controllerAccessKey,
      )
    },
    state: async () => await (await fetch(`${aws.url}/_local/state`)).text(),
    addressOf,
    request: (dnsName, path, { host = dnsName, port = 80 } = {}) => ask(addressOf(dnsName, port), host, path),
    stop: async () => {
      await controller.stop()
      await workloads.stop()
      await kubeServer.close()
      await api.stop()
      await plane.stop()
      elbv2.destroy()
      ec2.destroy()
      await aws.close()
      rmSync(directory, { recursive: true, force: true })
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
  const node = [...account.securityGroups.keys()].find((id) =>
    account.tags.get(id)?.has(`kubernetes.io/cluster/${clusterName}`),
  )
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
  const found = [...account.loadBalancers.values()].find(
    ({ wire }) => wire.DNSName?.toLowerCase() === dnsName.toLowerCase(),
  )
  const address = found === undefined ? undefined : plane.addressOf(found.arn, port)
  if (address === undefined) throw new Error(`${dnsName}:${port} answers nowhere yet`)
  return address
}

function ask(address: Address, host: string, path: string): Promise<Answer> {
  return new Promise((done, reject) => {
    const sent = httpRequest(
      { agent: false, host: address.host, port: address.port, path, headers: { host }, timeout: 5000 },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`GET ${path}: no answer within 5 s`)))
    sent.on('error', reject)
    sent.end()
  })
}
