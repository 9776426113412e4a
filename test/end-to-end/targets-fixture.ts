/** Bindings and endpoints written by hand, so that a test says what changes and when. */
import assert from 'node:assert/strict'
import { CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import pino from 'pino'
import { inProcess } from '../../localstack/aws/in-process.ts'
import { type Manifest, namespace } from '../../localstack/scenario/manifest.ts'
import { readConfig } from '../../src/config.ts'
import type { Handle } from '../../src/lib/http.ts'
import { type Running, start } from '../../src/start.ts'
import { clientsFor } from '../localstack/aws/clients.ts'
import { eventually, type TestWorld } from '../world.ts'

const ns = 'hand'
export const waitMs = 20_000

export const setUp = (kube: TestWorld['kube']): Promise<void> => kube.apply(namespace(ns))

export const aService = (name: string, spec: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: {
    type: 'ClusterIP',
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
})

export const slice = (
  service: string,
  addresses: readonly string[],
  addressType = addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
): Manifest =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-hand`,
      namespace: ns,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  }) as Manifest

export const binding = (name: string, service: string, spec: object): Manifest => ({
  apiVersion: 'elbv2.k8s.aws/v1beta1',
  kind: 'TargetGroupBinding',
  metadata: { name, namespace: ns },
  spec: { serviceRef: { name: service, port: 80 }, ...spec },
})

export type Condition = { type: string; status: string; reason: string; message: string }
export type BindingObject = {
  spec: Record<string, unknown>
  status?: { observedGeneration?: number; conditions?: Condition[] }
}
export const getBinding = ({ kube }: Pick<TestWorld, 'kube'>, name: string) =>
  kube.get<BindingObject>(`/apis/elbv2.k8s.aws/v1beta1/namespaces/${ns}/targetgroupbindings/${name}`)

export const readyOf = async (world: Pick<TestWorld, 'kube'>, name: string): Promise<Condition> => {
  const found = await getBinding(world, name)
  const condition = found?.status?.conditions?.find(({ type }) => type === 'Ready')
  assert.ok(condition, `${name} has no condition Ready`)
  return condition
}

export async function targetGroup(
  { cloud, account }: TestWorld,
  name: string,
  more: { readonly owner?: string; readonly targetType?: 'ip' | 'instance' } = {},
): Promise<string> {
  const { elbv2 } = clientsFor(cloud.handle, more.owner === undefined ? {} : { account: more.owner })
  const of = more.owner === undefined ? account : cloud.account(more.owner, 'eu-west-1')
  const [VpcId = ''] = of.vpcs.keys()
  const made = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: name,
      Protocol: 'HTTP',
      Port: 80,
      VpcId,
      TargetType: more.targetType ?? 'ip',
    }),
  )
  return made.TargetGroups?.[0]?.TargetGroupArn ?? ''
}

export const registered = ({ cloud }: TestWorld, arn: string): string[] => {
  const [, , , , owner = ''] = arn.split(':')
  const { targets } = cloud.account(owner, 'eu-west-1').targetGroups.get(arn) ?? { targets: new Map() }
  return [...targets.keys()].map(String).sort()
}

export const hasTargets = (world: TestWorld, arn: string, ...targets: string[]): Promise<void> =>
  eventually(() => assert.deepEqual(registered(world, arn), targets), waitMs)

export const eventsOn = async ({ kube }: TestWorld, name: string): Promise<string[]> => {
  type Seen = { reason: string; involvedObject: { name: string } }
  const all = await kube.list<Seen>(`/api/v1/namespaces/${ns}/events`)
  return all.filter(({ involvedObject }) => involvedObject.name === name).map(({ reason }) => reason)
}

/** The controller's calls since, without those of the sweep. */
export const callsSince = ({ cloud }: TestWorld, since: number): string[] =>
  cloud.journal
    .since(since)
    .filter(({ accessKey }) => accessKey === 'CONTROLLER')
    .map(({ action }) => action)
export const lastCall = ({ cloud }: TestWorld): number => cloud.journal.since().at(-1)?.n ?? 0

/** Of another cluster, in the same account and VPC. */
export function otherController(
  { cloud, vpcId }: TestWorld,
  kube: Handle,
  flags: readonly string[] = [],
): Running {
  const config = readConfig(
    [
      '--cluster-name=other',
      '--aws-region=eu-west-1',
      `--aws-vpc-id=${vpcId}`,
      '--enable-leader-election=false',
      ...flags,
    ],
    {},
  )
  assert.ok(config.ok)
  const credentials = { accessKeyId: 'OTHER', secretAccessKey: 'local' }
  const aws = { requestHandler: inProcess(cloud.handle), credentials }
  return start({ config: config.value, kube, aws, log: pino({ enabled: false }) })
}
