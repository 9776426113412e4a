/** Which part of the work a leadership is for: everything, one slot of groups, or the network with all that is registered. */
import { sha256 } from '../lib/hash.ts'
import { type Slot, slotCount } from '../watch/slots.ts'
import type { Queue } from '../watch/queue.ts'
import type { Context } from './context.ts'
import { backendGroupKey, endpointGroupKey, readKey } from './key.ts'

export type Part = 'all' | Slot

/** For ever the same, whatever replicas there are. */
export const slotOf = (stack: string): number => Number.parseInt(sha256(stack).slice(0, 8), 16) % slotCount

/** Whether groups are built in it, or this one. */
export const builds = (part: Part, stack?: string): boolean =>
  part === 'all' || (part !== 'network' && (stack === undefined || slotOf(stack) === part))

/** Whether it registers targets and writes the rules of nodes and pods, which belong together: see ADR 12. */
export const follows = (part: Part): boolean => part === 'all' || part === 'network'

function covers(part: Part, key: string): boolean {
  const of = readKey(key)
  switch (of.loop) {
    case 'group':
      return builds(part, of.stack)
    case 'targets':
    case 'endpoint-sg':
    case 'backend-sg':
      return follows(part)
    // Whoever wants one written is who knows.
    case 'ingress-report':
    case 'ingress-group':
      return true
  }
}

/** Who is for the network looks a moment after others looked at a group: whether it needs the shared security group, what it gave up. */
const networkDelayMs = 500

/** What groups ask of the network. */
export type NetworkNeeds = Pick<Context, 'backendUsers' | 'endpointRules'>

/** The queue of one part: what others are for is not taken. */
export function onlyOf(part: Part, queue: Queue, { backendUsers, endpointRules }: NetworkNeeds): Queue {
  if (part === 'all') return queue
  return {
    ...queue,
    add: (key, priority, afterMs) => {
      if (covers(part, key)) return queue.add(key, priority, afterMs)
      const of = readKey(key)
      if (part !== 'network' || of.loop !== 'group') return
      backendUsers.delete(of.stack)
      queue.add(backendGroupKey, 'resync', networkDelayMs)
      for (const id of endpointRules.awaiting()) queue.add(endpointGroupKey(id), 'resync', networkDelayMs)
    },
  }
}
