/** Nodes, as the kubelet on each would register it: one for each instance of the account, or stated one by one. */
import type { Account } from '../aws/account.ts'
import type { Manifest } from './manifest.ts'

export type NodeManifest = Manifest & { readonly status: unknown }

export const nodesOf = (account: Account): NodeManifest[] =>
  [...account.instances.values()].map((instance) => {
    const ip = instance.PrivateIpAddress ?? ''
    const zone = instance.Placement?.AvailabilityZone ?? ''
    const { region } = account
    const name = instance.PrivateDnsName ?? `ip-${ip.replaceAll('.', '-')}.${region}.compute.internal`
    return node({ name, ip, zone, region, instance: instance.InstanceId ?? '' })
  })

/** Without `instance` it is one of Fargate's: its pods have network interfaces of their own, which are found by address. */
export function node(given: {
  readonly name: string
  readonly ip: string
  readonly zone: string
  readonly region: string
  readonly instance?: string
}): NodeManifest {
  const { name, ip, zone, region, instance } = given
  const capacity = { cpu: '2', memory: '8Gi', pods: '29' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'topology.kubernetes.io/zone': zone,
        'topology.kubernetes.io/region': region,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': name,
        ...(instance === undefined ? { 'eks.amazonaws.com/compute-type': 'fargate' } : {}),
      },
    },
    spec: instance === undefined ? {} : { providerID: `aws:///${zone}/${instance}` },
    status: {
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
        },
      ],
      capacity,
      allocatable: capacity,
    },
  }
}
