/** The whole system as the sandbox runs it: servers on loopback sockets, and the controller as a process of its own. */
import { ACMClient } from '@aws-sdk/client-acm'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '../aws/listen.ts'
import { timings } from '../timing.ts'
import { ask } from './ask.ts'
import { serveCluster } from './cluster.ts'
import { controllerAccessKey, controllerOf, type Program } from './controller.ts'
import type { JournalEntry, World } from './scenario.ts'
import { startSystemOn } from './system.ts'

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
  /** What the controller gets in place of `kubeconfig`, which a scenario goes on using. */
  readonly controllerKubeconfig?: string | undefined
  /** The API server in memory is without what came after Kubernetes 1.29. */
  readonly older?: boolean
  readonly program?: Program
}

export async function startWorld(where: Where): Promise<Running> {
  const { clusterName, region, kubeconfig: real } = where
  const directory = mkdtempSync(join(tmpdir(), 'albatross-'))
  const cluster = await serveCluster(directory, real, where.older)
  const options = { clusterName, region, timing: timings.sandbox, onlookers: [onlooker] }
  const system = await startSystemOn(cluster, options)
  const { kubeconfig } = cluster
  const { vpcId, nodeSecurityGroup, kube } = system
  const aws = await listen(system.cloud.handle)
  const logFile = join(directory, 'controller.log')
  const controller = controllerOf({
    kubeconfig: where.controllerKubeconfig ?? kubeconfig,
    aws: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: controllerAccessKey,
      AWS_SECRET_ACCESS_KEY: 'local',
    },
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
    // Rules of the nodes that nobody is known to want are revoked half a minute later, at worst.
    patienceMs: 45_000,
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
