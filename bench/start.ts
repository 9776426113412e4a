/**
 * The bundle as a process of its own, on a local cluster and AWS: from its start until it is ready, and its memory when idle; its
 * most memory with 100 Ingresses, 200 rules and 200 target groups made at once; and how long nobody leads when it is restarted.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { controllerAccessKey, controllerOf } from '../localstack/scenario/controller.ts'
import { ingressClass, namespace } from '../localstack/scenario/manifest.ts'
import { startWorld } from '../localstack/scenario/world.ts'
import { imageFlags } from '../test/image-flags.ts'
import { app, hundredMembers, ns, theirServices } from './counted.ts'

const root = resolve(import.meta.dirname, '..')
const rounds = 7
const restMs = 5_000
const where = { clusterName: 'bench', region: 'eu-west-1' }

const bundled = spawnSync(process.execPath, [join(root, 'scripts/bundle.ts')], { encoding: 'utf8' })
if (bundled.status !== 0) throw new Error(bundled.stderr)
const guard = join(root, 'localstack/scenario/guard.ts')
const program = {
  command: [process.execPath, ...imageFlags, '--import', guard, join(root, 'dist/albatross.mjs')],
  directory: root,
}
const seconds = (ms = 0): string => (ms / 1000).toFixed(2)
const middle = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[(all.length - 1) / 2] ?? 0
const told = (all: readonly number[]): string =>
  `${seconds(middle(all))} s (${seconds(Math.min(...all))} to ${seconds(Math.max(...all))})`
const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function alone(): Promise<void> {
  const world = await startWorld({ ...where, program })
  const starts: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await world.controller.kill()
    starts.push((await world.controller.start()).readyMs)
  }
  await rest(restMs)
  const memory = world.controller.residentMiB()
  await world.stop()
  console.log(
    `process start to ready; memory when idle: ALBC 2.09 s, 54 MiB; Albatross ${told(starts)}, ${memory ?? '?'} MiB`,
  )
}

/** A controller beside the world's own, which never starts. */
async function withLeader(
  play: (
    world: Awaited<ReturnType<typeof startWorld>>,
    controller: ReturnType<typeof controllerOf>,
    logFile: string,
  ) => Promise<void>,
): Promise<void> {
  const world = await startWorld({ ...where, program })
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const logFile = join(folder, 'log')
  const controller = controllerOf({
    ...where,
    vpcId: world.vpcId,
    kubeconfig: world.kubeconfig,
    aws: {
      AWS_ENDPOINT_URL: world.awsUrl,
      AWS_ACCESS_KEY_ID: controllerAccessKey,
      AWS_SECRET_ACCESS_KEY: 'local',
    },
    flags: ['--enable-leader-election=true', '--leader-election-namespace=kube-system'],
    logFile,
    program,
  })
  try {
    await play(world, controller, logFile)
  } finally {
    await controller.stop()
    await world.stop()
    rmSync(folder, { recursive: true })
  }
}

/** By the log's own times. */
const leadingSince = (logFile: string): readonly number[] =>
  readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"leading"'))
    .map((line) => Date.parse((JSON.parse(line) as { time: string }).time))

await alone()
await withLeader(async (world, controller, logFile) => {
  await world.kube.apply(namespace(ns), ingressClass('alb'))
  for (const name of theirServices) await world.kube.apply(...app(name))
  await controller.start()
  for (const one of hundredMembers(20)) await world.kube.apply(one)
  while (((await controller.calls()).get('CreateRule') ?? 0) < 200) await rest(500)
  await rest(restMs)
  console.log(
    `peak memory with 100 Ingresses, 200 rules: ALBC 80 MiB; Albatross ${controller.peakMiB() ?? '?'} MiB`,
  )
  const gaps: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const from = Date.now()
    await controller.terminate()
    await controller.start()
    while (leadingSince(logFile).length < round + 2) await rest(20)
    gaps.push((leadingSince(logFile).at(-1) ?? 0) - from)
  }
  console.log(`SIGTERM until its successor, started then, leads: ALBC 19.7 s; Albatross ${told(gaps)}`)
})
