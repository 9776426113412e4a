/** A wire that can be cut: nothing is refused and nothing arrives, as when a network drops packets; healed, what was held goes on. */
import net, { type AddressInfo, type Socket } from 'node:net'

export type Proxy = {
  readonly port: number
  cut(): void
  heal(): void
  close(): void
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const waiting = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
    if (isCut) socket.pause()
  }
  const connect = (client: Socket): void => {
    const server = net.connect(target, '127.0.0.1')
    keep(server)
    const ways = [
      [client, server],
      [server, client],
    ] as const
    for (const [from, to] of ways) {
      from.on('data', (chunk) => to.write(chunk))
      from.once('end', () => to.end())
      from.once('close', () => to.destroy())
    }
    if (isCut) for (const socket of [client, server]) socket.pause()
  }
  const listener = net.createServer((client) => {
    keep(client)
    if (isCut) waiting.add(client)
    else connect(client)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    port: (listener.address() as AddressInfo).port,
    cut: () => {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    heal: () => {
      isCut = false
      for (const client of waiting) if (!client.destroyed) connect(client)
      waiting.clear()
      for (const socket of sockets) socket.resume()
    },
    close: () => {
      listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
