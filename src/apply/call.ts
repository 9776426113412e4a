/** One arm per Call of a plan: the SDK commands that make it, and what the mirror learns from their answers. */
import type { CredentialsOf } from '../aws/codec/action.ts'
import type { Mirror } from '../aws/mirror.ts'
import type { Call } from '../plan/step.ts'
import { addOnCall } from './call/add-on.ts'
import { certificateCall } from './call/certificate.ts'
import {
  createListener,
  listenerAttributes,
  listenerCertificate,
  modifyListener,
  removeListener,
} from './call/listener.ts'
import { createLoadBalancer, loadBalancerCall } from './call/load-balancer.ts'
import type { NameOf, Request } from './call/request.ts'
import { createRule, modifyRule, removeRule, setPriorities } from './call/rule.ts'
import { securityGroupCall } from './call/security-group.ts'
import { tagCall } from './call/tag.ts'
import { targetCall } from './call/target.ts'
import { targetGroupCall } from './call/target-group.ts'

export type BindingCall = Extract<
  Call,
  { call: 'CreateTargetGroupBinding' | 'UpdateTargetGroupBinding' | 'DeleteTargetGroupBinding' }
>
export type AwsCall = Exclude<Call, BindingCall>

export const isBindingCall = (call: Call): call is BindingCall => call.call.endsWith('TargetGroupBinding')

type Arm<Name extends AwsCall['call']> = (
  call: Extract<AwsCall, { call: Name }>,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
) => readonly Request[]

/** The compiler misses no call here: each has its arm. */
const arms: { readonly [Name in AwsCall['call']]: Arm<Name> } = {
  CreateLoadBalancer: createLoadBalancer,
  SetSecurityGroups: loadBalancerCall,
  SetSubnets: loadBalancerCall,
  SetIpAddressType: loadBalancerCall,
  ModifyLoadBalancerAttributes: loadBalancerCall,
  ModifyIpPools: loadBalancerCall,
  DeleteLoadBalancer: loadBalancerCall,
  ModifyCapacityReservation: addOnCall,
  AssociateWebACL: addOnCall,
  DisassociateWebACL: addOnCall,
  CreateProtection: addOnCall,
  DeleteProtection: addOnCall,
  CreateListener: createListener,
  ModifyListener: modifyListener,
  ModifyListenerAttributes: listenerAttributes,
  AddListenerCertificates: listenerCertificate,
  RemoveListenerCertificates: listenerCertificate,
  DeleteListener: removeListener,
  CreateRule: createRule,
  ModifyRule: modifyRule,
  SetRulePriorities: setPriorities,
  DeleteRule: removeRule,
  CreateTargetGroup: targetGroupCall,
  ModifyTargetGroup: targetGroupCall,
  ModifyTargetGroupAttributes: targetGroupCall,
  DeleteTargetGroup: targetGroupCall,
  RegisterTargets: targetCall,
  DeregisterTargets: targetCall,
  CreateSecurityGroup: securityGroupCall,
  AuthorizeSecurityGroupIngress: securityGroupCall,
  RevokeSecurityGroupIngress: securityGroupCall,
  DeleteSecurityGroup: securityGroupCall,
  CreateTags: securityGroupCall,
  DeleteTags: securityGroupCall,
  RequestCertificate: certificateCall,
  DeleteCertificate: certificateCall,
  AddTags: tagCall,
  RemoveTags: tagCall,
}

/** The requests of a call, to be sent one after the other. */
export const requestsOf = (
  call: AwsCall,
  nameOf: NameOf,
  mirror: Mirror,
  credentialsOf: CredentialsOf,
): readonly Request[] =>
  // The arm of a call's own name takes that call, which the compiler can't follow through the lookup.
  (arms[call.call] as Arm<AwsCall['call']>)(call, nameOf, mirror, credentialsOf)

/** As the AWS client counts it. */
export function actionOf(call: AwsCall): string {
  if ('service' in call) return `${call.service}:${call.call}`
  if (arms[call.call] === certificateCall) return `acm:${call.call}`
  if (call.call === 'CreateProtection' || call.call === 'DeleteProtection') return `shield:${call.call}`
  return `${arms[call.call] === securityGroupCall ? 'ec2' : 'elbv2'}:${call.call}`
}
