/** A cluster with thousands of bindings on target groups that somebody made by hand, two pods each, and no load balancer. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { type Cloud, createCloud } from '../../localstack/aws/cloud.ts'
import { seedVpc } from '../../localstack/aws/seed.ts'
import type { Account } from '../../localstack/aws/account.ts'
import { type ApiServer, createApiServer } from '../../localstack/kube/server.ts'
import { kubeOf } from '../../localstack/scenario/kube.ts'
import { type Manifest, namespace, pathOf } from '../../localstack/scenario/manifest.ts'
import { nodesOf } from '../../localstack/scenario/nodes.ts'
import { timings } from '../../localstack/timing.ts'

const ns = 'bench'
const podsEach = 2
const accountId = '123456789012'
export const region = 'eu-west-1'
export const clusterName = 'bench'
/** Nobody throttles it: what is made before the measuring begins takes no time of AWS's. */
export const unhurried = 'UNHURRIED'

export type Bindings = {
  readonly cloud: Cloud
  readonly api: ApiServer
  readonly vpcId: string
  /** Makes them; takes real time, and some of the clock's. */
  readonly fill: (many: number) => Promise<void>
  /** All pods but the last of this binding's are gone. */
  readonly shrink: (at: number) => Promise<void>
}
type World = {
  readonly home: Account
  readonly kube: ReturnType<typeof kubeOf>
  readonly vpc: { readonly vpcId: string; readonly nodeSecurityGroup: string }
}

export function bindingsWorld(): Bindings {
  const seeded: World['vpc'][] = []
  const cloud = createCloud({
    timing: { ...timings.instant, throttle: true },
    onlookers: [unhurried],
    seed: (to) => seeded.push(seedVpc(to, { clusterName, region })),
  })
  const home = cloud.account(accountId, region)
  const api = createApiServer({})
  const vpc = seeded[0] ?? { vpcId: '', nodeSecurityGroup: '' }
  const world = { home, kube: kubeOf(api.handle), vpc }
  return {
    cloud,
    api,
    vpcId: vpc.vpcId,
    fill: (many) => fill(world, many),
    shrink: (at) => world.kube.apply(sliceOf(world, at, addressesOf(at).slice(-1))),
  }
}

export const nameOf = (at: number): string => `b${at}`

/** Addresses out of prefixes that the nodes' interfaces have, as the VPC CNI delegates them. */
const addressesOf = (at: number): readonly string[] =>
  Array.from({ length: podsEach }, (_, index) => {
    const pod = at * podsEach + index
    return `192.168.${128 + Math.floor(pod / 250)}.${1 + (pod % 250)}`
  })

async function fill(world: World, many: number): Promise<void> {
  const { home, kube } = world
  const crds = join(import.meta.dirname, '../../crds')
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
  for (let at = 0; at < many; at += 1) await bind(world, at)
}

async function bind(world: World, at: number): Promise<void> {
  const { home, kube, vpc } = world
  const name = nameOf(at)
  const arn = `arn:aws:elasticloadbalancing:${region}:${accountId}:targetgroup/${name}/${at.toString(16).padStart(16, '0')}`
  home.targetGroups.set(arn, {
    arn,
    wire: {
      TargetGroupArn: arn,
      TargetGroupName: name,
      Protocol: 'HTTP',
      Port: 80,
      VpcId: vpc.vpcId,
      TargetType: 'ip',
      IpAddressType: 'ipv4',
    },
    attributes: new Map(),
    targets: new Map(),
  })
  const addresses = addressesOf(at)
  await kube.apply(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: ns },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
    },
    ...addresses.map((_, pod) => podOf(world, at, pod)),
    sliceOf(world, at, addresses),
    bindingOf(at, arn, vpc),
  )
}

const bindingOf = (at: number, targetGroupARN: string, vpc: World['vpc']): Manifest => ({
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'TargetGroupBinding',
  metadata: { name: nameOf(at), namespace: ns },
  spec: {
    serviceRef: { name: nameOf(at), port: 80 },
    targetGroupARN,
    targetType: 'ip',
    targetGroupProtocol: 'HTTP',
    ipAddressType: 'ipv4',
    vpcID: vpc.vpcId,
    networking: {
      ingress: [
        {
          from: [{ securityGroup: { groupID: vpc.nodeSecurityGroup } }],
          ports: [{ protocol: 'TCP', port: 8_080 + (at % 20) }],
        },
      ],
    },
  },
})

const nodeOf = ({ home }: World, pod: number): string | undefined => nodesOf(home)[pod % 3]?.metadata.name

const podOf = (world: World, at: number, pod: number): Manifest =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${nameOf(at)}-${pod}`, namespace: ns, labels: { app: nameOf(at) } },
    spec: {
      nodeName: nodeOf(world, pod),
      containers: [{ name: 'app', image: 'echo:1', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
  }) as Manifest

const sliceOf = (world: World, at: number, addresses: readonly string[]): Manifest =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: nameOf(at),
      namespace: ns,
      labels: { 'kubernetes.io/service-name': nameOf(at) },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => {
      const pod = addressesOf(at).indexOf(address)
      return {
        addresses: [address],
        conditions: { ready: true },
        nodeName: nodeOf(world, pod),
        targetRef: { kind: 'Pod', namespace: ns, name: `${nameOf(at)}-${pod}` },
      }
    }),
  }) as Manifest
