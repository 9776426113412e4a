/** Pods of a history, with their interfaces, and the slices that list them. */
import { nextAddress } from '../../../localstack/aws/ec2/address.ts'
import { groupIdentifiers } from '../../../localstack/aws/ec2/network-interface.ts'
import { assignPodIp, releasePodIp } from '../../../localstack/aws/seed.ts'
import { send } from '../cluster.ts'
import type { World } from '../world.ts'
import { type NetworkScene, ns, type Pod, type ServiceState } from './scene.ts'

export const podPorts = [8_080, 8_443, 9_090]

export async function addPod(
  scene: NetworkScene,
  at: number,
  kind: number,
  ownGroup?: string,
): Promise<string> {
  const { world, services } = scene
  const state = services[at]
  if (state === undefined) return ''
  scene.pods += 1
  const node = scene.pods % world.vpc.instances.length
  const instance = world.vpc.instances[node]?.instanceId ?? ''
  const eni = ownGroup === undefined ? undefined : `eni-${scene.pods.toString(16).padStart(17, '0')}`
  const ip =
    eni === undefined ? assignPodIp(world.account, instance) : ownInterface(world, eni, node, ownGroup ?? '')
  const port = podPorts[kind % podPorts.length] ?? 8_080
  const pod: Pod = {
    name: `${state.name}-${scene.pods}`,
    ip,
    node,
    ...(eni === undefined ? {} : { eni }),
    port,
    ready: true,
    leaving: false,
  }
  state.pods.push(pod)
  state.ports.add(port)
  const annotations =
    eni === undefined ? {} : { 'vpc.amazonaws.com/pod-eni': JSON.stringify([{ eniId: eni, privateIp: ip }]) }
  await send(world, 'POST', `/api/v1/namespaces/${ns}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: ns, labels: { app: state.name }, annotations },
    spec: {
      nodeName: world.nodes[node]?.metadata.name,
      terminationGracePeriodSeconds: 600,
      containers: [
        {
          name: 'app',
          image: 'echo:1',
          ports: [
            { name: 'http', containerPort: port },
            { name: 'admin', containerPort: port + 1 },
          ],
        },
      ],
    },
  })
  await writePod(world, pod)
  await writeSlices(scene, state)
  return `${pod.name} ${ip}:${port} ${ownGroup ?? ''}`
}

function ownInterface({ account, vpc }: World, eni: string, node: number, group: string): string {
  const subnet = vpc.privateSubnets[node] ?? ''
  const ip = nextAddress(account, subnet) ?? ''
  account.networkInterfaces.set(eni, {
    id: eni,
    wire: {
      NetworkInterfaceId: eni,
      VpcId: vpc.vpcId,
      SubnetId: subnet,
      OwnerId: account.id,
      InterfaceType: 'branch',
      Status: 'in-use',
      PrivateIpAddress: ip,
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: ip }],
      Groups: groupIdentifiers(account, [group]),
    },
  })
  account.changed()
  return ip
}

async function writePod(world: World, pod: Pod): Promise<void> {
  const status = pod.ready ? 'True' : 'False'
  await world.kube.patch(`/api/v1/namespaces/${ns}/pods/${pod.name}/status`, {
    status: {
      phase: 'Running',
      podIP: pod.ip,
      podIPs: [{ ip: pod.ip }],
      conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status })),
    },
  })
}

export async function setReady(
  scene: NetworkScene,
  state: ServiceState,
  pod: Pod,
  ready: boolean,
): Promise<void> {
  pod.ready = ready
  await writePod(scene.world, pod)
  await writeSlices(scene, state)
}

/** First it is told to end, and may still answer; the second time it is gone. */
export async function endPod(scene: NetworkScene, state: ServiceState, pod: Pod): Promise<string> {
  const { world } = scene
  const path = `/api/v1/namespaces/${ns}/pods/${pod.name}`
  if (!pod.leaving) {
    pod.leaving = true
    await send(world, 'DELETE', path)
    await writeSlices(scene, state)
    return `${pod.name} ends`
  }
  state.pods = state.pods.filter((one) => one !== pod)
  await writeSlices(scene, state)
  await send(world, 'DELETE', `${path}?gracePeriodSeconds=0`)
  if (pod.eni === undefined)
    releasePodIp(world.account, world.vpc.instances[pod.node]?.instanceId ?? '', pod.ip)
  else world.account.networkInterfaces.delete(pod.eni)
  return `${pod.name} is gone`
}

/** One for each port number that its pods have, as the EndpointSlice controller writes them. */
async function writeSlices({ world }: NetworkScene, { name, pods, ports }: ServiceState): Promise<void> {
  for (const port of ports) {
    const slice = `${name}-${port}`
    const path = `/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices/${slice}?fieldManager=slices&force=true`
    await send(world, 'PATCH', path, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: slice, namespace: ns, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: pods
        .filter((pod) => pod.port === port)
        .map((pod) => ({
          addresses: [pod.ip],
          conditions: { ready: pod.ready && !pod.leaving, serving: pod.ready, terminating: pod.leaving },
          nodeName: world.nodes[pod.node]?.metadata.name,
          targetRef: { kind: 'Pod', namespace: ns, name: pod.name },
        })),
    })
  }
}
