/** Several replicas share the work: for each slot that this one holds a reign of its own, over the same caches and AWS clients. */
import { createAws } from './aws/client.ts'
import { createSharing } from './aws/shared-reads.ts'
import { createDepartures } from './reconcile/policy.ts'
import { candidacyOf, failuresOf } from './election.ts'
import { type Account, awsSettings, createReign, type Reign, type ReignOptions } from './reign.ts'
import type { Past } from './reconcile/metrics.ts'
import { type Slot, contendForSlots } from './watch/slots.ts'

type ShardOptions = Omit<ReignOptions, 'leads' | 'part' | 'account'> & { readonly namespace?: string }
export type Shards = {
  readonly account: Account
  /** Passes for slots that this replica gave up: counters never go down. */
  readonly past: Past
  /** Of the slots that this replica holds. */
  reigns(): readonly Reign[]
  /** Names of all Leases, and whether this replica holds them. */
  leases(): ReadonlyMap<string, boolean>
  idle(): Promise<void>
  stop(): Promise<void>
}
type Running = { readonly reign: Reign; readonly begun: Promise<void> }

/** What runs has this long to end by itself. */
const drainMs = 5_000

/** At any moment its passes are counted once. */
async function endCounted(reign: Reign, past: Past): Promise<void> {
  const { queue } = reign.context
  const before = queue.stats()
  const count = ({ passes, thrown }: Readonly<Past>): void => {
    past.passes += passes
    past.thrown += thrown
  }
  count(before)
  await reign.end(drainMs)
  const { passes, thrown } = queue.stats()
  count({ passes: passes - before.passes, thrown: thrown - before.thrown })
}

export function runShards(options: ShardOptions): Shards {
  const { config, log } = options
  const account = {
    aws: createAws(awsSettings(options)),
    sharing: createSharing(),
    departures: createDepartures(),
  }
  const running = new Map<Slot, Running>()
  const past: Past = { passes: 0, thrown: 0 }
  const ended = new Set<Promise<void>>()
  const candidacy = candidacyOf(options)
  const of = (slot: Slot): object => ({ slot, identity: candidacy.identity })
  const failures = failuresOf(log)
  const slots = contendForSlots({
    ...candidacy,
    most: config.flags.shards,
    onGain: (slot) => {
      failures.forget()
      log.info(of(slot), 'leading')
      const reign = createReign({ ...options, part: slot, account, leads: () => slots.holds(slot) })
      const begun = reign.begin()
      begun.catch((error: unknown) => log.fatal({ err: error, slot }, 'start failed'))
      running.set(slot, { reign, begun })
    },
    onLost: async (slot, why) => {
      log.info({ ...of(slot), reason: why }, 'leading no more')
      const found = running.get(slot)
      if (found === undefined) return
      running.delete(slot)
      await endCounted(found.reign, past)
      const told = found.reign.told()
      ended.add(told)
      void told.finally(() => ended.delete(told))
    },
    // AWS limits the account: each has its part of it.
    onHolders: (count) => account.aws.share(1 / Math.max(1, count)),
    onError: (lease, error) => failures.tell({ lease }, error),
  })
  const reigns = (): readonly Reign[] => [...running.values()].map(({ reign }) => reign)
  return {
    account,
    past,
    reigns,
    leases: () => slots.leases(),
    idle: async () => {
      for (const { reign, begun } of running.values()) {
        await begun
        await reign.context.queue.idle()
      }
    },
    stop: async () => {
      await slots.stop()
      await Promise.all(ended)
      account.aws.close()
    },
  }
}
