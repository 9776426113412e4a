/** What an account holds, with names in place of ids, so that two accounts built apart can be compared. */
import type { Account, ListenerRecord, RuleRecord } from '../../localstack/aws/account.ts'
import { canonical } from '../../src/lib/json.ts'

/** Ours alone; the position in ALBC's rule tag is set aside too (it is never maintained). */
const ownTag = 'albatross.dev/ingress'
const resourceTag = 'ingress.k8s.aws/resource'

export function contentOf(account: Account): unknown {
  const names = namesOf(account)
  const named = (value: unknown): unknown => JSON.parse(withNames(JSON.stringify(value), names))
  const tagsOf = (id: string): Readonly<Record<string, string>> =>
    Object.fromEntries([...(account.tags.get(id) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
  return named({
    loadBalancers: byName(account.loadBalancers.values(), ({ arn, wire, attributes }) => {
      const { CreatedTime: _made, DNSName: _dns, State: _state, ...rest } = wire
      return [
        wire.LoadBalancerName,
        {
          ...rest,
          AvailabilityZones: sorted(wire.AvailabilityZones ?? []),
          SecurityGroups: sorted(wire.SecurityGroups ?? []),
          attributes: plain(attributes),
          tags: tagsOf(arn),
          listeners: listenersOf(account, arn, tagsOf),
        },
      ]
    }),
    targetGroups: byName(account.targetGroups.values(), ({ arn, wire, attributes, targets }) => [
      wire.TargetGroupName,
      {
        ...wire,
        attributes: plain(attributes),
        tags: tagsOf(arn),
        targets: [...targets.values()]
          .filter(({ drainingUntil }) => drainingUntil === undefined)
          .map(({ id, port, availabilityZone = '' }) => `${id} ${port} ${availabilityZone}`)
          .sort(),
      },
    ]),
    securityGroups: byName(account.securityGroups.values(), ({ id, wire, rules }) => [
      wire.GroupName,
      {
        description: wire.Description,
        tags: tagsOf(id),
        rules: sorted(
          rules.map(({ SecurityGroupRuleId: _id, SecurityGroupRuleArn: _arn, ...rule }) =>
            JSON.parse(withNames(JSON.stringify(rule), names)),
          ),
        ),
      },
    ]),
    certificates: sorted([...account.certificates.values()]),
  })
}

function listenersOf(account: Account, loadBalancer: string, tagsOf: (id: string) => object): unknown {
  const listeners = [...account.listeners.values()].filter(
    ({ loadBalancerArn }) => loadBalancerArn === loadBalancer,
  )
  return byName(listeners, ({ arn, wire, attributes, sniCertificates }: ListenerRecord) => {
    const rules = [...account.rules.values()]
      .filter((rule) => rule.listenerArn === arn && rule.wire.Priority !== 'default')
      .sort((a, b) => Number(a.wire.Priority) - Number(b.wire.Priority))
    return [
      String(wire.Port),
      {
        ...wire,
        attributes: plain(attributes),
        sniCertificates: sorted(sniCertificates),
        tags: tagsOf(arn),
        rules: rules.map((rule) => ruleOf(rule, tagsOf)),
      },
    ]
  })
}

function ruleOf({ arn, wire, clientSecret }: RuleRecord, tagsOf: (id: string) => object): unknown {
  const { RuleArn: _arn, Priority: _priority, ...rest } = wire
  const tags = Object.entries(tagsOf(arn))
    .filter(([key]) => key !== ownTag)
    .map(([key, value]) => [key, key === resourceTag ? String(value).replace(/:\d+$/, '') : value])
  return { ...rest, clientSecret, tags: Object.fromEntries(tags) }
}

/** Longest ids first, so that no id is replaced inside another. */
function namesOf(account: Account): readonly (readonly [string, string])[] {
  const names = [
    ...[...account.loadBalancers.values()].map(({ arn, wire }) => [arn, `<${wire.LoadBalancerName}>`] as const),
    ...[...account.targetGroups.values()].map(({ arn, wire }) => [arn, `<${wire.TargetGroupName}>`] as const),
    ...[...account.listeners.values()].map(({ arn, wire }) => [arn, `<listener ${wire.Port}>`] as const),
    ...[...account.securityGroups.values()].map(({ id, wire }) => [id, `<${wire.GroupName}>`] as const),
  ]
  return names.sort(([a], [b]) => b.length - a.length)
}
const withNames = (text: string, names: readonly (readonly [string, string])[]): string =>
  names.reduce((before, [id, name]) => before.replaceAll(id, name), text)

function byName<T>(
  items: Iterable<T>,
  entry: (item: T) => readonly [string | undefined, unknown],
): Readonly<Record<string, unknown>> {
  const entries = [...items].map(entry)
  return Object.fromEntries(entries.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)))
}
const plain = (map: ReadonlyMap<string, string>): object =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
const sorted = <T>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (canonical(a) < canonical(b) ? -1 : 1))
