/** What a refusal means for the step and for what the mirror may still claim to know. */
import type { Awaited } from '../aws/doubt.ts'
import type { Mirror } from '../aws/mirror.ts'
import type { AwsError } from '../model/aws-error.ts'
import type { StepResult } from '../plan/outcome.ts'
import type { Step } from '../plan/step.ts'
import type { AwsCall } from './call.ts'
import { type AddOnCall, isAddOnCall, partOf } from '../plan/add-on.ts'
import type { NameOf } from './call/request.ts'
import { resourcesOf } from './name.ts'

type Failed = {
  readonly step: Step
  readonly call: AwsCall
  readonly stack: string
  readonly mirror: Mirror
  readonly nameOf: NameOf
}

/** Refusals that say that something of ours is not as we thought. Others tell of a user's or another's things. */
const tellsOfOurs = new Set([
  'GoneBefore',
  'LoadBalancerNotFound',
  'ListenerNotFound',
  'RuleNotFound',
  'TargetGroupNotFound',
  'InvalidGroup.NotFound',
  'InvalidSecurityGroupID.NotFound',
  'DuplicateLoadBalancerName',
  'DuplicateTargetGroupName',
  'DuplicateListener',
  'PriorityInUse',
  'InvalidGroup.Duplicate',
  'ResourceInUse',
])

export function afterFailure(failed: Failed, error: AwsError): StepResult {
  const { step, call, stack, mirror } = failed
  if (isAddOnCall(call)) return afterAddOn(failed, call, error)
  const isYoung =
    error.kind === 'notFound' && resourcesOf(call, failed.nameOf).some((key) => mirror.isYoung(key))
  if (error.kind === 'notFound' && !isYoung && forgetDeleted(call, mirror)) return { step, result: 'done' }
  if (isPermissionMismatch(call, error)) {
    // All or nothing: nothing was done, but what we know of the group is wrong.
    mirror.securityGroups.forget(failed.nameOf(call.group))
    return { step, result: 'skipped' }
  }
  const ours = tellsOfOurs.has(error.code.replace(/Exception$/, ''))
  if (error.kind === 'unknown' || ours) doubt(failed, error, stack)
  return { step, result: 'failed', error }
}

/** What AWS has now is read again; a web ACL that does not exist is told, unless AWS may not know the load balancer yet. */
function afterAddOn({ step, mirror, nameOf }: Failed, call: AddOnCall, error: AwsError): StepResult {
  const arn = nameOf(call.loadBalancer)
  if (/^(?:unknown|exists|notFound)$/.test(error.kind)) mirror.addOns.forget(arn, partOf(call))
  const isUsers = call.call === 'AssociateWebACL' && error.kind === 'notFound' && !mirror.isYoung(arn)
  return { step, result: 'failed', error: isUsers ? { ...error, kind: 'invalid' } : error }
}

/** Deleting what is gone is success. */
function forgetDeleted(call: AwsCall, mirror: Mirror): boolean {
  switch (call.call) {
    case 'DeleteLoadBalancer':
      mirror.loadBalancerDeleted(call.loadBalancer)
      return true
    case 'DeleteListener':
      mirror.listenerDeleted(call.listener)
      return true
    case 'DeleteRule':
      mirror.rules.deleted(call.rule)
      return true
    case 'DeleteTargetGroup':
      mirror.targetGroupDeleted(call.targetGroup)
      return true
    case 'DeleteSecurityGroup':
      mirror.securityGroups.deleted(call.group)
      return true
    case 'DeleteCertificate':
      mirror.certificates.deleted(call.certificate)
      return true
    default:
      return false
  }
}

type Permissions = Extract<AwsCall, { call: 'AuthorizeSecurityGroupIngress' | 'RevokeSecurityGroupIngress' }>
const isPermissionMismatch = (call: AwsCall, error: AwsError): call is Permissions =>
  error.code === 'InvalidPermission.Duplicate' || error.code === 'InvalidPermission.NotFound'

function doubt({ call, mirror, nameOf }: Failed, error: AwsError, stack: string): void {
  const named = resourcesOf(call, nameOf)
  if (call.call === 'RegisterTargets' || call.call === 'DeregisterTargets')
    mirror.registrations.forget(call.targetGroup)
  // Groups of nodes and pods are nobody's stack: whoever needs one reads it again.
  for (const id of named) {
    const group = mirror.securityGroups.get(id)
    if (group !== undefined && !mirror.owns(group)) mirror.securityGroups.forget(id)
  }
  const made = awaitedOf(call, nameOf)
  const awaited = made !== undefined && (error.kind === 'unknown' || error.kind === 'exists') ? [made] : []
  const suspects = awaited.length > 0 ? [] : named.filter((key) => mirror.has(key))
  const targetsOnly = call.call === 'RegisterTargets' || call.call === 'DeregisterTargets'
  if (targetsOnly && error.kind === 'unknown') return
  if (suspects.length > 0 || awaited.length > 0)
    mirror.doubted(stack, `${call.call} was done (${error.code})`, suspects, awaited)
}

/** What a create leaves behind, by which a read recognises it. */
function awaitedOf(call: AwsCall, nameOf: NameOf): Awaited | undefined {
  switch (call.call) {
    case 'CreateLoadBalancer':
      return { kind: 'loadBalancer', name: call.name }
    case 'CreateTargetGroup':
      return { kind: 'targetGroup', name: call.name }
    case 'CreateSecurityGroup':
      return { kind: 'securityGroup', name: call.name }
    case 'RequestCertificate':
      return { kind: 'certificate', id: call.ref.id }
    case 'CreateListener':
      return { kind: 'listener', loadBalancer: nameOf(call.loadBalancer), port: call.port }
    case 'CreateRule':
      return { kind: 'rule', listener: nameOf(call.listener), priority: call.priority }
    default:
      return undefined
  }
}
