/** What the front end needs of a service, and what an action of one gets and may throw. */
import type { Timing } from '../timing.ts'
import type { Account } from './account.ts'
import type { TemporaryCredentials } from './sessions.ts'

/** Where new ids come from; a replay feeds it with recorded ones. */
export type Ids = {
  /** `kind` is `loadbalancer`, `listener`, `listener-rule`, `targetgroup` (16 hex), `sg`, `sgr`, `eni`, `i` ... (17 hex). */
  hex(kind: string, length: number): string
  /** The number in a load balancer's DNS name. */
  digits(kind: string): string
}

export type Context = {
  readonly account: Account
  readonly ids: Ids
  readonly timing: Timing
  readonly accessKey: string
  /** Credentials of an account that end after so many seconds. */
  readonly issue: (account: string, seconds: number) => TemporaryCredentials
  /** Epoch milliseconds. */
  readonly now: number
}

/** Input and output are AWS's own shapes; the front end has already refused unknown actions and missing members. */
export type Action = (input: never, context: Context) => unknown

export type Service = {
  /** Of the credential scope: `elasticloadbalancing`, `ec2`, `sts`, `acm`. */
  readonly signingName: string
  readonly protocol: 'query' | 'ec2' | 'json'
  readonly version?: string
  /** Prefix of `x-amz-target` for JSON services. */
  readonly target?: string
  readonly xmlns?: string
  /** The SDK client's module: its schemas decode requests and encode answers. */
  readonly module: Readonly<Record<string, unknown>>
  readonly actions: Readonly<Record<string, Action>>
}

/** A refusal with AWS's wire code: `throw new Fault('ResourceInUse', '…')`. */
export class Fault extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}
