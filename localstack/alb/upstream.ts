/** Connections to targets: one pool each, opened when first needed, and what is under way on them. */
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Pool } from 'undici'
import type { Timing } from '../timing.ts'
import type { Network } from './network.ts'
import type { GroupEntry, Table, TargetEntry } from './table.ts'

export type Upstream = {
  readonly pool: Pool
  /** Called with each request's way to end it; call what it returns when the request is over. */
  readonly begin: (abort: (error: Error) => void) => () => void
  readonly outstanding: () => number
  /** Called when the target left a request without an answer of its own. */
  readonly failed: (status: number) => void
}
/** A request that the load balancer answered in place of its target. */
export type Failure = {
  readonly targetGroupArn: string
  /** `<id>:<port>`. */
  readonly target: string
  readonly status: number
}

type Life = Upstream & { readonly aborts: Set<(error: Error) => void>; readonly registeredAt: number }
type Connected = (error: Error | null, socket: Socket | null) => void

export class ConnectTimeout extends Error {
  readonly code = 'UND_ERR_CONNECT_TIMEOUT'
}
class Drained extends Error {}

/** Response headers beyond this make a 502. */
const longestHeaders = 32 * 1024

/** A connection to a target as the load balancer makes it: its certificate is never looked at. */
export function dial(
  network: Pick<Network, 'reach'>,
  to: {
    readonly ip: string
    readonly port: number
    readonly secure: boolean
    readonly halfOpen?: boolean
  },
  timeoutMs: number,
): Socket {
  const { host, port } = network.reach(to.ip, to.port)
  const socket = to.secure
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connectTcp({ host, port, noDelay: true, allowHalfOpen: to.halfOpen ?? false })
  // A busy process may see the timer before the connection that is long there: one more turn decides.
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!connected) socket.destroy(new ConnectTimeout('connect timeout'))
    })
  }, timeoutMs)
  let connected = false
  socket.once(to.secure ? 'secureConnect' : 'connect', () => {
    connected = true
    clearTimeout(timer)
  })
  socket.once('close', () => clearTimeout(timer))
  return socket
}

export class Upstreams {
  readonly #lives = new Map<string, Life>()
  readonly #network: Network
  readonly #timing: Timing
  readonly #onFailure: (failure: Failure) => void

  constructor(network: Network, timing: Timing, onFailure: (failure: Failure) => void = () => undefined) {
    this.#network = network
    this.#timing = timing
    this.#onFailure = onFailure
  }

  of(group: GroupEntry, target: TargetEntry): Upstream {
    const key = `${group.arn} ${target.key}`
    const known = this.#lives.get(key)
    if (known) return known
    const life = this.#open(group, target)
    this.#lives.set(key, life)
    return life
  }

  outstanding(group: string, target: TargetEntry): number {
    return this.#lives.get(`${group} ${target.key}`)?.outstanding() ?? 0
  }

  /** A target that has drained loses what it still does; one whose group went away finishes it. */
  follow(table: Table): void {
    const wanted = new Map(
      [...table.groups.values()].flatMap(({ arn, targets }) =>
        targets.map(({ key, record }): [string, number] => [`${arn} ${key}`, record.registeredAt]),
      ),
    )
    for (const [key, life] of this.#lives) {
      if (wanted.get(key) === life.registeredAt) continue
      this.#lives.delete(key)
      const groupLives = table.groups.has(key.slice(0, key.indexOf(' ')))
      if (groupLives && !wanted.has(key)) for (const abort of life.aborts) abort(new Drained('drained'))
      life.pool.close().catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    const lives = [...this.#lives.values()]
    this.#lives.clear()
    await Promise.all(lives.map(({ pool }) => pool.destroy().catch(() => undefined)))
  }

  #open(group: GroupEntry, target: TargetEntry): Life {
    const aborts = new Set<(error: Error) => void>()
    const to = { ip: target.ip ?? '', port: target.port, secure: group.wire.Protocol === 'HTTPS' }
    const pool = new Pool('http://target', {
      pipelining: 1,
      maxHeaderSize: longestHeaders,
      connect: (_options: unknown, callback: unknown) => {
        const done = callback as Connected
        const socket = dial(this.#network, to, this.#timing.connectTimeoutMs)
        const failed = (error: Error): void => done(error, null)
        socket.once('error', failed)
        socket.once(to.secure ? 'secureConnect' : 'connect', () => {
          socket.off('error', failed)
          done(null, socket)
        })
      },
    })
    return {
      pool,
      aborts,
      registeredAt: target.record.registeredAt,
      outstanding: () => aborts.size,
      failed: (status) => this.#onFailure({ targetGroupArn: group.arn, target: target.key, status }),
      begin: (abort) => {
        aborts.add(abort)
        return () => aborts.delete(abort)
      },
    }
  }
}
