/** Plays one history of bindings and their network, and says what went wrong in it. */
import { type Timing, timings } from '../../../localstack/timing.ts'
import { type Clock, installClock } from '../clock.ts'
import type { Op } from '../history.ts'
import type { Outcome } from '../run.ts'
import { callText, ready, Stuck, untilRest } from '../stage.ts'
import { createWorld, kill, startController, type World } from '../world.ts'
import { deleteAll, historyOf, mendAll, play } from './history.ts'
import { bindingsOf } from './need.ts'
import { createScene, type NetworkScene } from './scene.ts'
import { type NetworkWatch, watchNetwork } from './watch.ts'
import { bendWires } from './wires.ts'

type Stage = {
  readonly clock: Clock
  readonly scene: NetworkScene
  readonly watching: NetworkWatch
  readonly say: (text: string) => void
}

const sweepMs = 5 * 60_000
const timingOf = (seed: number): Timing =>
  seed % 2 === 0 ? timings.aws : { ...timings.instant, drainScale: 0.1, throttle: true }

export async function run(seed: number, ops: readonly Op[] = historyOf(seed)): Promise<Outcome> {
  const clock = installClock(seed)
  const rejected: unknown[] = []
  const onRejection = (reason: unknown): void => void rejected.push(reason)
  process.on('unhandledRejection', onRejection)
  const trace: string[] = []
  const violations: string[] = []
  const startedAt = clock.now()
  const say = (text: string): void =>
    void trace.push(`${((clock.now() - startedAt) / 1000).toFixed(3).padStart(9)} ${text}`)
  let calls = 0
  try {
    const exact = seed % 5 === 0
    const flags = [`--sweep-period=${sweepMs}ms`, ...(exact ? ['--exact-backend-ports=true'] : [])]
    const world = await ready(clock, createWorld(timingOf(seed), flags))
    const scene = await ready(clock, createScene(world))
    bendWires(scene)
    const watching = watchNetwork(scene, exact)
    const { journal } = world.cloud
    const add = journal.add.bind(journal)
    journal.add = (entry) => {
      add(entry)
      calls += 1
      const made = journal.since().at(-1)
      if (made === undefined) return
      const before = watching.violations.length
      if (made.write || made.error !== undefined) say(callText(made))
      watching.call(made)
      for (const found of watching.violations.slice(before)) say(`!!! ${found}`)
    }
    await tell({ clock, scene, watching, say }, ops)
    violations.push(...watching.violations)
    for (const line of world.logs)
      if (line.level >= 50) violations.push(`log: ${line.msg} ${JSON.stringify(line['err'] ?? line)}`)
    world.api.stop()
  } catch (error) {
    violations.push(
      error instanceof Stuck
        ? error.message
        : `threw: ${error instanceof Error ? error.stack : String(error)}`,
    )
  } finally {
    await clock.advance(10_000)
    process.off('unhandledRejection', onRejection)
    clock.uninstall()
  }
  for (const reason of rejected) violations.push(`unhandled: ${String(reason)}`)
  for (const found of violations) trace.push(`!!! ${found}`)
  return { seed, violations, trace, calls }
}

async function tell(stage: Stage, ops: readonly Op[]): Promise<void> {
  const { clock, scene, watching, say } = stage
  const { world } = scene
  let delay = 0
  world.onDeath = () => {
    say('--- the controller died')
    delay = (delay * 7 + 1_300) % 20_000
    setTimeout(() => {
      if (world.life === undefined) startController(world)
      say('--- a controller started')
    }, delay)
  }
  startController(world)
  for (const op of ops) {
    const done = await ready(clock, play(scene, op))
    if (done === undefined) continue
    say(`>>> ${op.do}: ${done}`)
    watching.changed()
    if (op.wait === 'rest') await rest(stage, false)
    else await clock.advance(op.wait)
    if (watching.violations.length > 0) return
  }
  calm(world, scene)
  await ready(clock, mendAll(scene))
  watching.changed()
  say('=== all is mended')
  await rest(stage, true)
  await restart(stage)
  await ready(clock, deleteAll(scene))
  watching.changed()
  say('=== everything is deleted')
  await rest(stage, true)
  checkEnd(scene, watching)
  if (world.life) kill(world, world.life)
}

function calm(world: World, scene: NetworkScene): void {
  world.cloud.clearFaults()
  world.kubeFaults.clear()
  if (world.life) delete world.life.dies
  scene.wires.staleUntil = 0
  scene.wires.stalledUntil.clear()
}

/** And everything was looked at once more since: what somebody else changed is only found so. */
async function rest({ clock, scene, watching, say }: Stage, whole: boolean): Promise<void> {
  const { world } = scene
  const wrong = (): boolean => watching.violations.length > 0
  await untilRest(clock, world, wrong)
  await clock.advance(2 * sweepMs + 60_000)
  await untilRest(clock, world, wrong)
  if (wrong()) return
  say('=== at rest')
  watching.rest(whole)
}

async function restart(stage: Stage): Promise<void> {
  const { scene, watching, say } = stage
  const { world } = scene
  const from = world.cloud.journal.since().at(-1)?.n ?? 0
  if (world.life) {
    world.life.alive = false
    world.life.running.stop().catch(() => undefined)
  }
  startController(world)
  say('--- restarted at rest')
  await rest(stage, true)
  const made = world.cloud.journal.since(from).filter(({ write }) => write)
  if (made.length > 0)
    watching.violations.push(`2: a restart wrote: ${made.slice(0, 5).map(callText).join('; ')}`)
}

function checkEnd({ world }: NetworkScene, { violations }: NetworkWatch): void {
  const { account } = world
  const objects = bindingsOf(world)
  if (objects.length > 0) violations.push(`end: ${objects.length} bindings are left`)
  const registered = [...account.targetGroups.values()].flatMap(({ targets }) => [...targets.values()])
  const live = registered.filter(({ drainingUntil }) => drainingUntil === undefined)
  if (live.length > 0) violations.push(`end: ${live.length} targets are registered`)
}
