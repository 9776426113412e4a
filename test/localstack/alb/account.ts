/** An account filled by hand with what the data plane reads, and the servers and clients around it. */
import {
  type Agent,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  createServer,
  request,
} from 'node:http'
import type { Action, Rule, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2'
import { type DataPlane, startDataPlane } from '../../../localstack/alb/data-plane.ts'
import { loopback } from '../../../localstack/alb/loopback.ts'
import type { Address, Network } from '../../../localstack/alb/network.ts'
import { Account } from '../../../localstack/aws/account.ts'
import { registrationInProgress } from '../../../localstack/aws/elbv2/target-state.ts'
import { type Timing, timings } from '../../../localstack/timing.ts'

const arn = (kind: string, name: string): string =>
  `arn:aws:elasticloadbalancing:eu-west-1:000000000000:${kind}/${name}/0123456789abcdef`
export const loadBalancerArn = arn('loadbalancer/app', 'web')
export const listenerArn = arn('listener/app', 'web')
export const groupArn = (name: string): string => arn('targetgroup', name)

/** Addresses of this process: another's pod must not answer where nobody is meant to. */
export const podIp = (number: number): string =>
  `10.${100 + ((process.pid >> 8) & 0x3f)}.${process.pid & 0xff}.${number}`

export const forwardTo = (...names: (string | [string, number])[]): Action => ({
  Type: 'forward',
  ForwardConfig: {
    TargetGroups: names.map((one) => ({
      TargetGroupArn: groupArn(typeof one === 'string' ? one : one[0]),
      Weight: typeof one === 'string' ? 1 : one[1],
    })),
  },
})
export const fixed = (status: number, body = '', contentType = 'text/plain'): Action => ({
  Type: 'fixed-response',
  FixedResponseConfig: { StatusCode: String(status), MessageBody: body, ContentType: contentType },
})
export const onPath = (...values: string[]): Rule['Conditions'] => [
  { Field: 'path-pattern', PathPatternConfig: { Values: values } },
]

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
type Sent = { method?: string; path?: string; headers?: Record<string, string>; body?: string; agent?: Agent }

export function ask({ host, port }: Address, { body, agent, ...sent }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, agent: agent ?? false, ...sent }, (incoming) => {
      let text = ''
      incoming.setEncoding('latin1')
      incoming.on('data', (chunk: string) => (text += chunk))
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 3000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Health checks every 10 ms, so that transitions are quick to see. */
const quick: Timing = { ...timings.instant, healthCheckScale: 0.002 }

export class Bench {
  readonly account = new Account('000000000000', 'eu-west-1')
  readonly network: Network
  readonly timing: Timing
  readonly #servers: Server[] = []
  plane: DataPlane | undefined

  constructor(given: { timing?: Partial<Timing>; single?: boolean } = {}) {
    this.timing = { ...quick, ...given.timing }
    this.network = loopback(given.single || process.platform !== 'linux' ? 'single' : 'many')
    this.securityGroup('sg-lb', [{ cidr: '0.0.0.0/0', port: 80 }])
    this.account.loadBalancers.set(loadBalancerArn, {
      arn: loadBalancerArn,
      wire: {
        LoadBalancerName: 'web',
        DNSName: 'web-1.eu-west-1.elb.amazonaws.com',
        SecurityGroups: ['sg-lb'],
      },
      attributes: new Map(),
      createdAt: 0,
      activeAt: 0,
    })
    this.networkInterface('eni-lb', '10.0.0.5', ['sg-lb'], 'ELB app/web/0123456789abcdef')
    this.listener(fixed(404))
  }

  listener(otherwise: Action, port = 80): void {
    this.account.listeners.set(listenerArn, {
      arn: listenerArn,
      loadBalancerArn,
      wire: { ListenerArn: listenerArn, Port: port, Protocol: 'HTTP', DefaultActions: [otherwise] },
      attributes: this.account.listeners.get(listenerArn)?.attributes ?? new Map(),
      sniCertificates: [],
    })
  }

  /** The listener becomes HTTPS at port 443, with certificates for these names; the first is the default. */
  https(otherwise: Action, ...names: string[]): void {
    this.listener(otherwise, 443)
    this.securityGroup('sg-lb', [{ cidr: '0.0.0.0/0', port: 443 }])
    const [first, ...others] = names.map((name) => this.certificate(name))
    const record = this.account.listeners.get(listenerArn)
    if (!record) return
    record.wire = { ...record.wire, Protocol: 'HTTPS', Certificates: first ? [first] : [] }
    record.sniCertificates = others
  }

  certificate(DomainName: string): { CertificateArn: string } {
    const CertificateArn = `arn:aws:acm:eu-west-1:000000000000:certificate/${DomainName}`
    this.account.certificates.set(CertificateArn, { CertificateArn, DomainName, Status: 'ISSUED' })
    return { CertificateArn }
  }

  rule(
    priority: number,
    Conditions: Rule['Conditions'],
    action: Action,
    Transforms: Rule['Transforms'] = [],
  ): void {
    const name = `${listenerArn}/${priority}`
    this.account.rules.set(name, {
      arn: name,
      listenerArn,
      wire: {
        RuleArn: name,
        Priority: String(priority),
        Conditions,
        Actions: [action],
        Transforms,
        IsDefault: false,
      },
    })
  }

  group(
    name: string,
    targets: readonly (readonly [id: string, port: number])[] = [],
    wire: TargetGroup = {},
  ): void {
    this.account.targetGroups.set(groupArn(name), {
      arn: groupArn(name),
      wire: {
        TargetType: 'ip',
        Protocol: 'HTTP',
        HealthCheckPath: '/healthz',
        HealthCheckIntervalSeconds: 5,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 2,
        ...wire,
      },
      attributes: new Map(),
      targets: new Map(),
    })
    for (const [id, port] of targets) this.register(name, id, port)
  }

  register(group: string, id: string, port: number): void {
    this.account.targetGroups.get(groupArn(group))?.targets.set(`${id}:${port}`, {
      id,
      port,
      registeredAt: Date.now(),
      health: registrationInProgress,
    })
  }

  health(group: string, id: string, port: number) {
    return this.account.targetGroups.get(groupArn(group))?.targets.get(`${id}:${port}`)?.health
  }

  healthy(group: string, id: string, port: number): Promise<void> {
    return until(`${id}:${port} is healthy`, () => this.health(group, id, port)?.State === 'healthy')
  }

  securityGroup(id: string, ingress: readonly { cidr?: string; group?: string; port: number }[]): void {
    this.account.securityGroups.set(id, {
      id,
      wire: { GroupId: id },
      rules: ingress.map(({ cidr, group, port }) => ({
        IsEgress: false,
        IpProtocol: 'tcp',
        FromPort: port,
        ToPort: port,
        ...(cidr === undefined ? {} : { CidrIpv4: cidr }),
        ...(group === undefined ? {} : { ReferencedGroupInfo: { GroupId: group } }),
      })),
    })
  }

  networkInterface(id: string, ip: string, groups: readonly string[], Description = ''): void {
    this.account.networkInterfaces.set(id, {
      id,
      wire: {
        NetworkInterfaceId: id,
        Description,
        PrivateIpAddress: ip,
        PrivateIpAddresses: [{ PrivateIpAddress: ip }],
        Groups: groups.map((GroupId) => ({ GroupId })),
      },
    })
  }

  /** A server at an address of the VPC; it says who it is unless told otherwise. */
  async pod(ip: string, port: number, answer?: RequestListener): Promise<Server> {
    const server = createServer(answer ?? ((_, response) => response.end(ip)))
    this.#servers.push(server)
    const at = await this.network.place(ip, port)
    await new Promise<void>((resolve) => server.listen(at.port, at.host, resolve))
    return server
  }

  async start(clientAddress?: string): Promise<Address> {
    this.plane = startDataPlane({
      account: this.account,
      network: this.network,
      timing: this.timing,
      ...(clientAddress === undefined ? {} : { clientAddress }),
    })
    await this.plane.idle()
    return this.address()
  }

  address(port = 80): Address {
    const address = this.plane?.addressOf(loadBalancerArn, port)
    if (!address) throw new Error(`nothing listens for port ${port}`)
    return address
  }

  async changed(): Promise<void> {
    this.account.changed()
    await this.plane?.idle()
  }

  async stop(): Promise<void> {
    await this.plane?.stop()
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}
