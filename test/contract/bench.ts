/** What a check works with: clients, names of its own, tags on all it makes, and the promise that all of it goes again. */
import assert from 'node:assert/strict'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
} from '@aws-sdk/client-ec2'
import {
  type Action,
  CreateListenerCommand,
  type CreateListenerCommandInput,
  CreateLoadBalancerCommand,
  type CreateLoadBalancerCommandInput,
  CreateRuleCommand,
  type CreateRuleCommandInput,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  type Listener,
  type LoadBalancer,
  type Rule,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Place } from '../../localstack/scenario/place.ts'
import type { Clients, Provider } from './provider.ts'

/** On everything that the suite makes: a later run finds by it what an earlier one left. */
export const runTag = 'albatross.dev/contract'

type Tag = { readonly Key: string; readonly Value: string }
export type Bench = Pick<Provider, 'region' | 'patienceMs' | 'ask' | 'provokes' | 'bundle'> & {
  readonly clients: Clients
  readonly place: Place
  readonly tags: Tag[]
  /** A name that nothing else has. */
  name(): string
  /** Is done when the check is over, whatever comes of it; the last first. */
  afterwards(remove: () => Promise<unknown>): void
  /** Looks again and again until it does not throw; by default as long as the provider's patience lasts. */
  eventually<T>(look: () => Promise<T>, withinMs?: number): Promise<T>
  loadBalancer(more?: Partial<CreateLoadBalancerCommandInput>): Promise<Sure<LoadBalancer>>
  listener(on: string, more?: Partial<CreateListenerCommandInput>): Promise<Sure<Listener>>
  rule(on: string, more?: Partial<CreateRuleCommandInput>): Promise<Sure<Rule>>
  targetGroup(more?: Partial<CreateTargetGroupCommandInput>): Promise<Sure<TargetGroup>>
  securityGroup(): Promise<string>
  /** One for all checks, internet-facing and with a security group of its own; made when first needed. */
  shared(): Promise<Shared>
}
type Shared = {
  readonly loadBalancer: string
  readonly dnsName: string
  readonly securityGroup: string
  /** HTTP on port 8080, which answers 404. */
  readonly listener: string
}
/** With every member: a check that reads one says that it is there. */
type Sure<T> = { [Key in keyof T]-?: NonNullable<T[Key]> }

export const notFound: Action = {
  Type: 'fixed-response',
  Order: 1,
  FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain' },
}
export const forward = (...groups: readonly string[]): Action => ({
  Type: 'forward',
  Order: 1,
  ForwardConfig: { TargetGroups: groups.map((TargetGroupArn) => ({ TargetGroupArn })) },
})
export const onPath = (...values: string[]): CreateRuleCommandInput['Conditions'] => [
  { Field: 'path-pattern', PathPatternConfig: { Values: values } },
]

/** The wire code of the refusal, or `none`. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return (error as Error).name.replace(/Exception$/, '')
  }
  return 'none'
}
export async function refused(call: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  const code = await codeOf(call)
  assert.ok(codes.includes(code), `answered ${code}, expected ${codes.join(' or ')}`)
}

type Cleanup = () => Promise<unknown>
export type Run = {
  /** A bench for one check, and the way to clear it. */
  bench(): { readonly bench: Bench; readonly clear: () => Promise<void> }
  /** Removes what was shared. */
  end(): Promise<void>
}

export function startRun(provider: Provider, place: Place, id: string): Run {
  let serial = 0
  const common: Cleanup[] = []
  let shared: Promise<Shared> | undefined
  const makeBench = (cleanups: Cleanup[]): Bench =>
    benchOf({ provider, place, id, cleanups, name, sharedOne })
  const name = (): string => `ct-${id}-${(serial += 1)}`
  const sharedOne = (): Promise<Shared> => {
    shared ??= makeShared(makeBench(common))
    return shared
  }
  return {
    bench: () => {
      const cleanups: Cleanup[] = []
      return { bench: makeBench(cleanups), clear: () => clear(cleanups, provider.patienceMs) }
    },
    end: () => clear(common, provider.patienceMs),
  }
}

/** In reverse; what is still in use a moment longer is tried again. */
async function clear(cleanups: Cleanup[], patienceMs: number): Promise<void> {
  const failures: unknown[] = []
  for (let remove = cleanups.pop(); remove !== undefined; remove = cleanups.pop()) {
    const run = remove
    await retried(run, patienceMs).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not everything could be removed')
}

async function retried<T>(look: () => Promise<T>, withinMs: number, everyMs = withinMs / 100): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}

type Making = {
  readonly provider: Provider
  readonly place: Place
  readonly id: string
  readonly cleanups: Cleanup[]
  readonly name: () => string
  readonly sharedOne: () => Promise<Shared>
}

function benchOf({ provider, place, id, cleanups, name, sharedOne }: Making): Bench {
  const { clients, region, patienceMs } = provider
  const { elbv2, ec2 } = clients
  const tags: Tag[] = [{ Key: runTag, Value: id }]
  const afterwards = (remove: Cleanup): void => {
    cleanups.push(remove)
  }
  const kept = <T>(
    made: T | undefined,
    arn: string | undefined,
    remove: (arn: string) => Promise<unknown>,
  ): Sure<T> => {
    assert.ok(made && arn, 'the answer names what was made')
    afterwards(() => remove(arn))
    return made as Sure<T>
  }
  return {
    region,
    patienceMs,
    ...(provider.ask ? { ask: provider.ask } : {}),
    ...(provider.provokes ? { provokes: true } : {}),
    ...(provider.bundle ? { bundle: provider.bundle } : {}),
    clients,
    place,
    tags,
    name,
    afterwards,
    eventually: (look, withinMs = patienceMs) => retried(look, withinMs),
    loadBalancer: async (more = {}) => {
      const Subnets = place.subnets.map((subnet) => subnet.id)
      const made = await elbv2.send(
        new CreateLoadBalancerCommand({ Name: name(), Scheme: 'internal', Subnets, Tags: tags, ...more }),
      )
      const [one] = made.LoadBalancers ?? []
      return kept(one, one?.LoadBalancerArn, (arn) =>
        elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn })),
      )
    },
    listener: async (on, more = {}) => {
      const made = await elbv2.send(
        new CreateListenerCommand({
          LoadBalancerArn: on,
          Protocol: 'HTTP',
          Port: 1000 + Math.floor(Math.random() * 60_000),
          DefaultActions: [notFound],
          Tags: tags,
          ...more,
        }),
      )
      const [one] = made.Listeners ?? []
      return kept(one, one?.ListenerArn, (arn) =>
        gone(elbv2.send(new DeleteListenerCommand({ ListenerArn: arn }))),
      )
    },
    rule: async (on, more = {}) => {
      const made = await elbv2.send(
        new CreateRuleCommand({
          ListenerArn: on,
          Priority: 1 + Math.floor(Math.random() * 49_000),
          Conditions: onPath('/contract'),
          Actions: [notFound],
          Tags: tags,
          ...more,
        }),
      )
      const [one] = made.Rules ?? []
      return kept(one, one?.RuleArn, (arn) => gone(elbv2.send(new DeleteRuleCommand({ RuleArn: arn }))))
    },
    targetGroup: async (more = {}) => {
      const made = await elbv2.send(
        new CreateTargetGroupCommand({
          Name: name(),
          Protocol: 'HTTP',
          Port: 8080,
          VpcId: place.vpcId,
          TargetType: 'ip',
          Tags: tags,
          ...more,
        }),
      )
      const [one] = made.TargetGroups ?? []
      return kept(one, one?.TargetGroupArn, (arn) =>
        gone(elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))),
      )
    },
    securityGroup: async () => {
      const made = await ec2.send(
        new CreateSecurityGroupCommand({
          GroupName: name(),
          Description: 'albatross contract suite',
          VpcId: place.vpcId,
          TagSpecifications: [{ ResourceType: 'security-group', Tags: tags }],
        }),
      )
      const GroupId = made.GroupId ?? ''
      afterwards(() => gone(ec2.send(new DeleteSecurityGroupCommand({ GroupId }))))
      return GroupId
    },
    shared: sharedOne,
  }
}

/** What is gone already needs no removal. */
const gone = async (removal: Promise<unknown>): Promise<void> => {
  const code = await codeOf(removal)
  if (code === 'none' || code.endsWith('NotFound')) return
  await removal
}

async function makeShared(bench: Bench): Promise<Shared> {
  const securityGroup = await bench.securityGroup()
  await bench.clients.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: securityGroup,
      IpPermissions: [
        { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      ],
    }),
  )
  const { LoadBalancerArn, DNSName } = await bench.loadBalancer({
    Scheme: 'internet-facing',
    SecurityGroups: [securityGroup],
  })
  const { ListenerArn } = await bench.listener(LoadBalancerArn, { Port: 8080 })
  return { loadBalancer: LoadBalancerArn, dnsName: DNSName, securityGroup, listener: ListenerArn }
}

export type Check = {
  /** `<kind>/<what>`: deviations name it. */
  readonly id: string
  /** What holds, as a sentence. */
  readonly shows: string
  /** Of a probe: what the local AWS is built to, though nobody has shown that AWS does so. */
  readonly expected?: string
  readonly run: (bench: Bench) => Promise<void>
}
export const check = (id: string, shows: string, run: Check['run']): Check => ({ id, shows, run })
