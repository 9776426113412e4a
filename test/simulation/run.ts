/** Plays one history and says what went wrong in it. */
import { type Timing, timings } from '../../localstack/timing.ts'
import { installClock, type Clock } from './clock.ts'
import { equal } from '../../src/lib/json.ts'
import type { IngressReport, KubeObject } from '../../src/model/cluster.ts'
import { createCluster, deleteIngress, removePod } from './cluster.ts'
import { historyOf, mendAll, type Op, play, type Scene } from './history.ts'
import { type Watch, watch } from './invariants.ts'
import { callText, ready, Stuck, untilRest } from './stage.ts'
import { createWorld, kill, startController } from './world.ts'

export type Outcome = {
  readonly seed: number
  readonly violations: readonly string[]
  /** What happened, readable: edits, faults, AWS calls, in order. */
  readonly trace: readonly string[]
  readonly calls: number
}

const timingOf = (seed: number): Timing =>
  seed % 3 === 0
    ? { ...timings.aws, throttle: false, readAfterWriteLagMs: 0 }
    : seed % 3 === 1
      ? timings.aws
      : { ...timings.instant, drainScale: 0.01 }

export async function run(seed: number, ops: readonly Op[] = historyOf(seed)): Promise<Outcome> {
  const clock = installClock(seed)
  const rejected: unknown[] = []
  const onRejection = (reason: unknown): void => {
    rejected.push(reason)
  }
  process.on('unhandledRejection', onRejection)
  const trace: string[] = []
  const violations: string[] = []
  let calls = 0
  const startedAt = clock.now()
  const say = (text: string): void => {
    trace.push(`${((clock.now() - startedAt) / 1000).toFixed(3).padStart(9)} ${text}`)
  }
  try {
    const timing = timingOf(seed)
    const world = await ready(clock, createWorld(timing))
    const state = await ready(clock, createCluster(world))
    const scene: Scene = {
      world,
      state,
      edited: { ingresses: new Set(), services: new Set(), nodes: false, faults: false },
    }
    const seeded = world.cloud.state([world.account])
    const watching = watch(scene, timing)
    const add = world.cloud.journal.add.bind(world.cloud.journal)
    world.cloud.journal.add = (entry) => {
      add(entry)
      const [made] = world.cloud.journal.since(calls + countBefore)
      calls += 1
      if (made === undefined) return
      const before = watching.violations.length
      if (made.write || made.error !== undefined) say(callText(made))
      watching.call(made)
      for (const found of watching.violations.slice(before)) say(`!!! ${found}`)
    }
    const countBefore = world.cloud.journal.since().at(-1)?.n ?? 0
    await tell({ clock, scene, watching, say, ops, seeded })
    violations.push(...watching.violations)
    for (const line of world.logs)
      if (line.level >= 50) violations.push(`log: ${line.msg} ${JSON.stringify(line['err'] ?? line)}`)
    world.api.stop()
  } catch (error) {
    violations.push(
      error instanceof Stuck
        ? error.message
        : `threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  } finally {
    await clock.advance(10_000)
    process.off('unhandledRejection', onRejection)
    clock.uninstall()
  }
  for (const reason of rejected)
    violations.push(`unhandled: ${reason instanceof Error ? (reason.stack ?? '') : String(reason)}`)
  for (const found of violations) trace.push(`!!! ${found}`)
  return { seed, violations, trace, calls }
}

type Stage = {
  readonly clock: Clock
  readonly scene: Scene
  readonly watching: Watch
  readonly say: (text: string) => void
}

async function tell({
  ops,
  seeded,
  ...stage
}: Stage & { readonly ops: readonly Op[]; readonly seeded: string }): Promise<void> {
  const { clock, scene, watching, say } = stage
  const { world } = scene
  let delay = 0
  world.onDeath = () => {
    say('--- the controller died')
    delay = (delay * 7 + 1_300) % 20_000
    setTimeout(() => {
      if (world.life !== undefined) return
      startController(world)
      say('--- a controller started')
    }, delay)
  }
  startController(world)
  for (const op of ops) {
    const done = await ready(clock, play(scene, op))
    if (done === undefined) continue
    say(`>>> ${op.do}: ${done}`)
    watching.changed()
    if (op.wait === 'rest') await rest(stage)
    else await clock.advance(op.wait)
    if (watching.violations.length > 0) return
  }
  world.cloud.clearFaults()
  world.kubeFaults.clear()
  if (world.life) delete world.life.dies
  say('=== faults stop')
  await rest(stage)
  await quiet(stage, 'a resync')
  await ready(clock, mendAll(scene))
  watching.changed()
  say('=== all is mended')
  await rest(stage)
  await restart(stage)
  for (const intent of scene.state.ingresses.values()) await ready(clock, deleteIngress(world, intent))
  scene.state.ingresses.clear()
  watching.changed()
  say('=== everything is deleted')
  await rest(stage)
  await clock.advance(180_000)
  for (const service of scene.state.services.values())
    for (const pod of service.pods) await ready(clock, removePod(world, service, pod))
  const left = world.cloud.state([world.account])
  if (left !== seeded)
    watching.violations.push(`end: the account is not as it was: ${difference(seeded, left)}`)
  const objects = world.api.store.list('ingresses.networking.k8s.io').length
  if (objects > 0) watching.violations.push(`end: ${objects} Ingresses are still there`)
  if (world.life) kill(world, world.life)
}

async function rest({ clock, scene, watching, say }: Stage): Promise<void> {
  await untilRest(clock, scene.world, () => watching.violations.length > 0)
  if (watching.violations.length > 0) return
  say('=== at rest')
  watching.rest()
}

/** Everything is looked at once more, and nothing is found to do. */
async function quiet({ clock, scene, watching }: Stage, what: string): Promise<void> {
  const { world } = scene
  const from = world.cloud.journal.since().at(-1)?.n ?? 0
  const changed: string[] = []
  const end = world.api.store.subscribe(undefined, ({ object, previous }) => {
    if (!isOnlyHealth(previous, object)) changed.push(`${object.kind} ${object.metadata.name}`)
  })
  await clock.advance(21 * 60_000)
  end()
  const made = world.cloud.journal
    .since(from)
    .filter((one) => one.write || one.purpose === 'reconcile' || one.purpose === 'targets')
  if (made.length > 0)
    watching.violations.push(`2: ${what} made calls: ${made.slice(0, 5).map(callText).join('; ')}`)
  if (changed.length > 0) watching.violations.push(`2: ${what} wrote to the cluster: ${changed.join(', ')}`)
}

/** A sweep sees what became of the targets: the one thing that nobody tells of. */
const isOnlyHealth = (before: unknown, after: unknown): boolean => {
  const rest = (object: unknown): unknown => {
    const { metadata: _meta, status, ...others } = object as IngressReport
    const conditions = status?.conditions?.filter(({ type }) => type !== 'TargetsHealthy')
    return { ...others, status: { ...status, conditions } }
  }
  return (
    before !== undefined && (after as KubeObject).kind === 'IngressReport' && equal(rest(before), rest(after))
  )
}

/** A new controller finds everything as it should be. */
async function restart(stage: Stage): Promise<void> {
  const { clock, scene, watching, say } = stage
  const { world } = scene
  const from = world.cloud.journal.since().at(-1)?.n ?? 0
  if (world.life) {
    world.life.alive = false
    world.life.running.stop().catch(() => undefined)
  }
  startController(world)
  say('--- restarted at rest')
  await rest(stage)
  await clock.advance(30_000)
  const made = world.cloud.journal.since(from).filter(({ write }) => write)
  if (made.length > 0)
    watching.violations.push(`2: a restart wrote: ${made.slice(0, 5).map(callText).join('; ')}`)
}

/** The first place where two texts part. */
function difference(a: string, b: string): string {
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return `…${a.slice(Math.max(0, at - 100), at + 150)}… is …${b.slice(Math.max(0, at - 100), at + 150)}…`
}
