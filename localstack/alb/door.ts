/** The listener of a network load balancer: takes connections and passes their bytes to a target, without looking at them. */
import { createServer, type Socket } from 'node:net'
import { bind } from './bind.ts'
import type { Plane } from './exchange.ts'
import type { OpenListener } from './listener.ts'
import type { DoorEntry, TargetEntry } from './table.ts'
import { dial } from './upstream.ts'

type State = { entry: DoorEntry; turn: number; readonly sockets: Set<Socket> }

export async function openDoor(plane: Plane, first: DoorEntry): Promise<OpenListener<DoorEntry>> {
  const state: State = { entry: first, turn: 0, sockets: new Set() }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => pass(plane, state, client))
  const address = await bind(plane.network, server, first)
  const destroy = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of state.sockets) socket.destroy()
    })
  return {
    address,
    follow: (next) => {
      state.entry = next
    },
    // That connections end with their listener is a recollection.
    close: destroy,
    destroy,
  }
}

function pass(plane: Plane, state: State, client: Socket): void {
  client.on('error', () => client.destroy())
  const { entry } = state
  const target = entry.loadBalancer.admits(plane.clientAddress, entry.port) && chosen(plane, state)
  const to = target && plane.reach(target, target.port)
  // A security group drops in silence; here the client learns at once.
  if (!to) return void client.resetAndDestroy()
  const server = dial(
    { reach: () => to },
    { ip: '', port: to.port, secure: false, halfOpen: true },
    plane.timing.connectTimeoutMs,
  )
  for (const socket of [client, server]) {
    state.sockets.add(socket)
    socket.setTimeout(idleMs(plane, entry), () => socket.destroy(new Error('idle')))
    socket.once('close', () => state.sockets.delete(socket))
  }
  client.once('close', () => server.destroy())
  server.on('error', () => client.resetAndDestroy())
  server.once('close', () => client.destroySoon())
  client.pipe(server)
  server.pipe(client)
}

const idleMs = (plane: Plane, { attributes }: DoorEntry): number =>
  Number(attributes.get('tcp.idle_timeout.seconds') ?? 350) * 1000 * plane.timing.idleTimeoutScale

/** One after the other, of the healthy ones; where none is, of all. */
function chosen(plane: Plane, state: State): TargetEntry | undefined {
  const group = plane.table().groups.get(state.entry.group)
  const able = (group?.targets ?? []).filter(({ draining }) => !draining)
  const healthy = able.filter(({ record }) => record.health.State === 'healthy')
  const among = healthy.length > 0 ? healthy : able
  state.turn += 1
  return among[state.turn % Math.max(1, among.length)]
}
