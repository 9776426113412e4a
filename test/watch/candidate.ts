/** A replica that contends for a Lease over a network that can be cut, slow or lossy; what it would have in flight is kept track of. */
import { createKube } from '../../src/kube/client.ts'
import { type Lease, leases } from '../../src/kube/resource.ts'
import type { Handle } from '../../src/lib/http.ts'
import { contend, type Election } from '../../src/watch/leader.ts'

export const times = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 }
/** What an AWS call may take at most: less than between the renew deadline and the end of the lease. */
export const callMs = 4_500
export const lease = { namespace: 'kube-system', name: 'albatross-leader' }
export const leasePath = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/albatross-leader'

/** `slow`: answers take four seconds. */
export type Network = 'good' | 'cut' | 'lossy' | 'slow'
export type Candidate = {
  readonly name: string
  readonly election: Election
  network: Network
  /** Killed: it has no say any more, but what it sent may still arrive. */
  dead: boolean
  /** When the last call that it may have started has ended. */
  busyUntilMs: number
  readonly story: string[]
}

export const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const never = new Promise<never>(() => undefined)

/** What somebody who may be dead, over a network that may be bad, gets from the server. */
export const over =
  (server: Handle, of: () => { readonly network: Network; readonly dead: boolean }): Handle =>
  async (request) => {
    await Promise.resolve()
    if (of().network === 'cut' || of().dead) return never
    if (of().network === 'lossy') {
      const dice = Math.random()
      if (dice < 0.2) throw new Error('connection refused')
      // Arrives long after its sender gave up.
      if (dice < 0.5) await passing(Math.random() * 12_000)
    }
    const { signal: _, ...sent } = request
    const answer = await server(sent)
    if (of().network === 'slow') await passing(4_000)
    if (of().network === 'lossy' && Math.random() < 0.3) await passing(Math.random() * 12_000)
    return of().dead || (of().network === 'lossy' && Math.random() < 0.2) ? never : answer
  }

export function createCandidate(name: string, server: Handle): Candidate {
  const story: string[] = []
  const overNetwork = over(server, () => candidate)
  const candidate: { -readonly [K in keyof Candidate]: Candidate[K] } = {
    name,
    network: 'good',
    dead: false,
    busyUntilMs: 0,
    story,
    election: contend({
      kube: createKube(overNetwork, { timeoutMs: times.renewDeadlineMs / 2 }),
      lease,
      identity: name,
      times,
      onLead: () => void story.push('led'),
      onLost: async (why) => {
        // Calls in flight end, each within its limit.
        await passing(Math.max(0, candidate.busyUntilMs - Date.now()))
        story.push(`lost: ${why}`)
      },
    }),
  }
  return candidate
}

export const leads = ({ dead, election }: Candidate): boolean => !dead && election.leads()

export async function readLease(server: Handle): Promise<Lease | undefined> {
  const answer = await createKube(server).get(leases, lease)
  return answer.ok ? answer.value : undefined
}
