/** The bundle alone: from the start of its process until it is ready, on a local cluster and AWS that are nearly empty, and its memory when idle. */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { startWorld } from '../localstack/scenario/world.ts'

const root = resolve(import.meta.dirname, '..')
const rounds = 7
const restMs = 5_000

const bundled = spawnSync(process.execPath, [join(root, 'scripts/bundle.ts')], { encoding: 'utf8' })
if (bundled.status !== 0) throw new Error(bundled.stderr)
const guard = join(root, 'localstack/scenario/guard.ts')
const world = await startWorld({
  clusterName: 'bench',
  region: 'eu-west-1',
  program: {
    command: [process.execPath, '--import', guard, join(root, 'dist/albatross.mjs')],
    directory: root,
  },
})
const starts: number[] = []
for (let round = 0; round < rounds; round += 1) {
  await world.controller.kill()
  starts.push((await world.controller.start()).readyMs)
}
await new Promise((resolve) => setTimeout(resolve, restMs))
const memory = world.controller.residentMiB()
await world.stop()
const [fastest = 0, ...others] = starts.toSorted((a, b) => a - b)
const seconds = (ms = 0): string => (ms / 1000).toFixed(2)
console.log(
  `process start to ready; memory when idle: ALBC 2.09 s, 54 MiB; Albatross ${seconds(others[(rounds - 3) / 2])} s (${seconds(fastest)} to ${seconds(others.at(-1))}), ${memory ?? '?'} MiB`,
)
