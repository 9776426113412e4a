/** What runs in a pod: an HTTP server that says who it is. */
import { createServer, type Server } from 'node:http'
import { Server as TcpServer, type Socket } from 'node:net'
import type { Address } from '../alb/network.ts'

export type Running = {
  /**
   * What a good server does on SIGTERM: no new connections; what is under way is answered, and whoever holds a connection is
   * told to let it go. Settles when nobody holds one any more.
   */
  readonly terminate: () => Promise<void>
  /** As SIGKILL does. */
  readonly close: () => Promise<void>
}

export type Identity = {
  readonly pod: string
  readonly namespace: string
  readonly ip: string
  readonly node: string
}

/** Answers 200 with its identity and what it was asked; `/status/<code>` in its path answers that code, `/delay/<ms>` waits. */
export function startEcho(identity: Identity, address: Address): Promise<Running> {
  const sockets = new Set<Socket>()
  let terminating = false
  const server = createServer((request, response) => {
    request.resume()
    const url = request.url ?? '/'
    const status = Number(/\/status\/(\d{3})/.exec(url)?.[1] ?? 200)
    const delayMs = Math.min(60_000, Number(/\/delay\/(\d+)/.exec(url)?.[1] ?? 0))
    const answer = (): void => {
      response.shouldKeepAlive &&= !terminating
      response.writeHead(status, { 'content-type': 'application/json', 'x-pod': identity.pod })
      const { method, headers } = request
      response.end(
        request.method === 'HEAD' ? undefined : `${JSON.stringify({ ...identity, method, url, headers })}\n`,
      )
    }
    if (delayMs > 0) setTimeout(answer, delayMs)
    else answer()
  })
  server.keepAliveTimeout = 65_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  return listen(server, address).then(() => ({
    terminate: () => {
      terminating = true
      return stopListening(server)
    },
    close: () => close(server, sockets),
  }))
}

const listen = (server: Server, { host, port }: Address): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** Unlike Server.close of node:http it leaves idle connections alone: a request may be on its way on them. */
const stopListening = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve())
  })

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = stopListening(server)
  for (const socket of sockets) socket.destroy()
  await closed
}
