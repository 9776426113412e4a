/** A replica as a process of its own, with an access key, a wire to the API server that can be cut, and health and metrics. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'
import { freePort } from '../../../localstack/scenario/controller.ts'
import { record } from '../../records.ts'
import { startProxy } from './proxy.ts'

const root = resolve(import.meta.dirname, '../../..')
const guard = join(root, 'localstack/scenario/guard.ts')

export const times = { leaseMs: 5_000, renewDeadlineMs: 3_000, retryMs: 500 }

export type Replica = {
  /** Its access key. */
  readonly key: string
  /** Under which it holds Leases; empty until it held one. */
  identity(): string
  /** Text of a path of health or metrics; undefined where the answer is no. */
  health(): Promise<string | undefined>
  metrics(): Promise<string>
  signal(name: NodeJS.Signals): void
  /** From and to the API server. */
  cut(): void
  heal(): void
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>
  /** When it logged this first, by the monotonic clock; undefined: never. */
  saidAt(message: string): number | undefined
  /** What it logged last. */
  words(): string
  /** SIGKILL, if it runs still. */
  close(): Promise<void>
}
export type ReplicaOptions = {
  readonly key: string
  readonly kubeconfig: string
  readonly awsUrl: string
  readonly vpcId: string
  readonly flags?: readonly string[]
}

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const folder = mkdtempSync(join(tmpdir(), 'replica-'))
  const config = parse(readFileSync(options.kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string } }[]
  }
  const [{ cluster } = { cluster: { server: '' } }] = config.clusters
  const proxy = await startProxy(Number(new URL(cluster.server).port))
  cluster.server = `https://127.0.0.1:${proxy.port}`
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 })
  const ports = { health: await freePort(), metrics: await freePort() }
  const child = launch(options, kubeconfig, ports)
  const lines: string[] = []
  let identity = ''
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (!line.includes('"leading"')) return
        ;({ identity } = JSON.parse(line) as { identity: string })
      })
  const exited = new Promise<number | string>((done) =>
    child.once('exit', (code, signal) => done(code ?? signal ?? '')),
  )
  return {
    key: options.key,
    identity: () => identity,
    health: () => answered(`http://127.0.0.1:${ports.health}/readyz`),
    metrics: async () => (await answered(`http://127.0.0.1:${ports.metrics}/metrics`)) ?? '',
    signal: (name) => void child.kill(name),
    cut: () => proxy.cut(),
    heal: () => proxy.heal(),
    exited,
    saidAt: (message) => {
      const line = lines.find((one) => one.includes(`"msg":"${message}"`))
      if (line === undefined) return undefined
      return performance.now() - (Date.now() - Date.parse((JSON.parse(line) as { time: string }).time))
    },
    words: () => `--- ${options.key}\n${lines.slice(-15).join('\n')}`,
    close: async () => {
      child.kill('SIGKILL')
      await exited
      record('log', lines.join('\n'))
      proxy.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const answered = (url: string): Promise<string | undefined> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => (response.ok ? response.text() : undefined),
    () => undefined,
  )

function launch(
  { key, awsUrl, vpcId, flags = [] }: ReplicaOptions,
  kubeconfig: string,
  { health, metrics }: { readonly health: number; readonly metrics: number },
): ChildProcess {
  const all = [
    '--cluster-name=demo',
    '--aws-region=eu-west-1',
    `--aws-vpc-id=${vpcId}`,
    `--kubeconfig=${kubeconfig}`,
    '--leader-election-namespace=kube-system',
    `--health-probe-bind-addr=127.0.0.1:${health}`,
    `--metrics-bind-addr=127.0.0.1:${metrics}`,
    `--leader-election-lease-duration=${times.leaseMs}ms`,
    `--leader-election-renew-deadline=${times.renewDeadlineMs}ms`,
    `--leader-election-retry-period=${times.retryMs}ms`,
    '--deregistration-propagation=1s',
    '--longest-request=0s',
    ...flags,
  ]
  const child = spawn(process.execPath, ['--import', guard, join(root, 'src/main.ts'), ...all], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      AWS_ENDPOINT_URL: awsUrl,
      AWS_ACCESS_KEY_ID: key,
      AWS_SECRET_ACCESS_KEY: 'local',
    },
  })
  // One that is paused can't see that we are gone.
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}
