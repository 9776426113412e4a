/** What a listener does with a request: the first rule that matches, then that rule's action. */
import type { Duplex } from 'node:stream'
import { normalizePath, splitTarget } from '../../src/route/request.ts'
import { rewrite } from '../../src/route/rewrite.ts'
import { route } from '../../src/route/route.ts'
import type { RoutingAction, RoutingRule } from './action.ts'
import { answerError, answerFixed, answerRedirect } from './answer.ts'
import { chooseGroup, chooseTarget, usableTargets } from './balance.ts'
import { certificateHeaders } from './client-certificate.ts'
import { cookiesOf } from './cookie.ts'
import type { Exchange, Plane } from './exchange.ts'
import { type Onward, forward } from './forward.ts'
import {
  type Headers,
  forwardedAddresses,
  http2Headers,
  pairs,
  requestHeaders,
  tlsHeaders,
  valuesOf,
} from './header.ts'
import { callbackPath, takeCallback } from './session.ts'
import { stick, stuckGroup, stuckTarget } from './stickiness.ts'
import type { GroupEntry, ListenerEntry, TargetEntry } from './table.ts'
import { pass } from './pass.ts'
import { tunnel } from './tunnel.ts'

type Arrival = Pick<Exchange, 'incoming' | 'response'> & {
  /** The raw connection of a WebSocket upgrade, and what was read beyond its head. */
  readonly upgrade?: { readonly client: Duplex; readonly head: Buffer }
}

const mostForwardedAddresses = 30

export function serve(plane: Plane, listener: ListenerEntry, arrival: Arrival): void {
  const exchange = exchangeOf(plane, listener, arrival)
  const refusal = refusalOf(exchange)
  const fail = (status: number): void => answerError(arrival.response, listener.attributes, status)
  if (refusal !== undefined) return fail(refusal)
  const gates = [...listener.rules.map(({ gate }) => gate), listener.otherwiseGate]
  const sessions = gates.filter((gate) => gate?.type === 'session')
  if (exchange.request.path === callbackPath && sessions.length > 0)
    return settle(exchange, takeCallback(sessions, exchange))
  const { rule } = route(exchange.request, listener.rules)
  const gate = rule ? rule.gate : listener.otherwiseGate
  if (!gate) return follow(exchange, rule, arrival.upgrade)
  const passed = pass(gate, exchange).then((identity) => {
    if (identity && !exchange.response.destroyed) follow(exchange, rule, arrival.upgrade, identity)
  })
  settle(exchange, passed)
}

/** A mistake of ours is an answer too: the client must not wait for ever. */
function settle({ response, listener }: Exchange, done: Promise<void>): void {
  done.catch(() => answerError(response, listener.attributes, 500))
}

function follow(
  exchange: Exchange,
  rule: RoutingRule | undefined,
  upgrade: Arrival['upgrade'],
  identity?: Headers,
): void {
  const { response, listener } = exchange
  const action = rule?.action ?? listener.otherwise
  if (action.type === 'fixed-response') return answerFixed(response, listener.attributes, action)
  if (action.type === 'redirect')
    return answerRedirect(response, listener.attributes, action, exchange.request)
  const original = { host: exchange.request.host, url: exchange.url }
  const rewritten = rewrite(rule?.transforms ?? [], original)
  if (!rewritten.ok) return answerError(response, listener.attributes, 500)
  const { host, url } = rewritten.value
  forwardTo(exchange, action, upgrade, { url, headers: onwardHeaders(exchange, host, identity) })
}

function exchangeOf(plane: Plane, listener: ListenerEntry, { incoming, response }: Arrival): Exchange {
  const headers = 'stream' in incoming ? http2Headers(incoming) : pairs(incoming.rawHeaders)
  const { authority, path, query } = splitTarget(incoming.url ?? '/')
  return {
    plane,
    listener,
    incoming,
    response,
    version: 'stream' in incoming ? 2 : 1,
    headers,
    request: {
      protocol: listener.protocol,
      port: listener.port,
      method: incoming.method ?? 'GET',
      host: authority ?? valuesOf(headers, 'host')[0] ?? '',
      path: normalizePath(path),
      query,
      headers,
      sourceIp: plane.clientAddress,
    },
    url: query === '' ? path : `${path}?${query}`,
  }
}

function refusalOf({ incoming, headers }: Exchange): number | undefined {
  if (incoming.method === 'TRACE') return 405
  const encoding = incoming.headers['transfer-encoding']
  if (encoding !== undefined && !/^(chunked|identity)$/i.test(encoding)) return 501
  if (forwardedAddresses(headers) > mostForwardedAddresses) return 463
  return undefined
}

const onwardHeaders = (
  { headers, listener, plane, incoming, request }: Exchange,
  host: string,
  identity: Headers | undefined,
): Onward['headers'] =>
  requestHeaders(headers, {
    attributes: listener.loadBalancer.attributes,
    protocol: listener.protocol,
    listenerPort: listener.port,
    client: { ip: plane.clientAddress, port: incoming.socket.remotePort ?? 0 },
    host,
    rewritten: host !== request.host,
    now: Date.now(),
    added: [
      ...tlsHeaders(incoming.socket, listener),
      ...certificateHeaders(incoming.socket, listener),
      ...(identity ?? []),
    ],
    gated: identity !== undefined,
    certified: listener.clientCertificates !== undefined,
  })

function forwardTo(
  exchange: Exchange,
  action: Extract<RoutingAction, { type: 'forward' }>,
  upgrade: Arrival['upgrade'],
  onward: Onward,
): void {
  const { plane, response, listener } = exchange
  const fail = (status: number): void => answerError(response, listener.attributes, status)
  const now = Date.now()
  const cookies = cookiesOf(exchange.headers)
  const chosen = stuckGroup(action, cookies, now) ?? chooseGroup(action.groups, Math.random())
  const group = plane.table().groups.get(chosen ?? '')
  if (!group) return fail(503)
  // gRPC and HTTP/2 targets take no HTTP/1.1 request.
  if ((group.wire.ProtocolVersion ?? 'HTTP1') !== 'HTTP1') return fail(464)
  const usable = usableTargets(group)
  const target = stuckTarget(group, usable, cookies, now) ?? targetOf(plane, group, usable)
  if (!target) return fail(503)
  if (!target.admits(target.port)) {
    // A security group drops without a word: all that the load balancer sees is that nobody answers.
    const timer = setTimeout(() => fail(504), plane.timing.connectTimeoutMs)
    response.once('close', () => clearTimeout(timer))
    return
  }
  const upstream = plane.upstreams.of(group, target)
  const sticking = stick({ action, group, target, secure: listener.protocol === 'HTTPS' })
  if (upgrade) tunnel(exchange, onward, { group, target, upstream, stick: sticking, ...upgrade })
  else forward(exchange, onward, { upstream, stick: sticking })
}

function targetOf(plane: Plane, group: GroupEntry, usable: readonly TargetEntry[]): TargetEntry | undefined {
  return chooseTarget(group, usable, {
    outstanding: (arn, target) => plane.upstreams.outstanding(arn, target),
    turn: (arn) => {
      const turn = plane.turns.get(arn) ?? 0
      plane.turns.set(arn, turn + 1)
      return turn
    },
    draw: Math.random,
  })
}
