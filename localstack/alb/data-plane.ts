/** The load balancers of an account, for real on loopback: follows the account, answers requests, checks targets. */
import type { Account } from '../aws/account.ts'
import { automaticHealth } from '../aws/elbv2/automatic-health.ts'
import type { Timing } from '../timing.ts'
import type { Plane, Reach } from './exchange.ts'
import { HealthChecks } from './health.ts'
import { Listeners, type LoadBalancerAddress } from './listeners.ts'
import type { Address, Network } from './network.ts'
import { type Table, emptyTable, tableOf } from './table.ts'
import { type Failure, Upstreams } from './upstream.ts'

export type DataPlane = {
  /** Where the listener with this port answers; undefined until it does. */
  readonly addressOf: (loadBalancerArn: string, listenerPort: number) => Address | undefined
  /** Names and addresses of all load balancers that answer. */
  readonly addresses: () => readonly LoadBalancerAddress[]
  /** Called when one has come or gone; gives the way to end that. */
  readonly onAddresses: (watcher: () => void) => () => void
  /** When every change made so far has taken effect. */
  readonly idle: () => Promise<void>
  readonly stop: () => Promise<void>
}
export type DataPlaneOptions = {
  readonly account: Account
  readonly network: Network
  readonly timing: Timing
  /** Clients on loopback stand for the internet: the address that they are taken to have. */
  readonly clientAddress?: string
  /** Told of each request that its target did not answer. */
  readonly onFailure?: ((failure: Failure) => void) | undefined
}

/** Of TEST-NET-3, in nobody's VPC. */
const somewhere = '203.0.113.1'
/** What setTimeout can wait; a longer wait is taken in pieces. */
const longestWait = 2 ** 31 - 1

export function startDataPlane(options: DataPlaneOptions): DataPlane {
  const { account, network, timing, clientAddress = somewhere } = options
  let table: Table = emptyTable
  const upstreams = new Upstreams(network, timing, options.onFailure)
  const reach: Reach = ({ ip, loadBalancer }, port) => {
    if (loadBalancer !== undefined) return listeners.addressOf(loadBalancer, port)
    return ip === undefined ? undefined : network.reach(ip, port)
  }
  const turns = new Map<string, number>()
  const plane: Plane = { table: () => table, network, timing, upstreams, turns, reach, clientAddress }
  const health = new HealthChecks(account, reach, timing)
  const watchers = new Set<() => void>()
  const listeners = new Listeners(plane, () => {
    for (const watcher of watchers) watcher()
  })
  const changes = followChanges(
    timing,
    () => tableOf(account, Date.now()),
    async (next) => {
      table = next
      for (const group of plane.turns.keys()) if (!next.groups.has(group)) plane.turns.delete(group)
      upstreams.follow(next)
      health.follow(next)
      await listeners.follow()
    },
  )

  automaticHealth(account, false)
  const unwatch = account.onChange(changes.note)
  changes.note()
  return {
    addressOf: (arn, port) => listeners.addressOf(arn, port),
    addresses: () => listeners.addresses(),
    onAddresses: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    idle: () => changes.idle(),
    stop: async () => {
      unwatch()
      changes.stop()
      health.stop()
      watchers.clear()
      await listeners.stop()
      await upstreams.stop()
      automaticHealth(account, true)
    },
  }
}

type Changes = { readonly note: () => void; readonly idle: () => Promise<void>; readonly stop: () => void }

/** A change is seen as it was made and takes effect `propagationMs` later; those of one turn of the loop are one. */
function followChanges(timing: Timing, look: () => Table, apply: (table: Table) => Promise<void>): Changes {
  const pending = new Set<Promise<void>>()
  const waits = new Map<NodeJS.Timeout, () => void>()
  let noted = false
  let stopped = false
  let alarm: NodeJS.Timeout | undefined

  const after = (ms: number, run: () => Promise<void>): void => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = promise.then(run).finally(() => pending.delete(done))
    pending.add(done)
    const timer = setTimeout(() => {
      waits.delete(timer)
      resolve()
    }, ms)
    waits.set(timer, resolve)
  }
  const take = (): void => {
    noted = false
    if (stopped) return
    const seen = look()
    clearTimeout(alarm)
    if (seen.until !== undefined)
      alarm = setTimeout(note, Math.min(longestWait, Math.max(1, seen.until - Date.now() + 1)))
    after(timing.propagationMs, () => (stopped ? Promise.resolve() : apply(seen)))
  }
  const note = (): void => {
    if (noted || stopped) return
    noted = true
    setImmediate(take)
  }
  return {
    note,
    idle: async () => {
      do await new Promise<void>((resolve) => setImmediate(resolve))
      while (noted)
      await Promise.all(pending)
    },
    stop: () => {
      stopped = true
      clearTimeout(alarm)
      for (const [timer, resolve] of waits) {
        clearTimeout(timer)
        resolve()
      }
    },
  }
}
