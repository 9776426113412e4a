/**
 * Leader election by one Lease, as client-go does it: the holder's record is timed from when it was seen to change, by
 * our own monotonic clock, and every write is made against the version that was read. A slot is one Lease.
 */
import type { Kube } from '../kube/client.ts'
import { isAlreadyExists, isConflict, isNotFound, type KubeError } from '../kube/error.ts'
import { type Lease, leases, type ObjectName } from '../kube/resource.ts'
import { pause, within } from './pause.ts'

export type ElectionTimes = {
  /** Others take the Lease over once its record was the same for this long. */
  readonly leaseMs: number
  /** A leader that could not renew for this long is none; what it has in flight has until `leaseMs` to end. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}
export type ElectionOptions = {
  readonly kube: Pick<Kube, 'get' | 'create' | 'update'>
  readonly lease: Required<ObjectName>
  /** Ours alone, unless it is shared: two processes with one identity both lead. */
  readonly identity: string
  readonly times: ElectionTimes
  /** Asked before each claim of a Lease that is not ours: absent, it is sought; undefined, not now. Told how the claim ended. */
  readonly mayClaim?: () => ((won: boolean) => void) | undefined
  /** Several processes hold it as one, under one identity: who stops leaves it to the others. */
  readonly shared?: boolean
  readonly onLead: () => void
  /** Ends what `onLead` began: until it settles the Lease is neither given up nor sought again. */
  readonly onLost: (why: string) => Promise<void>
  /** Another holds the Lease now. */
  readonly onHolder?: (holder: string) => void
  readonly onError?: (error: KubeError) => void
}
export type Election = {
  /** Read off the clock each time, so that a process that was paused knows it before anything else runs. */
  leads(): boolean
  /** As a stop, but the Lease is sought again after others had time to take it. */
  yieldUp(): Promise<void>
  /** Leads no more at once; resolves when what a leader does has ended and the Lease is given up. */
  stop(): Promise<void>
}

type Core = {
  readonly options: ElectionOptions
  readonly stopping: AbortSignal
  leading: boolean
  /** Ends the present leadership though nothing is wrong with it. */
  yielding: AbortController
  /** Settles when the present leadership has ended and the Lease is given up. */
  ended: Promise<void>
  /** A claim of ours was sent: it may have arrived although nobody said so. */
  claimed: boolean
  /** When our last renewal that worked was sent: nobody counts from an earlier time. */
  renewedMs: number
  /** The Lease as last seen, and since when it has been so. */
  seen?: { readonly lease: Lease; readonly sinceMs: number }
}

const leads = (core: Core): boolean =>
  core.leading && !core.stopping.aborted && !core.yielding.signal.aborted && leftMs(core) > 0

const leftMs = ({ renewedMs, options }: Core): number =>
  renewedMs + options.times.renewDeadlineMs - performance.now()

/** Who else holds the Lease, as far as we saw it. */
function otherHolder({ seen, options }: Core): string | undefined {
  const { holderIdentity: holder, leaseDurationSeconds: seconds } = seen?.lease.spec ?? {}
  if (seen === undefined || !holder || holder === options.identity) return undefined
  const durationMs = seconds === undefined ? options.times.leaseMs : seconds * 1000
  return performance.now() < seen.sinceMs + durationMs ? holder : undefined
}

function see(core: Core, lease: Lease): void {
  const before = core.seen?.lease
  if (before?.metadata.resourceVersion === lease.metadata.resourceVersion) return
  core.seen = { lease, sinceMs: performance.now() }
  const { holderIdentity: holder } = lease.spec ?? {}
  if (holder && holder !== core.options.identity && holder !== before?.spec?.holderIdentity)
    core.options.onHolder?.(holder)
}

/** Kubernetes' MicroTime. */
const microTime = (): string => new Date().toISOString().replace('Z', '000Z')

function claim({ options }: Core, before: Lease | undefined): NonNullable<Lease['spec']> {
  const { identity, times } = options
  const renewTime = microTime()
  const mine = before?.spec?.holderIdentity === identity
  const transitions = before?.spec?.leaseTransitions ?? 0
  return {
    ...before?.spec,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(times.leaseMs / 1000),
    acquireTime: mine ? (before.spec?.acquireTime ?? renewTime) : renewTime,
    renewTime,
    leaseTransitions: mine || before === undefined ? transitions : transitions + 1,
  }
}

/** Writes our claim against the version that was seen; what comes back tells whether the Lease is ours. */
async function write(
  core: Core,
  before: Lease | undefined,
  signal: AbortSignal,
): Promise<'ours' | 'overtaken' | 'failed'> {
  const { kube, lease: metadata, onError } = core.options
  const sentMs = performance.now()
  core.claimed = true
  const spec = claim(core, before)
  const written =
    before === undefined
      ? await kube.create(leases, { metadata, spec }, { signal })
      : await kube.update(leases, { ...before, spec }, { signal })
  if (written.ok) {
    core.seen = { lease: written.value, sinceMs: performance.now() }
    core.renewedMs = sentMs
    return 'ours'
  }
  const { error } = written
  if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
    // A namespace that isn't there is a mistake to be told; a Lease that isn't is there again with the next try.
    if (before === undefined && isNotFound(error)) onError?.(error)
    return 'overtaken'
  }
  if (!signal.aborted) onError?.(error)
  return 'failed'
}

const always = (): ((won: boolean) => void) => () => undefined

/** One try to get the Lease or to keep it. */
async function attempt(core: Core, signal: AbortSignal): Promise<boolean> {
  const { kube, lease, identity, onError } = core.options
  if (core.leading && core.seen?.lease.spec?.holderIdentity === identity) {
    const renewed = await write(core, core.seen.lease, signal)
    if (renewed !== 'overtaken') return renewed === 'ours'
  }
  const read = await kube.get(leases, lease, signal)
  if (read.ok) see(core, read.value)
  else if (!isNotFound(read.error)) {
    if (!signal.aborted) onError?.(read.error)
    return false
  }
  // Also when it was deleted: its holder may not know yet.
  if (otherHolder(core) !== undefined) return false
  const { mayClaim = always } = core.options
  const decided = core.leading ? always() : mayClaim()
  if (decided === undefined) return false
  const won = (await write(core, read.ok ? read.value : undefined, signal)) === 'ours'
  decided(won)
  return won
}

/** Renews until that is over, and says why. */
async function keep(core: Core): Promise<string> {
  const { renewDeadlineMs, retryMs } = core.options.times
  const ending = AbortSignal.any([core.stopping, core.yielding.signal])
  for (;;) {
    await pause(Math.min(retryMs, Math.max(0, leftMs(core))), ending)
    if (core.stopping.aborted) return 'stopping'
    if (core.yielding.signal.aborted) return 'others take it'
    const left = leftMs(core)
    if (left <= 0) return `the Lease could not be renewed for ${renewDeadlineMs} ms`
    if (await within(left, ending, (signal) => attempt(core, signal))) continue
    const holder = otherHolder(core)
    if (holder !== undefined) return `${holder} holds the Lease`
  }
}

/** So that the next one need not wait until it expires. */
async function giveUp(core: Core, signal: AbortSignal): Promise<void> {
  const { kube, lease, identity, onError } = core.options
  // A renewal that the stop cut off may still arrive in between.
  for (let tries = 0; tries < 3; tries += 1) {
    const read = await kube.get(leases, lease, signal)
    if (!read.ok || read.value.spec?.holderIdentity !== identity) return
    const now = microTime()
    const spec = { ...read.value.spec, renewTime: now, acquireTime: now }
    const written = await kube.update(
      leases,
      { ...read.value, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1 } },
      { signal },
    )
    if (written.ok) return
    if (!isConflict(written.error)) return onError?.(written.error)
  }
}

async function run(core: Core): Promise<void> {
  const { onLead, onLost, times } = core.options
  while (!core.stopping.aborted) {
    if (!(await within(times.renewDeadlineMs, core.stopping, (signal) => attempt(core, signal)))) {
      // Not all in step, as client-go has it.
      await pause(times.retryMs * (1 + 1.2 * Math.random()), core.stopping)
      continue
    }
    core.yielding = new AbortController()
    core.leading = true
    if (leads(core)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      core.ended = promise
      onLead()
      const why = await keep(core)
      core.leading = false
      await onLost(why)
      if (core.yielding.signal.aborted) await release(core)
      resolve()
      if (core.yielding.signal.aborted) await pause(times.retryMs * 3, core.stopping)
    }
    core.leading = false
  }
  if (core.claimed && core.options.shared !== true) await release(core)
}

const release = (core: Core): Promise<void> =>
  within(core.options.times.retryMs, undefined, (signal) => giveUp(core, signal))

export function contend(options: ElectionOptions): Election {
  const stopping = new AbortController()
  const core: Core = {
    options,
    stopping: stopping.signal,
    leading: false,
    yielding: new AbortController(),
    ended: Promise.resolve(),
    claimed: false,
    renewedMs: 0,
  }
  const running = run(core)
  return {
    leads: () => leads(core),
    yieldUp: async () => {
      if (!core.leading) return
      core.yielding.abort()
      await core.ended
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
