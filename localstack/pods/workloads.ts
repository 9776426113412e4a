/** Starts what plays the cluster's own controllers: Deployments, EndpointSlices, scheduler, kubelet and node ports. */
import type { Handle } from '../../src/lib/http.ts'
import type { Network } from '../alb/network.ts'
import type { Timing } from '../timing.ts'
import { type Api, createApi } from './api.ts'
import { syncDeployments } from './deployment.ts'
import { syncEndpointSlices } from './endpoint-slice.ts'
import type { Deployment, EndpointSlice, Node, Pod, ReplicaSet, Service } from './kinds.ts'
import { type Addresses, Kubelet } from './kubelet.ts'
import { NodePorts } from './node-port.ts'

export type Workloads = { readonly ready: Promise<void>; stop(): Promise<void> }

export function startWorkloads(given: {
  handle: Handle
  network: Network
  addresses: Addresses
  timing: Timing
}): Workloads {
  const api = createApi(given.handle)
  const kubelet = new Kubelet({
    api,
    network: given.network,
    addresses: given.addresses,
    timing: given.timing,
  })
  const nodePorts = new NodePorts(given.network, given.timing)
  const world = followAll(api, () => loop.changed())
  const loop = untilQuiet(async () => {
    await world.ready
    await syncDeployments(api, {
      deployments: world.deployments,
      replicaSets: world.replicaSets,
      pods: world.pods,
    })
    await kubelet.sync(world.pods, world.nodes)
    await syncEndpointSlices(api, world)
    await nodePorts.sync(world.services.values(), world.pods.values(), world.nodes.values())
  })
  return {
    ready: world.ready,
    stop: async () => {
      api.stop()
      await loop.stop()
      nodePorts.stop()
      await kubelet.stop()
    },
  }
}

type World = {
  readonly pods: Map<string, Pod>
  readonly services: Map<string, Service>
  readonly nodes: Map<string, Node>
  readonly deployments: Map<string, Deployment>
  readonly replicaSets: Map<string, ReplicaSet>
  readonly slices: Map<string, EndpointSlice>
  readonly ready: Promise<void>
}

function followAll(api: Api, changed: () => void): World {
  const pods = api.follow<Pod>('Pod', '/api/v1/pods', changed)
  const services = api.follow<Service>('Service', '/api/v1/services', changed)
  const nodes = api.follow<Node>('Node', '/api/v1/nodes', changed)
  const deployments = api.follow<Deployment>('Deployment', '/apis/apps/v1/deployments', changed)
  const replicaSets = api.follow<ReplicaSet>('ReplicaSet', '/apis/apps/v1/replicasets', changed)
  const slices = api.follow<EndpointSlice>(
    'EndpointSlice',
    '/apis/discovery.k8s.io/v1/endpointslices',
    changed,
  )
  return {
    pods: pods.items,
    services: services.items,
    nodes: nodes.items,
    deployments: deployments.items,
    replicaSets: replicaSets.items,
    slices: slices.items,
    ready: Promise.all([pods, services, nodes, deployments, replicaSets, slices].map((it) => it.ready)).then(
      () => undefined,
    ),
  }
}

/** Runs `sync` after each change, one at a time, and once more for changes that came meanwhile. */
function untilQuiet(sync: () => Promise<void>): { changed(): void; stop(): Promise<void> } {
  let pass: Promise<void> | undefined
  let again = false
  let stopped = false
  const run = async (): Promise<void> => {
    while (again && !stopped) {
      again = false
      try {
        await sync()
      } catch {
        // A write refused because the world moved on: look again a little later.
        await new Promise((resolve) => setTimeout(resolve, 20))
        again = true
      }
    }
  }
  const changed = (): void => {
    again = true
    pass ??= run().finally(() => {
      pass = undefined
      if (again && !stopped) changed()
    })
  }
  return {
    changed,
    stop: async () => {
      stopped = true
      await pass
    },
  }
}
