/** Whether a kind that the controller can do without is there: its definition may be missing, or not permitted, and may come. */
import { type KubeError, isDenied, isNotFound } from '../kube/error.ts'

export type Presence = {
  /** The API server showed this kind when it was last asked. */
  present(): boolean
  /** Resolves once it is known whether it is there. */
  readonly known: Promise<void>
  /** It is there from now on, for the first time or again. */
  onAppear(handler: () => void): () => void
}
export type PresenceWatch = Presence & {
  heard(): void
  failed(error: KubeError): void
}

/** A kind that fails in other ways holds nothing up for long either. */
const patience = 3

/** `onMissing` is told once, until it was there again. */
export function presence(onMissing: (error: KubeError) => void): PresenceWatch {
  const known = Promise.withResolvers<void>()
  const handlers = new Set<() => void>()
  let is: 'unknown' | 'present' | 'missing' = 'unknown'
  let failures = 0
  return {
    present: () => is === 'present',
    known: known.promise,
    onAppear: (handler) => {
      handlers.add(handler)
      return () => handlers.delete(handler)
    },
    heard: () => {
      failures = 0
      if (is === 'present') return
      is = 'present'
      known.resolve()
      for (const handler of handlers) handler()
    },
    failed: (error) => {
      failures += 1
      const missing = isNotFound(error) || isDenied(error)
      if (missing || failures >= patience) known.resolve()
      if (!missing || is === 'missing') return
      is = 'missing'
      onMissing(error)
    },
  }
}
