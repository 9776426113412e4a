/** The controller as a process of its own, from its sources; what it says is kept for the search for secrets, and it dies with its test. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Readable, Writable } from 'node:stream'
import { listen } from '../localstack/aws/listen.ts'
import { listenKube, writeKubeconfig } from '../localstack/kube/listen.ts'
import { record } from './records.ts'
import type { TestWorld } from './world.ts'

const sources = join(import.meta.dirname, '..')

type Given = {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** A module that is loaded before it. */
  readonly preload?: string | undefined
}
export type Started = {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** All that it said so far. */
  readonly told: { readonly out: string; readonly error: string }
  /** Its exit code, once all that it said has arrived. */
  readonly ended: Promise<number>
}

export function startMain(t: TestContext, { args, env, preload }: Given): Started {
  const guard = join(sources, 'localstack/scenario/guard.ts')
  const loads = [guard, ...(preload === undefined ? [] : [preload])].flatMap((file) => ['--import', file])
  const child = spawn(process.execPath, [...loads, join(sources, 'src/main.ts'), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  const told = { out: '', error: '' }
  child.stdout.on('data', (data) => (told.out += String(data)))
  child.stderr.on('data', (data) => (told.error += String(data)))
  const ended = once(child, 'close').then(([code]) => code as number)
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
    record('log', told.out + told.error)
  })
  return { child, told, ended }
}

/** A world's AWS and API server on loopback. */
export async function listening(
  t: TestContext,
  { cloud, api }: TestWorld,
): Promise<{ readonly awsUrl: string; readonly kubeconfig: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'albatross-process-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [aws, kube] = [await listen(cloud.handle), await listenKube(api.handle)]
  t.after(() => aws.close())
  t.after(() => kube.close())
  const kubeconfig = join(folder, 'config')
  writeKubeconfig(kubeconfig, kube.url)
  return { awsUrl: aws.url, kubeconfig }
}
