/** Every call that was made, in order, with what it asked and got; secrets are struck out. */
export type JournalEntry = {
  /** Counts up for ever, also past `clear`. */
  readonly n: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly service: string
  readonly action: string
  readonly account: string
  readonly region: string
  readonly accessKey: string
  /** Of `purpose/<p>` in the User-Agent. */
  readonly purpose?: string
  readonly userAgent: string
  readonly write: boolean
  readonly input: unknown
  readonly output?: unknown
  /** The error's code, or `reset`, `timeout`, `lost-answer`. */
  readonly error?: string
  readonly message?: string
  /** 0 where no answer was given. */
  readonly status: number
}

/** A sandbox left running for days must not grow for ever. */
const kept = 20_000
const secrets = new Set(['ClientSecret', 'PrivateKey', 'WebIdentityToken', 'SecretAccessKey', 'SessionToken'])

export class Journal {
  #entries: JournalEntry[] = []
  #count = 0

  add(entry: Omit<JournalEntry, 'n' | 'write' | 'purpose'>): void {
    this.#count += 1
    const purpose = /(?:^|[\s#])purpose\/([\w.-]+)/.exec(entry.userAgent)?.[1]
    this.#entries.push({
      n: this.#count,
      ...entry,
      ...(purpose === undefined ? {} : { purpose }),
      write: isWrite(entry.service, entry.action),
      input: withoutSecrets(entry.input),
      ...(entry.output === undefined ? {} : { output: withoutSecrets(entry.output) }),
    })
    if (this.#entries.length > kept * 1.1) this.#entries = this.#entries.slice(-kept)
  }

  /** Those after number `n`. */
  since(n = 0): readonly JournalEntry[] {
    return this.#entries.filter((entry) => entry.n > n)
  }

  clear(): void {
    this.#entries = []
  }
}

function isWrite(service: string, action: string): boolean {
  return service !== 'sts' && !/^(Describe|List|Get|Search)/.test(action)
}

/** A copy, so that later changes of what was answered don't rewrite history. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, secrets.has(key) && item !== null ? '***' : withoutSecrets(item)]),
  )
}
