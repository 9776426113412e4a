/** One step tried on a simulated account and cluster: what it leaves, or why AWS would refuse it. */
import { fail, ok, type Result } from '../../lib/result.ts'
import { isFrontend, isRef, refKey } from '../../model/ref.ts'
import type { Call, Step } from '../step.ts'
import * as binding from './binding.ts'
import * as certificate from './certificate.ts'
import * as listener from './listener.ts'
import * as loadBalancer from './load-balancer.ts'
import * as rule from './rule.ts'
import * as securityGroup from './security-group.ts'
import { type Arm, Refusal, type Sim } from './sim.ts'
import * as tag from './tag.ts'
import * as targetGroup from './target-group.ts'

/** The compiler misses no call here: each has its arm. */
const arms: { readonly [Name in Call['call']]: Arm<Name> } = {
  CreateSecurityGroup: securityGroup.createSecurityGroup,
  AuthorizeSecurityGroupIngress: securityGroup.authorize,
  RevokeSecurityGroupIngress: securityGroup.revoke,
  DeleteSecurityGroup: securityGroup.deleteSecurityGroup,
  CreateTags: securityGroup.createTags,
  DeleteTags: securityGroup.deleteTags,
  RequestCertificate: certificate.requestCertificate,
  DeleteCertificate: certificate.deleteCertificate,
  CreateTargetGroup: targetGroup.createTargetGroup,
  ModifyTargetGroup: targetGroup.modifyTargetGroup,
  ModifyTargetGroupAttributes: targetGroup.targetGroupAttributes,
  DeleteTargetGroup: targetGroup.deleteTargetGroup,
  RegisterTargets: targetGroup.register,
  DeregisterTargets: targetGroup.deregister,
  CreateLoadBalancer: loadBalancer.createLoadBalancer,
  SetSecurityGroups: loadBalancer.setSecurityGroups,
  SetSubnets: loadBalancer.setSubnets,
  SetIpAddressType: loadBalancer.setIpAddressType,
  ModifyLoadBalancerAttributes: loadBalancer.loadBalancerAttributes,
  ModifyIpPools: loadBalancer.modifyIpPools,
  ModifyCapacityReservation: loadBalancer.capacity,
  AssociateWebACL: loadBalancer.associate,
  DisassociateWebACL: loadBalancer.disassociate,
  CreateProtection: loadBalancer.protect,
  DeleteProtection: loadBalancer.unprotect,
  DeleteLoadBalancer: loadBalancer.deleteLoadBalancer,
  CreateListener: listener.createListener,
  ModifyListener: listener.modifyListener,
  ModifyListenerAttributes: listener.listenerAttributes,
  AddListenerCertificates: listener.addCertificate,
  RemoveListenerCertificates: listener.removeCertificate,
  DeleteListener: listener.deleteListener,
  CreateRule: rule.createRule,
  ModifyRule: rule.modifyRule,
  SetRulePriorities: rule.setRulePriorities,
  DeleteRule: rule.deleteRule,
  AddTags: tag.addTags,
  RemoveTags: tag.removeTags,
  CreateTargetGroupBinding: binding.createBinding,
  UpdateTargetGroupBinding: binding.updateBinding,
  DeleteTargetGroupBinding: binding.deleteBinding,
}

/** The error is AWS's code. */
export function tryStep(sim: Sim, step: Step): Result<Sim, string> {
  try {
    return ok(isInFront(sim, step) ? inFront(sim, step) : run(sim, step))
  } catch (error) {
    if (error instanceof Refusal) return fail(error.message)
    throw error
  }
}

const run = (sim: Sim, step: Step): Sim =>
  // The arm of a call's own name takes that call, which the compiler can't follow through the lookup.
  (arms[step.call] as Arm<Call['call']>)(sim, step)

/** The load balancer in front and what is its own, as steps name it. */
function isInFront({ actual: { frontend }, made }: Sim, step: Step): boolean {
  if ('ref' in step) return isFrontend(step.ref)
  const named = [
    'loadBalancer' in step ? step.loadBalancer : undefined,
    'listener' in step ? step.listener : undefined,
    'targetGroup' in step ? step.targetGroup : undefined,
    ...('resources' in step ? step.resources : []),
  ].map((name) => (isRef(name) ? made[refKey(name)] : name))
  return Object.values(frontend).some((list) => list.some(({ arn }) => named.includes(arn)))
}

function inFront(sim: Sim, step: Step): Sim {
  const { actual } = sim
  const apart = run({ ...sim, actual: { ...actual, ...actual.frontend, rules: [] } }, step)
  const { loadBalancers, listeners, targetGroups, targets } = apart.actual
  return { ...apart, actual: { ...actual, targets, frontend: { loadBalancers, listeners, targetGroups } } }
}
