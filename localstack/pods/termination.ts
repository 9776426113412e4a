/**
 * How the containers of a pod end, as a kubelet ends them: the preStop hook within the grace period, SIGTERM, and SIGKILL when
 * the rest of the period has passed. A hook counts against the period, and two seconds are left after it in any case.
 */
import { get, type RequestOptions } from 'node:http'
import type { Network } from '../alb/network.ts'
import type { Running } from './echo.ts'
import type { Container } from './kinds.ts'

export type Process = { readonly container: Container; readonly servers: readonly Running[] }
type Ending = {
  readonly ip: string
  readonly graceMs: number
  readonly network: Network
  /** Aborted: SIGKILL at once. */
  readonly killed: AbortSignal
}

/** `minimumGracePeriodInSeconds` of the kubelet. */
const leastMs = 2_000

/** Settles when every container has ended. */
export async function terminate(processes: readonly Process[], ending: Ending): Promise<void> {
  await Promise.all(processes.map((process) => end(process, ending)))
}

async function end({ container, servers }: Process, ending: Ending): Promise<void> {
  const { graceMs } = ending
  const beganAt = performance.now()
  if (container.lifecycle?.preStop !== undefined && graceMs > 0)
    await first(ending.killed, graceMs, (killed) => preStop(container, { ...ending, killed }))
  const leftMs = Math.max(leastMs, graceMs - (performance.now() - beganAt))
  if (!exits(container))
    await first(ending.killed, leftMs, () => Promise.all(servers.map((server) => server.terminate())))
  await Promise.all(servers.map((server) => server.close()))
}

/** `ON_SIGTERM=exit`: a process that leaves what is under way, as those do that know nothing of signals. */
const exits = ({ env }: Container): boolean =>
  env?.some(({ name, value }) => name === 'ON_SIGTERM' && value === 'exit') ?? false

/** What it does, or the time that it has; the other leaves no timer behind. */
async function first(
  killed: AbortSignal,
  ms: number,
  does: (over: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([killed, over.signal])
  await Promise.race([does(signal), pause(ms, signal)])
  over.abort()
}

async function preStop(container: Container, { ip, network, killed }: Ending): Promise<void> {
  const { sleep, exec, httpGet } = container.lifecycle?.preStop ?? {}
  if (sleep !== undefined) await pause(sleep.seconds * 1000, killed)
  else if (exec !== undefined) await pause(sleepOf(exec.command ?? []) * 1000, killed)
  else if (httpGet !== undefined) {
    const named = container.ports?.find(({ name }) => name === httpGet.port)?.containerPort
    const { host, port } = network.reach(httpGet.host ?? ip, named ?? Number(httpGet.port))
    await answered({ host, port, path: httpGet.path ?? '/', signal: killed })
  }
}

/** Or failed: the container ends either way. */
const answered = (of: RequestOptions): Promise<void> =>
  new Promise((resolve) => {
    get({ ...of, agent: false }, (response) => response.resume().on('close', () => resolve())).on(
      'error',
      () => resolve(),
    )
  })

/** Seconds. Of all programs there is only `sleep` here, alone or in a shell's line; everything else takes no time. */
function sleepOf(command: readonly string[]): number {
  const words = command.flatMap((part) => part.split(/[\s;&|]+/)).map((word) => word.replace(/^.*\//, ''))
  return words.reduce((sum, word, at) => (word === 'sleep' ? sum + (Number(words[at + 1]) || 0) : sum), 0)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
