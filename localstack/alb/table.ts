/** What the data plane follows: an account's load balancers as they were at one moment, ready to route by. */
import type { Rule, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2'
import type {
  Account,
  ListenerRecord,
  LoadBalancerRecord,
  TargetGroupRecord,
  TargetRecord,
} from '../aws/account.ts'
import { keyPairOf } from '../aws/acm/key-pair.ts'
import { groupsNamed } from '../aws/elbv2/association.ts'
import { defaultSslPolicy } from '../aws/elbv2/ssl-policy.ts'
import { type RoutingAction, type RoutingRule, routingAction, routingRule } from './action.ts'
import { type CertificateEntry, certificateEntry } from './certificate.ts'
import { type ClientCertificates, clientCertificatesOf } from './client-certificate.ts'
import { type Gate, gateOf } from './gate.ts'
import { type Peer, groupsByAddress, permits, rulesOfGroups } from './permit.ts'

type Attributes = ReadonlyMap<string, string>

export type LoadBalancerEntry = {
  readonly arn: string
  readonly dnsName: string
  readonly attributes: Attributes
  /** Whether the security groups let a client in at a listener's port. */
  readonly admits: (clientIp: string, port: number) => boolean
}
export type ListenerEntry = {
  readonly arn: string
  readonly port: number
  readonly protocol: 'HTTP' | 'HTTPS'
  readonly loadBalancer: LoadBalancerEntry
  readonly attributes: Attributes
  /** The default one first; none for HTTP. */
  readonly certificates: readonly CertificateEntry[]
  readonly sslPolicy: string
  /** Absent: nobody is asked for one. */
  readonly clientCertificates?: ClientCertificates
  /** In the order of their priority. */
  readonly rules: readonly RoutingRule[]
  readonly otherwise: RoutingAction
  readonly otherwiseGate?: Gate
}
/** A listener of a network load balancer. */
export type DoorEntry = {
  readonly arn: string
  readonly port: number
  readonly protocol: 'TCP'
  readonly loadBalancer: LoadBalancerEntry
  readonly attributes: Attributes
  /** The target group that it passes connections to. */
  readonly group: string
}
export type TargetEntry = {
  /** `<id>:<port>`, as the account has it. */
  readonly key: string
  readonly port: number
  /** Its `health` is read when a request comes: health isn't configuration. */
  readonly record: TargetRecord
  readonly draining: boolean
  /** Its address in the VPC; none for an instance that doesn't run. */
  readonly ip?: string
  /** It is a load balancer, of this ARN. */
  readonly loadBalancer?: string
  /** Whether the target's security groups let its load balancer in at a port. */
  readonly admits: (port: number) => boolean
}
export type GroupEntry = {
  readonly arn: string
  readonly wire: TargetGroup
  readonly attributes: Attributes
  /** Named by a rule or listener of an active load balancer: its targets are checked. */
  readonly inUse: boolean
  readonly targets: readonly TargetEntry[]
}
export type Table = {
  readonly listeners: ReadonlyMap<string, ListenerEntry>
  readonly doors: ReadonlyMap<string, DoorEntry>
  readonly groups: ReadonlyMap<string, GroupEntry>
  /** Epoch milliseconds at which time alone changes it: a load balancer becomes active, a target has drained. */
  readonly until?: number
}

export const emptyTable: Table = { listeners: new Map(), doors: new Map(), groups: new Map() }

export function tableOf(account: Account, now: number): Table {
  const active = [...account.loadBalancers.values()].filter(({ activeAt }) => activeAt <= now)
  const entries = new Map(active.map((record) => [record.arn, loadBalancerEntry(account, record)]))
  const rules = rulesByListener(account)
  const secrets = new Map(
    [...account.rules.values()]
      .filter(({ wire }) => wire.IsDefault)
      .map(({ listenerArn, clientSecret }) => [listenerArn, clientSecret]),
  )
  const listeners = new Map<string, ListenerEntry>()
  const doors = new Map<string, DoorEntry>()
  const users = new Map<string, string>()
  for (const record of account.listeners.values()) {
    const { arn, wire, attributes, loadBalancerArn } = record
    const loadBalancer = entries.get(loadBalancerArn)
    if (!loadBalancer) continue
    if (account.loadBalancers.get(loadBalancerArn)?.wire.Type === 'network') {
      const door = doorEntry(record, loadBalancer)
      for (const group of groupsNamed(wire.DefaultActions)) users.set(group, loadBalancerArn)
      if (door) doors.set(arn, door)
      continue
    }
    const gate = gateOf(wire.DefaultActions ?? [], account.region, secrets.get(arn))
    const clientCertificates = clientCertificatesOf(account, wire.MutualAuthentication)
    const entry: ListenerEntry = {
      arn,
      port: wire.Port ?? 0,
      protocol: wire.Protocol === 'HTTPS' ? 'HTTPS' : 'HTTP',
      loadBalancer,
      attributes: new Map(attributes),
      certificates: certificatesOf(account, record, loadBalancer.dnsName),
      sslPolicy: wire.SslPolicy ?? defaultSslPolicy,
      ...(clientCertificates ? { clientCertificates } : {}),
      rules: rules.get(arn) ?? [],
      otherwise: routingAction(wire.DefaultActions ?? []),
      ...(gate ? { otherwiseGate: gate } : {}),
    }
    listeners.set(arn, entry)
    for (const { type, ...action } of [entry.otherwise, ...entry.rules.map((rule) => rule.action)])
      if (type === 'forward' && 'groups' in action)
        for (const { group } of action.groups) users.set(group, loadBalancerArn)
  }
  const times = [
    ...[...account.loadBalancers.values()].map(({ activeAt }) => activeAt),
    ...[...account.targetGroups.values()].flatMap(({ targets }) =>
      [...targets.values()].flatMap(({ drainingUntil }) => drainingUntil ?? []),
    ),
  ].filter((time) => time > now)
  return {
    listeners,
    doors,
    groups: groupEntries(account, users, now),
    ...(times.length > 0 ? { until: Math.min(...times) } : {}),
  }
}

/** TLS and UDP are not offered. */
function doorEntry(
  { arn, wire, attributes }: ListenerRecord,
  loadBalancer: LoadBalancerEntry,
): DoorEntry | undefined {
  const [group] = groupsNamed(wire.DefaultActions)
  if (wire.Protocol !== 'TCP' || group === undefined) return undefined
  return { arn, port: wire.Port ?? 0, protocol: 'TCP', loadBalancer, attributes: new Map(attributes), group }
}

function certificatesOf(
  account: Account,
  { wire, sniCertificates }: ListenerRecord,
  dnsName: string,
): readonly CertificateEntry[] {
  if (wire.Protocol !== 'HTTPS') return []
  return [...(wire.Certificates ?? []), ...sniCertificates].flatMap(({ CertificateArn: arn }) =>
    arn === undefined ? [] : (certificateEntry(keyPairOf(account, arn, dnsName)) ?? []),
  )
}

function loadBalancerEntry(
  account: Account,
  { arn, wire, attributes }: LoadBalancerRecord,
): LoadBalancerEntry {
  const rules = rulesOfGroups(account, wire.SecurityGroups ?? [])
  // A network load balancer may have no security group, and then lets everybody in.
  const open = wire.Type === 'network' && !wire.SecurityGroups?.length
  return {
    arn,
    dnsName: wire.DNSName ?? wire.LoadBalancerName ?? arn,
    attributes: new Map(attributes),
    admits: (clientIp, port) => open || permits(rules, port, { ips: [clientIp], groups: [] }),
  }
}

const priority = (rule: Rule): number => Number(rule.Priority)

function rulesByListener(account: Account): ReadonlyMap<string, readonly RoutingRule[]> {
  const byListener = Map.groupBy(
    [...account.rules.values()].filter(({ wire }) => !wire.IsDefault && wire.Priority !== 'default'),
    ({ listenerArn }) => listenerArn,
  )
  return new Map(
    [...byListener].map(([listener, records]) => [
      listener,
      records
        .sort((a, b) => priority(a.wire) - priority(b.wire))
        .map(({ arn, wire, clientSecret }) =>
          routingRule(arn, wire, { region: account.region, clientSecret }),
        ),
    ]),
  )
}

function groupEntries(
  account: Account,
  users: ReadonlyMap<string, string>,
  now: number,
): ReadonlyMap<string, GroupEntry> {
  const interfaces = groupsByAddress(account)
  const entries = new Map<string, GroupEntry>()
  for (const record of account.targetGroups.values()) {
    const user = account.loadBalancers.get(users.get(record.arn) ?? '')
    const from = user && peerOf(account, user)
    entries.set(record.arn, {
      arn: record.arn,
      wire: record.wire,
      attributes: new Map(record.attributes),
      inUse: user !== undefined,
      targets: [...record.targets]
        .filter(([, target]) => (target.drainingUntil ?? Infinity) > now)
        .map(([key, target]) => targetEntry({ account, interfaces, from }, record, key, target)),
    })
  }
  return entries
}

function peerOf(account: Account, { arn, wire }: LoadBalancerRecord): Peer {
  const owner = `ELB ${arn.slice(arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length)}`
  const ips = [...account.networkInterfaces.values()].flatMap((one) =>
    one.wire.Description === owner && one.gone === undefined ? (one.wire.PrivateIpAddress ?? []) : [],
  )
  return { ips, groups: wire.SecurityGroups ?? [] }
}

type Around = {
  readonly account: Account
  readonly interfaces: ReadonlyMap<string, readonly string[]>
  readonly from: Peer | undefined
}

function targetEntry(
  { account, interfaces, from }: Around,
  group: TargetGroupRecord,
  key: string,
  record: TargetRecord,
): TargetEntry {
  const ip = addressOf(account, group.wire.TargetType, record.id)
  const groups = ip === undefined ? undefined : interfaces.get(ip)
  const rules = groups && rulesOfGroups(account, groups)
  return {
    key,
    port: record.port,
    record,
    draining: record.drainingUntil !== undefined,
    ...(ip === undefined ? {} : { ip }),
    ...(group.wire.TargetType === 'alb' ? { loadBalancer: record.id } : {}),
    // An address without a network interface lies outside the VPC, where no security group of ours rules.
    admits: (port) => !rules || (from !== undefined && permits(rules, port, from)),
  }
}

function addressOf(account: Account, type: string | undefined, id: string): string | undefined {
  if (type === 'instance') return instanceAddress(account, id)
  const loadBalancer = account.loadBalancers.get(id)
  return loadBalancer ? peerOf(account, loadBalancer).ips[0] : id
}

function instanceAddress(account: Account, id: string): string | undefined {
  const instance = account.instances.get(id)
  const running = instance?.State?.Name === undefined || instance.State.Name === 'running'
  return running ? instance?.PrivateIpAddress : undefined
}
