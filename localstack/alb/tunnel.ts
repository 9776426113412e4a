/** WebSocket: the upgrade request goes to the target, and after its 101 bytes flow both ways until either side ends. */
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerError } from './answer.ts'
import { type Exchange, idleTimeoutMs } from './exchange.ts'
import { type Onward, statusOf } from './forward.ts'
import { type Headers, pairs, responseHeaders, withoutHopByHop } from './header.ts'
import type { Stick } from './stickiness.ts'
import type { GroupEntry, TargetEntry } from './table.ts'
import { ConnectTimeout, type Upstream, dial } from './upstream.ts'

export const wantsTunnel = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === 'websocket'

export type Way = {
  readonly group: GroupEntry
  readonly target: TargetEntry
  readonly upstream: Upstream
  readonly client: Duplex
  readonly head: Buffer
  readonly stick: Stick
}

export function tunnel(exchange: Exchange, onward: Onward, way: Way): void {
  const { plane, incoming, response, listener } = exchange
  const { client, head, target, group, stick } = way
  const to = { ip: target.ip ?? '', port: target.port, secure: group.wire.Protocol === 'HTTPS' }
  const outgoing = httpRequest({
    createConnection: () => dial(plane.network, to, plane.timing.connectTimeoutMs),
    method: incoming.method ?? 'GET',
    path: onward.url,
    setHost: false,
    headers: [
      ...onward.headers.flat(),
      'Connection',
      'Upgrade',
      'Upgrade',
      incoming.headers.upgrade ?? 'websocket',
    ],
    timeout: idleTimeoutMs(exchange),
  })
  const over = way.upstream.begin((error) => {
    outgoing.destroy(error)
    client.destroy()
  })
  client.once('close', () => {
    over()
    outgoing.destroy()
  })
  outgoing.on('timeout', () => outgoing.destroy(new ConnectTimeout('the target fell silent')))
  outgoing.on('error', (error) => answerError(response, listener.attributes, statusOf(error)))
  outgoing.on('response', (answer) => relay(exchange, answer, stick))
  outgoing.on('upgrade', (answer, socket, first) => {
    client.write(headOf(exchange, answer, stick))
    client.write(first)
    socket.write(head)
    join(client, socket, idleTimeoutMs(exchange))
  })
  outgoing.end()
}

/** A target that won't upgrade answers as to any request. */
function relay({ response, listener }: Exchange, answer: IncomingMessage, stick: Stick): void {
  response.shouldKeepAlive = false
  const headers = answered(answer, stick)
  response.writeHead(
    answer.statusCode ?? 502,
    answer.statusMessage,
    responseHeaders(headers, listener.attributes).flat(),
  )
  answer.on('error', () => response.destroy())
  answer.pipe(response)
}

function answered({ rawHeaders }: IncomingMessage, stick: Stick): Headers {
  const headers = pairs(rawHeaders)
  return [...withoutHopByHop(headers), ...stick(headers)]
}

function headOf({ listener }: Exchange, answer: IncomingMessage, stick: Stick): string {
  const headers = responseHeaders(answered(answer, stick), listener.attributes)
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return [
    `HTTP/1.1 101 ${answer.statusMessage ?? 'Switching Protocols'}`,
    'Connection: Upgrade',
    `Upgrade: ${answer.headers.upgrade ?? 'websocket'}`,
    ...lines,
    '\r\n',
  ].join('\r\n')
}

function join(client: Duplex, target: Duplex, idleMs: number): void {
  const idle = setTimeout(() => client.destroy(), idleMs)
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.on('data', () => idle.refresh())
    from.on('error', () => to.destroy())
    from.once('close', () => {
      clearTimeout(idle)
      to.destroy()
    })
    from.pipe(to)
  }
}
