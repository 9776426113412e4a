/** Targets of each target group that somebody read, with our own registrations winning over reads that may be late. */
import type { Target } from '../model/actual.ts'

type Write = { readonly what: 'registered' | 'deregistered'; readonly at: number; readonly target: Target }

const ownWriteWinsMs = 60_000

const targetKey = ({ id, port }: { readonly id: string; readonly port: number }): string => `${id}:${port}`

export class Registrations {
  readonly #targets = new Map<string, readonly Target[]>()
  readonly #writes = new Map<string, Map<string, Write>>()
  readonly #readAt = new Map<string, number>()

  /** Absent: not read yet. */
  get(targetGroupArn: string): readonly Target[] | undefined {
    return this.#targets.get(targetGroupArn)
  }
  forget(targetGroupArn: string): void {
    this.#targets.delete(targetGroupArn)
    this.#writes.delete(targetGroupArn)
    this.#readAt.delete(targetGroupArn)
  }
  /** When the last read of it began. */
  readAt(targetGroupArn: string): number | undefined {
    return this.#readAt.get(targetGroupArn)
  }

  /** What we registered and AWS does not show yet stays; what we deregistered stays draining. */
  read(targetGroupArn: string, read: readonly Target[], beganAt: number): readonly Target[] {
    const writes = this.#writes.get(targetGroupArn) ?? new Map<string, Write>()
    for (const [key, { at }] of writes) if (beganAt >= at + ownWriteWinsMs) writes.delete(key)
    const shown = read.map((target) =>
      writes.get(targetKey(target))?.what === 'deregistered' ? draining(target) : target,
    )
    const keys = new Set(read.map(targetKey))
    const late = [...writes.values()].flatMap(({ what, target }) =>
      what === 'registered' && !keys.has(targetKey(target)) ? [target] : [],
    )
    const targets = sorted([...shown, ...late])
    this.#targets.set(targetGroupArn, targets)
    this.#readAt.set(targetGroupArn, beganAt)
    return targets
  }

  /** Registering again what is registered changes nothing. */
  registered(targetGroupArn: string, targets: readonly Target[]): void {
    this.#wrote(targetGroupArn, 'registered', targets)
    this.#change(targetGroupArn, targets, (target, before) =>
      before !== undefined && before.state !== 'draining' ? before : target,
    )
  }
  deregistered(targetGroupArn: string, targets: readonly Target[]): void {
    this.#wrote(targetGroupArn, 'deregistered', targets)
    this.#change(targetGroupArn, targets, (_, before) =>
      before === undefined ? undefined : draining(before),
    )
  }

  #wrote(targetGroupArn: string, what: Write['what'], targets: readonly Target[]): void {
    const writes = this.#writes.get(targetGroupArn) ?? new Map<string, Write>()
    this.#writes.set(targetGroupArn, writes)
    for (const target of targets) writes.set(targetKey(target), { what, at: Date.now(), target })
  }
  #change(
    targetGroupArn: string,
    targets: readonly Target[],
    change: (target: Target, before: Target | undefined) => Target | undefined,
  ): void {
    const known = this.#targets.get(targetGroupArn)
    if (known === undefined) return
    const byKey = new Map(known.map((target) => [targetKey(target), target]))
    for (const target of targets) {
      const after = change(target, byKey.get(targetKey(target)))
      if (after === undefined) byKey.delete(targetKey(target))
      else byKey.set(targetKey(target), after)
    }
    this.#targets.set(targetGroupArn, sorted([...byKey.values()]))
  }
}

const draining = (target: Target): Target =>
  target.state === 'draining' ? target : { id: target.id, port: target.port, state: 'draining' }

const sorted = (targets: readonly Target[]): readonly Target[] =>
  [...targets].sort((a, b) => (a.id === b.id ? a.port - b.port : a.id < b.id ? -1 : 1))
