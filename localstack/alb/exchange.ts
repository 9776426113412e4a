/** One request on its way through a listener, and what the parts of the data plane share. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Request } from '../../src/route/request.ts'
import type { Timing } from '../timing.ts'
import type { Headers } from './header.ts'
import type { Reply } from './http2-reply.ts'
import type { Address, Network } from './network.ts'
import type { ListenerEntry, Table, TargetEntry } from './table.ts'
import type { Upstreams } from './upstream.ts'

export type Reach = (target: TargetEntry, port: number) => Address | undefined
export type Plane = {
  readonly table: () => Table
  readonly network: Network
  readonly timing: Timing
  readonly upstreams: Upstreams
  /** Counts the requests of each target group, for round robin. */
  readonly turns: Map<string, number>
  /** Where a target answers on this machine; undefined: nowhere now. */
  readonly reach: Reach
  /** The address that every client of this machine is taken to have. */
  readonly clientAddress: string
}

export type Exchange = {
  readonly plane: Plane
  readonly listener: ListenerEntry
  readonly incoming: IncomingMessage | Http2ServerRequest
  readonly response: Reply
  /** Of the client's connection: HTTP/2 is served on HTTPS alone. */
  readonly version: 1 | 2
  readonly headers: Headers
  /** As the rules see it. */
  readonly request: Request
  /** Path and query as they came. */
  readonly url: string
}

export const idleTimeoutMs = ({ plane, listener }: Pick<Exchange, 'plane' | 'listener'>): number =>
  Number(listener.loadBalancer.attributes.get('idle_timeout.timeout_seconds') ?? 60) *
  1000 *
  plane.timing.idleTimeoutScale
