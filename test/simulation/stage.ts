/** A history's stage: waiting in fake time until a promise settles, or until the controller has nothing left to do. */
import type { JournalEntry } from '../../localstack/aws/journal.ts'
import type { Clock } from './clock.ts'
import type { World } from './world.ts'

/** Longest that everything may take to be as asked once faults have stopped: fake time. */
const convergeMs = 60 * 60_000

export class Stuck extends Error {}

/** Fake time may have to pass for a promise that waits for it. */
export async function ready<T>(clock: Clock, promise: Promise<T>): Promise<T> {
  let done = false
  const settled = promise.finally(() => {
    done = true
  })
  settled.catch(() => undefined)
  for (let at = 0; !done && at < 2_000; at += 1) await clock.advance(at < 1_000 ? 1 : 100)
  if (!done) throw new Error('a promise of the simulation itself never settles')
  return settled
}

const gauge = (metrics: string, name: string): number =>
  Number(new RegExp(`^albatross_${name} (\\d+)$`, 'm').exec(metrics)?.[1] ?? -1)

function isIdle({ life }: World): boolean {
  if (life === undefined) return false
  const text = life.running.metrics()
  return gauge(text, 'queue_ready') === 0 && gauge(text, 'queue_delayed') === 0
}

/** Longer than any wait of a plan, shorter than the time between two looks at everything. */
const quietMs = 17 * 60_000
const writes = ({ cloud }: World): number => cloud.journal.since().findLast(({ write }) => write)?.n ?? 0

/** `wrong`: something went wrong meanwhile, so that waiting is pointless. */
export async function untilRest(clock: Clock, world: World, wrong: () => boolean): Promise<void> {
  // What a planned crash waits for may never come: the next rest is without it.
  const limit = clock.now() + convergeMs
  // A key that looks every few seconds for what nobody tells, and finds nothing, is at rest too.
  const doing = (): string => `${writes(world)} ${world.api.store.revision()}`
  let quietSince = clock.now()
  for (let calm = 0; calm < 4 && clock.now() - quietSince < quietMs; ) {
    const before = world.life?.running.metrics()
    const did = doing()
    await clock.advance(calm > 0 ? 2_500 : 1_000)
    calm = isIdle(world) && before !== undefined && before === world.life?.running.metrics() ? calm + 1 : 0
    if (doing() !== did || world.life === undefined) quietSince = clock.now()
    if (wrong()) return
    if (clock.now() > limit)
      throw new Stuck(
        `rest: not at rest after ${convergeMs / 60_000} minutes; last passes:\n${world.logs
          .filter(({ msg }) => msg === 'pass')
          .slice(-6)
          .map((line) => JSON.stringify(line))
          .join('\n')}`,
      )
  }
}

export function callText({ action, purpose, input, error }: JournalEntry): string {
  const said = JSON.stringify(input, (key, value: unknown) =>
    key === 'Tags' || key === 'TagSpecifications' ? undefined : value,
  )
  const short = said.replaceAll(/arn:aws:elasticloadbalancing:[^:]*:\d+:/g, '').slice(0, 400)
  return `    ${purpose ?? ''} ${action} ${short}${error === undefined ? '' : ` -> ${error}`}`
}
