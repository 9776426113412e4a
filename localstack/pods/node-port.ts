/** Plays kube-proxy: each node answers at a Service's node ports and passes the connection to a ready pod. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Network } from '../alb/network.ts'
import { isReady, type Node, type Pod, portOf, selects, type Service } from './kinds.ts'

type Backends = readonly { readonly ip: string; readonly port: number }[]

export class NodePorts {
  readonly #network: Network
  readonly #servers = new Map<string, Server>()
  readonly #sockets = new Set<Socket>()
  readonly #backends = new Map<string, Backends>()
  #turn = 0

  constructor(network: Network) {
    this.#network = network
  }

  async sync(services: Iterable<Service>, pods: Iterable<Pod>, nodes: Iterable<Node>): Promise<void> {
    const wanted = new Set<string>()
    const podList = [...pods]
    const nodeList = [...nodes]
    for (const service of services) {
      for (const port of service.spec.ports ?? []) {
        if (port.nodePort === undefined) continue
        const backends = backendsOf(service, port.targetPort ?? port.port, podList)
        for (const node of nodeList) {
          const ip = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
          if (ip === undefined) continue
          const key = `${ip}:${port.nodePort}`
          wanted.add(key)
          this.#backends.set(key, backends)
          if (!this.#servers.has(key)) await this.#open(key, ip, port.nodePort)
        }
      }
    }
    for (const [key, server] of this.#servers) {
      if (wanted.has(key)) continue
      this.#servers.delete(key)
      server.close()
    }
  }

  stop(): void {
    for (const server of this.#servers.values()) server.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#servers.clear()
  }

  async #open(key: string, ip: string, port: number): Promise<void> {
    const server = createServer((client) => {
      const backends = this.#backends.get(key) ?? []
      const backend = backends[this.#turn % Math.max(1, backends.length)]
      this.#turn += 1
      this.#track(client)
      if (backend === undefined) {
        client.destroy()
        return
      }
      const pod = connect(this.#network.reach(backend.ip, backend.port))
      this.#track(pod)
      client.pipe(pod).pipe(client)
      client.on('close', () => pod.destroy())
      pod.on('close', () => client.destroy())
    })
    this.#servers.set(key, server)
    const address = await this.#network.place(ip, port)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, () => resolve())
    })
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

function backendsOf(service: Service, targetPort: number | string, pods: readonly Pod[]): Backends {
  return pods
    .filter(
      (pod) =>
        pod.metadata.namespace === service.metadata.namespace &&
        selects(service.spec.selector, pod.metadata.labels),
    )
    .filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined)
    .flatMap((pod) => {
      const port = portOf(pod, targetPort)
      return pod.status?.podIP === undefined || port === undefined ? [] : [{ ip: pod.status.podIP, port }]
    })
}
