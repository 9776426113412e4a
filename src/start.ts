/** Puts the controller together and runs it: the same in a cluster, in the sandbox and in one process with the local AWS. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Admission } from './admission.ts'
import type { AwsSettings } from './aws/client.ts'
import type { Config } from './config.ts'
import { createKube } from './kube/client.ts'
import type { Handle } from './lib/http.ts'
import { injectLabel } from './model/readiness.ts'
import { createBindings } from './reconcile/bindings.ts'
import { metricsOf } from './reconcile/metrics.ts'
import { createReign, type Reign } from './reign.ts'
import { createAbsence, type Obstacle } from './watch/albc.ts'
import { createInformers, type Informers } from './watch/informers.ts'
import { contend, type Election } from './watch/leader.ts'

export type StartOptions = {
  readonly config: Config
  readonly kube: Handle
  /** Where the Lease is, unless a flag says so. */
  readonly namespace?: string
  /** The SDK's own over HTTPS if absent. */
  readonly aws?: Pick<AwsSettings, 'requestHandler' | 'credentials' | 'limits'>
  readonly log: Logger
}
export type Running = {
  /** True once every kind is followed; false when stopped before. */
  readonly synced: Promise<boolean>
  /** Why nothing is written yet, since ALBC or what it left is in the way. */
  obstacles(): readonly Obstacle[]
  /** Whether this is the replica that works. */
  leads(): boolean
  /** Nothing is ready or running; what waits for its time doesn't count. */
  idle(): Promise<void>
  /** In Prometheus' text format. */
  metrics(): string
  /**
   * Starts nothing more, lets AWS calls in flight end, then gives the Lease up. Webhooks answer for at least `lingerMs`:
   * so long the API server may go on asking.
   */
  stop(lingerMs?: number): Promise<void>
}

/** What runs has this long to end by itself. */
const drainMs = 5_000

export function start(options: StartOptions): Running {
  const { log, config } = options
  const informers = informersOf(options)
  const bindings = createBindings(informers)
  let leads = (): boolean => !config.flags['enable-leader-election']
  const nextReign = (): Reign => createReign({ ...options, informers, bindings, leads: () => leads() })
  let reign = nextReign()
  let begun: Promise<void> | undefined
  let stopped = false
  const lead = (): void => {
    begun = reign.begin()
    begun.catch((error: unknown) => log.fatal({ err: error }, 'start failed'))
  }
  let election: Election | undefined
  const albc = absenceOf(options, informers)
  const ready = albc.gone.then((gone) => {
    if (!gone || stopped) return
    if (!config.flags['enable-leader-election']) return lead()
    const won = elect(options, {
      onLead: lead,
      onLost: async () => {
        await reign.end(stopped ? drainMs : 0)
        begun = undefined
        if (!stopped) reign = nextReign()
      },
    })
    election = won
    leads = () => won.leads()
  })
  const admission = admissionOf(options, informers)
  informers.start()
  return {
    obstacles: () => albc.obstacles(),
    synced: informers.synced.then(async (synced) => {
      if (synced) await admission.begun
      return synced
    }),
    leads: () => begun !== undefined && leads(),
    metrics: () => metricsOf(reign.context) + admission.metrics(),
    idle: async () => {
      await ready
      await begun
      await reign.context.queue.idle()
    },
    stop: async (lingerMs = 0) => {
      stopped = true
      albc.stop()
      const unasked = admission.end(lingerMs)
      await election?.stop()
      await reign.end(drainMs)
      await reign.told()
      await unasked
      await informers.stop()
    },
  }
}

type Beside = { readonly begun: Promise<void>; metrics(): string; end(lingerMs: number): Promise<void> }

/** Webhooks and what belongs to them: nothing is loaded unless a flag asks for some. */
function admissionOf(options: StartOptions, informers: Informers): Beside {
  const { flags } = options.config
  const gates = flags['enable-pod-readiness-gate-inject']
  const serves = gates || flags['enable-targetgroupbinding-defaults']
  const forbids = flags['disable-ingress-class-annotation'] || flags['disable-ingress-group-name-annotation']
  let ended = false
  let webhooks: Admission | undefined
  const begin = async (): Promise<void> => {
    if (!gates) tellUngated(options, informers)
    if (!serves && !forbids) return
    const { startAdmission, tellUnenforced } = await import('./admission.ts')
    if (ended) return
    if (serves) webhooks = startAdmission(options, informers)
    await Promise.all([webhooks?.begun, forbids ? tellUnenforced(options) : undefined])
  }
  return {
    begun: informers.synced.then((synced) => (synced && !ended ? begin() : undefined)),
    metrics: () => webhooks?.metrics() ?? '',
    end: async (lingerMs) => {
      ended = true
      if (webhooks === undefined) return
      await new Promise((resolve) => setTimeout(resolve, lingerMs))
      await webhooks.stop()
    },
  }
}

/** A label that asks for what is switched off would otherwise be noticed in the next roll-out. */
function tellUngated({ log }: StartOptions, { stores }: Informers): void {
  const { key, value } = injectLabel
  const asking = stores.namespaces.list().filter(({ metadata }) => metadata.labels?.[key] === value)
  if (asking.length === 0) return
  const names = asking.map(({ metadata }) => metadata.name)
  log.warn(
    { namespaces: names.slice(0, 10), count: names.length },
    `namespaces labelled ${key}=${value} get no readiness gates: set --enable-pod-readiness-gate-inject`,
  )
}

/** Settles when the first write may be made as far as ALBC is concerned; observing never waits, and is told what would keep it. */
function absenceOf(
  { config: { flags }, kube, namespace, log }: StartOptions,
  { synced, stores }: Informers,
): { readonly gone: Promise<boolean>; obstacles(): readonly Obstacle[]; stop(): void } {
  const stopping = new AbortController()
  let obstacles: readonly Obstacle[] = []
  const absence = createAbsence({
    kube: createKube(kube),
    services: () => stores.services.list(),
    lease: {
      namespace: flags['leader-election-namespace'] || namespace || 'default',
      name: flags['leader-election-id'],
    },
    webhooks: flags['webhook-name'],
    acknowledged: flags['acknowledge-albc-leftovers'],
    signal: stopping.signal,
  })
  const observes = flags.mode === 'observe'
  const tell = (found: readonly Obstacle[]): void => {
    const says = observes ? 'ALBC: to be done before this may write' : 'ALBC: nothing is written yet'
    for (const obstacle of found) log.warn(obstacle, says)
  }
  const wait = async (): Promise<boolean> => {
    if (observes) {
      tell(await absence.look())
      return true
    }
    const gone = await absence.wait((found) => {
      obstacles = found
      tell(found)
    })
    if (gone && obstacles.length > 0) log.info('ALBC is gone')
    obstacles = []
    return gone
  }
  return {
    gone: synced.then((complete) => complete && wait()),
    obstacles: () => obstacles,
    stop: () => stopping.abort(),
  }
}

const informersOf = ({ kube, log }: StartOptions): Informers =>
  createInformers(createKube(kube), {
    onError: (resource, error, waitMs) =>
      log.warn({ resource, reason: error.reason, error: error.message, waitMs }, 'watch failed'),
    onMissing: (resource, error) =>
      log.warn(
        { resource, reason: error.reason, error: error.message },
        'not written until the API server shows this kind: apply crds/, or permit it; all else works',
      ),
    onHandlerError: (thrown) => log.error({ err: thrown }, 'a watch handler threw'),
  })

function elect(
  { config: { flags }, kube, namespace, log }: StartOptions,
  { onLead, onLost }: { readonly onLead: () => void; readonly onLost: () => Promise<void> },
): Election {
  const renewDeadlineMs = flags['leader-election-renew-deadline']
  const lease = {
    namespace: flags['leader-election-namespace'] || namespace || 'default',
    name: flags['leader-election-id'],
  }
  const identity = `${hostname()}_${randomUUID()}`
  const of = { lease: `${lease.namespace}/${lease.name}`, identity }
  let told = ''
  return contend({
    // A request that gets no answer must leave time for another.
    kube: createKube(kube, { timeoutMs: renewDeadlineMs / 2 }),
    lease,
    identity,
    times: {
      leaseMs: flags['leader-election-lease-duration'],
      renewDeadlineMs,
      retryMs: flags['leader-election-retry-period'],
    },
    onLead: () => {
      told = ''
      log.info(of, 'leading')
      onLead()
    },
    onLost: async (why) => {
      log[why === 'stopping' ? 'info' : 'warn']({ ...of, reason: why }, 'leading no more')
      await onLost()
    },
    onHolder: (holder) => log.info({ ...of, holder }, 'standing by'),
    onError: ({ reason, message }) => {
      // Each try meets the same: once is enough.
      if (told !== message)
        log.warn({ ...of, reason, error: message }, 'the Lease could not be read or written')
      told = message
    },
  })
}
