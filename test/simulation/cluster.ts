/** What users and the kubelet do to the cluster in a history: Ingresses, Services, pods and nodes, written as they would. */
import { assignPodIp, releasePodIp } from '../../localstack/aws/seed.ts'
import type { Manifest } from '../../localstack/scenario/manifest.ts'
import {
  ingressClass,
  namespace,
  pathOf,
  type PathRule,
  service,
} from '../../localstack/scenario/manifest.ts'
import type { World } from './world.ts'

export const namespaces = ['blog', 'shop']
export const serviceNames = ['s1', 's2', 's3']
export const containerPort = 8080

export type IngressIntent = {
  readonly namespace: string
  readonly name: string
  class: string
  group?: string | undefined
  order?: number | undefined
  targetType: 'ip' | 'instance'
  paths: PathRule[]
  /** Further annotations, good or bad, by suffix. */
  more: Record<string, string>
}
type Pod = {
  readonly name: string
  readonly ip: string
  readonly instance: string
  readonly node: string
  ready: boolean
}
export type ServiceIntent = {
  readonly namespace: string
  readonly name: string
  exists: boolean
  pods: Pod[]
}

export type ClusterState = {
  readonly ingresses: Map<string, IngressIntent>
  readonly services: Map<string, ServiceIntent>
  readonly badNodes: Set<string>
  podCount: number
}

export async function createCluster(world: World): Promise<ClusterState> {
  const parameters = { apiGroup: 'elbv2.k8s.aws', kind: 'IngressClassParams', name: 'alb' }
  await setParams(world, {})
  await world.kube.apply(
    ...namespaces.map(namespace),
    {
      ...ingressClass('alb'),
      spec: { controller: 'ingress.k8s.aws/alb', parameters },
    },
    {
      ...ingressClass('nginx'),
      spec: { controller: 'k8s.io/ingress-nginx' },
    },
  )
  const services = namespaces.flatMap((space) =>
    serviceNames.map((name): [string, ServiceIntent] => [
      `${space}/${name}`,
      { namespace: space, name, exists: false, pods: [] },
    ]),
  )
  return { ingresses: new Map(), services: new Map(services), badNodes: new Set(), podCount: 0 }
}

/** Of class `alb`. */
export const setParams = (world: World, spec: object): Promise<void> =>
  world.kube.apply({
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'IngressClassParams',
    metadata: { name: 'alb' },
    spec,
  })

export async function applyIngress(world: World, intent: IngressIntent): Promise<void> {
  const annotations: Record<string, string> = { 'target-type': intent.targetType, ...intent.more }
  if (intent.group !== undefined) annotations['group.name'] = intent.group
  if (intent.order !== undefined) annotations['group.order'] = String(intent.order)
  const hosts = [...new Set(intent.paths.map(({ host }) => host))]
  await world.kube.apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: intent.name,
      namespace: intent.namespace,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`alb.ingress.kubernetes.io/${key}`, value]),
      ),
    },
    spec: {
      ingressClassName: intent.class,
      rules: hosts.map((host) => ({
        ...(host === undefined ? {} : { host }),
        http: {
          paths: intent.paths
            .filter((one) => one.host === host)
            .map((one) => ({
              path: one.path,
              pathType: one.pathType ?? 'Prefix',
              backend: { service: { name: one.service, port: { number: one.port } } },
            })),
        },
      })),
    },
  })
}

export const deleteIngress = (world: World, intent: IngressIntent): Promise<void> =>
  world.kube.remove({
    kind: 'Ingress',
    metadata: { name: intent.name, namespace: intent.namespace },
  })

const manifestOf = (intent: ServiceIntent): Manifest =>
  service(intent.name, {
    namespace: intent.namespace,
    port: 80,
    targetPort: containerPort,
    type: 'NodePort',
  })

export async function setService(world: World, intent: ServiceIntent, exists: boolean): Promise<void> {
  intent.exists = exists
  if (exists) await world.kube.apply(manifestOf(intent))
  else await world.kube.remove(manifestOf(intent))
  await writeSlice(world, intent)
}

const slicePath = ({ namespace: space, name }: ServiceIntent): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${space}/endpointslices/${name}-x`

/** As the EndpointSlice controller would. */
async function writeSlice(world: World, intent: ServiceIntent): Promise<void> {
  if (!intent.exists) {
    await send(world, 'DELETE', slicePath(intent))
    return
  }
  await send(world, 'PATCH', `${slicePath(intent)}?fieldManager=slices&force=true`, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${intent.name}-x`,
      namespace: intent.namespace,
      labels: { 'kubernetes.io/service-name': intent.name },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: containerPort, protocol: 'TCP' }],
    endpoints: intent.pods.map((pod) => ({
      addresses: [pod.ip],
      conditions: { ready: pod.ready, serving: pod.ready, terminating: false },
      nodeName: pod.node,
      targetRef: { kind: 'Pod', namespace: intent.namespace, name: pod.name },
    })),
  })
}

const podPath = ({ namespace: space }: ServiceIntent, name: string): string =>
  `/api/v1/namespaces/${space}/pods/${name}`

export async function addPod(world: World, state: ClusterState, intent: ServiceIntent): Promise<void> {
  state.podCount += 1
  const at = state.podCount % world.vpc.instances.length
  const instance = world.vpc.instances[at]?.instanceId ?? ''
  const node = world.nodes[at]?.metadata.name ?? ''
  const pod = {
    name: `${intent.name}-${state.podCount}`,
    ip: assignPodIp(world.account, instance),
    instance,
    node,
    ready: true,
  }
  intent.pods.push(pod)
  await send(world, 'POST', podPath(intent, '').slice(0, -1), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: intent.namespace, labels: { app: intent.name } },
    spec: {
      nodeName: node,
      containers: [{ name: 'app', image: 'echo:1', ports: [{ name: 'http', containerPort }] }],
    },
  })
  await writePod(world, intent, pod)
  await writeSlice(world, intent)
}

async function writePod(world: World, intent: ServiceIntent, pod: Pod): Promise<void> {
  const status = pod.ready ? 'True' : 'False'
  await world.kube.patch(`${podPath(intent, pod.name)}/status`, {
    status: {
      phase: 'Running',
      podIP: pod.ip,
      podIPs: [{ ip: pod.ip }],
      conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status })),
    },
  })
}

export async function setReady(world: World, intent: ServiceIntent, pod: Pod, ready: boolean): Promise<void> {
  pod.ready = ready
  await writePod(world, intent, pod)
  await writeSlice(world, intent)
}

export async function removePod(world: World, intent: ServiceIntent, pod: Pod): Promise<void> {
  intent.pods = intent.pods.filter((one) => one !== pod)
  await writeSlice(world, intent)
  await send(world, 'DELETE', `${podPath(intent, pod.name)}?gracePeriodSeconds=0`)
  releasePodIp(world.account, pod.instance, pod.ip)
}

export async function setNode(
  world: World,
  state: ClusterState,
  at: number,
  ready: boolean,
): Promise<string> {
  const node = world.nodes[at % world.nodes.length]
  if (node === undefined) throw new Error('no node')
  const { name } = node.metadata
  if (ready) state.badNodes.delete(name)
  else state.badNodes.add(name)
  await world.kube.patch(`${pathOf(node)}/status`, {
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: 'x', message: 'x' }] },
  })
  return name
}

/** As its own author would, so that no fault hits it. */
export async function send(world: World, method: string, path: string, body?: unknown): Promise<void> {
  const response = await world.api.handle({
    method,
    path,
    headers: {
      accept: 'application/json',
      'content-type': method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json',
    },
    body: body === undefined ? '' : JSON.stringify(body),
  })
  if (response.status >= 400 && response.status !== 404)
    throw new Error(
      `${method} ${path}: ${response.status} ${typeof response.body === 'string' ? response.body : ''}`,
    )
}
