/** What other services have attached to load balancers (web ACLs, Shield, reserved capacity), and since when we know. */
import type { ActualLoadBalancer, AddOn, AddOnValues, Seen } from '../model/actual.ts'
import { ownWriteWinsMs, type Table } from './table.ts'

export class AttachedAddOns {
  readonly #loadBalancers: Table<ActualLoadBalancer>
  /** By load balancer and part. */
  readonly #times = new Map<string, { readonly readAt?: number; readonly wroteAt?: number }>()

  constructor(loadBalancers: Table<ActualLoadBalancer>) {
    this.#loadBalancers = loadBalancers
  }

  /** When this was last read or written; 0: never. */
  knownAt(arn: string, part: AddOn): number {
    const { readAt = 0, wroteAt = 0 } = this.#times.get(`${arn} ${part}`) ?? {}
    return Math.max(readAt, wroteAt)
  }
  /** What AWS says is attached. What we wrote in the meantime, or so lately that AWS may not show it yet, stays. */
  read<P extends AddOn>(arn: string, part: P, seen: Seen<AddOnValues[P]>, beganAt: number): void {
    const { wroteAt } = this.#times.get(`${arn} ${part}`) ?? {}
    if (wroteAt !== undefined && beganAt < wroteAt + ownWriteWinsMs) return
    this.#learn(arn, part, seen)
    this.#times.set(`${arn} ${part}`, { readAt: beganAt })
  }
  wrote<P extends AddOn>(arn: string, part: P, seen: Seen<AddOnValues[P]>): void {
    this.#learn(arn, part, seen)
    this.#times.set(`${arn} ${part}`, { wroteAt: Date.now() })
  }
  #learn<P extends AddOn>(arn: string, part: P, seen: Seen<AddOnValues[P]>): void {
    this.#loadBalancers.learn(arn, (one) => ({ ...one, addOns: { ...one.addOns, [part]: seen } }))
  }
  /** What our own write said of it is in doubt: the next plan reads it. */
  forget(arn: string, part: AddOn): void {
    this.#loadBalancers.learn(arn, ({ addOns: { [part]: _gone, ...addOns } = {}, ...one }) => ({
      ...one,
      addOns,
    }))
    this.#times.delete(`${arn} ${part}`)
  }
  /** Drops what belonged to load balancers that are gone. */
  prune(): void {
    for (const key of this.#times.keys())
      if (this.#loadBalancers.get(key.split(' ')[0] ?? '') === undefined) this.#times.delete(key)
  }
}
