/** Puts the controller together and runs it: the same in a cluster, in the sandbox and in one process with the local AWS. */
import type { Logger } from 'pino'
import { type AwsSettings, createAws } from './aws/client.ts'
import { createFactReader } from './aws/facts.ts'
import { Mirror } from './aws/mirror.ts'
import { createNetworkInterfaces } from './aws/network-interface.ts'
import { createRoles } from './aws/role.ts'
import { createSweeper } from './aws/sweep.ts'
import type { Config } from './config.ts'
import { createKube } from './kube/client.ts'
import { createRecorder } from './kube/event.ts'
import type { Handle } from './lib/http.ts'
import { createBindings } from './reconcile/bindings.ts'
import type { Context } from './reconcile/context.ts'
import { createEndpointRules } from './reconcile/endpoint-rules.ts'
import { begin, resync, sweep, work } from './reconcile/loops.ts'
import { createObserved } from './reconcile/observed.ts'
import { createDepartures } from './reconcile/policy.ts'
import { metricsOf } from './reconcile/metrics.ts'
import { joinQueues } from './reconcile/queues.ts'
import { createReports } from './reconcile/report.ts'
import { createTargetsMemory } from './reconcile/targets-memory.ts'
import { createTurns } from './reconcile/turns.ts'
import { createPace } from './reconcile/wait.ts'
import { createInformers, type Informers } from './watch/informers.ts'
import { createQueue, type Pass, type Queue } from './watch/queue.ts'
import type { Verdict } from './watch/verdict.ts'
import { version } from './version.ts'

export type StartOptions = {
  readonly config: Config
  readonly kube: Handle
  /** The SDK's own over HTTPS if absent. */
  readonly aws?: Pick<AwsSettings, 'requestHandler' | 'credentials' | 'limits'>
  readonly log: Logger
}
export type Running = {
  /** True once every kind is followed; false when stopped before. */
  readonly synced: Promise<boolean>
  /** Nothing is ready or running; what waits for its time doesn't count. */
  idle(): Promise<void>
  /** In Prometheus' text format. */
  metrics(): string
  stop(): Promise<void>
}

export function start(options: StartOptions): Running {
  const { log, config } = options
  const { context, recorder } = contextOf(options)
  const { informers, queue } = context
  const timers: ReturnType<typeof setInterval>[] = []
  const stopping = new AbortController()
  informers.start()
  const begun = informers.synced.then(async (synced) => {
    if (!synced) return
    await begin(context)
    if (stopping.signal.aborted) return
    const pass = { key: 'sweep', priority: 'drift', signal: stopping.signal } as const
    timers.push(
      setInterval(() => {
        sweep(pass, context).catch((error: unknown) => log.error({ err: error }, 'sweep threw'))
      }, config.flags['sweep-period']),
      setInterval(() => resync(context), config.flags['sync-period']),
    )
  })
  begun.catch((error: unknown) => log.fatal({ err: error }, 'start failed'))
  return {
    synced: informers.synced,
    metrics: () => metricsOf(context),
    idle: async () => {
      await begun
      await queue.idle()
    },
    stop: async () => {
      stopping.abort()
      for (const timer of timers) clearInterval(timer)
      await queue.stop(5_000)
      await informers.stop()
      await recorder.flush()
      context.roles.close()
      context.aws.close()
    },
  }
}

function contextOf({ config, kube: handle, aws: wire = {}, log }: StartOptions): {
  readonly context: Context
  readonly recorder: ReturnType<typeof createRecorder>
} {
  const { settings, flags } = config
  const aws = createAws({ region: settings.region, log, version, ...wire })
  const mirror = new Mirror(settings)
  const kube = createKube(handle)
  const informers = createInformers(kube, {
    onError: (resource, error, waitMs) =>
      log.warn({ resource, reason: error.reason, error: error.message, waitMs }, 'watch failed'),
    onHandlerError: (thrown) => log.error({ err: thrown }, 'a watch handler threw'),
  })
  const recorder = createRecorder(kube, {
    onError: (error, note) =>
      log.warn({ reason: error.reason, error: error.message, event: note.reason }, 'event not written'),
  })
  const queue = queueOf({ flags, log, run: (pass) => work(pass, context) })
  const context: Context = {
    settings,
    observe: flags.mode === 'observe',
    observed: createObserved(log),
    log,
    aws,
    mirror,
    sweeper: createSweeper(aws, mirror),
    facts: createFactReader(aws, settings),
    networkInterfaces: createNetworkInterfaces(aws, settings),
    kube,
    informers,
    bindings: createBindings(informers),
    queue,
    reports: createReports(recorder, finder(informers)),
    endpointRules: createEndpointRules(),
    backendUsers: new Map(),
    roles: createRoles(aws, settings.clusterName, (credentials) =>
      createAws({ region: settings.region, log, version, ...wire, credentials }),
    ),
    targets: createTargetsMemory(),
    turns: createTurns(
      () => aws.readyIn('elbv2:RegisterTargets'),
      (key) => queue.add(key, 'new'),
    ),
    filled: new Set(),
    untold: new Map(),
    departures: createDepartures(),
    pace: createPace(),
    unseen: new Set(),
    stillLeader: () => true,
  }
  return { context, recorder }
}

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
