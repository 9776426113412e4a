/**
 * Who of several replicas works for which part: sixteen slots of groups and the network, a Lease each. Each replica takes its
 * share of the slots that nobody holds; one that has more than its share, since another has come, hands the rest over.
 *
 * All replicas that share so hold one more Lease together, the one that a replica which does everything alone holds: the two
 * ways of working exclude each other, also during a change from one to the other.
 */
import type { Kube } from '../kube/client.ts'
import type { KubeError } from '../kube/error.ts'
import type { ObjectName } from '../kube/resource.ts'
import { contend, type Election, type ElectionTimes } from './leader.ts'
import { followReplicas } from './replicas.ts'

export const slotCount = 16
/** A number from 0 to 15, or the network. */
export type Slot = number | 'network'
export const allSlots: readonly Slot[] = [...Array.from({ length: slotCount }, (_, at) => at), 'network']

export type SlotsOptions = {
  readonly kube: Pick<Kube, 'get' | 'create' | 'update' | 'patch'>
  /** Of a replica that does everything; the others' names begin with this one's. */
  readonly lease: Required<ObjectName>
  /** Ours alone. */
  readonly identity: string
  readonly times: ElectionTimes
  /** Most slots of groups that we take while other replicas can take the rest. */
  readonly most: number
  readonly onGain: (slot: Slot) => void
  /** Ends what `onGain` began: until it settles the slot's Lease is neither given up nor sought again. */
  readonly onLost: (slot: Slot, why: string) => Promise<void>
  /** How many replicas hold something now: AWS's rates are divided by them. */
  readonly onHolders: (count: number) => void
  readonly onError?: (lease: string, error: KubeError) => void
}
export type Slots = {
  /** Read off the clock each time. */
  holds(slot: Slot): boolean
  held(): readonly Slot[]
  /** Names of all Leases, and whether we hold them. */
  leases(): ReadonlyMap<string, boolean>
  stop(): Promise<void>
}

const nameOf = ({ name }: Required<ObjectName>, slot: Slot): string =>
  slot === 'network' ? `${name}-network` : `${name}-shard-${slot}`

/** Which slots we have, and how many more we may have. */
type Share = {
  readonly working: Set<Slot>
  /** Told how the claim ended; undefined: no more for us. */
  claim(slot: Slot): ((won: boolean) => void) | undefined
  begun(slot: Slot): void
  /** More than our share: the last ones, so that those that stay are the same each time. */
  surplus(): readonly Slot[]
}

function createShare(quota: () => number): Share {
  const working = new Set<Slot>()
  /** Claimed, and not begun to work for. */
  const claimed = new Set<Slot>()
  const groups = (some: Iterable<Slot>): number[] => [...some].filter((slot) => slot !== 'network')
  return {
    working,
    claim: (slot) => {
      claimed.delete(slot)
      const taken = new Set(groups([...claimed, ...working])).size
      if (slot !== 'network' && taken >= quota()) return undefined
      claimed.add(slot)
      return (won) => {
        if (!won) claimed.delete(slot)
      }
    },
    begun: (slot) => {
      working.add(slot)
      claimed.delete(slot)
    },
    surplus: () =>
      groups(working)
        .sort((a, b) => a - b)
        .slice(quota()),
  }
}

export function contendForSlots(options: SlotsOptions): Slots {
  const { lease, most } = options
  const elections = new Map<Slot, Election>()
  let stopped = false
  const share = createShare(() => Math.max(Math.min(most, slotCount), Math.ceil(slotCount / replicas.live())))
  const holds = (slot: Slot): boolean => together.leads() && elections.get(slot)?.leads() === true
  const holders = createHolders(options)
  /** Not before it is known who else is there, or all would be taken and handed over again. */
  const begin = (): void => {
    if (stopped || elections.size > 0 || !together.leads() || !replicas.known()) return
    for (const slot of allSlots)
      elections.set(slot, electOne(slot, options, { share, holders, may: () => together.leads() }))
  }
  const replicas = followReplicas({
    ...options,
    lease: { ...lease, name: `${lease.name}-replicas` },
    onChange: () => {
      begin()
      for (const slot of share.surplus()) void elections.get(slot)?.yieldUp()
    },
    onError: (error) => options.onError?.(`${lease.name}-replicas`, error),
  })
  const together = holdTogether(options, {
    onLead: begin,
    // Another one does everything alone now.
    onLost: async () => {
      if (!stopped) await Promise.all([...elections.values()].map((election) => election.yieldUp()))
    },
  })
  return {
    holds,
    held: () => allSlots.filter(holds),
    leases: () => new Map(allSlots.map((slot) => [nameOf(lease, slot), holds(slot)])),
    stop: async () => {
      stopped = true
      // Who is left learns at once that there is more for each of them to take.
      const leaving = [together.stop(), replicas.stop()]
      await Promise.all([...[...elections.values()].map((election) => election.stop()), ...leaving])
    },
  }
}

const holdTogether = (
  { kube, lease, times, onError }: SlotsOptions,
  handlers: { readonly onLead: () => void; readonly onLost: () => Promise<void> },
): Election =>
  contend({
    kube,
    lease,
    identity: `${lease.name}-shards`,
    shared: true,
    times,
    ...handlers,
    onError: (error) => onError?.(lease.name, error),
  })

type Holders = { note(slot: Slot, holder: string): void; drop(slot: Slot): void }

function createHolders({ onHolders }: SlotsOptions): Holders {
  const holders = new Map<Slot, string>()
  return {
    note: (slot, holder) => {
      holders.set(slot, holder)
      onHolders(new Set(holders.values()).size)
    },
    drop: (slot) => {
      holders.delete(slot)
    },
  }
}

function electOne(
  slot: Slot,
  { kube, lease, identity, times, onGain, onLost, onError }: SlotsOptions,
  { share, holders, may }: { readonly share: Share; readonly holders: Holders; readonly may: () => boolean },
): Election {
  const name = nameOf(lease, slot)
  return contend({
    kube,
    lease: { ...lease, name },
    identity,
    times,
    mayClaim: () => (may() ? share.claim(slot) : undefined),
    onLead: () => {
      share.begun(slot)
      holders.note(slot, identity)
      onGain(slot)
    },
    onLost: async (why) => {
      await onLost(slot, why)
      share.working.delete(slot)
      holders.drop(slot)
    },
    onHolder: (holder) => holders.note(slot, holder),
    onError: (error) => onError?.(name, error),
  })
}
