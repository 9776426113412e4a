/** Records by ARN, or the NotFound of their type; what Describe asks for must also have been seen long enough. */
import type {
  ListenerRecord,
  LoadBalancerRecord,
  RuleRecord,
  TargetGroupRecord,
  TrustStoreRecord,
} from '../account.ts'
import type { Context } from '../service.ts'
import { checkArn, type ResourceType } from './arn.ts'
import { refuse } from './refuse.ts'

const notFound: Readonly<Record<ResourceType, readonly [string, string]>> = {
  'load balancer': ['LoadBalancerNotFound', 'One or more load balancers not found'],
  listener: ['ListenerNotFound', 'One or more listeners not found'],
  rule: ['RuleNotFound', 'One or more rules not found'],
  'target group': ['TargetGroupNotFound', 'One or more target groups not found'],
  'trust store': ['TrustStoreNotFound', 'One or more trust stores not found'],
}
type Dated = { readonly createdAt?: number }

export function missing(type: ResourceType): never {
  return refuse(...notFound[type])
}
/** Whether reads show it already: AWS's lag between a create and what follows. */
export function seen({ now, timing }: Context, record: Dated): boolean {
  return record.createdAt === undefined || now >= record.createdAt + timing.readAfterWriteLagMs
}
/** For actions that AWS lets fail on what has only just been created. */
export function seenOrMissing<T extends Dated>(context: Context, type: ResourceType, record: T): T {
  return seen(context, record) ? record : missing(type)
}

function find<T>(type: ResourceType, records: ReadonlyMap<string, T>, arn: string | undefined): T {
  return records.get(checkArn(type, arn)) ?? missing(type)
}
export function loadBalancerOf({ account }: Context, arn: string | undefined): LoadBalancerRecord {
  return find('load balancer', account.loadBalancers, arn)
}
export function listenerOf({ account }: Context, arn: string | undefined): ListenerRecord {
  return find('listener', account.listeners, arn)
}
export function ruleOf({ account }: Context, arn: string | undefined): RuleRecord {
  return find('rule', account.rules, arn)
}
export function targetGroupOf({ account }: Context, arn: string | undefined): TargetGroupRecord {
  return find('target group', account.targetGroups, arn)
}
export function trustStoreOf({ account }: Context, arn: string | undefined): TrustStoreRecord {
  return find('trust store', account.trustStores, arn)
}

export function listenersOf({ account }: Context, loadBalancerArn: string): ListenerRecord[] {
  return [...account.listeners.values()].filter((record) => record.loadBalancerArn === loadBalancerArn)
}
/** By priority, the default rule last. */
export function rulesOf({ account }: Context, listenerArn: string): RuleRecord[] {
  return [...account.rules.values()]
    .filter((record) => record.listenerArn === listenerArn)
    .sort((a, b) => place(a) - place(b))
}
function place({ wire }: RuleRecord): number {
  return wire.IsDefault ? Number.POSITIVE_INFINITY : Number(wire.Priority)
}
