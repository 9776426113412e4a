/** Reads the configuration, starts the controller, serves its health, stops it on SIGTERM. Nothing else. */
import pino from 'pino'
import { readConfig } from './config.ts'
import { loadKubeConfig } from './kube/kubeconfig.ts'
import { createTransport } from './kube/transport.ts'
import { serve } from './serve.ts'
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
  const unasked = found.ok ? [] : [found.error]
  for (const mistake of [...config.error, ...unasked]) process.stderr.write(`albatross: ${mistake}\n`)
  process.exit(2)
}
const { flags } = config.value
const log = pino({ level: flags['log-level'], base: null, timestamp: pino.stdTimeFunctions.isoTime })

process.on('unhandledRejection', (error) => {
  log.fatal({ err: error }, 'a promise was rejected and nobody cared: a bug')
  process.exit(1)
})

try {
  const kubeConfig = await loadKubeConfig({ path: flags.kubeconfig === '' ? undefined : flags.kubeconfig })
  const transport = createTransport(kubeConfig, { userAgent: `albatross/${version}` })
  const running = start({
    config: config.value,
    kube: transport.handle,
    namespace: kubeConfig.namespace,
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
  const health = await serve(flags['health-probe-bind-addr'], {
    '/healthz': () => ({ ok: true, text: 'ok\n' }),
    '/readyz': () => (synced ? { ok: true, text: 'ok\n' } : { ok: false, text: 'the caches are filling\n' }),
  })
  const metrics = await serve(flags['metrics-bind-addr'], {
    '/metrics': () => ({ ok: true, text: running.metrics() }),
  })
  /** A Service sends requests to a pod that ends for about so long; without webhooks nobody is waited for. */
  const lingerMs = 3_000
  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, 'stopping')
    await running.stop(lingerMs)
    await health.close()
    await metrics.close()
    await transport.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
} catch (error) {
  process.stderr.write(`albatross: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
