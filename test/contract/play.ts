/** The workshop end to end on an AWS: cluster, pods and controller here, everything that the controller makes there. */
import { readFileSync } from 'node:fs'
import { account } from '../../localstack/scenario/account.ts'
import { checksOn, Failed } from '../../localstack/scenario/check.ts'
import { startElsewhere } from '../../localstack/scenario/elsewhere.ts'
import type { Place } from '../../localstack/scenario/place.ts'
import type { Show } from '../../localstack/scenario/show.ts'
import type { Provider } from './provider.ts'

export type Line = { readonly shows: string; readonly ms: number; readonly why?: string }
type Options = {
  readonly provider: Provider
  readonly place: Place
  /** On everything that comes to be. */
  readonly tags: Readonly<Record<string, string>>
  /** Names the cluster. */
  readonly id: string
  readonly tell?: (line: Line) => void
}

/** A line for each thing that was looked at; the last one says why, where it did not come about. What was made is gone again. */
export async function playAccount({ provider, place, tags, id, tell }: Options): Promise<readonly Line[]> {
  const { clients, region, patienceMs, aws } = provider
  const world = await startElsewhere({
    clusterName: `contract-${id}`,
    region,
    place,
    clients,
    aws,
    // What nobody is known to want any more is revoked half a minute later.
    patienceMs: Math.max(patienceMs, 60_000),
    tags,
  })
  const lines: Line[] = []
  const add = (line: Line): void => {
    lines.push(line)
    tell?.(line)
  }
  try {
    await account.play({ world, checks: checksOn(showOf(add)), show: showOf(add) })
  } catch (error) {
    const log = readFileSync(world.logFile, 'utf8').split('\n').slice(-15).join('\n')
    const last = error instanceof Failed ? lines.pop() : { shows: 'the scenario', ms: 0, why: String(error) }
    if (last) lines.push({ ...last, why: `${last.why}\n${log}` })
  } finally {
    await world.stop()
  }
  return lines
}

const showOf = (add: (line: Line) => void): Show => ({
  heading: () => undefined,
  waiting: () => undefined,
  note: () => undefined,
  end: () => undefined,
  done: (shows, _detail, ms) => add({ shows, ms }),
  failed: (shows, why) => add({ shows, ms: 0, why }),
})
