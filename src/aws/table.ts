/** One kind of resource in the mirror: reads fill it, our own writes win over reads that may not see them yet. */

/** A read that began within this after a write may still show the state before it. */
export const ownWriteWinsMs = 60_000

type Entry<T> = { value: T; wroteAt?: number }

export type Merge<T> = {
  /** What of the old value stays, since this kind of read does not show it. */
  readonly kept?: (old: T, read: T) => T
  /** What of the read is taken even over our own write: it changes by itself. */
  readonly moved?: (own: T, read: T) => T
}

export class Table<T> {
  readonly #keyOf: (value: T) => string
  readonly #merge: Merge<T>
  readonly #entries = new Map<string, Entry<T>>()
  /** Deleted by us: key -> when. */
  readonly #deleted = new Map<string, number>()

  constructor(keyOf: (value: T) => string, merge: Merge<T> = {}) {
    this.#keyOf = keyOf
    this.#merge = merge
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value
  }
  /** We wrote it so lately that a read may not show it yet. */
  isYoung(key: string): boolean {
    const wroteAt = this.#entries.get(key)?.wroteAt
    return wroteAt !== undefined && Date.now() < wroteAt + ownWriteWinsMs
  }
  values(): T[] {
    return [...this.#entries.values()].map(({ value }) => value)
  }

  /** Our own write, as its answer showed it. */
  wrote(value: T): void {
    this.#deleted.delete(this.#keyOf(value))
    this.#entries.set(this.#keyOf(value), { value, wroteAt: Date.now() })
  }
  /** Our own write to a part of it. */
  patch(key: string, change: (value: T) => T): void {
    const value = this.get(key)
    if (value !== undefined) this.wrote(change(value))
  }
  deleted(key: string): void {
    this.#entries.delete(key)
    this.#deleted.set(key, Date.now())
  }
  /** As if it had never been read. */
  forget(key: string): void {
    this.#entries.delete(key)
  }
  /** Not a write: something learnt about it. */
  learn(key: string, change: (value: T) => T): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) entry.value = change(entry.value)
  }
  /** What our own writes said of this one is in doubt: the next read decides. */
  doubt(key: string): void {
    this.#deleted.delete(key)
    const entry = this.#entries.get(key)
    if (entry !== undefined) delete entry.wroteAt
  }

  /**
   * A read of everything in `scope` that began at `beganAt`; what it lacks is gone, but for `keep`.
   *
   * | mirror          | read    | becomes |
   * |-----------------|---------|---------|
   * | –               | present | read    |
   * | older or read   | present | read    |
   * | just written    | present | own, with what changes by itself |
   * | just written    | absent  | own     |
   * | just deleted    | present | –       |
   * | older or read   | absent  | –       |
   */
  read(
    values: readonly T[],
    {
      scope,
      beganAt,
      keep,
    }: { scope: (value: T) => boolean; beganAt: number; keep?: (key: string) => boolean },
  ): void {
    const wins = (wroteAt: number | undefined): boolean =>
      wroteAt !== undefined && beganAt < wroteAt + ownWriteWinsMs
    const present = new Set<string>()
    for (const read of values) {
      const key = this.#keyOf(read)
      present.add(key)
      if (wins(this.#deleted.get(key))) continue
      const entry = this.#entries.get(key)
      if (entry !== undefined && wins(entry.wroteAt))
        entry.value = this.#merge.moved?.(entry.value, read) ?? entry.value
      else this.#entries.set(key, { value: (entry && this.#merge.kept?.(entry.value, read)) ?? read })
    }
    for (const [key, { value, wroteAt }] of this.#entries)
      if (!present.has(key) && scope(value) && !wins(wroteAt) && keep?.(key) !== true)
        this.#entries.delete(key)
    for (const [key, at] of this.#deleted) if (!wins(at)) this.#deleted.delete(key)
  }
}
