/** What a scenario is, and what it gets to look at: the live system, never the controller's own memory. */
import type { ACMClient } from '@aws-sdk/client-acm'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { IncomingHttpHeaders } from 'node:http'
import type { Address } from '../alb/network.ts'
import type { AskOptions } from './ask.ts'
import type { Checks } from './check.ts'
import type { Manifest } from './manifest.ts'
import type { Show } from './show.ts'

export type JournalEntry = {
  readonly n: number
  readonly service: string
  readonly action: string
  readonly accessKey: string
  readonly purpose?: string
  readonly write: boolean
  readonly error?: unknown
  readonly input?: unknown
}

export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a scenario may count on in any AWS: what an account holds, and no requests. */
export type AccountWorld = {
  readonly clusterName: string
  readonly region: string
  readonly vpcId: string
  readonly nodeSecurityGroup: string
  readonly kube: {
    /** Undefined when it doesn't exist. */
    get<T>(path: string): Promise<T | undefined>
    list<T>(path: string): Promise<readonly T[]>
    /** As `kubectl apply --server-side`. */
    apply(...manifests: readonly Manifest[]): Promise<void>
    patch(path: string, patch: unknown): Promise<void>
    remove(...manifests: readonly Pick<Manifest, 'kind' | 'metadata'>[]): Promise<void>
  }
  readonly elbv2: ElasticLoadBalancingV2Client
  readonly ec2: EC2Client
  readonly controller: {
    start(): Promise<{ readonly readyMs: number }>
    /** SIGKILL: no clean-up. */
    kill(): Promise<void>
    /** Requests sent to AWS since its start, retries included, by action; from its own metrics. */
    calls(): Promise<ReadonlyMap<string, number>>
    /** All that it logged, over all its lives, and its metrics. */
    said(): Promise<{ readonly log: string; readonly metrics: string }>
    /** Resident memory in MiB, where the system tells. */
    residentMiB(): number | undefined
  }
  /** Where its load balancers go; absent: the tags of subnets tell. */
  readonly subnets?: readonly string[]
  /** How long something may take to come about. */
  readonly patienceMs: number
}

export type World = AccountWorld & {
  readonly acm: ACMClient
  /** Puts a text where AWS would read an object of S3. */
  putObject(bucket: string, key: string, body: string): Promise<void>
  /** Calls that the controller made since entry `since`, from the local AWS's journal. */
  journal(since?: number): Promise<readonly JournalEntry[]>
  /** The canonical, sorted state of the account. */
  state(): Promise<string>
  /** Where a listener of the load balancer with this DNS name answers. */
  addressOf(dnsName: string, port: number): Address
  /** One request through the load balancer, over a new connection; rejects when it is refused. */
  request(
    dnsName: string,
    path: string,
    options?: AskOptions & { readonly host?: string; readonly port?: number },
  ): Promise<Answer>
}

export type Scenario<On = World> = {
  readonly name: string
  readonly title: string
  /** Ends with everything deleted; answers with the objects to put back for a user who stays. */
  play(given: {
    readonly world: On
    readonly checks: Checks
    readonly show: Show
  }): Promise<readonly Manifest[]>
}
