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

/** Of a replica that does everything. */
export const leaseOf = ({
  config: { flags },
  namespace,
}: Pick<Given, 'config' | 'namespace'>): Required<ObjectName> => ({
  namespace: flags['leader-election-namespace'] || namespace || 'default',
  name: flags['leader-election-id'],
})

export function candidacyOf(given: Given): Candidacy {
  const { flags } = given.config
  const renewDeadlineMs = flags['leader-election-renew-deadline']
  return {
    // A request that gets no answer must leave time for another.
    kube: createKube(given.kube, { timeoutMs: renewDeadlineMs / 2 }),
    lease: leaseOf(given),
    identity: `${hostname()}_${randomUUID()}`,
    times: {
      leaseMs: flags['leader-election-lease-duration'],
      renewDeadlineMs,
      retryMs: flags['leader-election-retry-period'],
    },
  }
}

export type Failures = {
  tell(of: object, error: KubeError): void
  /** A Lease was won: what fails from now on is news again. */
  forget(): void
}

/** Each try meets the same: once is enough. */
export function failuresOf(log: Logger): Failures {
  const told = new Map<string, string>()
  return {
    tell: (of, { reason, message }) => {
      const key = JSON.stringify(of)
      if (told.get(key) !== message)
        log.warn({ ...of, reason, error: message }, 'the Lease could not be read or written')
      told.set(key, message)
    },
    forget: () => told.clear(),
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
  const failures = failuresOf(log)
  return contend({
    ...candidacy,
    onLead: () => {
      failures.forget()
      log.info(of, 'leading')
      onLead()
    },
    onLost: async (why) => {
      log[why === 'stopping' ? 'info' : 'warn']({ ...of, reason: why }, 'leading no more')
      await onLost()
    },
    onHolder: (holder) => log.info({ ...of, holder }, 'standing by'),
    onError: (error) => failures.tell(of, error),
  })
}
