/** The socket side of a listener: an HTTP or HTTPS server that opens, lets in whom the security groups allow, and closes without a hang. */
import { ServerResponse, createServer } from 'node:http'
import type { Server } from 'node:http'
import { type Server as NetServer, type Socket, createServer as createDoor } from 'node:net'
import type { Duplex } from 'node:stream'
import { rawError } from './answer.ts'
import { bind } from './bind.ts'
import { type Plane, idleTimeoutMs } from './exchange.ts'
import type { Address } from './network.ts'
import { secure } from './secure.ts'
import { serve } from './serve.ts'
import type { ListenerEntry } from './table.ts'
import { wantsTunnel } from './tunnel.ts'

export type OpenListener<Entry = ListenerEntry> = {
  readonly address: Address
  /** New settings take effect with the next request. */
  readonly follow: (entry: Entry) => void
  /** Takes nobody in any more; what is under way ends by itself. */
  readonly close: () => Promise<void>
  readonly destroy: () => Promise<void>
}

const longestHeaders = 64 * 1024

export async function openListener(plane: Plane, first: ListenerEntry): Promise<OpenListener> {
  const state: State = { entry: first, closing: false, sockets: new Set() }
  const server = httpServer(plane, state)
  const tls = first.protocol === 'HTTPS' ? secureServer(plane, state, server) : undefined
  const door: NetServer = tls ? createDoor({ noDelay: true }) : server
  door.on('connection', (socket) => {
    if (admit(plane, state, socket)) tls?.take(socket)
  })
  const address = await bind(plane.network, door, first)
  return {
    address,
    follow: (next) => {
      state.entry = next
      server.keepAliveTimeout = idleTimeoutMs({ plane, listener: next })
      tls?.follow(next)
    },
    close: () => {
      state.closing = true
      const closed = new Promise<void>((resolve) => door.close(() => resolve()))
      tls?.close()
      if (tls) server.close()
      server.closeIdleConnections()
      return closed
    },
    destroy: () =>
      new Promise<void>((resolve) => {
        door.close(() => resolve())
        if (tls) server.close()
        for (const socket of state.sockets) socket.destroy()
      }),
  }
}

type State = { entry: ListenerEntry; closing: boolean; readonly sockets: Set<Socket> }

function httpServer(plane: Plane, state: State): Server {
  const idleMs = idleTimeoutMs({ plane, listener: state.entry })
  const server = createServer({
    maxHeaderSize: longestHeaders,
    keepAliveTimeout: idleMs,
    requestTimeout: 0,
    headersTimeout: idleMs,
    connectionsCheckingInterval: 1000,
    shouldUpgradeCallback: wantsTunnel,
  })
  server.on('request', (incoming, response) => {
    incoming.on('error', () => undefined)
    response.on('error', () => undefined)
    if (state.closing) response.shouldKeepAlive = false
    serve(plane, state.entry, { incoming, response })
  })
  server.on('upgrade', (incoming, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy())
    const response = new ServerResponse(incoming)
    response.shouldKeepAlive = false
    response.assignSocket(client as Socket)
    response.once('finish', () => client.end())
    serve(plane, state.entry, { incoming, response, upgrade: { client, head } })
  })
  server.on('connect', (_, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    socket.end(rawError(400))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
    else socket.end(rawError(error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400))
  })
  return server
}

/** The HTTP server gets its connections from the TLS one, and never listens itself. */
function secureServer(plane: Plane, state: State, http1: Server): ReturnType<typeof secure> {
  // Only at this event a server begins to look after the time-outs of its connections.
  http1.emit('listening')
  return secure({
    entry: () => state.entry,
    http1,
    http2: (incoming, response) => serve(plane, state.entry, { incoming, response }),
  })
}

function admit(plane: Plane, { entry, sockets }: State, socket: Socket): boolean {
  socket.on('error', () => socket.destroy())
  if (!entry.loadBalancer.admits(plane.clientAddress, entry.port)) {
    // A security group drops in silence; here the client learns at once.
    socket.resetAndDestroy()
    return false
  }
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return true
}
