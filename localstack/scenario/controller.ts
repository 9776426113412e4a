/** Runs the controller as a process of its own, as a cluster would: by flags and environment alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { World } from './scenario.ts'

const root = resolve(import.meta.dirname, '../..')
/** The controller's calls are told from a scenario's own by their access key. */
export const controllerAccessKey = 'CONTROLLER'

/** What is started, and as whom; by default the sources, as this process's own user. */
export type Program = {
  readonly command: readonly string[]
  readonly directory: string
  readonly uid?: number
  readonly env?: Readonly<Record<string, string>>
}
const guard = join(import.meta.dirname, 'guard.ts')
const sources = (nodeFlags: readonly string[] = []): Program => ({
  command: [process.execPath, ...nodeFlags, '--import', guard, join(root, 'src/main.ts')],
  directory: root,
})

export type ControllerOptions = {
  readonly kubeconfig: string
  /** How it reaches AWS, and as whom: `AWS_*`. */
  readonly aws: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
  readonly clusterName: string
  readonly region: string
  readonly vpcId: string
  /** Where its log lines go. */
  readonly logFile: string
  readonly program?: Program
  /** Of the sources. */
  readonly nodeFlags?: readonly string[]
  /** A minute if absent. */
  readonly readyWithinMs?: number
}

export function controllerOf(options: ControllerOptions): World['controller'] & {
  /** The most that was ever resident, where the system tells. */
  peakMiB(): number | undefined
  /** SIGTERM, as a kubelet would. */
  terminate(): Promise<void>
  stop(): Promise<void>
} {
  let child: ChildProcess | undefined
  let metrics = 0
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise((done) => running.once('exit', done))
    running.kill(signal)
    await exited
  }
  return {
    start: async () => {
      const port = await freePort()
      metrics = await freePort()
      const startedAt = performance.now()
      child = launch(options, port, metrics)
      await untilReady(port, child, options.readyWithinMs)
      return { readyMs: Math.round(performance.now() - startedAt) }
    },
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    stop: () => end('SIGKILL'),
    calls: async () => callsIn(await metricsAt(metrics)),
    said: async () => ({
      log: readFileSync(options.logFile, 'utf8'),
      metrics: await metricsAt(metrics),
    }),
    residentMiB: () => memoryMiB(child?.pid, 'VmRSS'),
    peakMiB: () => memoryMiB(child?.pid, 'VmHWM'),
  }
}

function launch(options: ControllerOptions, port: number, metrics: number): ChildProcess {
  const flags = [
    `--cluster-name=${options.clusterName}`,
    `--aws-region=${options.region}`,
    `--aws-vpc-id=${options.vpcId}`,
    `--kubeconfig=${options.kubeconfig}`,
    `--health-probe-bind-addr=127.0.0.1:${port}`,
    `--metrics-bind-addr=127.0.0.1:${metrics}`,
    // One that was killed would keep its successor waiting for its Lease.
    '--enable-leader-election=false',
    // As quick as load balancers and pods are here.
    '--deregistration-propagation=1s',
    '--longest-request=0s',
    ...(options.flags ?? []),
  ]
  const { command, directory, uid, env } = options.program ?? sources(options.nodeFlags)
  const [file = '', ...args] = command
  const child = spawn(file, [...args, ...flags], {
    cwd: directory,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      ...options.aws,
      ...env,
    },
  })
  const log = createWriteStream(options.logFile, { flags: 'a' })
  child.stdout?.pipe(log, { end: false })
  child.stderr?.pipe(log, { end: false })
  return child
}

const metricsAt = async (port: number): Promise<string> =>
  await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()

function callsIn(text: string): ReadonlyMap<string, number> {
  const calls = new Map<string, number>()
  for (const [, action = '', n] of text.matchAll(
    /_aws_requests_total\{action="(?:\w+:)?(\w+)"[^}]*\} (\d+)/g,
  ))
    calls.set(action, (calls.get(action) ?? 0) + Number(n))
  return calls
}

async function untilReady(port: number, child: ChildProcess, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the controller ended with ${child.exitCode ?? child.signalCode}; its log tells why`)
    }
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready) return
    await new Promise((done) => setTimeout(done, 10))
  }
  throw new Error(`the controller was not ready within ${withinMs / 1000} s; its log tells why`)
}

/** Free now; somebody else may be quicker. */
export function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    })
  })
}

/** From /proc, where there is one. */
function memoryMiB(pid: number | undefined, which: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const kib = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1]
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024)
  } catch {
    return undefined
  }
}
