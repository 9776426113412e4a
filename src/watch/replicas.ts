/** How many replicas live: each counts up in an annotation of one Lease that they share, and sees by its own clock who still does. */
import type { Kube } from '../kube/client.ts'
import { isAlreadyExists, isNotFound, type KubeError } from '../kube/error.ts'
import { leases, type ObjectName } from '../kube/resource.ts'
import { sha256 } from '../lib/hash.ts'
import type { ElectionTimes } from './leader.ts'
import { pause, within } from './pause.ts'

export type ReplicasOptions = {
  readonly kube: Pick<Kube, 'create' | 'patch'>
  readonly lease: Required<ObjectName>
  readonly identity: string
  readonly times: ElectionTimes
  /** After each look. */
  readonly onChange: () => void
  readonly onError?: (error: KubeError) => void
}
export type Replicas = {
  /** Looked at often enough to tell who lives. */
  known(): boolean
  /** Ourselves included. */
  live(): number
  stop(): Promise<void>
}

const prefix = 'replica.albatross.dev/'
/** What nobody counts up in for so long is taken away, by whoever sees it. */
const forgottenMs = 10 * 60_000

export function followReplicas({
  kube,
  lease,
  identity,
  times,
  onChange,
  onError,
}: ReplicasOptions): Replicas {
  const own = `${prefix}${sha256(identity).slice(0, 16)}`
  const seen = new Map<string, { readonly value: string; readonly sinceMs: number }>()
  const stopping = new AbortController()
  let looks = 0
  let count = 0

  const see = (annotations: Readonly<Record<string, string>>): void => {
    const now = performance.now()
    for (const key of seen.keys()) if (annotations[key] === undefined) seen.delete(key)
    for (const [key, value] of Object.entries(annotations))
      if (key.startsWith(prefix) && seen.get(key)?.value !== value) seen.set(key, { value, sinceMs: now })
  }
  const forgotten = (): readonly string[] =>
    [...seen].flatMap(([key, { sinceMs }]) => (performance.now() - sinceMs > forgottenMs ? [key] : []))
  const write = async (
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<void> => {
    const patched = await kube.patch(leases, lease, { metadata: { annotations } }, { signal })
    if (patched.ok) {
      looks += 1
      return see((patched.value.metadata.annotations ?? {}) as Readonly<Record<string, string>>)
    }
    if (signal.aborted) return
    if (!isNotFound(patched.error)) return onError?.(patched.error)
    // Who comes first makes it; the next look finds it.
    const made = await kube.create(leases, { metadata: lease, spec: {} }, { signal })
    if (!made.ok && !isAlreadyExists(made.error) && !signal.aborted) onError?.(made.error)
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      count += 1
      await write(
        { ...Object.fromEntries(forgotten().map((key) => [key, null])), [own]: `${count}` },
        stopping.signal,
      )
      if (!stopping.signal.aborted) onChange()
      // Those that start together soon know of each other.
      await pause(looks < 2 ? times.retryMs / 4 : times.retryMs, stopping.signal)
    }
    if (looks > 0) await within(times.retryMs, undefined, (signal) => write({ [own]: null }, signal))
  }
  const running = run()
  return {
    known: () => looks >= 2,
    live: () => {
      const since = performance.now() - times.leaseMs
      return Math.max(1, [...seen].filter(([key, { sinceMs }]) => key === own || sinceMs > since).length)
    },
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
