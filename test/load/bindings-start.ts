/**
 * What a start among thousands of bindings costs when nothing changed meanwhile, and how soon those that did are served: AWS at
 * its own published rates, in fake time, so that seconds are AWS's and not this machine's. Takes the clock of its process.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { readConfig } from '../../src/config.ts'
import { start } from '../../src/start.ts'
import { type Clock, done, installClock } from '../simulation/clock.ts'
import { type Bindings, bindingsWorld, clusterName, nameOf, region, unhurried } from './bindings.ts'

/** Calls by action; seconds of AWS's time, since the start or the edit. */
export type Started = {
  readonly nothingChanged: { readonly calls: Calls; readonly seconds: number; readonly heapMb: number }
  readonly changed: { readonly calls: Calls; readonly seconds: number; readonly heapMb: number }
  /** The binding that changed while nobody looked. */
  readonly whileDownSeconds: number
  /** The one that changed while the start was still reading. */
  readonly whileReadingSeconds: number
}
type Calls = ReadonlyMap<string, number>
type Run = {
  readonly running: ReturnType<typeof start>
  readonly seconds: () => number
  readonly calls: () => Calls
  /** When the first call of this action on this target group was made. */
  readonly madeAt: (action: string, binding: string) => number | undefined
}

const editAfterMs = 10_000

export async function startedAmong(many: number): Promise<Started> {
  const clock = installClock(1)
  const world = bindingsWorld()
  await done(clock, world.fill(many))
  const first = run(world, clock, unhurried)
  await settled(first, clock)
  await end(first, world, clock)
  const nothingChanged = await startedAgain(world, clock)

  const [down, edited] = [Math.floor(many / 2), Math.floor(many * 0.9)]
  await done(clock, world.shrink(down))
  let editedAt = 0
  const changed = await startedAgain(world, clock, async (second) => {
    await clock.advance(editAfterMs)
    editedAt = second.seconds()
    await done(clock, world.shrink(edited))
  })
  world.api.stop()
  clock.uninstall()
  return {
    nothingChanged,
    changed,
    whileDownSeconds: changed.run.madeAt('DeregisterTargets', nameOf(down)) ?? Number.NaN,
    whileReadingSeconds: (changed.run.madeAt('DeregisterTargets', nameOf(edited)) ?? Number.NaN) - editedAt,
  }
}

async function startedAgain(
  world: Bindings,
  clock: Clock,
  meanwhile: (started: Run) => Promise<void> = () => Promise.resolve(),
): Promise<Started['changed'] & { readonly run: Run }> {
  const before = megabytes()
  const again = run(world, clock, 'CONTROLLER')
  await meanwhile(again)
  await settled(again, clock)
  world.cloud.journal.clear()
  const found = { calls: again.calls(), seconds: again.seconds(), heapMb: megabytes() - before, run: again }
  await end(again, world, clock)
  return found
}

async function end({ running }: Run, { cloud }: Bindings, clock: Clock): Promise<void> {
  await done(clock, running.stop())
  cloud.journal.clear()
}

function run(world: Bindings, clock: Clock, accessKeyId: string): Run {
  const config = readConfig(
    [
      `--cluster-name=${clusterName}`,
      `--aws-region=${region}`,
      `--aws-vpc-id=${world.vpcId}`,
      '--enable-leader-election=false',
    ],
    {},
  )
  if (!config.ok) throw new Error(config.error.join())
  const since = clock.now()
  const seconds = (): number => (clock.now() - since) / 1000
  const actions = new Map<string, number>()
  const first = new Map<string, number>()
  const requestHandler = inProcess((request) => {
    const body = String(request.body)
    const action = /Action=(\w+)/.exec(body)?.[1] ?? 'other'
    actions.set(action, (actions.get(action) ?? 0) + 1)
    const key = `${action} ${/targetgroup%2F(\w+)%2F/.exec(body)?.[1] ?? ''}`
    if (!first.has(key)) first.set(key, seconds())
    return world.cloud.handle(request)
  })
  const aws = {
    requestHandler,
    credentials: { accessKeyId, secretAccessKey: 'local' },
    ...(accessKeyId === unhurried ? { limits: { fill: 1_000 } } : {}),
  }
  const running = start({ config: config.value, kube: world.api.handle, aws, log: pino({ level: 'error' }) })
  const madeAt: Run['madeAt'] = (action, binding) => first.get(`${action} ${binding}`)
  return { running, seconds, calls: () => new Map(actions), madeAt }
}

/** Until every target group was read once and nothing is left to do. */
async function settled({ running, calls }: Run, clock: Clock): Promise<void> {
  const count = (): string => [...calls().values()].join()
  await done(clock, running.synced)
  const isIdle = (): boolean => /^albatross_queue_ready 0$/m.test(running.metrics())
  for (let calm = 0; calm < 3; ) {
    const before = count()
    await clock.advance(2_000)
    calm = isIdle() && before !== '' && before === count() ? calm + 1 : 0
  }
}

/** Of the heap, with the local AWS, the API server and all that the caller holds. */
function megabytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return Math.round(process.memoryUsage().heapUsed / 1e6)
}
