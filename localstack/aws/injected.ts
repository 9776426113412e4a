/** Faults that a test asks for: the next calls of an action fail, hang, or lose their answer. */
import { Fault } from './service.ts'

export type InjectedFault = {
  /** `CreateRule`, `Describe*` or `*`. */
  readonly action: string
  /** Of the credential scope; absent: any. */
  readonly service?: string
  /** `reset` and `timeout`: the call does nothing; `lost-answer`: it is done, and the connection breaks. Absent: only the delay. */
  readonly error?:
    | { readonly code: string; readonly message?: string; readonly status?: number }
    | 'reset'
    | 'timeout'
    | 'lost-answer'
  /** How many calls; default 1. */
  readonly times?: number
  readonly delayMs?: number
}

/** Thrown where a server would break the connection: sockets destroy theirs, the in-process handler rejects. */
export class ConnectionLost extends Error {
  readonly code = 'ECONNRESET'
  readonly reason: 'reset' | 'timeout' | 'lost-answer'
  constructor(reason: 'reset' | 'timeout' | 'lost-answer') {
    super('socket hang up')
    this.reason = reason
  }
}

export class InjectedFaults {
  #faults: { readonly fault: InjectedFault; left: number }[] = []

  add(fault: InjectedFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  /** The first that applies, used up by one. */
  next(service: string, action: string): InjectedFault | undefined {
    const found = this.#faults.find(
      ({ fault }) => matches(fault.action, action) && (fault.service ?? service) === service,
    )
    if (!found) return undefined
    found.left -= 1
    this.#faults = this.#faults.filter(({ left }) => left > 0)
    return found.fault
  }

  clear(): void {
    this.#faults = []
  }
}

function matches(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action
}

/** Reads the body of POST /_local/fault. */
export function injectedFault(body: unknown): InjectedFault {
  const given = (body ?? {}) as Readonly<Record<string, unknown>>
  if (typeof given['action'] !== 'string')
    throw new Fault('ValidationError', 'fault: `action` must be a string')
  const { error } = given
  const words: readonly unknown[] = [undefined, 'reset', 'timeout', 'lost-answer']
  const coded =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
  if (!words.includes(error) && !coded)
    throw new Fault('ValidationError', 'fault: `error` must be {code}, "reset", "timeout" or "lost-answer"')
  for (const name of ['times', 'delayMs'])
    if (given[name] !== undefined && !(typeof given[name] === 'number' && given[name] >= 0))
      throw new Fault('ValidationError', `fault: \`${name}\` must be a number, 0 or more`)
  return given as InjectedFault
}
