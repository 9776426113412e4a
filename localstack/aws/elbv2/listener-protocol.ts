/** Which protocols a listener may have, and which target groups may stand behind each. */
import type { LoadBalancerRecord, TargetGroupRecord } from '../account.ts'
import { invalid, refuse } from './refuse.ts'

/** Listener protocol -> protocols of target groups, of network load balancers. */
const behind: Readonly<Record<string, readonly string[]>> = {
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TCP', 'TLS'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
}

export const isNetwork = ({ wire }: LoadBalancerRecord): boolean => wire.Type === 'network'

export function checkProtocol(loadBalancer: LoadBalancerRecord, protocol: string | undefined): string {
  const allowed = isNetwork(loadBalancer) ? Object.keys(behind).toReversed() : ['HTTPS', 'HTTP']
  if (protocol === undefined) invalid('A listener protocol must be specified')
  if (!allowed.includes(protocol))
    refuse('UnsupportedProtocol', `Listener protocol '${protocol}' must be one of '${allowed.join(', ')}'`)
  const dual = loadBalancer.wire.IpAddressType !== 'ipv4'
  if (dual && protocol.endsWith('UDP'))
    refuse(
      'InvalidConfigurationRequest',
      `Listener protocol '${protocol}' is not supported for dualstack load balancers`,
    )
  return protocol
}

/** Of a network load balancer; groups of type alb take TCP alone, and so do what leads to them. */
export function checkNetworkGroup({ arn, wire }: TargetGroupRecord, protocol: string): void {
  const fits = behind[protocol]?.includes(wire.Protocol ?? '') ?? false
  if (!fits || (wire.TargetType === 'alb' && protocol !== 'TCP'))
    refuse(
      'IncompatibleProtocols',
      `The protocol '${wire.Protocol ?? ''}' of target group '${arn}' is not compatible with listener protocol '${protocol}'`,
    )
}
