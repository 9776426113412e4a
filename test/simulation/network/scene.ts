/** Twenty bindings over pods, nodes and their security groups, and what users, kubelets and others in the account do to them. */
import {
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { CreateSecurityGroupCommand, CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { inProcess } from '../../../localstack/aws/in-process.ts'
import { ingress, ingressClass, type Manifest, namespace } from '../../../localstack/scenario/manifest.ts'
import { clusterName, type World } from '../world.ts'

export const ns = 'net'
export const portNames = ['http', 'admin'] as const
type PortName = (typeof portNames)[number]
export type Peer = { readonly group: number } | { readonly cidr: string }
export type Wish = { readonly peer: Peer; readonly ports: readonly (number | PortName)[] }

export type BindingIntent = {
  readonly name: string
  readonly service: number
  readonly targetGroup: string
  readonly targetType: 'ip' | 'instance'
  exists: boolean
  /** Undefined: no rules are asked for. */
  wishes: Wish[] | undefined
}
export type Pod = {
  readonly name: string
  readonly ip: string
  readonly node: number
  /** Of its own network interface. */
  readonly eni?: string
  readonly port: number
  ready: boolean
  leaving: boolean
}
export type ServiceState = {
  readonly name: string
  exists: boolean
  pods: Pod[]
  readonly ports: Set<number>
}

export type NetworkScene = {
  readonly world: World
  readonly bindings: BindingIntent[]
  readonly services: ServiceState[]
  /** Security groups that may be let in. */
  readonly sources: string[]
  /** Security groups that pods' own interfaces may have. */
  readonly podGroups: readonly string[]
  /** With the tag of the cluster, as the nodes' own; and one without. */
  readonly nodeGroups: { readonly tagged: string; readonly plain: string }
  /** When a binding was last edited, or what it names changed: epoch milliseconds by its name. */
  readonly edited: Map<string, number>
  /** Security groups and interfaces on which somebody else changed what counts, since the last rest. */
  readonly disturbed: Set<string>
  readonly wires: { staleUntil: number; stalledUntil: Map<string, number> }
  pods: number
}

export const serviceCount = 10
export const bindingCount = 20

export async function createScene(world: World): Promise<NetworkScene> {
  const { cloud, vpc } = world
  const wire = {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'SEED', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: inProcess(cloud.handle),
  }
  const [elbv2, ec2] = [new ElasticLoadBalancingV2Client(wire), new EC2Client(wire)]
  const group = async (GroupName: string, tagged = false): Promise<string> => {
    const made = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId: vpc.vpcId }),
    )
    const Tags = [{ Key: `kubernetes.io/cluster/${clusterName}`, Value: 'shared' }]
    if (tagged) await ec2.send(new CreateTagsCommand({ Resources: [made.GroupId ?? ''], Tags }))
    return made.GroupId ?? ''
  }
  const many = async <T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> => {
    const all: T[] = []
    for (let at = 0; at < count; at += 1) all.push(await make(at))
    return all
  }
  const targetGroup = async (at: number, TargetType: 'ip' | 'instance'): Promise<string> => {
    const made = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: `hand-${at}`,
        Protocol: 'HTTP',
        Port: 80,
        VpcId: vpc.vpcId,
        TargetType,
      }),
    )
    return made.TargetGroups?.[0]?.TargetGroupArn ?? ''
  }
  await world.kube.apply(namespace(ns), ingressClass('alb'))
  return {
    world,
    bindings: await many(bindingCount, async (at): Promise<BindingIntent> => {
      const targetType = at % 4 === 3 ? 'instance' : 'ip'
      const arn = await targetGroup(at, targetType)
      const service = at % serviceCount
      return { name: `b${at}`, service, targetGroup: arn, targetType, exists: false, wishes: undefined }
    }),
    services: Array.from({ length: serviceCount }, (_, at) => ({
      name: `s${at}`,
      exists: false,
      pods: [],
      ports: new Set<number>(),
    })),
    sources: await many(4, (at) => group(`source-${at}`)),
    podGroups: await many(2, (at) => group(`pods-${at}`)),
    nodeGroups: { tagged: await group('nodes-too', true), plain: await group('nodes-plain') },
    edited: new Map(),
    disturbed: new Set(),
    wires: { staleUntil: 0, stalledUntil: new Map() },
    pods: 0,
  }
}

const service = ({ name }: ServiceState, at: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: ns },
  spec: {
    type: 'NodePort',
    ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30_000 + at * 100, protocol: 'TCP' }],
  },
})

export async function setService(
  { world, services }: NetworkScene,
  at: number,
  exists: boolean,
): Promise<void> {
  const state = services[at]
  if (state === undefined || state.exists === exists) return
  state.exists = exists
  if (exists) await world.kube.apply(service(state, at))
  else await world.kube.remove(service(state, at))
}

/** Two Ingresses, whose bindings the controller writes. */
export async function setIngress({ world }: NetworkScene, at: number, exists: boolean): Promise<void> {
  const manifest = ingress(`i${at}`, {
    namespace: ns,
    class: 'alb',
    annotations: { 'group.name': 'net', 'target-type': at % 2 === 0 ? 'ip' : 'instance' },
    paths: [{ path: `/${at}`, service: `s${at}`, port: 80 }],
  })
  if (exists) await world.kube.apply(manifest)
  else await world.kube.remove(manifest)
}

export async function writeBinding(scene: NetworkScene, intent: BindingIntent): Promise<void> {
  const { world, sources, services } = scene
  scene.edited.set(intent.name, Date.now())
  const peer = (one: Peer): object =>
    'group' in one ? { securityGroup: { groupID: sources[one.group] } } : { ipBlock: { cidr: one.cidr } }
  const manifest: Manifest = {
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name: intent.name, namespace: ns },
    spec: {
      serviceRef: { name: services[intent.service]?.name, port: 80 },
      targetGroupARN: intent.targetGroup,
      targetType: intent.targetType,
      ...(intent.wishes === undefined
        ? {}
        : {
            networking: {
              ingress: intent.wishes.map((wish) => ({
                from: [peer(wish.peer)],
                ports: wish.ports.map((port) => ({ protocol: 'TCP', port })),
              })),
            },
          }),
    },
  }
  if (intent.exists) await world.kube.apply(manifest)
  else await world.kube.remove(manifest)
}
