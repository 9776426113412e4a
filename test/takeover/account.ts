/** What an account holds, with names in place of ids, so that two accounts built apart can be compared. */
import type {
  Account,
  LoadBalancerRecord,
  RuleRecord,
  TargetGroupRecord,
} from '../../localstack/aws/account.ts'
import { canonical } from '../../src/lib/json.ts'

/** Ours alone; the position in ALBC's rule tag is set aside too (it is never maintained). */
const ownTag = 'albatross.dev/ingress'
const resourceTag = 'ingress.k8s.aws/resource'

/** Target groups by the id in their tags, or by their names. */
type By = 'id' | 'name'

export function contentOf(account: Account, targetGroupsBy: By = 'name'): unknown {
  const nameOf = ({ arn, wire }: TargetGroupRecord): string =>
    (targetGroupsBy === 'id' ? account.tags.get(arn)?.get(resourceTag) : wire.TargetGroupName) ?? ''
  const names = namesOf(account, nameOf)
  const named = <T>(value: T): T => JSON.parse(withNames(JSON.stringify(value), names)) as T
  const tagsOf = (id: string): Tags => named(plain(account.tags.get(id) ?? new Map()))
  const reader = { account, named, tagsOf }
  return {
    loadBalancers: byName(account.loadBalancers.values(), (record) => loadBalancerOf(reader, record)),
    targetGroups: byName(account.targetGroups.values(), (record) =>
      targetGroupOf(reader, record, nameOf(record)),
    ),
    securityGroups: byName(account.securityGroups.values(), ({ id, wire, rules }) => [
      wire.GroupName,
      {
        description: wire.Description,
        tags: tagsOf(id),
        rules: sorted(
          named(rules).map(({ SecurityGroupRuleId: _id, SecurityGroupRuleArn: _arn, ...rule }) => rule),
        ),
      },
    ]),
    certificates: sorted(
      [...account.certificates.values()].map((one) => {
        const { CreatedAt: _made, IssuedAt: _issued, NotBefore: _from, NotAfter: _to, ...rest } = named(one)
        return { ...rest, tags: tagsOf(one.CertificateArn ?? '') }
      }),
    ),
    webAcls: named(plain(account.webAclAssociations)),
    classicWebAcls: named(plain(account.classicWebAclAssociations)),
    protections: sorted(
      named([...account.protections.values()]).map(({ Name, ResourceArn }) => ({ Name, ResourceArn })),
    ),
  }
}

type Tags = Readonly<Record<string, string>>
type Reader = {
  readonly account: Account
  readonly named: <T>(value: T) => T
  readonly tagsOf: (id: string) => Tags
}
type Entry = readonly [string | undefined, unknown]

function loadBalancerOf(reader: Reader, { arn, wire, attributes, capacity }: LoadBalancerRecord): Entry {
  const { CreatedTime: _made, DNSName: _dns, State: _state, ...rest } = reader.named(wire)
  const { AvailabilityZones: zones = [], SecurityGroups: groups = [] } = rest
  return [
    wire.LoadBalancerName,
    {
      ...rest,
      AvailabilityZones: sorted(zones),
      SecurityGroups: sorted(groups),
      attributes: plain(attributes),
      capacityUnits: capacity?.units ?? 0,
      tags: reader.tagsOf(arn),
      listeners: listenersOf(reader, arn),
    },
  ]
}

function targetGroupOf(
  reader: Reader,
  { arn, wire, attributes, targets }: TargetGroupRecord,
  name: string,
): Entry {
  return [
    name,
    {
      ...reader.named(wire),
      TargetGroupName: name,
      attributes: plain(attributes),
      tags: reader.tagsOf(arn),
      targets: [...targets.values()]
        .filter(({ drainingUntil }) => drainingUntil === undefined)
        .map(({ id, port, availabilityZone = '' }) => reader.named(`${id} ${port} ${availabilityZone}`))
        .sort(),
    },
  ]
}

function listenersOf(reader: Reader, loadBalancer: string): unknown {
  const { account, named, tagsOf } = reader
  const listeners = [...account.listeners.values()].filter(
    ({ loadBalancerArn }) => loadBalancerArn === loadBalancer,
  )
  return byName(listeners, ({ arn, wire, attributes, sniCertificates }) => {
    const rules = [...account.rules.values()]
      .filter((rule) => rule.listenerArn === arn && rule.wire.Priority !== 'default')
      .sort((a, b) => Number(a.wire.Priority) - Number(b.wire.Priority))
    return [
      String(wire.Port),
      {
        ...named(wire),
        attributes: plain(attributes),
        sniCertificates: sorted(named(sniCertificates)),
        tags: tagsOf(arn),
        rules: rules.map((rule) => ruleOf(reader, rule)),
      },
    ]
  })
}

function ruleOf({ named, tagsOf }: Reader, { arn, wire, clientSecret }: RuleRecord): unknown {
  const { RuleArn: _arn, Priority: _priority, ...rest } = named(wire)
  const tags = Object.entries(tagsOf(arn))
    .filter(([key]) => key !== ownTag)
    .map(([key, value]) => [key, key === resourceTag ? value.replace(/:\d+$/, '') : value])
  return { ...rest, clientSecret, tags: Object.fromEntries(tags) }
}

/** Longest ids first, so that no id is replaced inside another. */
function namesOf(
  account: Account,
  nameOf: (record: TargetGroupRecord) => string,
): readonly (readonly [string, string])[] {
  const names = [
    ...[...account.loadBalancers.values()].map(
      ({ arn, wire }) => [arn, `<${wire.LoadBalancerName}>`] as const,
    ),
    ...[...account.targetGroups.values()].map((one) => [one.arn, `<${nameOf(one)}>`] as const),
    ...[...account.listeners.values()].map(({ arn, wire }) => [arn, `<listener ${wire.Port}>`] as const),
    ...[...account.certificates.keys()].flatMap((arn) => {
      const id = account.tags.get(arn)?.get(resourceTag)
      return id === undefined ? [] : [[arn, `<${id}>`] as const]
    }),
    ...[...account.securityGroups.values()].map(({ id, wire }) => [id, `<${wire.GroupName}>`] as const),
  ]
  return names.sort(([a], [b]) => b.length - a.length)
}
const withNames = (text: string, names: readonly (readonly [string, string])[]): string =>
  names.reduce((before, [id, name]) => before.replaceAll(id, name), text)

function byName<T>(items: Iterable<T>, entry: (item: T) => Entry): Readonly<Record<string, unknown>> {
  const entries = [...items].map(entry)
  return Object.fromEntries(entries.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}
const plain = (map: ReadonlyMap<string, string>): Tags =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
const sorted = <T>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1))

/** `path: ours, theirs` for each leaf in which they differ. */
export function differences(ours: unknown, theirs: unknown, path = ''): readonly string[] {
  if (canonical(ours) === canonical(theirs)) return []
  const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null
  if (!isTree(ours) || !isTree(theirs) || Array.isArray(ours) !== Array.isArray(theirs))
    return [`${path}: ${canonical(ours)} instead of ${canonical(theirs)}`]
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
  return keys.flatMap((key) => differences(ours[key], theirs[key], `${path}/${key}`))
}
