/** A controller on the local AWS and cluster in one process, and how many AWS calls each change costs it, by the local AWS's journal. */
import pino from 'pino'
import { automaticHealth } from '../localstack/aws/elbv2/automatic-health.ts'
import { overrideQuota } from '../localstack/aws/elbv2/quota.ts'
import { inProcess } from '../localstack/aws/in-process.ts'
import {
  deployment,
  ingress,
  ingressClass,
  namespace,
  type PathRule,
  service,
} from '../localstack/scenario/manifest.ts'
import { startSystem, type System } from '../localstack/scenario/system.ts'
import { timings } from '../localstack/timing.ts'
import { readConfig } from '../src/config.ts'
import { type Running, start } from '../src/start.ts'

export const ns = 'bench'
type On = {
  /** More than a load balancer has by default: a quota that AWS raises. */
  readonly rules?: number
}

export async function withSystem(play: (bench: Bench) => Promise<void>, on: On = {}): Promise<void> {
  const timing = { ...timings.instant, throttle: false }
  const system = await startSystem({ clusterName: 'bench', region: 'eu-west-1', timing })
  if (on.rules !== undefined) overrideQuota(system.account, 'rules-per-application-load-balancer', on.rules)
  await system.plane.stop()
  automaticHealth(system.account, true)
  const bench = benchOn(system, timing)
  await system.kube.apply(namespace(ns), ingressClass('alb'))
  try {
    await play(bench)
  } finally {
    await bench.stop()
    await system.stop()
  }
}

export type Bench = {
  readonly kube: System['kube']
  /** `throttled`: AWS's published limits hold from now on, and the controller keeps to them. */
  start(limits?: 'throttled'): void
  stop(): Promise<void>
  /** Does `change`, waits until nothing is called any more, and answers with `reads R / writes W`; `timed`: and when the last one was made. */
  count(change: () => void | Promise<void>, timed?: 'timed'): Promise<string>
  /** Services with one pod each. */
  apps(names: readonly string[]): Promise<void>
  services(names: readonly string[]): Promise<void>
  events(): Promise<readonly { reason: string; count?: number }[]>
}

function benchOn(system: Awaited<ReturnType<typeof startSystem>>, timing: { throttle: boolean }): Bench {
  let running: Running | undefined
  const log = pino({ level: 'silent' })
  const calls = () => system.cloud.journal.since().filter(({ accessKey }) => accessKey === 'CONTROLLER')
  const bench: Bench = {
    kube: system.kube,
    start: (limits) => {
      timing.throttle = limits === 'throttled'
      const config = readConfig(
        [
          '--cluster-name=bench',
          '--aws-region=eu-west-1',
          `--aws-vpc-id=${system.vpcId}`,
          '--enable-leader-election=false',
        ],
        {},
      )
      if (!config.ok) throw new Error(config.error.join())
      const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
      const aws = {
        requestHandler: inProcess(system.cloud.handle),
        credentials,
        ...(timing.throttle ? {} : { limits: { fill: 1000 } }),
      }
      running = start({ config: config.value, kube: system.api.handle, aws, log })
    },
    stop: async () => {
      await running?.stop()
      running = undefined
    },
    count: async (change, timed) => {
      const since = calls().at(-1)?.n ?? 0
      const from = Date.now()
      await change()
      const made = await quiet(() => calls().filter(({ n }) => n > since))
      const told = `${made.filter(({ write }) => !write).length} R / ${made.filter(({ write }) => write).length} W`
      const seconds = ((made.at(-1)?.at ?? from) - from) / 1000
      return timed === undefined ? told : `${told}, ${seconds.toFixed(1)} s`
    },
    services: async (names) => {
      for (const name of names)
        await system.kube.apply(service(name, { namespace: ns, port: 80, targetPort: 8080 }))
    },
    apps: async (names) => {
      for (const name of names)
        await system.kube.apply(
          service(name, { namespace: ns, port: 80, targetPort: 8080 }),
          deployment(name, { namespace: ns, port: 8080, replicas: 1 }),
        )
    },
    events: () => system.kube.list(`/api/v1/namespaces/${ns}/events`),
  }
  return bench
}

/** Until nothing was added for a second and a half. */
async function quiet<T>(look: () => readonly T[]): Promise<readonly T[]> {
  let last = -1
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const found = look()
    if (found.length === last) return found
    last = found.length
  }
}

export const member = (name: string, paths: readonly PathRule[], more: Record<string, string> = {}) =>
  ingress(name, {
    namespace: ns,
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': 'bench', ...more },
    paths,
  })
export const path = (at: string, name: string): PathRule => ({ path: at, service: name, port: 80 })
export const many = (n: number, prefix = '/p'): PathRule[] =>
  Array.from({ length: n }, (_, i) => path(`${prefix}${String(i).padStart(3, '0')}`, 'web'))
export const touch = (bench: Bench, name: string) =>
  bench.kube.patch(`/apis/networking.k8s.io/v1/namespaces/${ns}/ingresses/${name}`, {
    metadata: { annotations: { 'example.com/touched': String(Math.random()) } },
  })
