/**
 * Plays kube-proxy: each node answers at a Service's node ports and passes the connection to a ready pod; where none is ready,
 * to one that terminates and still serves. A connection stays with its pod for as long as both ends hold it.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Network } from '../alb/network.ts'
import type { Timing } from '../timing.ts'
import { isReady, type Node, type Pod, portOf, selects, type Service } from './kinds.ts'

type Backends = readonly { readonly ip: string; readonly port: number }[]
type Port = {
  readonly server: Server
  readonly sockets: Set<Socket>
  backends: Backends
  /** What `backends` will be when every change has arrived. */
  next: string
}

export class NodePorts {
  readonly #network: Network
  readonly #ports = new Map<string, Port>()
  readonly #timing: Timing
  readonly #waits = new Set<NodeJS.Timeout>()
  #turn = 0

  constructor(network: Network, timing: Timing) {
    this.#network = network
    this.#timing = timing
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
          const known = this.#ports.get(key)
          if (known === undefined) await this.#open(key, { ip, port: port.nodePort }, backends)
          else this.#follow(known, backends)
        }
      }
    }
    for (const key of this.#ports.keys()) if (!wanted.has(key)) this.#close(key)
  }

  stop(): void {
    for (const timer of this.#waits) clearTimeout(timer)
    for (const key of this.#ports.keys()) this.#close(key)
  }

  #follow(known: Port, backends: Backends): void {
    const next = JSON.stringify(backends)
    if (known.next === next) return
    known.next = next
    const timer = setTimeout(() => {
      this.#waits.delete(timer)
      known.backends = backends
    }, this.#timing.nodePortMs)
    this.#waits.add(timer)
  }

  /** The Service is gone, or the node with all that went through it. */
  #close(key: string): void {
    const known = this.#ports.get(key)
    this.#ports.delete(key)
    known?.server.close()
    for (const socket of known?.sockets ?? []) socket.destroy()
  }

  async #open(key: string, at: { ip: string; port: number }, backends: Backends): Promise<void> {
    const sockets = new Set<Socket>()
    const track = (socket: Socket): void => {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    const server = createServer((client) => {
      const backend = opened.backends[this.#turn % Math.max(1, opened.backends.length)]
      this.#turn += 1
      track(client)
      if (backend === undefined) {
        client.destroy()
        return
      }
      const pod = connect(this.#network.reach(backend.ip, backend.port))
      track(pod)
      client.pipe(pod).pipe(client)
      client.on('close', () => pod.destroy())
      pod.on('close', () => client.destroy())
    })
    const opened: Port = { server, sockets, backends, next: JSON.stringify(backends) }
    this.#ports.set(key, opened)
    const address = await this.#network.place(at.ip, at.port)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, () => resolve())
    })
  }
}

function backendsOf(service: Service, targetPort: number | string, pods: readonly Pod[]): Backends {
  const serving = pods.filter(
    (pod) =>
      pod.metadata.namespace === service.metadata.namespace &&
      selects(service.spec.selector, pod.metadata.labels) &&
      isReady(pod),
  )
  const staying = serving.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return (staying.length > 0 ? staying : serving).flatMap((pod) => {
    const port = portOf(pod, targetPort)
    return pod.status?.podIP === undefined || port === undefined ? [] : [{ ip: pod.status.podIP, port }]
  })
}
