/** ARNs of elbv2: made from their parent's, and told apart by type. */
import { createHash } from 'node:crypto'
import type { Account } from '../account.ts'
import { invalid } from './refuse.ts'

const patterns = {
  'load balancer': /:loadbalancer\/(?:app|net)\/[^/]+\/[^/]+$/,
  listener: /:listener\/(?:app|net)\/[^/]+\/[^/]+\/[^/]+$/,
  rule: /:listener-rule\/(?:app|net)\/[^/]+\/[^/]+\/[^/]+\/[^/]+$/,
  'target group': /:targetgroup\/[^/]+\/[^/]+$/,
  'trust store': /:truststore\/[^/]+\/[^/]+$/,
} as const
export type ResourceType = keyof typeof patterns

function prefix(account: Account): string {
  return `arn:aws:elasticloadbalancing:${account.region}:${account.id}`
}
export function loadBalancerArn(account: Account, kind: 'app' | 'net', name: string, id: string): string {
  return `${prefix(account)}:loadbalancer/${kind}/${name}/${id}`
}
export function targetGroupArn(account: Account, name: string, id: string): string {
  return `${prefix(account)}:targetgroup/${name}/${id}`
}
export function trustStoreArn(account: Account, name: string, id: string): string {
  return `${prefix(account)}:truststore/${name}/${id}`
}
export function listenerArn(loadBalancer: string, id: string): string {
  return `${loadBalancer.replace(':loadbalancer/', ':listener/')}/${id}`
}
export function ruleArn(listener: string, id: string): string {
  return `${listener.replace(':listener/', ':listener-rule/')}/${id}`
}
/** Derived, so that a listener's creation draws one id alone. */
export function defaultRuleArn(listener: string): string {
  return ruleArn(listener, createHash('sha256').update(listener).digest('hex').slice(0, 16))
}
/** `app/<name>/<id>`, or `net/…`: how EC2 names the owner of a network interface. */
export function interfaceOwner(loadBalancer: string): string {
  return loadBalancer.slice(loadBalancer.indexOf(':loadbalancer/') + ':loadbalancer/'.length)
}

export function resourceType(arn: string): ResourceType {
  const types = Object.keys(patterns) as ResourceType[]
  return (
    types.find((type) => patterns[type].test(arn)) ?? invalid(`'${arn}' is not a valid load balancing ARN`)
  )
}
export function checkArn(type: ResourceType, arn: string | undefined): string {
  if (arn === undefined || !patterns[type].test(arn)) invalid(`'${arn ?? ''}' is not a valid ${type} ARN`)
  return arn
}
