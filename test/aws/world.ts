/** The local AWS in this process behind the real SDK clients, with a mirror and a small stack's plan. */
import { createCloud, type Cloud } from '../../localstack/aws/cloud.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { seedVpc, type SeededVpc } from '../../localstack/aws/seed.ts'
import { timings } from '../../localstack/timing.ts'
import { type Aws, createAws, type SendOptions } from '../../src/aws/client.ts'
import { Mirror } from '../../src/aws/mirror.ts'
import { createSweeper, type Sweeper } from '../../src/aws/sweep.ts'
import type { Ref } from '../../src/model/ref.ts'
import { clusterTag, resourceTag, sharedResourceTag, stackTag, type Tags } from '../../src/model/tag.ts'
import type { HealthCheck } from '../../src/model/target-group.ts'
import type { Call, Plan, Step } from '../../src/plan/step.ts'

export const account = '123456789012'
export const region = 'eu-west-1'
export const clusterName = 'workshop'
export const stack = 'shop'

export const silent = { info: () => {}, debug: () => {}, warn: () => {} }
export const options: SendOptions = { purpose: 'reconcile', priority: 'user' }
export const sweeping: SendOptions = { purpose: 'sweep', priority: 'drift' }

export type TestWorld = {
  readonly cloud: Cloud
  readonly vpc: SeededVpc
  readonly aws: Aws
  readonly mirror: Mirror
  readonly sweeper: Sweeper
  /** A second controller on the same account, which knows nothing yet. */
  readonly other: () => { readonly mirror: Mirror; readonly sweeper: Sweeper }
}

/** Its buckets are large: a test of something else waits for no token. */
export const clientOf = (cloud: Cloud, fill = 100): Aws =>
  createAws({
    region,
    credentials: { accessKeyId: account, secretAccessKey: 'secret' },
    requestHandler: inProcess(cloud.handle) as never,
    log: silent,
    version: '0.0.0',
    limits: { fill },
  })

export function createWorld(): TestWorld {
  const seeded: SeededVpc[] = []
  const cloud = createCloud({
    timing: timings.instant,
    seed: (of) => {
      seeded.push(seedVpc(of, { clusterName }))
    },
  })
  cloud.account(account, region)
  const [vpc] = seeded
  if (vpc === undefined) throw new Error('no VPC was seeded')
  const aws = clientOf(cloud)
  const other = () => {
    const mirror = new Mirror({ clusterName, vpcId: vpc.vpcId })
    return { mirror, sweeper: createSweeper(aws, mirror) }
  }
  return { cloud, vpc, aws, ...other(), other }
}

/** The calls since, as `DescribeRules` in order. */
export const calls = (cloud: Cloud, since = 0): string[] =>
  cloud.journal.since(since).map(({ action }) => action)
export const lastCall = (cloud: Cloud): number => cloud.journal.since(0).at(-1)?.n ?? 0

export const step = (call: Call, id: string, after: readonly string[] = []): Step => ({
  ...call,
  id,
  after,
  impact: 'none',
  owner: 'group',
  reason: 'missing',
})
export const planOf = (steps: readonly Step[]): Plan => ({ stack, steps, waits: [], holds: [], problems: [] })

export const tagsOf = (resource: string): Tags => ({
  [clusterTag]: clusterName,
  [stackTag]: stack,
  [resourceTag]: resource,
})
const ref = (kind: Ref['ref'], id: string): Ref => ({ ref: kind, stack, id })
const groupRef = ref('securityGroup', 'ManagedLBSecurityGroup')
export const targetGroupRef = ref('targetGroup', 'shop/web-web:80')
export const loadBalancerRef = ref('loadBalancer', 'LoadBalancer')
export const listenerRef = ref('listener', '80')

const healthCheck: HealthCheck = {
  port: 'traffic-port',
  protocol: 'HTTP',
  path: '/',
  matcher: { httpCode: '200' },
  intervalSeconds: 15,
  timeoutSeconds: 5,
  healthyThresholdCount: 2,
  unhealthyThresholdCount: 2,
}

/** Everything a small group has: both security groups, a target group, a load balancer, a listener, two rules. */
export const buildSteps = (vpc: SeededVpc): Step[] => [
  step(
    {
      call: 'CreateSecurityGroup',
      ref: { ref: 'securityGroup', stack: '', id: 'backend-sg' },
      name: 'k8s-traffic-workshop-0123456789',
      description: '[k8s] Shared Backend SecurityGroup for LoadBalancer',
      vpcId: vpc.vpcId,
      tags: { [clusterTag]: clusterName, [sharedResourceTag]: 'backend-sg' },
    },
    'backend',
  ),
  step(
    {
      call: 'CreateSecurityGroup',
      ref: groupRef,
      name: 'k8s-shop-0123456789',
      description: '[k8s] Managed SecurityGroup for LoadBalancer',
      vpcId: vpc.vpcId,
      tags: tagsOf('ManagedLBSecurityGroup'),
    },
    'group',
  ),
  step(
    {
      call: 'AuthorizeSecurityGroupIngress',
      group: groupRef,
      permissions: [
        { protocol: 'tcp', fromPort: 80, toPort: 80, source: { cidr: '0.0.0.0/0' } },
        { protocol: 'tcp', fromPort: 80, toPort: 80, source: { cidrV6: '::/0' } },
        {
          protocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          source: { cidr: '10.0.0.0/8' },
          description: 'office',
        },
      ],
    },
    'authorize',
    ['group'],
  ),
  step(
    {
      call: 'CreateTargetGroup',
      ref: targetGroupRef,
      name: 'k8s-shop-web-0123456789',
      targetType: 'ip',
      protocol: 'HTTP',
      protocolVersion: 'HTTP1',
      port: 8080,
      ipAddressType: 'ipv4',
      vpcId: vpc.vpcId,
      healthCheck,
      tags: tagsOf('shop/web-web:80'),
    },
    'targetGroup',
  ),
  step(
    {
      call: 'CreateLoadBalancer',
      ref: loadBalancerRef,
      name: 'k8s-shop-0123456789',
      scheme: 'internet-facing',
      ipAddressType: 'ipv4',
      subnets: vpc.publicSubnets,
      securityGroups: [groupRef, { ref: 'securityGroup', stack: '', id: 'backend-sg' }],
      tags: tagsOf('LoadBalancer'),
    },
    'loadBalancer',
    ['group', 'backend'],
  ),
  step(
    {
      call: 'CreateListener',
      ref: listenerRef,
      loadBalancer: loadBalancerRef,
      port: 80,
      protocol: 'HTTP',
      defaultActions: [{ type: 'fixed-response', statusCode: '404', contentType: 'text/plain' }],
      tags: tagsOf('80'),
    },
    'listener',
    ['loadBalancer'],
  ),
  step(
    {
      call: 'CreateRule',
      listener: listenerRef,
      priority: 10_000,
      conditions: [
        { field: 'host-header', values: ['shop.example.com'] },
        { field: 'path-pattern', values: ['/new', '/new/*'] },
      ],
      actions: [{ type: 'redirect', statusCode: 'HTTP_302', path: '/old' }],
      transforms: [],
      tags: tagsOf('80:1'),
    },
    'redirect',
    ['listener'],
  ),
  step(
    {
      call: 'CreateRule',
      listener: listenerRef,
      priority: 10_100,
      conditions: [{ field: 'path-pattern', values: ['/*'] }],
      actions: [{ type: 'forward', targetGroups: [{ targetGroup: targetGroupRef }] }],
      transforms: [],
      tags: tagsOf('80:2'),
    },
    'forward',
    ['listener', 'targetGroup'],
  ),
]
