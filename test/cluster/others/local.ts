/** The local AWS with its data plane, and pods, around a real API server: in this process, for whom others start. */
import { listen } from '../../../localstack/aws/listen.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { seedVpc } from '../../../localstack/aws/seed.ts'
import { remoteOf } from '../../../localstack/kube/remote.ts'
import { ask } from '../../../localstack/scenario/ask.ts'
import type { Answer } from '../../../localstack/scenario/scenario.ts'
import { startSystemOn, type System } from '../../../localstack/scenario/system.ts'
import { timings } from '../../../localstack/timing.ts'

const clusterName = 'demo'
const region = 'eu-west-1'

export type Local = System & {
  readonly awsUrl: string
  request(dnsName: string, path: string, host?: string): Promise<Answer>
}

/** Known before there is a cluster to start it for. */
export function vpcIdOf(): string {
  const cloud = createCloud({
    timing: timings.instant,
    seed: (account) => seedVpc(account, { clusterName, region }),
  })
  return [...cloud.account('123456789012', region).vpcs.keys()][0] ?? ''
}

export async function startLocal(kubeconfig: string): Promise<Local> {
  const remote = remoteOf(kubeconfig)
  const cluster = { handle: remote.handle, stop: () => remote.close() }
  const system = await startSystemOn(cluster, { clusterName, region, timing: timings.sandbox })
  const aws = await listen(system.cloud.handle)
  return {
    ...system,
    awsUrl: aws.url,
    request: (dnsName, path, host = dnsName) => ask(system.addressOf(dnsName, 80), host, path),
    stop: async () => {
      await system.stop()
      await aws.close()
    },
  }
}
