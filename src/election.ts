/** How replicas settle who works: the Lease, its times and what is logged of it, for one that does everything and for shards. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { createKube, type Kube } from './kube/client.ts'
import type { KubeError } from './kube/error.ts'
import type { ObjectName } from './kube/resource.ts'
import type { Handle } from './lib/http.ts'
import { contend, type Election, type ElectionTimes } from './watch/leader.ts'

type Given = {
  readonly config: Config
  readonly kube: Handle
  /** Where the Lease is, unless a flag says so. */
  readonly namespace?: string
  readonly log: Logger
}
export type Candidacy = {
  readonly kube: Kube
  readonly lease: Required<ObjectName>
  readonly identity: string
  readonly times: ElectionTimes
}

export function candidacyOf({ config: { flags }, kube, namespace }: Given): Candidacy {
  const renewDeadlineMs = flags['leader-election-renew-deadline']
  return {
    // A request that gets no answer must leave time for another.
    kube: createKube(kube, { timeoutMs: renewDeadlineMs / 2 }),
    lease: {
      namespace: flags['leader-election-namespace'] || namespace || 'default',
      name: flags['leader-election-id'],
    },
    identity: `${hostname()}_${randomUUID()}`,
    times: {
      leaseMs: flags['leader-election-lease-duration'],
      renewDeadlineMs,
      retryMs: flags['leader-election-retry-period'],
    },
  }
}

/** Each try meets the same: once is enough. */
export function tellOnce(log: Logger): (of: object, error: KubeError) => void {
  const told = new Map<string, string>()
  return (of, { reason, message }) => {
    const key = JSON.stringify(of)
    if (told.get(key) !== message)
      log.warn({ ...of, reason, error: message }, 'the Lease could not be read or written')
    told.set(key, message)
  }
}

/** For one replica that does everything. */
export function elect(
  given: Given,
  { onLead, onLost }: { readonly onLead: () => void; readonly onLost: () => Promise<void> },
): Election {
  const { log } = given
  const candidacy = candidacyOf(given)
  const { lease, identity } = candidacy
  const of = { lease: `${lease.namespace}/${lease.name}`, identity }
  const onError = tellOnce(log)
  return contend({
    ...candidacy,
    onLead: () => {
      log.info(of, 'leading')
      onLead()
    },
    onLost: async (why) => {
      log[why === 'stopping' ? 'info' : 'warn']({ ...of, reason: why }, 'leading no more')
      await onLost()
    },
    onHolder: (holder) => log.info({ ...of, holder }, 'standing by'),
    onError: (error) => onError(of, error),
  })
}
