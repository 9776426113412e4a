/** The local AWS: all accounts and regions behind one `handle`, journalled, throttled, and with faults on request. */
import type { Handle } from '../../src/lib/http.ts'
import type { Timing } from '../timing.ts'
import { Account } from './account.ts'
import { acm } from './acm/service.ts'
import { ec2 } from './ec2/service.ts'
import { randomIds } from './ids.ts'
import { ConnectionLost, InjectedFaults, type InjectedFault } from './injected.ts'
import { Journal } from './journal.ts'
import { createLocal } from './local.ts'
import { Fault, type Context, type Ids } from './service.ts'
import { stateOf } from './state.ts'
import { sts } from './sts/service.ts'
import { Throttle } from './throttle.ts'
import { createFront, type Call } from './wire/front.ts'

export type Cloud = {
  /** The AWS APIs, and `/_local/...`. Rejects with `ConnectionLost` where the connection is to break. */
  readonly handle: Handle
  /** Made (and seeded) at its first mention. */
  account(id: string, region: string): Account
  accounts(): readonly Account[]
  readonly journal: Journal
  /** What an action of a service gets; for those who change an account without a call. */
  context(account: Account): Context
  /** Canonical JSON of the accounts given, default all. */
  state(accounts?: readonly Account[]): string
  fault(fault: InjectedFault): void
  /** Forgets all that happened; each account is as seeded again, and the same object. */
  reset(): void
}
export type CloudOptions = {
  readonly timing: Timing
  readonly ids?: Ids
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** Fills an account when it is made, and again at a reset. */
  readonly seed?: (account: Account) => void
}

const services = [ec2, acm, sts]

export function createCloud({ timing, ids = randomIds, now = Date.now, seed }: CloudOptions): Cloud {
  const accounts = new Map<string, Account>()
  const journal = new Journal()
  const faults = new InjectedFaults()
  const throttle = new Throttle()

  const account = (id: string, region: string): Account => {
    const known = accounts.get(`${id}/${region}`)
    if (known) return known
    const made = new Account(id, region)
    accounts.set(`${id}/${region}`, made)
    seed?.(made)
    return made
  }
  const context = (of: Account, accessKey = of.id): Context => ({
    account: of,
    ids,
    timing,
    accessKey,
    now: now(),
  })

  const answer = async (call: Call, refused?: Fault): Promise<unknown> => {
    const { service, action, input, accessKey, region, userAgent } = call
    const entry = {
      service: service.signingName,
      action,
      account: call.account,
      region,
      accessKey,
      userAgent,
      input,
    }
    const failed = (error: string, status: number, message?: string): void =>
      journal.add({ ...entry, at: now(), error, status, ...(message === undefined ? {} : { message }) })
    const injected = faults.next(service.signingName, action)
    try {
      const lose = await play(injected, call, failed)
      if (timing.throttle)
        throttle.take(`${call.account}/${region}`, service.signingName, action, input, now())
      if (refused) throw refused
      const output = perform(call, context(account(call.account, region), accessKey))
      if (!lose) {
        journal.add({ ...entry, at: now(), output, status: 200 })
        return output
      }
      journal.add({ ...entry, at: now(), output, error: 'lost-answer', status: 0 })
    } catch (error) {
      if (error instanceof Fault) failed(error.code, error.status, error.message)
      throw error
    }
    throw new ConnectionLost()
  }

  const front = createFront(services, answer)
  const cloud: Cloud = {
    handle: (request) => (request.path.startsWith('/_local/') ? local(request) : front(request)),
    account,
    accounts: () => [...accounts.values()],
    journal,
    context: (of) => context(of),
    state: (of = [...accounts.values()]) => stateOf(of, now()),
    fault: (fault) => faults.add(fault),
    reset: () => {
      journal.clear()
      faults.clear()
      throttle.clear()
      for (const stored of accounts.values()) {
        stored.clear()
        seed?.(stored)
        stored.changed()
      }
    },
  }
  const local = createLocal(cloud)
  return cloud
}

function perform({ service, action, input }: Call, context: Context): unknown {
  const run = service.actions[action] as ((input: unknown, context: Context) => unknown) | undefined
  if (!run) throw new Fault('InvalidAction', `The action ${action} is not valid for this web service.`)
  // A copy: encoding happens later, when the stored object may have moved on.
  return structuredClone(run(input, context) ?? {})
}

/** Plays an injected fault before the call; true when the call is to be done and its answer lost. */
async function play(
  injected: InjectedFault | undefined,
  call: Call,
  failed: (error: string, status: number) => void,
): Promise<boolean> {
  if (injected?.delayMs) await new Promise((resolve) => setTimeout(resolve, injected.delayMs))
  const error = injected?.error
  if (error === 'lost-answer') return true
  if (error === 'reset') {
    failed('reset', 0)
    throw new ConnectionLost()
  }
  if (error === 'timeout') {
    failed('timeout', 0)
    await new Promise<void>((resolve) => {
      if (call.signal?.aborted) resolve()
      else call.signal?.addEventListener('abort', () => resolve(), { once: true })
    })
    throw new ConnectionLost()
  }
  if (error) throw new Fault(error.code, error.message ?? error.code, error.status ?? 400)
  return false
}
