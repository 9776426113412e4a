/** A real API server, the local AWS and our controller under the chart's roles: for others to work with. */
import { join, resolve } from 'node:path'
import { ingressClass } from '../../../localstack/scenario/manifest.ts'
import { type Running, startWorld } from '../../../localstack/scenario/world.ts'
import { binaries } from '../binaries.ts'
import { clientOf } from '../client.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import { serviceAccount } from '../service-account.ts'
import { type Run, run } from './run.ts'

const root = resolve(import.meta.dirname, '../../..')
const guard = join(root, 'localstack/scenario/guard.ts')

export type Stage = {
  readonly cluster: Cluster
  readonly world: Running
  readonly kubectl: Run
  stop(): Promise<void>
}

/** With class `aws-alb`; `flags` beside those that the sandbox gives. */
export async function startStage(flags: readonly string[] = []): Promise<Stage> {
  const folder = binaries()
  const cluster = await startCluster(folder)
  const kube = clientOf(cluster.kubeconfig)
  const { kubeconfig } = await serviceAccount(kube, cluster).finally(() => kube.close())
  const world = await startWorld({
    clusterName: 'demo',
    region: 'eu-west-1',
    kubeconfig: cluster.kubeconfig,
    controllerKubeconfig: kubeconfig,
    program: {
      // A load balancer that another took the place of stays for minutes otherwise.
      command: [
        process.execPath,
        '--import',
        guard,
        join(root, 'src/main.ts'),
        '--replacement-grace=5s',
        ...flags,
      ],
      directory: root,
    },
  })
  await world.controller.start()
  await world.kube.apply(ingressClass('aws-alb'))
  const env = { KUBECONFIG: cluster.kubeconfig }
  return {
    cluster,
    world,
    kubectl: (...args) => run(join(folder, 'kubectl'), args, { env }),
    stop: async () => {
      await world.stop()
      await cluster.stop()
    },
  }
}
