/** The local cluster with its pods: an API server, nodes, and what plays a cluster's own controllers. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Network } from '../alb/network.ts'
import type { Handle } from '../../src/lib/http.ts'
import { listenKube, writeKubeconfig } from '../kube/listen.ts'
import { remoteOf } from '../kube/remote.ts'
import { createApiServer } from '../kube/server.ts'
import type { Addresses } from '../pods/kubelet.ts'
import { startWorkloads } from '../pods/workloads.ts'
import type { Timing } from '../timing.ts'
import { kubeOf } from './kube.ts'
import { type Manifest, pathOf } from './manifest.ts'
import type { NodeManifest } from './nodes.ts'
import type { World } from './scenario.ts'

const root = resolve(import.meta.dirname, '../..')

/** A cluster to run on: the one in memory, or a real API server. */
export type Cluster = { readonly handle: Handle; stop(): void }

export type Life = {
  readonly nodes: readonly NodeManifest[]
  readonly addresses: Addresses
  readonly network: Network
  readonly timing: Timing
}

export async function startCluster(
  cluster: Cluster,
  { nodes, addresses, network, timing }: Life,
): Promise<{ readonly kube: World['kube']; stop(): Promise<void> }> {
  const kube = kubeOf(cluster.handle)
  await kube.apply(...crds())
  for (const node of nodes) {
    await kube.apply(node)
    await kube.patch(`${pathOf(node)}/status`, { status: node.status })
  }
  const workloads = startWorkloads({ handle: cluster.handle, network, addresses, timing })
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

/** One that a process of its own reaches by its kubeconfig. */
export type Served = Cluster & { readonly kubeconfig: string; close(): Promise<void> }

/** `kubeconfig`: of a real API server, to use in place of the one in memory. */
export async function serveCluster(
  directory: string,
  kubeconfig: string | undefined,
  older = false,
): Promise<Served> {
  if (kubeconfig !== undefined) {
    const server = remoteOf(kubeconfig)
    return { handle: server.handle, stop: () => server.close(), kubeconfig, close: async () => undefined }
  }
  const api = createApiServer(older ? { watchList: false, policies: false } : {})
  const server = await listenKube(api.handle)
  const path = join(directory, 'kubeconfig')
  writeKubeconfig(path, server.url)
  return { handle: api.handle, stop: () => api.stop(), kubeconfig: path, close: () => server.close() }
}
