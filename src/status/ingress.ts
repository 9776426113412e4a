/** What a member's `status.loadBalancer` should say, from what AWS serves. */
import type { Actual, ActualLoadBalancer } from '../model/actual.ts'
import type { Ingress, IngressStatusEntry } from '../model/cluster.ts'
import { equal } from '../lib/json.ts'

/**
 * The hostname, in lower case, with all listener ports of the group ascending; then that of the Network Load Balancer in
 * front, if any (`albc-model` 14.4).
 * Undefined: leave the status as it is; it never goes from set to empty while the Ingress is ours (invariant 8).
 */
export function statusOf(
  actual: Actual,
  served: { readonly loadBalancer: ActualLoadBalancer | undefined; readonly programmed: boolean },
): readonly IngressStatusEntry[] | undefined {
  const { loadBalancer, programmed } = served
  if (loadBalancer === undefined || !programmed) return undefined
  if (!isActive(loadBalancer)) return undefined
  const ports = actual.listeners
    .filter((listener) => listener.loadBalancerArn === loadBalancer.arn)
    .map((listener) => listener.port)
    .sort((a, b) => a - b)
    .map((port) => ({ port, protocol: 'TCP' }))
  const front = actual.frontend.loadBalancers
    .filter(isActive)
    .map(({ dnsName }) => ({ hostname: dnsName.toLowerCase() }))
  return [{ hostname: loadBalancer.dnsName.toLowerCase(), ports }, ...front]
}

const isActive = ({ state }: ActualLoadBalancer): boolean => state === 'active' || state === 'active_impaired'

/** Whether the stored status already says so; a port's protocol, which ALBC leaves empty, doesn't count. */
export function statusIsCurrent(ingress: Ingress, wanted: readonly IngressStatusEntry[]): boolean {
  return equal(withoutProtocol(ingress.status?.loadBalancer?.ingress ?? []), withoutProtocol(wanted))
}

/** As the status says them, in lower case. */
export const hostNamesOf = ({ status }: Ingress): readonly string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname?.toLowerCase() ?? [])

const withoutProtocol = (entries: readonly IngressStatusEntry[]): unknown =>
  entries.map(({ hostname, ip, ports }) => ({ hostname, ip, ports: (ports ?? []).map(({ port }) => port) }))

/** The status without our hostnames, for an Ingress that leaves; undefined when none of ours is in it. */
export function statusWithout(
  ingress: Ingress,
  ours: ReadonlySet<string>,
): readonly IngressStatusEntry[] | undefined {
  const entries = ingress.status?.loadBalancer?.ingress ?? []
  const others = entries.filter(({ hostname }) => hostname === undefined || !ours.has(hostname))
  return others.length === entries.length ? undefined : others
}
