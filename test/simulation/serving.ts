/** Who would answer a request now: as the account's rules say, and as the cluster asks. */
import type { Account } from '../../localstack/aws/account.ts'
import { targetHealth } from '../../localstack/aws/elbv2/target-state.ts'
import type { ApiServer } from '../../localstack/kube/server.ts'
import type { Timing } from '../../localstack/timing.ts'
import { readActions } from '../../src/aws/codec/action.ts'
import { readRule } from '../../src/aws/codec/rule.ts'
import type { Action } from '../../src/model/action.ts'
import type { ActualRule } from '../../src/model/actual.ts'
import { build } from '../../src/model/build.ts'
import { choose } from '../../src/model/choice.ts'
import { type Cluster, type Ingress, keyOf as keyOfObject } from '../../src/model/cluster.ts'
import type { Desired } from '../../src/model/desired.ts'
import { type Group, groupsOf } from '../../src/model/group.ts'
import { isHeld } from '../../src/model/listener.ts'
import { isRef, type Ref } from '../../src/model/ref.ts'
import { loadBalancerId } from '../../src/model/role.ts'
import { ownerTag, resourceTag, stackTag } from '../../src/model/tag.ts'
import { identityOf } from '../../src/plan/identity.ts'
import type { Request } from '../../src/route/request.ts'
import { route } from '../../src/route/route.ts'
import { clusterName, type World } from './world.ts'

const hosts = ['other.example.com', 'a.example.com', 'b.example.com']
const paths = ['/', '/a', '/a/b', '/a/b/c', '/ax', '/b', '/b/a', '/c']
const requests: readonly Request[] = [80, 8080].flatMap((port) =>
  hosts.flatMap((host) =>
    paths.map((path) => ({
      protocol: 'HTTP' as const,
      port,
      method: 'GET',
      host,
      path,
      query: '',
      headers: [],
      sourceIp: '1.2.3.4',
    })),
  ),
)

/** Who answers: whose rule, and what stands behind it. */
type Answer = { readonly owner: string; readonly backend: string; readonly group?: string }

const baseId = (id: string): string => identityOf({ tags: { [resourceTag]: id } }).base

export const ours = (account: Account, arn: string): boolean =>
  account.tags.get(arn)?.get('elbv2.k8s.aws/cluster') === clusterName
export const tag = (account: Account, arn: string, key: string): string =>
  account.tags.get(arn)?.get(key) ?? ''

export const loadBalancersOf = (account: Account, stack: string): string[] =>
  [...account.loadBalancers.keys()].filter(
    (arn) => ours(account, arn) && tag(account, arn, stackTag) === stack,
  )

export const rulesOf = (account: Account, listenerArn: string) =>
  [...account.rules.values()]
    .filter((rule) => rule.listenerArn === listenerArn && rule.wire.Priority !== 'default')
    .sort((a, b) => Number(a.wire.Priority) - Number(b.wire.Priority))

function answerOf(account: Account, actions: readonly Action[], owner: string): Answer {
  const action = actions.at(-1)
  if (action?.type === 'fixed-response')
    return { owner, backend: `fixed ${action.statusCode} ${action.messageBody ?? ''}` }
  if (action?.type !== 'forward') return { owner, backend: action?.type ?? 'nothing' }
  const idOf = (name: string | Ref): string => (isRef(name) ? name.id : tag(account, name, resourceTag))
  const group = action.targetGroups[0]?.targetGroup
  return {
    owner,
    backend: action.targetGroups.map(({ targetGroup }) => baseId(idOf(targetGroup))).join(),
    ...(typeof group === 'string' ? { group } : {}),
  }
}

/** Of several, the one whose address Ingresses show, or shall. */
export function currentOf(account: Account, stack: string): string | undefined {
  const all = loadBalancersOf(account, stack)
  return all.find((arn) => tag(account, arn, resourceTag) === loadBalancerId('current')) ?? all[0]
}

/** What the account answers on one of a group's load balancers, by `<stack> <port> <host><path>`. */
export function served(
  account: Account,
  stack: string,
  loadBalancer = currentOf(account, stack),
): Map<string, Answer> {
  const answers = new Map<string, Answer>()
  for (const listener of account.listeners.values()) {
    if (listener.loadBalancerArn !== loadBalancer) continue
    const rules = rulesOf(account, listener.arn).map(({ wire }) => readRule(wire, {}))
    const otherwise = readActions(listener.wire.DefaultActions)
    for (const request of requests) {
      if (request.port !== listener.wire.Port) continue
      const { rule } = route(request, rules)
      const owner = rule ? tag(account, rule.arn, ownerTag) : ''
      answers.set(keyOf(stack, request), answerOf(account, rule?.actions ?? otherwise, owner))
    }
  }
  return answers
}

const keyOf = (stack: string, { port, host, path }: Request): string => `${stack} ${port} ${host}${path}`

export function clusterOf(api: ApiServer): Cluster {
  const list = (storage: string): readonly unknown[] => api.store.list(storage)
  return {
    ingresses: list('ingresses.networking.k8s.io'),
    ingressClasses: list('ingressclasses.networking.k8s.io'),
    ingressClassParams: list('ingressclassparams.elbv2.k8s.aws'),
    namespaces: list('namespaces'),
    services: list('services'),
  } as Cluster
}

/** What the cluster asks for, group by group. */
export type Wanted = {
  readonly groups: ReadonlyMap<string, Group>
  readonly desired: ReadonlyMap<string, Desired>
}

export function wanted({ api, account, facts, config }: World): Wanted {
  const cluster = clusterOf(api)
  const { settings } = config
  const { groups, stackOf } = groupsOf(cluster, settings)
  const desired = new Map(
    [...groups].map(([stack, { leaving }]) => {
      const staying = leaving.filter(
        (one) =>
          one.metadata.deletionTimestamp === undefined &&
          stackOf.has(keyOfObject(one)) &&
          shownBy(one).some((name) => namesOf(account, stack).includes(name)),
      )
      const keys = new Set(staying.map(keyOfObject))
      return [stack, build(stack, cluster, facts, settings, keys).desired]
    }),
  )
  return { groups, desired }
}

/** Host names in its status. */
export const shownBy = ({ status }: Ingress): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname?.toLowerCase() ?? [])
const namesOf = (account: Account, stack: string): string[] =>
  loadBalancersOf(account, stack).map(
    (arn) => account.loadBalancers.get(arn)?.wire.DNSName?.toLowerCase() ?? '',
  )

/** What a group asks for; rules of held members are those that are served. */
export function asked(account: Account, { stack, listeners }: Desired): Map<string, Answer> {
  const answers = new Map<string, Answer>()
  const loadBalancer = currentOf(account, stack)
  for (const listener of listeners) {
    const arn = [...account.listeners.values()].find(
      (one) => one.loadBalancerArn === loadBalancer && one.wire.Port === listener.port,
    )?.arn
    const existing = rulesOf(account, arn ?? '')
    type Entry = Pick<ActualRule, 'conditions'> & { readonly answer: Answer }
    const rules = listener.rules.flatMap((item): Entry[] => {
      if (!isHeld(item))
        return [{ conditions: item.conditions, answer: answerOf(account, item.actions, item.owner) }]
      return existing
        .filter((one) => tag(account, one.arn, ownerTag) === item.held)
        .map((one) => {
          const rule = readRule(one.wire, {})
          return { conditions: rule.conditions, answer: answerOf(account, rule.actions, item.held) }
        })
    })
    const otherwise = answerOf(account, choose(listener.defaultActions, undefined, () => false) ?? [], '')
    for (const request of requests)
      if (request.port === listener.port)
        answers.set(keyOf(stack, request), route(request, rules).rule?.answer ?? otherwise)
  }
  return answers
}

/** Targets of a group that get requests now. */
export function live(account: Account, arn: string, timing: Timing, now: number): string[] {
  const group = account.targetGroups.get(arn)
  if (group === undefined) return []
  return [...group.targets]
    .filter(([, target]) => target.drainingUntil === undefined)
    .filter(([, target]) => targetHealth({ account, timing, now }, group, target).State === 'healthy')
    .map(([key]) => key)
    .sort()
}
