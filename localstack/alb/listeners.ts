/** Opens and closes listeners so that they are those of the table; one change after the other. */
import type { Plane } from './exchange.ts'
import { openDoor } from './door.ts'
import { type OpenListener, openListener } from './listener.ts'
import type { Address } from './network.ts'
import type { DoorEntry, ListenerEntry } from './table.ts'

type Entry = ListenerEntry | DoorEntry
type Open = { entry: Entry; readonly listener: OpenListener<never> }

export type LoadBalancerAddress = { readonly dnsName: string; readonly host: string }

export class Listeners {
  readonly #plane: Plane
  readonly #open = new Map<string, Open>()
  readonly #closing = new Set<OpenListener<never>>()
  #stopped = false
  #settled: Promise<void> = Promise.resolve()
  readonly #moved: () => void

  /** `moved` is called when addresses have come or gone. */
  constructor(plane: Plane, moved: () => void) {
    this.#plane = plane
    this.#moved = moved
  }

  /** Done when the listeners are those of the table. */
  follow(): Promise<void> {
    this.#settled = this.#settled.then(() => this.#sync())
    return this.#settled
  }

  settled(): Promise<void> {
    return this.#settled
  }

  addressOf(loadBalancerArn: string, port: number): Address | undefined {
    for (const { entry, listener } of this.#open.values())
      if (entry.loadBalancer.arn === loadBalancerArn && entry.port === port) return listener.address
    return undefined
  }

  addresses(): readonly LoadBalancerAddress[] {
    const hosts = new Map<string, string>()
    for (const { entry, listener } of this.#open.values())
      hosts.set(entry.loadBalancer.dnsName, listener.address.host)
    return [...hosts]
      .map(([dnsName, host]) => ({ dnsName, host }))
      .sort((a, b) => (a.dnsName < b.dnsName ? -1 : 1))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#settled
    const all = [...[...this.#open.values()].map(({ listener }) => listener), ...this.#closing]
    this.#open.clear()
    await Promise.all(all.map((listener) => listener.destroy()))
  }

  async #openOne(entry: Entry): Promise<OpenListener<never>> {
    return entry.protocol === 'TCP'
      ? await openDoor(this.#plane, entry)
      : await openListener(this.#plane, entry)
  }

  /** New ports open before old ones close. A listener that changes its protocol gets a new server. */
  async #sync(): Promise<void> {
    if (this.#stopped) return
    const { listeners, doors } = this.#plane.table()
    const able = [...listeners.values()].filter(
      ({ protocol, certificates }) => protocol === 'HTTP' || certificates.length > 0,
    )
    const wanted = new Map(
      [...able, ...doors.values()].map((entry): [string, Entry] => [
        `${entry.arn} ${entry.protocol} ${entry.port}`,
        entry,
      ]),
    )
    let moved = false
    for (const [key, entry] of wanted) {
      const open = this.#open.get(key)
      if (open) {
        open.entry = entry
        // The same key is the same protocol.
        open.listener.follow(entry as never)
        continue
      }
      // What can't be opened now is tried again with the next change.
      const listener = await this.#openOne(entry).catch(() => undefined)
      if (listener) this.#open.set(key, { entry, listener })
      moved = true
    }
    for (const [key, { listener }] of this.#open) {
      if (wanted.has(key)) continue
      this.#open.delete(key)
      this.#closing.add(listener)
      void listener.close().then(() => this.#closing.delete(listener))
      moved = true
    }
    if (moved) this.#moved()
  }
}
