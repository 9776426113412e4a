/** Which part of the work a leadership is for: everything, one slot of groups, or the network with all that is registered. */
import { sha256 } from '../lib/hash.ts'
import { type Slot, slotCount } from '../watch/slots.ts'
import { readKey } from './key.ts'

export type Part = 'all' | Slot

/** For ever the same, whatever replicas there are. */
export const slotOf = (stack: string): number => Number.parseInt(sha256(stack).slice(0, 8), 16) % slotCount

/** Whether groups are built in it, or this one. */
export const builds = (part: Part, stack?: string): boolean =>
  part === 'all' || (part !== 'network' && (stack === undefined || slotOf(stack) === part))

/** Whether it registers targets and writes the rules of nodes and pods, which belong together: see ADR 12. */
export const follows = (part: Part): boolean => part === 'all' || part === 'network'

export function covers(part: Part, key: string): boolean {
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
