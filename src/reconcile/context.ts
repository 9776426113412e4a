/** What a pass works with: made once at start, handed to every loop. */
import type { Logger } from 'pino'
import type { Aws, Purpose, SendOptions } from '../aws/client.ts'
import type { FactReader } from '../aws/facts.ts'
import type { Mirror } from '../aws/mirror.ts'
import type { NetworkInterfaces } from '../aws/network-interface.ts'
import type { Reader } from '../aws/read.ts'
import type { Roles } from '../aws/role.ts'
import type { Sweeper } from '../aws/sweep.ts'
import type { Kube } from '../kube/client.ts'
import type { IngressKey } from '../model/choice.ts'
import type { Settings } from '../model/settings.ts'
import type { Informers } from '../watch/informers.ts'
import type { Pass, Queue } from '../watch/queue.ts'
import type { Secrets } from '../watch/secrets.ts'
import type { Bindings } from './bindings.ts'
import type { EndpointRules } from './endpoint-rules.ts'
import type { Departures } from './policy.ts'
import type { Observed } from './observed.ts'
import type { Part } from './part.ts'
import type { Records } from './records.ts'
import type { Refusals } from './refusals.ts'
import type { Reports } from './report.ts'
import type { TargetsMemory } from './targets-memory.ts'
import type { Turns } from './turns.ts'
import type { Pace } from './wait.ts'

/** `may need`: a member is held, and nothing is built yet. */
type BackendUse = 'needs' | 'may need' | 'does without'

export type Context = {
  readonly settings: Settings
  /** What this leadership is for; the rest is another one's, here or elsewhere. */
  readonly part: Part
  /** Plans and reports, and writes nothing to AWS. */
  readonly observe: boolean
  /** Where observing publishes what would be done. */
  readonly observed: Observed
  readonly log: Logger
  readonly aws: Aws
  readonly mirror: Mirror
  readonly sweeper: Sweeper
  readonly facts: FactReader
  readonly networkInterfaces: NetworkInterfaces
  readonly kube: Kube
  readonly informers: Informers
  readonly bindings: Bindings
  /** Those that somebody references, and no others. */
  readonly secrets: Secrets
  /** resourceVersions of a group's Secrets as its status remembers them from when its rules were last good. */
  readonly recordedSecrets: (stack: string) => ReadonlyMap<string, string> | undefined
  readonly queue: Queue
  readonly reports: Reports
  /** IngressReports and IngressGroups. */
  readonly records: Records
  /** Ingresses that are in no group because of what is wrong with them. */
  readonly outside: Set<IngressKey>
  /** What every binding wants on the security groups of nodes and pods. */
  readonly endpointRules: EndpointRules
  /** What the last model of each stack came to: whether it names the shared backend security group. */
  readonly backendUsers: Map<string, BackendUse>
  /** Roles of other accounts that bindings name. */
  readonly roles: Roles
  readonly targets: TargetsMemory
  /** Who registers next while AWS takes no more. */
  readonly turns: Turns
  /** Target groups whose binding had a pass. */
  readonly filled: Set<string>
  readonly refusals: Refusals
  /** Per stack, the members for whom something was written and who were not told of a success since; `group`: all. */
  readonly untold: Map<string, ReadonlySet<IngressKey>>
  readonly departures: Departures
  /** Stacks for which AWS had no room for a load balancer, and when, in epoch milliseconds. */
  readonly full: Map<string, number>
  readonly pace: Pace
  /** Keys that existed at the start and have had no pass yet. */
  readonly unseen: Set<string>
  readonly stillLeader: () => boolean
  /** Epoch milliseconds since which nobody else wrote; absent where replicas don't take turns. */
  readonly leaderSince?: number | undefined
}

/** Longest that a call of a pass may take to start. */
const callDeadlineMs = 30_000

/** Reads of a key's first pass after the start are the sweep's: they fill the mirror, whoever asks. */
export function optionsOf(pass: Pass, purpose: Purpose, { unseen }: Pick<Context, 'unseen'>): SendOptions {
  return {
    purpose: unseen.has(pass.key) ? 'sweep' : purpose,
    priority: pass.priority === 'edit' ? 'user' : pass.priority,
    deadline: Date.now() + callDeadlineMs,
    signal: pass.signal,
    group: pass.key,
  }
}

export const readerOf = (context: Context, pass: Pass, purpose: Purpose): Reader => ({
  aws: context.aws,
  options: optionsOf(pass, purpose, context),
})
