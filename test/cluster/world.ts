/** The controller in this process, as the chart's ServiceAccount on a real API server, with the local AWS and pods that serve. */
import assert from 'node:assert/strict'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { ask } from '../../localstack/scenario/ask.ts'
import {
  deployment,
  ingress,
  ingressClass,
  type Manifest,
  namespace,
  service,
} from '../../localstack/scenario/manifest.ts'
import { startSystemOn, type System } from '../../localstack/scenario/system.ts'
import { timings } from '../../localstack/timing.ts'
import { readConfig } from '../../src/config.ts'
import { loadKubeConfig } from '../../src/kube/kubeconfig.ts'
import { createTransport } from '../../src/kube/transport.ts'
import { type Running, start } from '../../src/start.ts'
import { record } from '../records.ts'
import { eventually, recordObjects } from '../world.ts'
import { binaries } from './binaries.ts'
import { type Client, clientOf } from './client.ts'
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts'
import { type ServiceAccount, serviceAccount } from './service-account.ts'

const clusterName = 'demo'
const region = 'eu-west-1'
/** What waits for pods, a watch or a back-off may take on a busy machine. */
export const limitMs = 60_000

export type ClusterWorld = Pick<System, 'kube' | 'cloud' | 'account'> & {
  readonly cluster: Cluster
  readonly client: Client
  readonly user: ServiceAccount
  readonly controller: Running
  /** Requests that the controller tried, also those that reached nobody. */
  tries(): number
  /** The controller's AWS writes since call `since`. */
  writes(since: number): readonly string[]
  /** Number of the last AWS call so far. */
  now(): number
  /** Until the path of Ingress `shop/<name>` is answered by its pods. */
  served(name: string, path?: string): Promise<string>
  end(): Promise<void>
}

/** Namespace `shop` with class `alb`, Service `web` and its pods; the controller has begun. */
export async function startClusterWorld(
  options: ClusterOptions & { readonly flags?: readonly string[] } = {},
): Promise<ClusterWorld> {
  const cluster = await startCluster(binaries(), options)
  const client = clientOf(cluster.kubeconfig)
  const user = await serviceAccount(client, cluster)
  const system = await startSystemOn(
    { handle: client.handle, stop: () => client.close() },
    { clusterName, region, timing: timings.instant },
  )
  const transport = createTransport(await loadKubeConfig({ path: user.kubeconfig }))
  let tries = 0
  const config = readConfig(
    [
      `--cluster-name=${clusterName}`,
      `--aws-region=${region}`,
      `--aws-vpc-id=${system.vpcId}`,
      '--enable-leader-election=false',
      '--deregistration-propagation=1s',
      '--longest-request=0s',
      ...(options.flags ?? []),
    ],
    {},
  )
  assert.ok(config.ok)
  const controller = start({
    config: config.value,
    kube: (request) => {
      tries += 1
      return transport.handle(request)
    },
    aws: {
      requestHandler: inProcess(system.cloud.handle),
      credentials: { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' },
    },
    namespace: 'kube-system',
    log: pino({ level: 'debug' }, { write: (line) => record('log', line) }),
  })
  await openShop(system.kube)
  return {
    ...system,
    cluster,
    client,
    user,
    controller,
    tries: () => tries,
    now: () => system.cloud.journal.since().at(-1)?.n ?? 0,
    writes: (since) =>
      system.cloud.journal
        .since(since)
        .filter(({ write, accessKey }) => write && accessKey === 'CONTROLLER')
        .map(({ action }) => action),
    served: (name, path = `/${name}`) => servedBy(system, name, path),
    end: async () => {
      record('metrics', controller.metrics())
      await controller.stop()
      await recordObjects(system.kube)
      await transport.close()
      await system.stop()
      await cluster.stop()
    },
  }
}

function openShop(kube: System['kube']): Promise<void> {
  return kube.apply(
    namespace('shop'),
    ingressClass('alb'),
    deployment('web', { namespace: 'shop', port: 8080, replicas: 2 }),
    service('web', { namespace: 'shop', port: 80, targetPort: 8080 }),
  )
}

export const ingressPath = (name: string): string =>
  `/apis/networking.k8s.io/v1/namespaces/shop/ingresses/${name}`

/** An Ingress of group `team` that serves its paths, `/<name>` unless given. */
export const member = (
  name: string,
  paths: readonly string[] = [`/${name}`],
  annotations: Readonly<Record<string, string>> = {},
): Manifest =>
  ingress(name, {
    namespace: 'shop',
    class: 'alb',
    annotations: { 'group.name': 'team', 'target-type': 'ip', scheme: 'internet-facing', ...annotations },
    paths: paths.map((path) => ({ path, service: 'web', port: 80 })),
  })

type WithAddress = {
  readonly status?: { readonly loadBalancer?: { readonly ingress?: { readonly hostname: string }[] } }
}
const servedBy = (system: System, name: string, path: string): Promise<string> =>
  eventually(async () => {
    const found = await system.kube.get<WithAddress>(ingressPath(name))
    const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
    assert.ok(hostname, `Ingress ${name} has no address`)
    assert.equal((await ask(system.addressOf(hostname, 80), hostname, path)).status, 200, `${name} ${path}`)
    return hostname
  }, limitMs)
