/** The SDK clients behind one `send`: tokens, time limits, retries and logs of AWS calls live here alone. */
import pRetry from 'p-retry'
import type { Logger } from 'pino'
import { fail, ok, type Result } from '../lib/result.ts'
import type { Secret } from '../lib/secret.ts'
import { type Span, traced } from '../lib/trace.ts'
import type { AwsError } from '../model/aws-error.ts'
import { type Check, checkedBy } from './agent.ts'
import { createLimiter, type Limiter, type Priority } from './bucket.ts'
import { isWrite, type Limits } from './category.ts'
import { actionOf, callTimeoutOf, type ClientSettings, type Clients, createClients } from './clients.ts'
import { toAwsError } from './error.ts'
import { isClockCorrected, isStale } from './renew.ts'

/** What a call is for: counted apart, and told to AWS in the User-Agent. */
export type Purpose = 'reconcile' | 'sweep' | 'facts' | 'health' | 'targets'

export type SendOptions = {
  readonly purpose: Purpose
  readonly priority: Priority
  /** Epoch milliseconds; a call that can't start before is not sent. */
  readonly deadline?: number
  readonly signal?: AbortSignal
  /** Values that are nowhere repeated, whatever AWS says. */
  readonly hide?: readonly Secret[]
  /** The key it is done for, for the log. */
  readonly group?: string
}

/** A command of any SDK client, known by its output. */
export type AwsCommand<Output> = {
  readonly input: object
  readonly schema?: unknown
  resolveMiddleware(
    stack: never,
    configuration: never,
    options: never,
  ): (args: never) => Promise<{ output: Output }>
}

type CallCount = {
  readonly purpose: Purpose
  /** As `elbv2:DescribeRules`. */
  readonly action: string
  /** Requests that left, retries included. */
  readonly calls: number
  readonly errors: number
  readonly throttled: number
}

export type Aws = {
  send<Output>(command: AwsCommand<Output>, options: SendOptions): Promise<Result<Output, AwsError>>
  /** Milliseconds until this action, as `elbv2:CreateRule`, could be sent at once. */
  readyIn(action: string): number
  /** The same of its category alone, whatever else draws on what all calls share. */
  categoryReadyIn(action: string): number
  /** This process' part of the account's rates. */
  share(part: number): void
  counts(): readonly CallCount[]
  /** The same clients, rates and counts, asked by one who may call at other times. */
  during(mayCall: () => boolean): Aws
  close(): void
}

export type AwsSettings = ClientSettings & {
  readonly log: Pick<Logger, 'info' | 'debug' | 'warn'>
  readonly version: string
  readonly limits?: Limits
  /** Asked right before a request leaves: once it says no, none does. */
  readonly mayCall?: () => boolean
}

export function createAws(settings: AwsSettings): Aws {
  const limiter = createLimiter(settings.limits)
  const counts = new Map<string, Count>()
  const clients = createClients(settings)
  const of = (mayCall: AwsSettings['mayCall'], close: () => void): Aws => {
    const wire = { settings: { ...settings, ...(mayCall ? { mayCall } : {}) }, limiter, counts, clients }
    return {
      send: (command, options) => traced(spanOf(command, options), () => send(wire, command, options)),
      readyIn: (action) => limiter.readyIn(action),
      categoryReadyIn: (action) => limiter.categoryReadyIn(action),
      share: (part) => limiter.share(part),
      counts: () => [...counts.values()].map((count) => ({ ...count })),
      during: (other) => of(other, () => undefined),
      close,
    }
  }
  return of(settings.mayCall, () => clients.close())
}

const spanOf = ({ schema }: AwsCommand<unknown>, { purpose, group }: SendOptions): Span => ({
  name: actionOf(schema).action,
  attributes: { purpose, ...(group === undefined ? {} : { key: group }) },
})

type Count = { -readonly [K in keyof CallCount]: CallCount[K] }
type Wire = {
  readonly settings: AwsSettings
  readonly limiter: Limiter
  readonly counts: Map<string, Count>
  readonly clients: Clients
}

async function send<Output>(
  wire: Wire,
  command: AwsCommand<Output>,
  options: SendOptions,
): Promise<Result<Output, AwsError>> {
  const { service, action } = actionOf(command.schema)
  const write = isWrite(action)
  const startedAt = performance.now()
  beforeTheWire(command, `albatross/${wire.settings.version} purpose/${options.purpose}`, () =>
    mayCall(wire.settings) ? undefined : notLeader(action),
  )
  const client = await wire.clients.of(service)
  const mend = mending(wire, startedAt)
  try {
    const output = await pRetry(() => attempt<Output>({ wire, client, command, action, options }), {
      retries: 2,
      minTimeout: 100,
      maxTimeout: 400,
      randomize: true,
      shouldRetry: async ({ error, retryDelay }) =>
        error instanceof Refusal &&
        (transient(error.refusal, write) || (await mend(error))) &&
        mayCall(wire.settings) &&
        inTime(options, retryDelay),
    })
    const log = { group: options.group, call: action, ms: Math.round(performance.now() - startedAt) }
    wire.settings.log[write ? 'info' : 'debug']({ ...log, requestId: requestIdOf(output) }, 'AWS call')
    return ok(output)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    const error = thrown.refusal
    const { kind, code, message, requestId } = error
    wire.settings.log[write ? 'warn' : 'debug'](
      { group: options.group, call: action, kind, code, reason: message, requestId },
      'AWS call refused',
    )
    return fail(error)
  }
}

/** A call that was refused for its credentials or its clock, and did nothing, is made once more when they are right. */
function mending({ clients, settings }: Wire, sinceMs: number): (refused: Refusal) => Promise<boolean> {
  let mended = false
  return async ({ refusal, clockCorrected }) => {
    if (mended) return false
    const { call, code, message } = refusal
    if (clockCorrected)
      settings.log.warn(
        { call, code, reason: message },
        'the clock differs from that of AWS: set right for AWS calls',
      )
    else if (!isStale(refusal)) return false
    mended = clockCorrected || (await clients.renew(sinceMs))
    if (mended && !clockCorrected) settings.log.info({ call, code }, 'AWS credentials renewed')
    return mended
  }
}

const inTime = (options: SendOptions, delayMs: number): boolean =>
  options.signal?.aborted !== true &&
  (options.deadline === undefined || Date.now() + delayMs < options.deadline)

const mayCall = (settings: AwsSettings): boolean => settings.mayCall?.() !== false

const notLeader = (call: string): Refusal =>
  new Refusal({ kind: 'unavailable', call, code: 'NotLeader', message: 'this replica leads no more' })

/** A write whose outcome is unknown may have happened: never a second time from here. */
const transient = ({ kind }: AwsError, write: boolean): boolean =>
  kind === 'unavailable' || (kind === 'throttled' && !write)

/** Carries the refusal through p-retry, which deals in exceptions. */
class Refusal extends Error {
  readonly refusal: AwsError
  readonly clockCorrected: boolean
  constructor(refusal: AwsError, thrown?: unknown) {
    super(refusal.message)
    this.refusal = refusal
    this.clockCorrected = isClockCorrected(thrown)
  }
}

type Attempt<Output> = {
  readonly wire: Wire
  readonly client: { send(command: never, options: object): Promise<unknown> }
  readonly command: AwsCommand<Output>
  readonly action: string
  readonly options: SendOptions
}

async function attempt<Output>({ wire, client, command, action, options }: Attempt<Output>): Promise<Output> {
  const taken = await wire.limiter.take(action, options)
  if (taken !== 'taken')
    throw new Refusal({
      kind: taken === 'late' ? 'throttled' : 'unavailable',
      call: action,
      code: taken === 'late' ? 'NoTokenBeforeDeadline' : 'Aborted',
      message: taken === 'late' ? 'the AWS rate limit leaves no room before the deadline' : 'stopping',
    })
  if (!mayCall(wire.settings)) throw notLeader(action)
  const count = countOf(wire, options.purpose, action)
  count.calls += 1
  const abandon = new AbortController()
  const stop = (): void => abandon.abort()
  options.signal?.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(stop, callTimeoutOf(wire.settings))
  try {
    const sent = client.send(command as never, { abortSignal: abandon.signal })
    return (await orAbandoned(sent, abandon.signal)) as Output
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown
    const refusal = hidden(toAwsError(action, thrown, isWrite(action)), options.hide)
    count.errors += 1
    if (refusal.kind === 'throttled') {
      count.throttled += 1
      wire.limiter.refused(action)
    }
    throw new Refusal(refusal, thrown)
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', stop)
  }
}

/** AWS quotes the values that it refuses. */
function hidden(error: AwsError, hide: readonly Secret[] = []): AwsError {
  const values = hide.map((one) => one.reveal()).filter((value) => value !== '')
  return {
    ...error,
    message: values.reduce((text, value) => text.replaceAll(value, String(hide[0])), error.message),
  }
}

/** A handler that ignores its signal must not hold a key for ever. */
const orAbandoned = <T>(sent: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
    sent.then(resolve, reject)
  })

function countOf({ counts }: Wire, purpose: Purpose, action: string): Count {
  const key = `${purpose} ${action}`
  const known = counts.get(key)
  if (known !== undefined) return known
  const made = { purpose, action, calls: 0, errors: 0, throttled: 0 }
  counts.set(key, made)
  return made
}

const requestIdOf = (output: unknown): string | undefined =>
  (output as { $metadata?: { requestId?: string } }).$metadata?.requestId

type Middleware = (
  next: (args: object) => Promise<unknown>,
) => (args: { readonly request: { readonly headers: Record<string, string> } }) => Promise<unknown>

/** The last step before the wire, after credentials and signature, which may take their time; the User-Agent is outside the signature. */
function beforeTheWire(command: object, product: string, check: Check): void {
  const { middlewareStack } = command as {
    readonly middlewareStack: { add(middleware: Middleware, where: object): void }
  }
  const middleware: Middleware = (next) => async (args) => {
    const refusal = check()
    if (refusal !== undefined) throw refusal
    const { headers } = args.request
    headers['user-agent'] = `${product} ${headers['user-agent'] ?? ''}`.trim()
    return await checkedBy(check, () => next(args))
  }
  middlewareStack.add(middleware, {
    step: 'finalizeRequest',
    priority: 'low',
    name: 'purpose',
    override: true,
  })
}
