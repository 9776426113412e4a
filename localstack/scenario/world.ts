/** The whole system as the sandbox runs it: servers on loopback sockets, and the controller as a process of its own. */
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '../aws/listen.ts'
import { listenKube, writeKubeconfig } from '../kube/listen.ts'
import { timings } from '../timing.ts'
import { ask } from './ask.ts'
import { controllerAccessKey, controllerOf } from './controller.ts'
import type { JournalEntry, World } from './scenario.ts'
import { startSystem } from './system.ts'

/** A scenario's own calls: they must not use up what the controller may call. */
const onlooker = 'SCENARIO'

export type Running = World & {
  readonly awsUrl: string
  readonly kubeconfig: string
  readonly logFile: string
  stop(): Promise<void>
}
type Where = { readonly clusterName: string; readonly region: string }

export async function startWorld({ clusterName, region }: Where): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'albatross-'))
  const system = await startSystem({ clusterName, region, timing: timings.sandbox, onlookers: [onlooker] })
  const { vpcId, nodeSecurityGroup, kube } = system
  const aws = await listen(system.cloud.handle)
  const kubeServer = await listenKube(system.api.handle)
  const kubeconfig = join(directory, 'kubeconfig')
  const logFile = join(directory, 'controller.log')
  writeKubeconfig(kubeconfig, kubeServer.url)
  const controller = controllerOf({ kubeconfig, awsUrl: aws.url, clusterName, region, vpcId, logFile })
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
    journal: (since = 0) => journalOf(aws.url, since),
    state: async () => await (await fetch(`${aws.url}/_local/state`)).text(),
    addressOf: (dnsName, port) => system.addressOf(dnsName, port),
    request: (dnsName, path, { host = dnsName, port = 80 } = {}) =>
      ask(system.addressOf(dnsName, port), host, path),
    stop: async () => {
      await controller.stop()
      await kubeServer.close()
      await system.stop()
      clients.elbv2.destroy()
      clients.ec2.destroy()
      await aws.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function clientsOf(region: string, endpoint: string): Pick<World, 'elbv2' | 'ec2'> {
  const client = { region, endpoint, credentials: { accessKeyId: onlooker, secretAccessKey: 'local' } }
  return { elbv2: new ElasticLoadBalancingV2Client(client), ec2: new EC2Client(client) }
}

async function journalOf(awsUrl: string, since: number): Promise<readonly JournalEntry[]> {
  const response = await fetch(`${awsUrl}/_local/journal?since=${since}`)
  return ((await response.json()) as JournalEntry[]).filter(
    ({ accessKey }) => accessKey === controllerAccessKey,
  )
}
