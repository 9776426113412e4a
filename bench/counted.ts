/** A controller on the local AWS and cluster in one process, and how many AWS calls each change costs it, by the local AWS's journal. */
import pino from 'pino'
import { automaticHealth } from '../localstack/aws/elbv2/automatic-health.ts'
import { overrideQuota } from '../localstack/aws/elbv2/quota.ts'
import { inProcess } from '../localstack/aws/in-process.ts'
import {
  deployment,
  ingress,
  ingressClass,
  type Manifest,
  namespace,
  type PathRule,
  service,
} from '../localstack/scenario/manifest.ts'
import { startSystem, type System } from '../localstack/scenario/system.ts'
import { timings } from '../localstack/timing.ts'
import { type Config, readConfig } from '../src/config.ts'
import type { Handle } from '../src/lib/http.ts'
import { type Running, start } from '../src/start.ts'

export const ns = 'bench'
type On = {
  /** Rules and target groups of a load balancer, where it needs more than it has by default: quotas that AWS raises. */
  readonly rules?: number
}
/** `throttled`: AWS's published limits hold from now on, and the controller keeps to them; `distant`: each call takes 100 ms more. */
type How = 'throttled' | 'distant'

/** Of a controller alone with the system's VPC. */
export function configOf({ vpcId }: Pick<System, 'vpcId'>): Config {
  const config = readConfig(
    [
      '--cluster-name=bench',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${vpcId}`,
      '--enable-leader-election=false',
    ],
    {},
  )
  if (!config.ok) throw new Error(config.error.join())
  return config.value
}

export async function withSystem(play: (bench: Bench) => Promise<void>, on: On = {}): Promise<void> {
  const timing = { ...timings.instant, throttle: false }
  const system = await startSystem({ clusterName: 'bench', region: 'eu-west-1', timing })
  if (on.rules !== undefined)
    for (const quota of [
      'rules-per-application-load-balancer',
      'target-groups-per-application-load-balancer',
    ] as const)
      overrideQuota(system.account, quota, on.rules)
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
  start(how?: How): void
  stop(): Promise<void>
  /** Does `change`, waits until nothing is called any more, and answers with `reads R / writes W`; `timed`: and when the last one was made. */
  count(change: () => void | Promise<void>, timed?: 'timed'): Promise<string>
  /** Seconds until each Ingress had an address, ascending. */
  addressed(): Promise<readonly number[]>
  /** Services with one pod each. */
  apps(names: readonly string[]): Promise<void>
  services(names: readonly string[]): Promise<void>
  scale(name: string, replicas: number): Promise<void>
  /** The controller's AWS writes so far, by action. */
  made(): readonly string[]
  events(): Promise<readonly { reason: string; count?: number }[]>
}

type Addressed = { readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly unknown[] } } }

function benchOn(system: Awaited<ReturnType<typeof startSystem>>, timing: { throttle: boolean }): Bench {
  let running: Running | undefined
  const log = pino({ level: 'silent' })
  const calls = () => system.cloud.journal.since().filter(({ accessKey }) => accessKey === 'CONTROLLER')
  const bench: Bench = {
    kube: system.kube,
    start: (how) => {
      timing.throttle = how === 'throttled'
      const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
      const aws = {
        requestHandler: inProcess(how === 'distant' ? later(system.cloud.handle) : system.cloud.handle),
        credentials,
        ...(timing.throttle ? {} : { limits: { fill: 1000 } }),
      }
      running = start({ config: configOf(system), kube: system.api.handle, aws, log })
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
    addressed: async () => {
      const from = Date.now()
      const found: number[] = []
      for (;;) {
        const all = await system.kube.list<Addressed>('/apis/networking.k8s.io/v1/ingresses')
        const have = all.filter(({ status }) => status?.loadBalancer?.ingress?.[0] !== undefined)
        while (found.length < have.length) found.push((Date.now() - from) / 1000)
        if (found.length === all.length) return found
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    services: async (names) => {
      for (const name of names) await system.kube.apply(app(name)[0])
    },
    apps: async (names) => {
      for (const name of names) await system.kube.apply(...app(name))
    },
    scale: (name, replicas) =>
      system.kube.patch(`/apis/apps/v1/namespaces/${ns}/deployments/${name}`, { spec: { replicas } }),
    made: () =>
      calls()
        .filter(({ write }) => write)
        .map(({ action }) => action),
    events: () => system.kube.list(`/api/v1/namespaces/${ns}/events`),
  }
  return bench
}

const later =
  (handle: Handle): Handle =>
  async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    return await handle(request)
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

/** A Service with one pod. */
export const app = (name: string) =>
  [
    service(name, { namespace: ns, port: 80, targetPort: 8080 }),
    deployment(name, { namespace: ns, port: 8080, replicas: 1 }),
  ] as const
export const member = (name: string, paths: readonly PathRule[], more: Record<string, string> = {}) =>
  ingress(name, {
    namespace: ns,
    class: 'alb',
    annotations: { scheme: 'internet-facing', 'target-type': 'ip', 'group.name': 'bench', ...more },
    paths,
  })
/** 100 in this many groups, with two paths each, to the Services `s0` to `s199`. */
export const hundredMembers = (groups: number): readonly Manifest[] =>
  Array.from({ length: 100 }, (_, i) => {
    const [a, b] = [`s${2 * i}`, `s${2 * i + 1}`]
    return member(`i${i}`, [path(`/${a}`, a), path(`/${b}`, b)], { 'group.name': `g${i % groups}` })
  })
export const theirServices: readonly string[] = Array.from({ length: 200 }, (_, i) => `s${i}`)
export const path = (at: string, name: string): PathRule => ({ path: at, service: name, port: 80 })
export const many = (n: number, prefix = '/p'): PathRule[] =>
  Array.from({ length: n }, (_, i) => path(`${prefix}${String(i).padStart(3, '0')}`, 'web'))
export const touch = (bench: Bench, name: string) =>
  bench.kube.patch(`/apis/networking.k8s.io/v1/namespaces/${ns}/ingresses/${name}`, {
    metadata: { annotations: { 'example.com/touched': String(Math.random()) } },
  })
