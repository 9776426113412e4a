/** Every version of every Lease, as the API server tells it, and who may work by it at a moment of the monotonic clock. */
import type { Handle } from '../../../src/lib/http.ts'

type Version = {
  readonly holder: string
  /** When its writer stamped it, which is before it sent it; by the monotonic clock. */
  readonly writtenMs: number
  readonly durationMs: number
}
export type Leases = {
  /** Oldest first. */
  versions(lease: string): readonly Version[]
  names(): readonly string[]
  holder(lease: string): string
  /** Milliseconds until nobody else had to respect it any more; undefined: it was another's, or nobody's. */
  leftAt(lease: string, identity: string, atMs: number): number | undefined
  stop(): void
}

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
type Lease = {
  readonly metadata: { readonly name: string }
  readonly spec?: {
    readonly holderIdentity?: string
    readonly renewTime?: string
    readonly leaseDurationSeconds?: number
  }
}

/** Begins with what there is. */
export async function followLeases(handle: Handle): Promise<Leases> {
  const all = new Map<string, Version[]>()
  const ending = new AbortController()
  const answer = await handle({
    method: 'GET',
    path: `${path}?watch=true`,
    headers: { accept: 'application/json' },
    body: '',
    signal: ending.signal,
  })
  const note = ({ metadata, spec }: Lease): void => {
    if (spec?.renewTime === undefined) return
    const ageMs = Date.now() - Date.parse(spec.renewTime)
    const versions = all.get(metadata.name) ?? []
    versions.push({
      holder: spec.holderIdentity ?? '',
      writtenMs: performance.now() - ageMs,
      durationMs: 1000 * (spec.leaseDurationSeconds ?? 0),
    })
    all.set(metadata.name, versions)
  }
  const read = async (): Promise<void> => {
    let text = ''
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      const lines = (text + Buffer.from(chunk).toString()).split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line !== '') note((JSON.parse(line) as { object: Lease }).object)
    }
  }
  read().catch(() => undefined)
  const versions = (lease: string): readonly Version[] => all.get(lease) ?? []
  return {
    versions,
    names: () => [...all.keys()],
    holder: (lease) => versions(lease).at(-1)?.holder ?? '',
    leftAt: (lease, identity, atMs) => {
      // Both clocks are read in whole milliseconds.
      const latest = versions(lease).findLast(({ writtenMs }) => writtenMs <= atMs + 2)
      return latest?.holder === identity ? latest.writtenMs + latest.durationMs - atMs : undefined
    },
    stop: () => ending.abort(),
  }
}
