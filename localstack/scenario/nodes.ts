/** A Node for each instance of the account, as the kubelet on it would register it. */
import type { Account } from '../aws/account.ts'
import type { Manifest } from './manifest.ts'

export function nodesOf(account: Account): (Manifest & { readonly status: unknown })[] {
  return [...account.instances.values()].map((instance) => {
    const ip = instance.PrivateIpAddress ?? ''
    const zone = instance.Placement?.AvailabilityZone ?? ''
    const name = instance.PrivateDnsName ?? `ip-${ip.replaceAll('.', '-')}.${account.region}.compute.internal`
    const capacity = { cpu: '2', memory: '8Gi', pods: '29' }
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'topology.kubernetes.io/zone': zone,
          'topology.kubernetes.io/region': account.region,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/hostname': name,
        },
      },
      spec: { providerID: `aws:///${zone}/${instance.InstanceId ?? ''}` },
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
  })
}
