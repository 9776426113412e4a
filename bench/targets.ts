/**
 * How soon endpoints are targets: from the write of an EndpointSlice to RegisterTargets leaving the controller, all in one
 * process; and what a start among many bindings costs. `npm run bench -- targets [bindings]`
 */
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import pino from 'pino'
import { inProcess } from '../localstack/aws/in-process.ts'
import { type Manifest, namespace } from '../localstack/scenario/manifest.ts'
import { startSystem, type System } from '../localstack/scenario/system.ts'
import { timings } from '../localstack/timing.ts'
import type { Handle } from '../src/lib/http.ts'
import { start } from '../src/start.ts'
import { configOf, ns } from './counted.ts'

const events = 300
const many = Number(process.argv[2] ?? 1_000)
/** So that the buckets never say no: this measures the controller. */
const limits = { fill: 1_000 }

const service = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
})
const slice = (name: string, addresses: readonly string[]): Manifest =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: ns, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }) as Manifest
const binding = (name: string, arn: string, vpcID: string): Manifest => ({
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'TargetGroupBinding',
  metadata: { name, namespace: ns },
  spec: {
    serviceRef: { name, port: 80 },
    targetGroupARN: arn,
    targetType: 'ip',
    ipAddressType: 'ipv4',
    vpcID,
  },
})

async function add(system: System, name: string): Promise<void> {
  const elbv2 = new ElasticLoadBalancingV2Client({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'BENCH', secretAccessKey: 'local' },
    requestHandler: inProcess(system.cloud.handle),
  })
  const VpcId = system.vpcId
  const made = await elbv2.send(
    new CreateTargetGroupCommand({ Name: name, Protocol: 'HTTP', Port: 80, VpcId, TargetType: 'ip' }),
  )
  const arn = made.TargetGroups?.[0]?.TargetGroupArn ?? ''
  await system.kube.apply(service(name), slice(name, [addressOf(0)]), binding(name, arn, VpcId))
}

const addressOf = (n: number): string => `192.168.${32 + Math.floor(n / 250)}.${1 + (n % 250)}`

function controller(
  system: Awaited<ReturnType<typeof startSystem>>,
  seen: (body: string) => void,
): ReturnType<typeof start> {
  const handle: Handle = (request) => {
    seen(typeof request.body === 'string' ? request.body : String(request.body ?? ''))
    return system.cloud.handle(request)
  }
  const credentials = { accessKeyId: 'CONTROLLER', secretAccessKey: 'local' }
  const aws = { requestHandler: inProcess(handle), credentials, limits }
  return start({ config: configOf(system), kube: system.api.handle, aws, log: pino({ level: 'silent' }) })
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1))
}

const percentile = (all: readonly number[], part: number): string =>
  (all.toSorted((a, b) => a - b)[Math.floor(all.length * part)] ?? 0).toFixed(1)

const system = await startSystem({ clusterName: 'bench', region: 'eu-west-1', timing: timings.instant })
await system.kube.apply(namespace(ns))
for (let n = 0; n < many; n += 1) await add(system, `b${n}`)

let heardAt: number | undefined
const actions = new Map<string, number>()
const beganAt = performance.now()
const running = controller(system, (body) => {
  const action = /Action=(\w+)/.exec(body)?.[1] ?? 'other'
  actions.set(action, (actions.get(action) ?? 0) + 1)
  if (action === 'RegisterTargets') heardAt ??= performance.now()
})
await until(() => (actions.get('RegisterTargets') ?? 0) >= many)
await running.idle()
console.log(`${many} bindings filled in ${((performance.now() - beganAt) / 1000).toFixed(1)} s`, [...actions])
await running.stop()

actions.clear()
const again = performance.now()
const second = controller(system, (body) => {
  const action = /Action=(\w+)/.exec(body)?.[1] ?? 'other'
  actions.set(action, (actions.get(action) ?? 0) + 1)
  if (action === 'RegisterTargets') heardAt ??= performance.now()
})
await second.idle()
console.log(`started again in ${((performance.now() - again) / 1000).toFixed(1)} s`, [...actions])

const took: number[] = []
actions.clear()
for (let n = 1; n <= events; n += 1) {
  heardAt = undefined
  const addresses = Array.from({ length: n + 1 }, (_, at) => addressOf(at))
  const from = performance.now()
  await system.kube.apply(slice('b0', addresses))
  await until(() => heardAt !== undefined)
  took.push((heardAt ?? 0) - from)
  await second.idle()
}
console.log(
  `endpoint to RegisterTargets: p50 ${percentile(took, 0.5)} ms, p99 ${percentile(took, 0.99)} ms`,
  [...actions],
)
await second.stop()
await system.stop()
