/** Puts the controller together and runs it: the same in a cluster, in the sandbox and in one process with the local AWS. */
import type { Logger } from 'pino'
import type { Admission } from './admission.ts'
import type { AwsSettings } from './aws/client.ts'
import type { KnownVpcCidrs } from './aws/facts.ts'
import type { Config } from './config.ts'
import { elect, leaseOf } from './election.ts'
import { createKube } from './kube/client.ts'
import type { Handle } from './lib/http.ts'
import { injectLabel } from './model/readiness.ts'
import { createBindings } from './reconcile/bindings.ts'
import type { Context } from './reconcile/context.ts'
import { leaseMetrics, metricsOf } from './reconcile/metrics.ts'
import { createReign, type Reign, type ReignOptions } from './reign.ts'
import { runShards, type Shards } from './shards.ts'
import { createAbsence, type Obstacle } from './watch/albc.ts'
import { createInformers, type InformerOptions, type Informers } from './watch/informers.ts'
import type { Election } from './watch/leader.ts'
import { slotCount } from './watch/slots.ts'

export type StartOptions = {
  readonly config: Config
  readonly kube: Handle
  /** Where the Lease is, unless a flag says so. */
  readonly namespace?: string
  /** The SDK's own over HTTPS if absent. */
  readonly aws?: Pick<AwsSettings, 'requestHandler' | 'credentials' | 'limits'>
  /** Of the VPC, where it was read a moment ago. */
  readonly vpcCidrs?: KnownVpcCidrs
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
  const { config } = options
  const informers = informersOf(options)
  const bindings = createBindings(informers)
  const { flags } = config
  const isShared = flags['enable-leader-election'] && flags.shards < slotCount
  const albc = absenceOf(options, informers)
  const works = (isShared ? shared : whole)({ ...options, informers, bindings, mayBegin: albc.gone })
  const admission = admissionOf(options, informers)
  informers.start()
  return {
    obstacles: () => albc.obstacles(),
    synced: informers.synced.then(async (synced) => {
      if (synced) await admission.begun
      return synced
    }),
    leads: works.leads,
    metrics: () => works.metrics() + admission.metrics(),
    idle: works.idle,
    stop: async (lingerMs = 0) => {
      albc.stop()
      const unasked = admission.end(lingerMs)
      await works.stop()
      await unasked
      await informers.stop()
    },
  }
}

type Works = Pick<Running, 'leads' | 'metrics' | 'idle'> & { stop(): Promise<void> }
type WorkOptions = Omit<ReignOptions, 'leads' | 'part' | 'account'> &
  Pick<StartOptions, 'namespace'> & {
    /** Settles once the caches are full and nothing is in the way; false: never. */
    readonly mayBegin: Promise<boolean>
  }

/** One replica does everything; others stand by. */
function whole(options: WorkOptions): Works {
  const { config, log, mayBegin } = options
  let leads = (): boolean => !config.flags['enable-leader-election']
  const nextReign = (): Reign => createReign({ ...options, leads: () => leads() })
  let reign = nextReign()
  let begun: Promise<void> | undefined
  let stopped = false
  const lead = (): void => {
    begun = reign.begin()
    begun.catch((error: unknown) => log.fatal({ err: error }, 'start failed'))
  }
  let election: Election | undefined
  const ready = mayBegin.then((may) => {
    if (!may || stopped) return
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
  return {
    leads: () => begun !== undefined && leads(),
    metrics: () =>
      metricsOf([reign.context], reign.context.aws) +
      leaseMetrics(
        election === undefined ? new Map() : new Map([[config.flags['leader-election-id'], leads()]]),
      ),
    idle: async () => {
      await ready
      await begun
      await reign.context.queue.idle()
    },
    stop: async () => {
      stopped = true
      await election?.stop()
      await reign.end(drainMs)
      await reign.told()
    },
  }
}

/** Several replicas share the work. */
function shared(options: WorkOptions): Works {
  let stopped = false
  let shards: Shards | undefined
  const ready = options.mayBegin.then((may) => {
    if (may && !stopped) shards = runShards(options)
  })
  const contexts = (): readonly Context[] => shards?.reigns().map(({ context }) => context) ?? []
  return {
    leads: () => [...(shards?.leases().values() ?? [])].includes(true),
    metrics: () =>
      metricsOf(contexts(), shards?.account.aws, shards?.past) + leaseMetrics(shards?.leases() ?? new Map()),
    idle: async () => {
      await ready
      await shards?.idle()
    },
    stop: async () => {
      stopped = true
      await shards?.stop()
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
  options: StartOptions,
  { synced, stores }: Informers,
): { readonly gone: Promise<boolean>; obstacles(): readonly Obstacle[]; stop(): void } {
  const { kube, log } = options
  const { flags } = options.config
  const stopping = new AbortController()
  let obstacles: readonly Obstacle[] = []
  const absence = createAbsence({
    kube: createKube(kube),
    services: () => stores.services.list(),
    lease: leaseOf(options),
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

/** All kinds fail together when the API server is away: one line, and another each minute. */
function tellFailures(log: Logger): NonNullable<InformerOptions['onError']> {
  const everyMs = 60_000
  let toldMs = -Infinity
  return (resource, { status, reason, message: error }, waitMs) => {
    if (status !== 0) {
      log.warn({ resource, reason, error, waitMs }, 'watch failed')
      return
    }
    const due = performance.now() - toldMs >= everyMs
    if (due) toldMs = performance.now()
    const says = 'the API server does not answer: what is known is served until it does'
    log[due ? 'warn' : 'debug']({ resource, reason, error, waitMs }, says)
  }
}

const informersOf = ({ kube, log }: StartOptions): Informers =>
  createInformers(createKube(kube), {
    onError: tellFailures(log),
    onMissing: (resource, error) =>
      log.warn(
        { resource, reason: error.reason, error: error.message },
        'not written until the API server shows this kind: apply crds/, or permit it; all else works',
      ),
    onHandlerError: (thrown) => log.error({ err: thrown }, 'a watch handler threw'),
  })
