/** Nodes and pods' addresses in an AWS that is somewhere else: network interfaces made there, and a security group for them. */
import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  type EC2Client,
  type NetworkInterface,
} from '@aws-sdk/client-ec2'
import type { Node } from '../pods/kinds.ts'
import type { Addresses } from '../pods/kubelet.ts'
import { node, type NodeManifest } from './nodes.ts'
import type { Place } from './place.ts'

/** More than the scenario has pods at a time, on each of two nodes. */
const podsPerNode = 5

type Given = {
  readonly clusterName: string
  readonly region: string
  readonly place: Place
  readonly clients: { readonly ec2: EC2Client }
  readonly patienceMs: number
  readonly tags?: Readonly<Record<string, string>>
}
export type Nodes = {
  readonly securityGroup: string
  readonly nodes: readonly NodeManifest[]
  readonly addresses: Addresses
  remove(): Promise<void>
}

export async function makeNodes({
  clients: { ec2 },
  clusterName,
  region,
  place,
  patienceMs,
  tags = {},
}: Given): Promise<Nodes> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const removals: (() => Promise<unknown>)[] = []
  const remove = async (): Promise<void> => {
    for (const one of removals.toReversed()) await patiently(one, patienceMs)
  }
  try {
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: `${clusterName}-nodes`,
        Description: 'nodes of an albatross sandbox',
        VpcId: place.vpcId,
        TagSpecifications: [
          {
            ResourceType: 'security-group',
            Tags: [...Tags, { Key: `kubernetes.io/cluster/${clusterName}`, Value: 'owned' }],
          },
        ],
      }),
    )
    removals.push(() => ec2.send(new DeleteSecurityGroupCommand({ GroupId })))
    const make = async (SubnetId: string, Description: string): Promise<NetworkInterface> => {
      const { NetworkInterface: made } = await ec2.send(
        new CreateNetworkInterfaceCommand({
          SubnetId,
          Description,
          Groups: [GroupId],
          ...(Tags.length > 0 ? { TagSpecifications: [{ ResourceType: 'network-interface', Tags }] } : {}),
        }),
      )
      const { NetworkInterfaceId } = made ?? {}
      removals.push(() => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })))
      return made ?? {}
    }
    const interfaces: NodeInterfaces[] = []
    for (const { id } of place.subnets.slice(0, 2)) {
      const own = await make(id, `node of ${clusterName}`)
      const pods: NetworkInterface[] = []
      while (pods.length < podsPerNode) pods.push(await make(id, `pod of ${clusterName}`))
      interfaces.push({ own, pods })
    }
    return { ...asNodes(interfaces, region), securityGroup: GroupId, remove }
  } catch (error) {
    await remove().catch(() => undefined)
    throw error
  }
}

/** A security group is in use a while longer than what used it. */
export async function patiently(run: () => Promise<unknown>, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    try {
      await run()
      return
    } catch (error) {
      if (error instanceof Error && error.name.endsWith('.NotFound')) return
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, withinMs / 100))
    }
  }
}

type NodeInterfaces = { readonly own: NetworkInterface; readonly pods: readonly NetworkInterface[] }

function asNodes(all: readonly NodeInterfaces[], region: string): Pick<Nodes, 'nodes' | 'addresses'> {
  const free = new Map<string, string[]>()
  const nodes = all.map(({ own, pods }) => {
    const { PrivateIpAddress: ip = '', AvailabilityZone: zone = '' } = own
    const name = `ip-${ip.replaceAll('.', '-')}.${region}.compute.internal`
    free.set(
      name,
      pods.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
    )
    return node({ name, ip, zone, region })
  })
  const of = ({ metadata }: Node): string[] => free.get(metadata.name) ?? []
  return {
    nodes,
    addresses: {
      assign: (one) => {
        const ip = of(one).shift()
        if (ip === undefined) throw new Error(`${one.metadata.name} has no address left for another pod`)
        return ip
      },
      // To the end: one that was released rests.
      release: (one, ip) => {
        of(one).push(ip)
      },
    },
  }
}
