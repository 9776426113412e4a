/** The local AWS: all accounts and regions behind one `handle`, journalled, throttled, and with faults on request. */
import type { Handle } from '../../src/lib/http.ts'
import type { Timing } from '../timing.ts'
import { Account } from './account.ts'
import { acm } from './acm/service.ts'
import { ec2 } from './ec2/service.ts'
import { elbv2 } from './elbv2/service.ts'
import { authorizationsOf } from './iam/authorize.ts'
import { isAllowed, type Policy } from './iam/policy.ts'
import { randomIds } from './ids.ts'
import { ConnectionLost, InjectedFaults, type InjectedFault } from './injected.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { createLocal } from './local.ts'
import { Fault, type Context, type Ids } from './service.ts'
import { Sessions } from './sessions.ts'
import { shield } from './shield/service.ts'
import { stateOf } from './state.ts'
import { sts } from './sts/service.ts'
import { tagging } from './tagging/service.ts'
import { Throttle } from './throttle.ts'
import { wafRegional } from './waf-regional/service.ts'
import { wafv2 } from './wafv2/service.ts'
import { createFront, type Call } from './wire/front.ts'

export type Cloud = {
  /** The AWS APIs, and `/_local/...`. Rejects with `ConnectionLost` where the connection is to break. */
  readonly handle: Handle
  /** Made (and seeded) at its first mention. */
  account(id: string, region: string): Account
  accounts(): readonly Account[]
  readonly journal: Journal
  readonly sessions: Sessions
  /** What an action of a service gets; for those who change an account without a call. */
  context(account: Account): Context
  /** Canonical JSON of the accounts given, default all. */
  state(accounts?: readonly Account[]): string
  fault(fault: InjectedFault): void
  /** Forgets faults that were asked for and not used up. */
  clearFaults(): void
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
  /** Access keys that only look: their calls draw from no token bucket, as if made from outside the account. */
  readonly onlookers?: readonly string[]
  /** What an access key may do; everything if undefined. */
  readonly policiesOf?: (accessKey: string) => readonly Policy[] | undefined
  /** How old a signature may be, and how far in the future, in milliseconds, as AWS checks it (5 to 15 minutes); not checked if absent. */
  readonly signatureAgeMs?: number
}

const services = [elbv2, ec2, acm, sts, wafv2, wafRegional, shield, tagging]

/** What the parts below share. */
type Inner = {
  readonly options: Required<Omit<CloudOptions, 'seed'>> & Pick<CloudOptions, 'seed'>
  readonly sessions: Sessions
  readonly accounts: Map<string, Account>
  readonly journal: Journal
  readonly faults: InjectedFaults
  readonly throttle: Throttle
}

export function createCloud({
  timing,
  ids = randomIds,
  now = Date.now,
  seed,
  onlookers = [],
  policiesOf = () => undefined,
  signatureAgeMs = Infinity,
}: CloudOptions): Cloud {
  const inner: Inner = {
    options: { timing, ids, now, onlookers, policiesOf, signatureAgeMs, ...(seed ? { seed } : {}) },
    sessions: new Sessions(ids, now),
    accounts: new Map(),
    journal: new Journal(),
    faults: new InjectedFaults(),
    throttle: new Throttle(),
  }
  const { accounts, journal, faults } = inner
  const front = createFront(services, (call, refused) => answer(inner, call, refused))
  const cloud: Cloud = {
    handle: (request) => (request.path.startsWith('/_local/') ? local(request) : front(request)),
    account: (id, region) => accountOf(inner, id, region),
    accounts: () => [...accounts.values()],
    journal,
    sessions: inner.sessions,
    context: (account) => contextOf(inner, account, account.id),
    state: (of = [...accounts.values()]) => stateOf(of, now()),
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    reset: () => reset(inner),
  }
  const local = createLocal(cloud)
  return cloud
}

function accountOf({ accounts, options }: Inner, id: string, region: string): Account {
  const known = accounts.get(`${id}/${region}`)
  if (known) return known
  const shared = [...accounts.values()].find((other) => other.id === id)?.shared
  const made = new Account(id, region, shared)
  accounts.set(`${id}/${region}`, made)
  options.seed?.(made)
  return made
}

function contextOf(
  { options: { ids, timing, now }, sessions }: Inner,
  account: Account,
  accessKey: string,
): Context {
  const issue: Context['issue'] = (of, seconds) => sessions.issue(of, seconds)
  return { account, ids, timing, accessKey, issue, now: now() }
}

function reset({ accounts, journal, faults, throttle, options }: Inner): void {
  journal.clear()
  faults.clear()
  throttle.clear()
  for (const account of accounts.values()) {
    account.clear()
    options.seed?.(account)
    account.changed()
  }
}

async function answer(inner: Inner, call: Call, refused: Fault | undefined): Promise<unknown> {
  const { faults, throttle, options } = inner
  const { service, action, input, region } = call
  try {
    inner.sessions.check(call.accessKey, service)
    checkDate(call, options)
    const lose = await play(faults.next(service.signingName, action), call)
    if (options.timing.throttle && !options.onlookers.includes(call.accessKey))
      throttle.take(`${call.account}/${region}`, service.signingName, action, input, options.now())
    if (refused) throw refused
    const account = accountOf(inner, call.account, region)
    permit(options.policiesOf(call.accessKey), call, account)
    const output = perform(call, contextOf(inner, account, call.accessKey))
    record(inner, call, lose ? { output, error: 'lost-answer', status: 0 } : { output, status: 200 })
    if (!lose) return output
  } catch (error) {
    const failure = failureOf(error)
    record(
      inner,
      call,
      failure instanceof ConnectionLost
        ? { error: failure.reason, status: 0 }
        : { error: failure.code, message: failure.message, status: failure.status },
    )
    throw failure
  }
  throw new ConnectionLost('lost-answer')
}

/** A clock that differs too much makes no valid signature. */
function checkDate({ service, signedAt }: Call, { signatureAgeMs, now }: Inner['options']): void {
  if (signedAt === undefined || Math.abs(now() - signedAt) <= signatureAgeMs) return
  const [signed, here] = [signedAt, now()].map((ms) =>
    new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, ''),
  )
  if (service.signingName === 'ec2') throw new Fault('RequestExpired', 'Request has expired.')
  const what = signedAt < now() ? 'expired' : 'not yet current'
  const compared = signedAt < now() ? 'earlier' : 'later'
  throw new Fault(
    service.protocol === 'json' ? 'InvalidSignatureException' : 'SignatureDoesNotMatch',
    `Signature ${what}: ${signed} is ${compared} than ${here} (${signatureAgeMs / 60_000} min.)`,
    403,
  )
}

/** Refuses in AWS's words what no policy of the caller allows. */
function permit(policies: readonly Policy[] | undefined, call: Call, account: Account): void {
  if (policies === undefined) return
  const asked = { service: call.service.signingName, action: call.action, input: call.input, account }
  const missing = authorizationsOf(asked).find((one) => !isAllowed(policies, one))
  if (missing === undefined) return
  const who = `User: arn:aws:sts::${account.id}:assumed-role/local/session is not authorized to perform: ${missing.action}`
  const why = `${who} on resource: ${missing.resource} because no identity-based policy allows the ${missing.action} action`
  throw call.service.signingName === 'ec2'
    ? new Fault('UnauthorizedOperation', `You are not authorized to perform this operation. ${why}`, 403)
    : new Fault('AccessDenied', why, 403)
}

/** A mistake of ours is AWS's internal failure: answered and journalled, so that it is seen. */
function failureOf(error: unknown): Fault | ConnectionLost {
  if (error instanceof Fault || error instanceof ConnectionLost) return error
  return new Fault(
    'InternalFailure',
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    500,
  )
}

function record(
  { journal, options }: Inner,
  call: Call,
  outcome: Pick<JournalEntry, 'output' | 'error' | 'message' | 'status'>,
): void {
  const { service, action, account, region, accessKey, userAgent, input } = call
  const at = options.now()
  journal.add({
    at,
    service: service.signingName,
    action,
    account,
    region,
    accessKey,
    userAgent,
    input,
    ...outcome,
  })
}

function perform({ service, action, input }: Call, context: Context): unknown {
  const run = service.actions[action] as ((input: unknown, context: Context) => unknown) | undefined
  if (!run) throw new Fault('InvalidAction', `The action ${action} is not valid for this web service.`)
  // A copy: encoding happens later, when the stored object may have moved on.
  return structuredClone(run(input, context) ?? {})
}

/** Plays an injected fault before the call; true when the call is to be done and its answer lost. */
async function play(injected: InjectedFault | undefined, call: Call): Promise<boolean> {
  if (injected?.delayMs) await new Promise((resolve) => setTimeout(resolve, injected.delayMs))
  const error = injected?.error
  if (error === 'lost-answer') return true
  if (error === 'timeout') await givenUp(call.signal)
  if (error === 'reset' || error === 'timeout') throw new ConnectionLost(error)
  if (error) throw new Fault(error.code, error.message ?? error.code, error.status ?? 400)
  return false
}

async function givenUp(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}
