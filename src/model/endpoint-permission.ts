/** What must be open on the security groups of targets so that the load balancer reaches them (`albc-model` 11.9). */
import { canonical } from '../lib/json.ts'
import type { Pod, TargetGroupBinding } from './cluster.ts'
import type { TargetSource } from './endpoint.ts'
import type { Permission, PermissionSource } from './security-group.ts'

/** On every rule that we write there; only rules with it are ever revoked. */
export const sharedDescription = 'elbv2.k8s.aws/targetGroupBinding=shared'

type Networking = NonNullable<TargetGroupBinding['spec']['networking']>
type Peer = NonNullable<Networking['ingress']>[number]['from'][number]

/** Of one binding, for those of its targets that share a security group. */
export function permissionsFor(
  { spec }: TargetGroupBinding,
  sources: readonly TargetSource[],
): readonly Permission[] {
  if (sources.length === 0) return []
  const all = (spec.networking?.ingress ?? []).flatMap(({ from, ports }) =>
    from.flatMap((peer) =>
      (ports.length > 0 ? ports : [{}]).flatMap((wanted: { protocol?: string; port?: number | string }) =>
        numbersOf(wanted.port, sources).map(([fromPort, toPort]) => ({
          protocol: (wanted.protocol ?? 'TCP').toLowerCase(),
          fromPort,
          toPort,
          source: sourceOf(peer),
          description: sharedDescription,
        })),
      ),
    ),
  )
  return [...new Map(all.map((permission) => [canonical(permission), permission])).values()]
}

function sourceOf({ securityGroup, ipBlock }: Peer): PermissionSource {
  if (securityGroup) return { securityGroup: securityGroup.groupID }
  const cidr = ipBlock?.cidr ?? ''
  return cidr.includes(':') ? { cidrV6: cidr } : { cidr }
}

/** Ranges: a name may mean another number in each pod. */
function numbersOf(
  port: number | string | undefined,
  sources: readonly TargetSource[],
): readonly (readonly [number, number])[] {
  if (port === undefined) return [[0, 65_535]]
  if (typeof port === 'number') return [[port, port]]
  const numbers = sources.map(({ pod, target }) => (pod && containerPort(pod, port)) ?? target.port)
  return [...new Set(numbers)].sort((a, b) => a - b).map((number) => [number, number])
}

const containerPort = ({ spec }: Pod, name: string): number | undefined =>
  spec.containers?.flatMap(({ ports }) => ports ?? []).find((port) => port.name === name)?.containerPort

/** One range per protocol and source security group over all bindings, as ALBC keeps it; address ranges stay single. */
export function collapse(permissions: readonly Permission[]): readonly Permission[] {
  const groups = Map.groupBy(permissions, (permission) =>
    'securityGroup' in permission.source
      ? canonical([permission.protocol, permission.source])
      : canonical(permission),
  )
  return [...groups.values()].flatMap((same) => {
    const [first] = same
    if (!first) return []
    const fromPort = Math.min(...same.map((one) => one.fromPort ?? 0))
    const toPort = Math.max(...same.map((one) => one.toPort ?? 65_535))
    return [{ ...first, fromPort, toPort }]
  })
}
