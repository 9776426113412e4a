/** A value that can't be logged, planned or printed by accident. */
const hidden = '[redacted]'

export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  /** The value itself; call it only where it goes on the wire. */
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return hidden
  }
  toJSON(): string {
    return hidden
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden
  }
}
