/** What one leadership works with and runs; the next one begins with nothing remembered, since others wrote in between. */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { type Aws, type AwsSettings, createAws } from './aws/client.ts'
import { createFactReader, type KnownVpcCidrs } from './aws/facts.ts'
import { Mirror, type MirrorSettings } from './aws/mirror.ts'
import { createNetworkInterfaces } from './aws/network-interface.ts'
import { createRoles } from './aws/role.ts'
import type { Sharing } from './aws/shared-reads.ts'
import { createSweeper } from './aws/sweep.ts'
import type { Config } from './config.ts'
import { createKube, type Kube } from './kube/client.ts'
import type { KubeError } from './kube/error.ts'
import { createRecorder, type Recorder } from './kube/event.ts'
import type { Handle } from './lib/http.ts'
import type { Bindings } from './reconcile/bindings.ts'
import type { Context } from './reconcile/context.ts'
import { createEndpointRules } from './reconcile/endpoint-rules.ts'
import { begin, resync, sweep, work } from './reconcile/loops.ts'
import { groupKey } from './reconcile/key.ts'
import { createObserved } from './reconcile/observed.ts'
import { builds, follows, type NetworkNeeds, onlyOf, type Part } from './reconcile/part.ts'
import { createDepartures, type Departures } from './reconcile/policy.ts'
import { joinQueues } from './reconcile/queues.ts'
import { recordedSecrets } from './reconcile/publish.ts'
import { createRecords } from './reconcile/records.ts'
import { createReports } from './reconcile/report.ts'
import { createTargetsMemory } from './reconcile/targets-memory.ts'
import { createTurns } from './reconcile/turns.ts'
import { createPace } from './reconcile/wait.ts'
import type { Informers } from './watch/informers.ts'
import { createQueue, type Pass, type Queue } from './watch/queue.ts'
import { createSecrets, type Secrets } from './watch/secrets.ts'
import type { Verdict } from './watch/verdict.ts'
import { version } from './version.ts'

export type ReignOptions = {
  readonly config: Config
  readonly kube: Handle
  readonly aws?: Pick<AwsSettings, 'requestHandler' | 'credentials' | 'limits'>
  /** Of the VPC, where it was read a moment ago. */
  readonly vpcCidrs?: KnownVpcCidrs
  readonly log: Logger
  /** Followed all the time, by standbys too. */
  readonly informers: Informers
  readonly bindings: Bindings
  /** Whether this process is the one that may write. */
  readonly leads: () => boolean
  /** What it is for; absent: everything. */
  readonly part?: Part
  /** Shared with the other parts of this replica; absent: its own. */
  readonly account?: Account
}
/** What all parts of one replica have in common. */
export type Account = {
  readonly aws: Aws
  readonly sharing: Sharing
  /** The guard counts over all parts: what is spread over slots is one wrong edit all the same. */
  readonly departures: Departures
}
export type Reign = {
  readonly context: Context
  /** Settles when every key had its first turn ordered. */
  begin(): Promise<void>
  /** Settles when nothing of it runs any more; what runs longer than `drainMs` is told to end. */
  end(drainMs: number): Promise<void>
  /** Settles when its events are written or given up: nobody who would lead waits for that. */
  told(): Promise<void>
}

export function createReign(options: ReignOptions): Reign {
  const { config, log } = options
  const ending = new AbortController()
  let ended = false
  let sinceMs: number | undefined
  const bornMs = performance.now()
  const subscriptions: (() => void)[] = []
  const { context, recorder } = contextOf(options, {
    // A pass that outlives its leadership must not write in the next one.
    stillLeader: () => !ended && options.leads(),
    since: () => sinceMs,
    bornMs,
    subscriptions,
  })
  const timers: ReturnType<typeof setInterval>[] = []
  const { signal } = ending
  return {
    context,
    begin: async () => {
      if (config.flags['enable-leader-election']) sinceMs = Date.now()
      await begin(context, signal)
      if (signal.aborted) return
      const pass = { key: 'sweep', priority: 'drift', signal } as const
      const sweepMs = config.flags['sweep-period']
      timers.push(
        setInterval(() => {
          sweep(pass, context, sweepMs).catch((error: unknown) => log.error({ err: error }, 'sweep threw'))
        }, sweepMs),
        setInterval(() => resync(context), config.flags['sync-period']),
      )
    },
    end: async (drainMs) => {
      ending.abort()
      for (const timer of timers) clearInterval(timer)
      await context.queue.stop(drainMs)
      await context.secrets.close()
      ended = true
      for (const unsubscribe of subscriptions) unsubscribe()
      context.roles.close()
      context.aws.close()
    },
    told: () => recorder.flush(),
  }
}

type Term = {
  readonly stillLeader: () => boolean
  readonly since: () => number | undefined
  /** Nobody else writes from here on, by the monotonic clock. */
  readonly bornMs: number
  /** What ends the handlers of changes. */
  readonly subscriptions: (() => void)[]
}

function contextOf(
  options: ReignOptions,
  { stillLeader, since, bornMs, subscriptions }: Term,
): { readonly context: Context; readonly recorder: Recorder } {
  const { config, kube: handle, aws: wire = {}, log, informers, bindings, part = 'all', account } = options
  const { settings, flags } = config
  const wired = { ...awsSettings({ config, aws: wire, log }), mayCall: stillLeader }
  const aws = account?.sharing(account.aws.during(stillLeader), () => bornMs) ?? createAws(wired)
  const mirror = new Mirror({ ...settings, ...shareOf(part) })
  const recorder = createRecorder(createKube(handle), {
    instance: hostname(),
    onError: (error, note) =>
      log.warn({ reason: error.reason, error: error.message, event: note.reason }, 'event not written'),
  })
  const asked: NetworkNeeds = { backendUsers: new Map(), endpointRules: createEndpointRules() }
  const queue = onlyOf(part, queueOf({ flags, log, run: (pass) => work(pass, context) }), asked)
  const kube = createKube(onlyWhile(stillLeader, handle))
  const followed = ending(informers, subscriptions)
  const context: Context = {
    settings,
    part,
    observe: flags.mode === 'observe',
    observed: createObserved(log),
    log,
    aws,
    mirror,
    // The network needs no rules of listeners, but for those of single stacks.
    sweeper: createSweeper(aws, mirror, { content: builds(part) }),
    facts: createFactReader(aws, { ...settings, knownVpcCidrs: options.vpcCidrs }),
    networkInterfaces: createNetworkInterfaces(aws, settings),
    kube,
    informers: followed,
    bindings,
    secrets: secretsOf(createKube(handle), queue, log),
    recordedSecrets: (stack) => recordedSecrets(stack, context),
    queue,
    reports: createReports(
      // What fails because leadership is over is nobody's problem.
      { record: (note) => !stillLeader() || recorder.record(note) },
      finder(informers),
    ),
    records: createRecords({ kube, informers: followed, queue, onRefused: refusedBy(log) }),
    outside: new Set(),
    ...asked,
    roles: createRoles(aws, settings.clusterName, (credentials) => createAws({ ...wired, credentials })),
    targets: createTargetsMemory(),
    turns: createTurns(
      // Not what all calls share: reads that can wait would keep it empty for as long as there are any.
      () => aws.categoryReadyIn('elbv2:RegisterTargets'),
      (key) => queue.add(key, 'new'),
    ),
    departures: account?.departures ?? createDepartures(),
    ...remembered(),
    stillLeader,
    get leaderSince() {
      return since()
    },
  }
  return { context, recorder }
}

export const awsSettings = ({ config, aws = {}, log }: Pick<ReignOptions, 'config' | 'aws' | 'log'>) => ({
  region: config.settings.region,
  log,
  version,
  ...aws,
  ...limitOf(config.flags),
})

/** Of targets that another part registers, what was read counts for a moment only. */
const shareOf = (part: Part): Pick<MirrorSettings, 'isMine' | 'targetsKeptMs'> =>
  follows(part) ? {} : { isMine: (stack) => builds(part, stack), targetsKeptMs: 5_000 }

const secretsOf = (kube: Kube, queue: Queue, log: Logger): Secrets =>
  createSecrets({
    kube,
    onChange: (stacks) => {
      for (const stack of stacks) queue.add(groupKey(stack), 'edit')
    },
    // Not the message: it quotes an answer that is garbled.
    onError: (secret, { status, reason }) => log.warn({ secret, status, reason }, 'Secret not read'),
  })
const refusedBy =
  (log: Logger) =>
  (resource: string, { reason, message }: KubeError): void =>
    log.warn({ resource, reason, error: message }, 'not written: the API server refuses')

/** The same, of which every handler ends with this leadership. */
function ending(informers: Informers, subscriptions: (() => void)[]): Informers {
  const noted = (unsubscribe: () => void): (() => void) => {
    subscriptions.push(unsubscribe)
    return unsubscribe
  }
  const { ingressReports, ingressGroups } = informers.optional
  return {
    ...informers,
    optional: {
      ingressReports: { ...ingressReports, onAppear: (handler) => noted(ingressReports.onAppear(handler)) },
      ingressGroups: { ...ingressGroups, onAppear: (handler) => noted(ingressGroups.onAppear(handler)) },
    },
    onChange: (kind, handler) => noted(informers.onChange(kind, handler)),
  }
}

/** What a restart may forget: AWS and the cluster say it again. */
const remembered = (): Pick<Context, 'full' | 'pace' | 'refusals' | 'untold' | 'filled' | 'unseen'> => ({
  filled: new Set(),
  refusals: new Map(),
  untold: new Map(),
  unseen: new Set(),
  full: new Map(),
  pace: createPace(),
})

/** A call that is in flight when leadership ends has ended before another can lead. */
function limitOf(flags: Config['flags']): { readonly callTimeoutMs?: number } {
  if (!flags['enable-leader-election']) return {}
  const left = flags['leader-election-lease-duration'] - flags['leader-election-renew-deadline']
  return { callTimeoutMs: Math.min(left - 500, 15_000) }
}

/** Reads go on; no write leaves once leadership is over. */
const onlyWhile =
  (stillLeader: () => boolean, handle: Handle): Handle =>
  (request) =>
    request.method === 'GET' || stillLeader()
      ? handle(request)
      : Promise.reject(new Error('this replica leads no more'))

function queueOf({
  flags,
  log,
  run,
}: {
  readonly flags: Config['flags']
  readonly log: Logger
  readonly run: (pass: Pass) => Promise<Verdict>
}): Queue {
  const withWorkers = (workers: number): Queue =>
    createQueue({
      workers,
      editWorkers: workers,
      work: run,
      onPass: ({ key, verdict, thrown, tookMs }) => {
        if (thrown !== undefined) log.error({ key, err: thrown, tookMs }, 'a pass threw')
        else log.debug({ key, verdict, tookMs }, 'pass')
      },
    })
  return joinQueues(
    withWorkers(flags['ingress-max-concurrent-reconciles']),
    withWorkers(flags['targetgroupbinding-max-concurrent-reconciles']),
  )
}

const finder =
  ({ stores }: Informers): Parameters<typeof createReports>[1] =>
  ({ kind, namespace, name }) => {
    const key = namespace === undefined ? name : `${namespace}/${name}`
    switch (kind) {
      case 'Ingress':
        return stores.ingresses.get(key)
      case 'Service':
        return stores.services.get(key)
      case 'IngressClass':
        return stores.ingressClasses.get(key)
      case 'IngressClassParams':
        return stores.ingressClassParams.get(key)
      case 'TargetGroupBinding':
        return stores.targetGroupBindings.get(key)
      case 'Pod':
        return stores.pods.get(key)
      case 'Node':
        return stores.nodes.get(key)
    }
  }
