/** The SDK's clients, one for each service: those that few need are loaded with their first call. */
import { EC2Client } from '@aws-sdk/client-ec2'
import {
  ElasticLoadBalancingV2Client,
  type ElasticLoadBalancingV2ClientConfig,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { checkingAgents } from './agent.ts'
import { createRenewal, type Renew } from './renew.ts'

export type ClientSettings = {
  readonly region: string
  /** Injected in tests and the simulation; else the SDK's own over HTTPS. */
  readonly requestHandler?: ElasticLoadBalancingV2ClientConfig['requestHandler']
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  /** Longest that one request may take, from its turn to its answer. */
  readonly callTimeoutMs?: number
}

const connectionTimeoutMs = 2_000
export const callTimeoutOf = ({ callTimeoutMs = 15_000 }: ClientSettings): number => callTimeoutMs

const services = {
  'com.amazonaws.elasticloadbalancingv2': 'elbv2',
  'com.amazonaws.ec2': 'ec2',
  'com.amazonaws.acm': 'acm',
  'com.amazonaws.shield': 'shield',
  'com.amazonaws.sts': 'sts',
  'com.amazonaws.wafregional': 'waf-regional',
  'com.amazonaws.wafv2': 'wafv2',
} as const
type ServiceName = (typeof services)[keyof typeof services]
const known: Readonly<Record<string, ServiceName | undefined>> = services

/** Of a command's schema: the service, and the action as `elbv2:CreateRule`. */
export function actionOf(schema: unknown): { service: ServiceName; action: string } {
  const [, namespace, name] = Array.isArray(schema) ? (schema as unknown[]) : []
  const service = known[String(namespace)]
  if (service === undefined) throw new Error(`no AWS client for ${String(namespace)}`)
  return { service, action: `${service}:${String(name)}` }
}

type SdkClient = { send(command: never, options: object): Promise<unknown>; destroy(): void }
export type Clients = {
  of(service: ServiceName): Promise<SdkClient>
  /** One set of credentials serves all clients. */
  readonly renew: Renew
  close(): void
}

export function createClients(settings: ClientSettings): Clients {
  const { region, requestHandler, credentials } = settings
  const plain = {
    region,
    maxAttempts: 1,
    requestHandler: requestHandler ?? {
      connectionTimeout: connectionTimeoutMs,
      ...checkingAgents(connectionTimeoutMs),
      // Tells of the time-out before the call is abandoned; what hangs beyond the handler is abandoned alone.
      requestTimeout: callTimeoutOf(settings) - 500,
      throwOnRequestTimeout: true,
    },
    ...(credentials === undefined ? {} : { credentials }),
  }
  const elbv2 = new ElasticLoadBalancingV2Client(plain)
  // Each client would otherwise ask STS, or the node, for credentials of its own.
  const config = { ...plain, credentials: elbv2.config.credentials }
  const make: Readonly<Record<ServiceName, () => Promise<SdkClient>>> = {
    elbv2: async () => elbv2,
    ec2: async () => new EC2Client(config),
    acm: async () => new (await import('@aws-sdk/client-acm')).ACMClient(config),
    shield: async () => new (await import('@aws-sdk/client-shield')).ShieldClient(config),
    sts: async () => new (await import('@aws-sdk/client-sts')).STSClient(config),
    'waf-regional': async () => (await import('./waf-regional.ts')).createWafRegionalClient(config),
    wafv2: async () => new (await import('@aws-sdk/client-wafv2')).WAFV2Client(config),
  }
  const clients = new Map<ServiceName, Promise<SdkClient>>()
  return {
    renew: createRenewal(elbv2.config.credentials),
    of: (service) => {
      const made = clients.get(service) ?? make[service]()
      clients.set(service, made)
      return made
    },
    close: () => {
      elbv2.destroy()
      for (const client of clients.values()) void client.then((one) => one.destroy())
    },
  }
}
