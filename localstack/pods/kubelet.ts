/** Plays scheduler and kubelet: gives a pod a node and an address of the VPC, runs it on loopback, and takes it down. */
import type { Network } from '../alb/network.ts'
import type { Timing } from '../timing.ts'
import { type Api, merge } from './api.ts'
import { type Identity, type Running, startEcho } from './echo.ts'
import { type Condition, isReady, type Node, type Pod } from './kinds.ts'
import { type Process, terminate } from './termination.ts'

export type Addresses = {
  /** A free address on the node's network interface. */
  assign(node: Node): string
  release(node: Node, ip: string): void
}
type Life = {
  readonly ip: string
  readonly node: Node
  processes: Process[]
  state: 'starting' | 'running' | 'stopping' | 'gone'
  /** SIGKILL, for one that is stopping. */
  readonly killed: AbortController
}

const path = (pod: Pod): string =>
  `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name}`

export class Kubelet {
  readonly #api: Api
  readonly #network: Network
  readonly #addresses: Addresses
  readonly #timing: Timing
  readonly #lives = new Map<string, Life>()
  #next = 0

  constructor(given: { api: Api; network: Network; addresses: Addresses; timing: Timing }) {
    this.#api = given.api
    this.#network = given.network
    this.#addresses = given.addresses
    this.#timing = given.timing
  }

  async sync(pods: ReadonlyMap<string, Pod>, nodes: ReadonlyMap<string, Node>): Promise<void> {
    const uids = new Set([...pods.values()].map((pod) => pod.metadata.uid))
    for (const pod of pods.values()) {
      const life = this.#lives.get(pod.metadata.uid)
      if (pod.metadata.deletionTimestamp !== undefined) await this.#leave(pod, life)
      else if (pod.spec.nodeName === undefined) await this.#schedule(pod, nodes)
      else if (life === undefined) await this.#start(pod, nodes.get(`/${pod.spec.nodeName}`))
      else if (life.state === 'running') await this.#report(pod, life)
    }
    for (const [uid, life] of this.#lives) if (!uids.has(uid)) await this.#end(uid, life)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#lives].map(([uid, life]) => this.#end(uid, life)))
  }

  async #schedule(pod: Pod, nodes: ReadonlyMap<string, Node>): Promise<void> {
    const fit = [...nodes.values()]
      .filter((node) => isReady(node) && node.spec.unschedulable !== true)
      .filter(
        (node) =>
          !(node.spec.taints ?? []).some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
      )
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    const node = fit[this.#next % Math.max(1, fit.length)]
    if (node === undefined) return
    this.#next += 1
    const { name } = node.metadata
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name } }
    const target = { apiVersion: 'v1', kind: 'Node', name }
    // A real API server takes a node only by a binding; the one in memory has none.
    const bound = await this.#api.call('POST', `${path(pod)}/binding`, { ...binding, target })
    if (bound === undefined) await merge(this.#api, path(pod), { spec: { nodeName: name } })
  }

  async #start(pod: Pod, node: Node | undefined): Promise<void> {
    if (node === undefined) return
    const life: Life = {
      ip: this.#addresses.assign(node),
      node,
      processes: [],
      state: 'starting',
      killed: new AbortController(),
    }
    this.#lives.set(pod.metadata.uid, life)
    await merge(this.#api, `${path(pod)}/status`, {
      status: { phase: 'Pending', conditions: [condition('PodScheduled', true), condition('Ready', false)] },
    })
    setTimeout(() => {
      this.#run(pod, life).catch(() => undefined)
    }, this.#timing.podStartMs)
  }

  async #run(pod: Pod, life: Life): Promise<void> {
    if (life.state !== 'starting') return
    const identity: Identity = {
      pod: pod.metadata.name,
      namespace: pod.metadata.namespace ?? '',
      ip: life.ip,
      node: life.node.metadata.name,
    }
    for (const container of pod.spec.containers ?? []) {
      const servers: Running[] = []
      for (const { containerPort } of container.ports ?? [])
        servers.push(await startEcho(identity, await this.#network.place(life.ip, containerPort)))
      life.processes.push({ container, servers })
    }
    // Deleted meanwhile.
    if (life.state !== 'starting') {
      await Promise.all(life.processes.flatMap(({ servers }) => servers.map((server) => server.close())))
      return
    }
    life.state = 'running'
    await this.#report(pod, life)
  }

  /** Running, with containers ready; Ready too once every readiness gate is True. */
  async #report(pod: Pod, life: Life): Promise<void> {
    const now = pod.status?.conditions ?? []
    const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType)
    const ready = gates.every((gate) => now.some(({ type, status }) => type === gate && status === 'True'))
    if (pod.status?.phase === 'Running' && isReady(pod) === ready) return
    const kept = ({ type, status }: Condition): Condition | undefined =>
      now.find((old) => old.type === type && old.status === status)
    // Conditions are merged by type: the gates are others' to write.
    const conditions = [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', true),
      condition('Ready', ready),
    ].map((one) => kept(one) ?? one)
    const hostIP = life.node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
    await this.#api.call(
      'PATCH',
      `${path(pod)}/status`,
      {
        status: {
          phase: 'Running',
          podIP: life.ip,
          podIPs: [{ ip: life.ip }],
          ...(hostIP === undefined ? {} : { hostIP }),
          startTime: new Date().toISOString(),
          conditions,
          containerStatuses: (pod.spec.containers ?? []).map(({ name, image }) => ({
            name,
            image,
            imageID: image,
            ready: true,
            started: true,
            restartCount: 0,
            state: { running: { startedAt: new Date().toISOString() } },
          })),
        },
      },
      'application/strategic-merge-patch+json',
    )
  }

  async #leave(pod: Pod, life: Life | undefined): Promise<void> {
    if (life === undefined || life.state === 'gone') {
      await this.#api.call('DELETE', path(pod), atOnce(pod))
      return
    }
    if (life.state === 'stopping') return
    life.state = 'stopping'
    const { ip, killed, processes } = life
    terminate(processes, { ip, graceMs: graceMs(pod), network: this.#network, killed: killed.signal })
      .then(() => this.#end(pod.metadata.uid, life))
      .then(() => this.#remove(pod))
      .catch(() => undefined)
  }

  /** Until it is gone: a real API server may refuse the first try because somebody else wrote meanwhile. */
  async #remove(pod: Pod): Promise<void> {
    for (let tries = 0; tries < 50; tries += 1) {
      await this.#api.call('DELETE', path(pod), atOnce(pod)).catch(() => undefined)
      const left = (await this.#api.call('GET', path(pod)).catch(() => pod)) as Pod | undefined
      if (left?.metadata.uid !== pod.metadata.uid) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #end(uid: string, life: Life): Promise<void> {
    if (life.state === 'gone') return
    life.state = 'gone'
    life.killed.abort()
    await Promise.all(life.processes.flatMap(({ servers }) => servers.map((server) => server.close())))
    this.#addresses.release(life.node, life.ip)
    this.#lives.delete(uid)
  }
}

/** What a kubelet sends once the containers of a terminating pod have ended. */
const atOnce = ({ metadata: { uid } }: Pod): object => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  gracePeriodSeconds: 0,
  preconditions: { uid },
})

const graceMs = ({ metadata, spec }: Pod): number =>
  1000 * (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30)

const condition = (type: string, value: boolean): Condition => ({
  type,
  status: value ? 'True' : 'False',
  lastTransitionTime: new Date().toISOString(),
})
