/** What must be open, said anew from the account and the API server alone: for live targets now, and of rules at rest. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2'
import type { Account } from '../../../localstack/aws/account.ts'
import { clusterName, type World } from '../world.ts'

export const label = 'elbv2.k8s.aws/targetGroupBinding=shared'

type Peer = {
  readonly securityGroup?: { readonly groupID: string }
  readonly ipBlock?: { readonly cidr: string }
}
type Port = { readonly protocol?: string; readonly port?: number | string }
export type BindingObject = {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly targetGroupARN?: string
    readonly targetType?: string
    readonly networking?: { readonly ingress: readonly { from: readonly Peer[]; ports: readonly Port[] }[] }
  }
}
type PodObject = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly ports?: readonly { name: string; containerPort: number }[] }[]
  }
  readonly status?: { readonly podIP?: string }
}
export type Need = {
  readonly key: string
  readonly binding: string
  readonly target: string
  readonly group: string
  readonly from: number
  readonly to: number
  /** A security group or a CIDR block. */
  readonly source: string
}

export const bindingsOf = ({ api }: World): readonly BindingObject[] =>
  api.store.list('targetgroupbindings.elbv2.k8s.aws') as unknown as readonly BindingObject[]

/** Of every target that is registered and still there. */
export function needsOf(world: World): ReadonlyMap<string, Need> {
  const pods = new Map(
    (world.api.store.list('pods') as unknown as readonly PodObject[]).map((pod) => [
      pod.status?.podIP ?? '',
      pod,
    ]),
  )
  const all = bindingsOf(world).flatMap((binding) => {
    const { account } = world
    const targets = account.targetGroups.get(binding.spec.targetGroupARN ?? '')?.targets ?? new Map()
    return [...targets.values()].flatMap((target): Need[] => {
      if (target.drainingUntil !== undefined) return []
      const pod = pods.get(target.id)
      if (binding.spec.targetType === 'ip' && pod === undefined) return []
      const group = groupOf(account, target.id, pod)
      return group === undefined ? [] : needs(binding, { id: target.id, port: target.port }, pod, group)
    })
  })
  return new Map(all.map((need) => [need.key, need]))
}

function needs(
  { metadata, spec }: BindingObject,
  target: { readonly id: string; readonly port: number },
  pod: PodObject | undefined,
  group: string,
): Need[] {
  return (spec.networking?.ingress ?? []).flatMap(({ from, ports }) =>
    from.flatMap((peer) =>
      (ports.length === 0 ? [{} as Port] : ports).map(({ port }): Need => {
        const number = typeof port === 'string' ? (named(pod, port) ?? target.port) : port
        const need = {
          binding: metadata.name,
          target: `${target.id}:${target.port}`,
          group,
          from: number ?? 0,
          to: number ?? 65_535,
          source: peer.securityGroup?.groupID ?? peer.ipBlock?.cidr ?? '',
        }
        return { ...need, key: Object.values(need).join(' ') }
      }),
    ),
  )
}

const named = (pod: PodObject | undefined, name: string): number | undefined =>
  pod?.spec.containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)?.containerPort

/** The group that guards it: its interface's only one, or the first of those with the tag of the cluster. */
function groupOf(account: Account, id: string, pod: PodObject | undefined): string | undefined {
  const interfaces = [...account.networkInterfaces.values()].map(({ wire }) => wire)
  const own = /"eniId":"([^"]+)"/.exec(pod?.metadata.annotations?.['vpc.amazonaws.com/pod-eni'] ?? '')?.[1]
  const found = interfaces.find((one) =>
    own !== undefined
      ? one.NetworkInterfaceId === own
      : pod === undefined
        ? one.Attachment?.InstanceId === id && one.Attachment?.DeviceIndex === 0
        : one.PrivateIpAddresses?.some(({ PrivateIpAddress }) => PrivateIpAddress === id),
  )
  const groups = (found?.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])
  if (groups.length < 2) return groups[0]
  return groups.filter((one) => account.tags.get(one)?.has(`kubernetes.io/cluster/${clusterName}`)).sort()[0]
}

export const rulesOn = (account: Account, group: string): readonly SecurityGroupRule[] =>
  account.securityGroups.get(group)?.rules.filter(({ IsEgress }) => !IsEgress) ?? []

export const sourceOf = ({ ReferencedGroupInfo, CidrIpv4 }: SecurityGroupRule): string =>
  ReferencedGroupInfo?.GroupId ?? CidrIpv4 ?? ''

export const isOurs = ({ Description }: SecurityGroupRule): boolean => Description === label

export const isPermitted = (account: Account, need: Need): boolean =>
  rulesOn(account, need.group).some(
    (rule) =>
      rule.IpProtocol === 'tcp' &&
      sourceOf(rule) === need.source &&
      Number(rule.FromPort) <= need.from &&
      Number(rule.ToPort) >= need.to,
  )

/** `<group> <source> <from>-<to>`, of the rules that everybody's needs together come to. */
export function rulesFor(needs: Iterable<Need>, exact: boolean): ReadonlySet<string> {
  const text = ({ group, source, from, to }: Pick<Need, 'group' | 'source' | 'from' | 'to'>): string =>
    `${group} ${source} ${from}-${to}`
  const ranges = Map.groupBy(needs, (need) =>
    exact || !need.source.startsWith('sg-') ? text(need) : `${need.group} ${need.source}`,
  )
  return new Set(
    [...ranges.values()].flatMap(([first, ...others]) => {
      if (first === undefined) return []
      const all = [first, ...others]
      const from = Math.min(...all.map((one) => one.from))
      return [text({ ...first, from, to: Math.max(...all.map((one) => one.to)) })]
    }),
  )
}

export const ruleText = (group: string, rule: SecurityGroupRule): string =>
  `${group} ${sourceOf(rule)} ${rule.FromPort}-${rule.ToPort}`
