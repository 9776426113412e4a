/** An AWS that can be checked: who answers, and where in it there is room to build. */
import { ACMClient } from '@aws-sdk/client-acm'
import { EC2Client } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api'
import { ShieldClient } from '@aws-sdk/client-shield'
import { STSClient } from '@aws-sdk/client-sts'
import { WAFV2Client } from '@aws-sdk/client-wafv2'
import { createWafRegionalClient } from '../../src/aws/waf-regional.ts'

export type Clients = ReturnType<typeof clientsOf>

/** An answer to a plain HTTP request. */
type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}
export type Ask = {
  readonly name: string
  readonly port: number
  readonly secure?: boolean
  readonly path?: string
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Provider = {
  readonly name: string
  readonly region: string
  /** How long a state may take to come about. */
  readonly patienceMs: number
  readonly clients: Clients
  /** Through a load balancer; absent: nothing there answers requests. */
  readonly ask?: (request: Ask) => Promise<Answer>
  /** It may be called more often than it bears. */
  readonly provokes?: boolean
  /** Certificates of authorities, in S3: what trust stores are made of; absent: none is there. */
  readonly bundle?: { readonly bucket: string; readonly key: string }
  /** What a controller's process needs to reach it: `AWS_*`. */
  readonly aws: Readonly<Record<string, string>>
  /** The names of the calls that it was asked for, where it keeps them. */
  readonly calls?: () => ReadonlySet<string>
  stop(): Promise<void>
}

type Where = {
  readonly region: string
  /** Absent: AWS itself, or what the environment says. */
  readonly endpoint?: string
  readonly requestHandler?: object
  /** 8: throttling of an account that others use too is no finding. */
  readonly maxAttempts?: number
  /** Absent: the SDK's own chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export function clientsOf({ region, endpoint, requestHandler, credentials, maxAttempts = 8 }: Where) {
  const config = {
    region,
    maxAttempts,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(requestHandler === undefined ? {} : { requestHandler: requestHandler as never }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  return {
    ec2: new EC2Client(config),
    /** For who wants to see a refusal that is worth another try. */
    once: new EC2Client({ ...config, maxAttempts: 1 }),
    elbv2: new ElasticLoadBalancingV2Client(config),
    acm: new ACMClient(config),
    sts: new STSClient(config),
    wafv2: new WAFV2Client(config),
    // Shield is one service for all regions, in this one.
    shield: new ShieldClient(
      endpoint === undefined && requestHandler === undefined ? { ...config, region: 'us-east-1' } : config,
    ),
    wafRegional: createWafRegionalClient(config),
    tagging: new ResourceGroupsTaggingAPIClient(config),
  }
}
