/** What one history happens in: the local AWS and API server in this process, and controllers that can be cut off. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { parseAllDocuments } from 'yaml'
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import type { Account } from '../../localstack/aws/account.ts'
import { type Cloud, createCloud } from '../../localstack/aws/cloud.ts'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { type SeededVpc, seedVpc } from '../../localstack/aws/seed.ts'
import { createFaults, type Fault, suffer } from '../../localstack/kube/fault.ts'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import { type Manifest, pathOf } from '../../localstack/scenario/manifest.ts'
import { nodesOf } from '../../localstack/scenario/nodes.ts'
import type { Timing } from '../../localstack/timing.ts'
import { createAws } from '../../src/aws/client.ts'
import { createFactReader } from '../../src/aws/facts.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Handle } from '../../src/lib/http.ts'
import type { Facts } from '../../src/model/facts.ts'
import { type Running, start } from '../../src/start.ts'

export const clusterName = 'demo'
const region = 'eu-west-1'
const accountId = '123456789012'

type LogLine = { readonly level: number; readonly msg: string; readonly [field: string]: unknown }

/** A controller, and the wires by which it can be cut off for good. */
export type Life = {
  readonly running: Running
  alive: boolean
  /** Calls to AWS and to the API server, watches apart. */
  calls: number
  /** It dies at its call of this number: before it was done, or after, without an answer. */
  dies?: { readonly at: number; readonly after: boolean }
}

export type World = {
  readonly cloud: Cloud
  readonly account: Account
  readonly vpc: SeededVpc
  readonly api: ApiServer
  readonly kube: ReturnType<typeof kubeOf>
  readonly config: Config
  readonly facts: Facts
  readonly nodes: readonly (Manifest & { readonly status: unknown })[]
  readonly logs: LogLine[]
  /** Faults of the API server, for controllers alone. */
  readonly kubeFaults: { add(fault: Fault): void; clear(): void }
  /** What controllers talk to, faults apart: the local AWS and API server, or something before them. */
  wires: { readonly aws: Handle; readonly kube: Handle }
  life: Life | undefined
  /** Controllers that were started. */
  lives: number
  /** Told of each death by a planned crash. */
  onDeath: (life: Life) => void
}

const folder = join(import.meta.dirname, '../../crds')
const crds: readonly Manifest[] = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
  .map((document) => document.toJSON() as Manifest)

const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const never = new Promise<never>(() => undefined)

export async function createWorld(timing: Timing, flags: readonly string[] = []): Promise<World> {
  let vpc: SeededVpc | undefined
  const cloud = createCloud({
    timing,
    seed: (account) => {
      vpc = seedVpc(account, { clusterName, region })
    },
    onlookers: ['SEED'],
  })
  const account = cloud.account(accountId, region)
  if (vpc === undefined) throw new Error('no VPC was seeded')
  const read = readConfig(
    [
      `--cluster-name=${clusterName}`,
      `--aws-region=${region}`,
      `--aws-vpc-id=${vpc.vpcId}`,
      '--sync-period=20m',
      '--enable-leader-election=false',
      ...flags,
    ],
    {},
  )
  if (!read.ok) throw new Error(read.error.join('\n'))
  const api = createApiServer({})
  const kube = kubeOf(api.handle)
  await kube.apply(...crds)
  const nodes = nodesOf(account)
  for (const node of nodes) {
    await kube.apply(node)
    await kube.patch(`${pathOf(node)}/status`, { status: node.status })
  }
  await seedForeign(cloud, vpc)
  const seedCredentials = { accessKeyId: 'SEED', secretAccessKey: 'local' }
  const aws = createAws({
    region,
    requestHandler: inProcess(cloud.handle),
    credentials: seedCredentials,
    log: pino({ level: 'silent' }),
    version: 'simulation',
  })
  const facts = await createFactReader(aws, read.value.settings).read(
    {},
    { purpose: 'facts', priority: 'user' },
  )
  if (!facts.ok) throw new Error(facts.error.message)
  return {
    cloud,
    account,
    vpc,
    api,
    kube,
    config: read.value,
    facts: facts.value,
    nodes,
    logs: [],
    kubeFaults: createFaults(),
    wires: { aws: cloud.handle, kube: api.handle },
    life: undefined,
    lives: 0,
    onDeath: () => undefined,
  }
}

/** What is others': without our tag, with another cluster's, and rules on the group of the nodes. */
async function seedForeign(cloud: Cloud, vpc: SeededVpc): Promise<void> {
  const credentials = { accessKeyId: 'SEED', secretAccessKey: 'local' }
  const given = { region, credentials, maxAttempts: 1, requestHandler: inProcess(cloud.handle) }
  const elb = new ElasticLoadBalancingV2Client(given)
  const ec2 = new EC2Client(given)
  const tagged = [
    [],
    [
      { Key: 'elbv2.k8s.aws/cluster', Value: 'other' },
      { Key: 'ingress.k8s.aws/stack', Value: 'g1' },
      { Key: 'ingress.k8s.aws/resource', Value: 'LoadBalancer' },
    ],
  ]
  for (const [index, tags] of tagged.entries()) {
    const Tags = tags.length > 0 ? { Tags: tags } : {}
    const group = await elb.send(
      new CreateTargetGroupCommand({
        Name: `foreign-${index}`,
        VpcId: vpc.vpcId,
        Port: 80,
        Protocol: 'HTTP',
        ...Tags,
      }),
    )
    const balancer = await elb.send(
      new CreateLoadBalancerCommand({ Name: `foreign-${index}`, Subnets: [...vpc.publicSubnets], ...Tags }),
    )
    await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn ?? '',
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn: group.TargetGroups?.[0]?.TargetGroupArn ?? '' }],
      }),
    )
  }
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'foreign', Description: 'foreign', VpcId: vpc.vpcId }),
  )
  for (const GroupId of [made.GroupId ?? '', vpc.nodeSecurityGroup])
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId,
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 443,
            ToPort: 443,
            IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'foreign' }],
          },
        ],
      }),
    )
}

/** Starts a controller; whatever was there before is not stopped. */
export function startController(world: World): Life {
  const log = pino(
    { level: 'debug', base: null },
    {
      write: (line: string) => {
        if (life.alive) world.logs.push(JSON.parse(line) as LogLine)
      },
    },
  )
  const faults = world.kubeFaults as ReturnType<typeof createFaults>
  const kube: Handle = async (request) => {
    const fault = faults.take(request)
    if (fault === undefined) return world.wires.kube(request)
    const done = fault.after === true ? await world.wires.kube(request) : undefined
    return (await suffer(fault)) ?? done ?? world.wires.kube(request)
  }
  const life: { -readonly [K in keyof Life]: Life[K] } = {
    alive: true,
    calls: 0,
    running: undefined as unknown as Running,
  }
  const wire =
    (handle: Handle, slowMs: number, counts: (path: string) => boolean): Handle =>
    async (request) => {
      if (!life.alive) return never
      if (!counts(request.path)) return handle(request)
      await passing(1 + Math.random() * slowMs)
      if (!life.alive) return never
      life.calls += 1
      const { dies } = life
      if (dies === undefined || life.calls < dies.at) {
        const answer = await handle(request)
        await passing(1 + Math.random() * slowMs)
        return life.alive ? answer : never
      }
      if (dies.after) await handle(request).catch(() => undefined)
      kill(world, life)
      return never
    }
  life.running = start({
    config: world.config,
    kube: wire(kube, 4, (path) => !/[?&]watch=/.test(path)),
    aws: {
      requestHandler: inProcess(
        wire(
          (request) => world.wires.aws(request),
          25,
          () => true,
        ),
      ),
      credentials: { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' },
    },
    log,
  })
  world.life = life
  world.lives += 1
  return life
}

/** Stopped dead: nothing that it does from here on reaches anything. */
export function kill(world: World, life: Life): void {
  if (!life.alive) return
  life.alive = false
  if (world.life === life) world.life = undefined
  life.running.stop().catch(() => undefined)
  world.onDeath(life)
}
