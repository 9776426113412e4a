/** The names inside a call: which Refs it needs, and which resources it touches. */
import type { SecretVersion } from '../model/action.ts'
import { isRef, type Ref, refKey } from '../model/ref.ts'
import { listenerArnOf } from '../aws/codec/rule.ts'
import type { Call, Name } from '../plan/step.ts'

/** Refs that must stand for something before the call can be made; what it creates is not among them. */
export const refsOf = (call: Call): Ref[] =>
  Object.entries(call).flatMap(([member, value]) => (member === 'ref' ? [] : namesIn(value).filter(isRef)))

/** ARNs of load balancing and ids of security groups that the call names. */
export const resourcesOf = (call: Call, nameOf: (name: Name) => string): string[] =>
  Object.entries(call).flatMap(([member, value]) => (member === 'ref' ? [] : namesIn(value).map(nameOf)))

/** Secrets whose content goes out with the call. */
export function secretsOf(call: Call): readonly SecretVersion[] {
  const actions =
    'actions' in call ? call.actions : 'defaultActions' in call ? call.defaultActions : undefined
  return (actions ?? []).flatMap((action) =>
    action.type === 'authenticate-oidc' && action.credentials ? [action.credentials] : [],
  )
}

function namesIn(value: unknown): Name[] {
  if (typeof value === 'string') return /^(?:arn:[^:]*:elasticloadbalancing:|sg-)/.test(value) ? [value] : []
  if (isRef(value)) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namesIn) : []
}

/** Calls of one lane run in the plan's order: rules of one listener, permissions of one group, targets of one group. */
export function laneOf(call: Call, keyOf: (name: Name) => string): string {
  if ('rule' in call) return listenerArnOf(call.rule)
  if ('listener' in call) return keyOf(call.listener)
  if ('group' in call) return keyOf(call.group)
  if (call.call === 'CreateTargetGroupBinding' || call.call === 'UpdateTargetGroupBinding')
    return `binding:${call.namespace}/${call.name}`
  if (call.call === 'DeleteTargetGroupBinding') return `binding:${call.namespace}/${call.name}`
  if ('targetGroup' in call) return keyOf(call.targetGroup)
  if ('ref' in call) return refKey(call.ref)
  if (call.call === 'DeleteCertificate') return call.certificate
  // WAF's slow pace must not hold up the rest.
  if ('service' in call) return `${call.service} ${keyOf(call.loadBalancer)}`
  if ('loadBalancer' in call) return keyOf(call.loadBalancer)
  return call.resources[0] ?? ''
}
