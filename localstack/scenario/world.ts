/** The whole system as the sandbox runs it: servers on loopback sockets, and the controller as a process of its own. */
import { ACMClient } from '@aws-sdk/client-acm'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '../aws/listen.ts'
import { listenKube, writeKubeconfig } from '../kube/listen.ts'
import { remoteOf } from '../kube/remote.ts'
import { createApiServer } from '../kube/server.ts'
import { timings } from '../timing.ts'
import { ask } from './ask.ts'
import { controllerAccessKey, controllerOf, type Program } from './controller.ts'
import type { JournalEntry, World } from './scenario.ts'
import { type Cluster, startSystemOn } from './system.ts'

/** A scenario's own calls: they must not use up what the controller may call. */
const onlooker = 'SCENARIO'

export type Running = World & {
  readonly awsUrl: string
  readonly kubeconfig: string
  readonly logFile: string
  stop(): Promise<void>
}
type Where = {
  readonly clusterName: string
  readonly region: string
  /** Of a real API server, to use in place of the one in memory. */
  readonly kubeconfig?: string | undefined
  readonly program?: Program
}

export async function startWorld(where: Where): Promise<Running> {
  const { clusterName, region, kubeconfig: real } = where
  const directory = mkdtempSync(join(tmpdir(), 'albatross-'))
  const cluster = real === undefined ? await inMemory(directory) : remote(real)
  const options = { clusterName, region, timing: timings.sandbox, onlookers: [onlooker] }
  const system = await startSystemOn(cluster, options)
  const { kubeconfig } = cluster
  const { vpcId, nodeSecurityGroup, kube } = system
  const aws = await listen(system.cloud.handle)
  const logFile = join(directory, 'controller.log')
  const controller = controllerOf({
    kubeconfig,
    awsUrl: aws.url,
    clusterName,
    region,
    vpcId,
    logFile,
    ...(where.program === undefined ? {} : { program: where.program }),
  })
  const clients = clientsOf(region, aws.url)
  return {
    clusterName,
    region,
    vpcId,
    nodeSecurityGroup,
    awsUrl: aws.url,
    kubeconfig,
    logFile,
    kube,
    ...clients,
    controller,
    putObject: async (bucket, key, body) => {
      const options = { method: 'POST', body: JSON.stringify({ bucket, key, body }) }
      await fetch(`${aws.url}/_local/object`, options)
    },
    journal: (since = 0) => journalOf(aws.url, since),
    state: async () => await (await fetch(`${aws.url}/_local/state`)).text(),
    addressOf: (dnsName, port) => system.addressOf(dnsName, port),
    request: (dnsName, path, { host = dnsName, port = 80, ...how } = {}) =>
      ask(system.addressOf(dnsName, port), host, path, how),
    stop: async () => {
      await controller.stop()
      await cluster.close()
      await system.stop()
      clients.elbv2.destroy()
      clients.ec2.destroy()
      clients.acm.destroy()
      await aws.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

type Served = Cluster & { readonly kubeconfig: string; close(): Promise<void> }

async function inMemory(directory: string): Promise<Served> {
  const api = createApiServer({})
  const server = await listenKube(api.handle)
  const kubeconfig = join(directory, 'kubeconfig')
  writeKubeconfig(kubeconfig, server.url)
  return { handle: api.handle, stop: () => api.stop(), kubeconfig, close: () => server.close() }
}

function remote(kubeconfig: string): Served {
  const server = remoteOf(kubeconfig)
  return { handle: server.handle, stop: () => server.close(), kubeconfig, close: async () => undefined }
}

function clientsOf(region: string, endpoint: string): Pick<World, 'elbv2' | 'ec2' | 'acm'> {
  const client = { region, endpoint, credentials: { accessKeyId: onlooker, secretAccessKey: 'local' } }
  return {
    elbv2: new ElasticLoadBalancingV2Client(client),
    ec2: new EC2Client(client),
    acm: new ACMClient(client),
  }
}

async function journalOf(awsUrl: string, since: number): Promise<readonly JournalEntry[]> {
  const response = await fetch(`${awsUrl}/_local/journal?since=${since}`)
  return ((await response.json()) as JournalEntry[]).filter(
    ({ accessKey }) => accessKey === controllerAccessKey,
  )
}
