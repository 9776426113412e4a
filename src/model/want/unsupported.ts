/** Annotations and class settings that are known but not acted upon yet: said, never silently ignored. */
import * as addOn from '../../annotation/add-on.ts'
import { type AnyDeclaration, keyOf } from '../../annotation/define.ts'
import { createAcmCert } from '../../annotation/listener.ts'
import * as loadBalancer from '../../annotation/load-balancer.ts'
import { isStated, own } from '../../annotation/read.ts'
import { unknownAnnotations } from '../../annotation/unknown.ts'
import { annotationsOf, fault, paramsOf, type Scope, warn } from './scope.ts'

const later: readonly AnyDeclaration[] = [
  addOn.wafv2AclArn,
  addOn.wafv2AclName,
  addOn.wafAclId,
  addOn.webAclId,
  addOn.shieldAdvancedProtection,
  loadBalancer.customerOwnedIpv4Pool,
  loadBalancer.ipamIpv4PoolId,
  loadBalancer.minimumLoadBalancerCapacity,
]

export function tellUnsupported(scope: Scope): void {
  const annotations = annotationsOf(scope)
  const { settings } = scope.world
  const refuse = (field: string): undefined =>
    fault(scope, 'Unsupported', {
      field,
      message: `${field} is not supported yet`,
      remedy: `Remove ${field}; until then nothing of this Ingress is changed.`,
    })
  for (const declaration of later)
    if (isStated(annotations, declaration)) {
      if (
        declaration !== loadBalancer.minimumLoadBalancerCapacity ||
        settings.featureGates.LBCapacityReservation
      )
        refuse(keyOf(declaration))
    }
  if (settings.featureGates.EnableCertificateManagement) {
    const create = own(annotations, createAcmCert)
    if (create.ok && create.value) refuse(keyOf(createAcmCert))
  }
  const params = paramsOf(scope)
  for (const name of [
    'wafv2AclArn',
    'wafv2AclName',
    'ipamConfiguration',
    'minimumLoadBalancerCapacity',
  ] as const)
    if (params?.[name]) refuse(`IngressClassParams spec.${name}`)
}

export function tellUnknown(scope: Scope): void {
  for (const { key, nearest } of unknownAnnotations(annotationsOf(scope)))
    warn(scope, 'UnknownAnnotation', {
      field: key,
      message: `unknown annotation ${key}`,
      remedy: nearest === undefined ? 'Remove it: nothing reads it.' : `Did you mean ${nearest}?`,
    })
}
