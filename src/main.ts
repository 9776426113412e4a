/** Reads the configuration, starts the controller, serves its health, stops it on SIGTERM. Nothing else. */
import { checkAccount } from './account-check.ts'
import { readConfig } from './config.ts'
import { ensureDefinitions } from './definitions.ts'
import type { FlagName } from './flag.ts'
import { loadKubeConfig } from './kube/kubeconfig.ts'
import { createTransport } from './kube/transport.ts'
import { createLog } from './log.ts'
import { type Answers, serve, type Served } from './serve.ts'
import { start } from './start.ts'
import { asked } from './usage.ts'
import { version } from './version.ts'
import { findWhere } from './where.ts'

const text = asked(process.argv.slice(2))
if (text !== undefined) {
  process.stdout.write(text)
  process.exit(0)
}
const found = await findWhere(process.argv.slice(2), process.env)
const config = readConfig([...process.argv.slice(2), ...(found.ok ? found.value : [])], process.env)
if (!config.ok) {
  const known = config.error.filter((one) => found.ok || !/^--aws-(region|vpc-id) is required/.test(one))
  const unasked = found.ok ? [] : [found.error]
  for (const mistake of [...known, ...unasked]) process.stderr.write(`albatross: ${mistake}\n`)
  process.exit(2)
}
const { flags } = config.value
const told = createLog({ level: flags['log-level'], format: flags['log-format'] })
const { log } = told

process.on('SIGUSR2', () => {
  log.level = log.level === 'debug' ? flags['log-level'] : 'debug'
  log.info({ level: log.level }, 'log level changed by SIGUSR2')
})

process.on('unhandledRejection', (error) => {
  log.fatal({ err: error }, 'a promise was rejected and nobody cared: a bug')
  process.exit(1)
})

/** What goes wrong is told with the flag that may put it right. */
async function under<T>(flag: FlagName, value: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const [said = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new Error(`--${flag}=${value}: ${said.replace(/:$/, '')}`, { cause: error })
  }
}

/** Loaded only where it is asked for, and while all else starts. */
const tracing =
  process.env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true' &&
  (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] || process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
    ? import('./tracing.ts').then(
        ({ startTracing }) => startTracing(version, process.env),
        (error: unknown) => {
          log.warn({ err: error }, 'no traces')
          return undefined
        },
      )
    : undefined

try {
  const path = flags.kubeconfig === '' ? undefined : flags.kubeconfig
  const kubeConfig = await under('kubeconfig', path ?? '', loadKubeConfig({ path }))
  const transport = createTransport(kubeConfig, { userAgent: `albatross/${version}` })
  await ensureDefinitions({ kube: transport.handle, mode: flags.crds, log })
  const account = checkAccount(config.value.settings, log)
  const running = start({
    config: config.value,
    kube: transport.handle,
    namespace: kubeConfig.namespace,
    vpcCidrs: account.vpcCidrs,
    log,
  })
  let synced = false
  running.synced.then(
    (value) => {
      synced = value
      log.info({ version, cluster: flags['cluster-name'], mode: flags.mode }, 'ready')
    },
    () => undefined,
  )
  const served = (
    flag: 'health-probe-bind-addr' | 'metrics-bind-addr',
    answers: Answers,
  ): Promise<Served> => {
    const at = flags[flag]
    return under(flag, at === 'off' ? '0' : `${at.host}:${at.port}`, serve(at, answers))
  }
  const health = await served('health-probe-bind-addr', {
    '/healthz': () => ({ ok: true, text: 'ok\n' }),
    '/readyz': () => {
      const [obstacle] = running.obstacles()
      if (obstacle !== undefined) return { ok: false, text: `${obstacle.found}: ${obstacle.remedy}\n` }
      if (!synced) return { ok: false, text: 'the caches are filling\n' }
      const trouble = account.trouble()
      return trouble === undefined ? { ok: true, text: 'ok\n' } : { ok: false, text: `${trouble}\n` }
    },
  })
  const metrics = await served('metrics-bind-addr', {
    '/metrics': () => ({ ok: true, text: running.metrics() + told.metrics() }),
  })
  /** A Service sends requests to a pod that ends for about so long; without webhooks nobody is waited for. */
  const lingerMs = 3_000
  /** Kubernetes kills after 10 s, in the chart. */
  const stopMs = 9_000
  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, 'stopping')
    account.stop()
    setTimeout(() => {
      log.warn('not all has ended in time: what AWS was asked for last may or may not have happened')
      process.exit(0)
    }, stopMs).unref()
    await running.stop(lingerMs)
    await health.close()
    await metrics.close()
    await transport.close()
    await (await tracing)?.stop(1_000)
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
} catch (error) {
  process.stderr.write(`albatross: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
