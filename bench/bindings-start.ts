/**
 * What a start among thousands of bindings costs when nothing changed meanwhile, and how soon those that did are served: AWS at
 * its own published rates, in fake time, so that seconds are AWS's and not this machine's. `npm run bench -- bindings-start [n]`
 */
import pino from 'pino'
import { createCloud } from '../localstack/aws/cloud.ts'
import { inProcess } from '../localstack/aws/in-process.ts'
import { seedVpc, type SeededVpc } from '../localstack/aws/seed.ts'
import { type ApiServer, createApiServer } from '../localstack/kube/server.ts'
import { kubeOf } from '../localstack/scenario/kube.ts'
import { nodesOf } from '../localstack/scenario/nodes.ts'
import { type Manifest, namespace, pathOf } from '../localstack/scenario/manifest.ts'
import { timings } from '../localstack/timing.ts'
import { readConfig } from '../src/config.ts'
import { start } from '../src/start.ts'
import { type Clock, installClock } from '../test/simulation/clock.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseAllDocuments } from 'yaml'

const ns = 'bench'
const many = Number(process.argv[2] ?? 5_000)
const podsEach = 2
const region = 'eu-west-1'
const account = '123456789012'
const clusterName = 'bench'

const realNow = performance.now.bind(performance)
const clock = installClock(1)

async function ready<T>(of: Clock, promise: Promise<T>): Promise<T> {
  let done = false
  const settled = promise.finally(() => {
    done = true
  })
  while (!done) await of.advance(1)
  return settled
}

let vpc: SeededVpc | undefined
const cloud = createCloud({
  timing: { ...timings.instant, throttle: true },
  seed: (to) => {
    vpc = seedVpc(to, { clusterName, region })
  },
})
const home = cloud.account(account, region)
const api: ApiServer = createApiServer({})
const kube = kubeOf(api.handle)

/** Addresses out of prefixes that the nodes' interfaces have, as the VPC CNI delegates them. */
const addressOf = (pod: number): string => `192.168.${128 + Math.floor(pod / 250)}.${1 + (pod % 250)}`

async function fill(): Promise<void> {
  const crds = join(import.meta.dirname, '../crds')
  for (const file of readdirSync(crds))
    for (const document of parseAllDocuments(readFileSync(join(crds, file), 'utf8')))
      await kube.apply(document.toJSON() as Manifest)
  await kube.apply(namespace(ns))
  for (const node of nodesOf(home)) {
    await kube.apply(node)
    await kube.patch(`${pathOf(node)}/status`, { status: node.status })
  }
  for (const record of home.networkInterfaces.values())
    record.wire = { ...record.wire, Ipv4Prefixes: [{ Ipv4Prefix: '192.168.128.0/17' }] }
  for (let at = 0; at < many; at += 1) await bind(at)
}

async function bind(at: number): Promise<void> {
  const name = `b${at}`
  const arn = `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/${name}/${at.toString(16).padStart(16, '0')}`
  const VpcId = vpc?.vpcId ?? ''
  const pods = Array.from({ length: podsEach }, (_, pod) => addressOf(at * podsEach + pod))
  home.targetGroups.set(arn, {
    arn,
    wire: {
      TargetGroupArn: arn,
      TargetGroupName: name,
      Protocol: 'HTTP',
      Port: 80,
      VpcId,
      TargetType: 'ip',
      IpAddressType: 'ipv4',
    },
    attributes: new Map(),
    targets: new Map(),
  })
  await kube.apply(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: ns },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
    },
    ...pods.map((_, pod) => podOf(name, pod)),
    sliceOf(name, pods),
    {
      apiVersion: 'elbv2.k8s.aws/v1beta1',
      kind: 'TargetGroupBinding',
      metadata: { name, namespace: ns },
      spec: {
        serviceRef: { name, port: 80 },
        targetGroupARN: arn,
        targetType: 'ip',
        targetGroupProtocol: 'HTTP',
        ipAddressType: 'ipv4',
        vpcID: VpcId,
        networking: {
          ingress: [
            {
              from: [{ securityGroup: { groupID: vpc?.nodeSecurityGroup } }],
              ports: [{ protocol: 'TCP', port: 8_080 + (at % 20) }],
            },
          ],
        },
      },
    },
  )
}

const podOf = (name: string, pod: number): Manifest =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${pod}`, namespace: ns, labels: { app: name } },
    spec: {
      nodeName: nodesOf(home)[pod % 3]?.metadata.name,
      containers: [{ name: 'app', image: 'echo:1', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
  }) as Manifest

const sliceOf = (name: string, addresses: readonly string[]): Manifest =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: ns, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address, pod) => ({
      addresses: [address],
      conditions: { ready: true },
      nodeName: nodesOf(home)[pod % 3]?.metadata.name,
      targetRef: { kind: 'Pod', namespace: ns, name: `${name}-${pod}` },
    })),
  }) as Manifest

type Run = {
  readonly running: ReturnType<typeof start>
  /** Fake seconds since the start. */
  seconds(): number
  calls(): Map<string, number>
  /** When the first call of this action on this target group was made. */
  madeAt(action: string, binding: string): number | undefined
}

function run(): Run {
  const config = readConfig(
    [
      `--cluster-name=${clusterName}`,
      `--aws-region=${region}`,
      `--aws-vpc-id=${vpc?.vpcId}`,
      '--enable-leader-election=false',
    ],
    {},
  )
  if (!config.ok) throw new Error(config.error.join())
  const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
  const since = clock.now()
  const actions = new Map<string, number>()
  const first = new Map<string, number>()
  const handler = inProcess((request) => {
    const body = String(request.body)
    const action = /Action=(\w+)/.exec(body)?.[1] ?? 'other'
    actions.set(action, (actions.get(action) ?? 0) + 1)
    const key = `${action} ${/targetgroup%2F(\w+)%2F/.exec(body)?.[1] ?? ''}`
    if (!first.has(key)) first.set(key, (clock.now() - since) / 1000)
    return cloud.handle(request)
  })
  const log = pino({ level: 'error' })
  const running = start({
    config: config.value,
    kube: api.handle,
    aws: { requestHandler: handler, credentials },
    log,
  })
  return {
    running,
    seconds: () => (clock.now() - since) / 1000,
    calls: () => new Map(actions),
    madeAt: (action, binding) => first.get(`${action} ${binding}`),
  }
}

/** Until every target group was read once and nothing is left to do. */
async function settled(of: Run): Promise<void> {
  const { running } = of
  const calls = (): string => [...of.calls().values()].join()
  await ready(clock, running.synced)
  const isIdle = (): boolean => /^albatross_queue_ready 0$/m.test(running.metrics())
  for (let calm = 0; calm < 3; ) {
    const before = calls()
    await clock.advance(2_000)
    calm = isIdle() && before !== '' && before === calls() ? calm + 1 : 0
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** Of the heap, with the local AWS, the API server and all that the bench itself holds. */
const megabytes = (): number => {
  collect()
  return Math.round(process.memoryUsage().heapUsed / 1e6)
}
const told = (actions: Map<string, number>): string =>
  [...actions].map(([action, count]) => `${action} ${count}`).join(', ')

let from = realNow()
await ready(clock, fill())
console.log(`${many} bindings made in ${((realNow() - from) / 1000).toFixed(1)} s of this machine`)

from = realNow()
const first = run()
await settled(first)
console.log(
  `first start: all registered after ${first.seconds().toFixed(0)} s of AWS's time (${((realNow() - from) / 1000).toFixed(1)} s of this machine): ${told(first.calls())}`,
)
await ready(clock, first.running.stop())
cloud.journal.clear()

// Changed while nobody looked; and, later, while the start is still reading.
const [down, edited] = [`b${Math.floor(many / 2)}`, `b${Math.floor(many * 0.9)}`]
const last = (name: string): string => addressOf(Number(name.slice(1)) * podsEach)
await ready(clock, kube.apply(sliceOf(down, [last(down)])))
from = realNow()
const before = megabytes()
const second = run()
await clock.advance(10_000)
const editedAt = second.seconds()
await ready(clock, kube.apply(sliceOf(edited, [last(edited)])))
await settled(second)
cloud.journal.clear()
const after = megabytes()
const writes = [...second.calls()].filter(([action]) =>
  /egister|Authorize|Revoke|Create|Delete|Modify/.test(action),
)
console.log(
  `start again: everything looked at after ${second.seconds().toFixed(0)} s of AWS's time (${((realNow() - from) / 1000).toFixed(1)} s of this machine), the controller's heap ${after - before} MB: ${told(second.calls())}`,
)
console.log(`  writes (2 bindings were changed): ${told(new Map(writes))}`)
console.log(`  changed while down: served after ${second.madeAt('DeregisterTargets', down)?.toFixed(2)} s`)
console.log(
  `  changed ${editedAt.toFixed(0)} s after the start: served after ${((second.madeAt('DeregisterTargets', edited) ?? NaN) - editedAt).toFixed(2)} s more`,
)
await ready(clock, second.running.stop())
api.stop()
process.exit(0)
