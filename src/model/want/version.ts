/** HTTP/2 and gRPC reach targets through HTTPS listeners alone (AWS: Target groups for your Application Load Balancers, protocol version). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/target-group.ts'
import { fault, type Scope } from './scope.ts'

/** `plain`: HTTP ports at which rules of this member are asked. AWS would refuse those rules again and again. */
export function checkVersions(scope: Scope, plain: readonly number[]): void {
  const [port] = plain
  if (port === undefined) return
  for (const { protocolVersion, binding } of scope.targetGroups.values()) {
    if (protocolVersion === 'HTTP1') continue
    const field = keyOf(declared.backendProtocolVersion)
    fault(scope, 'InvalidAnnotation', {
      field,
      message: `backend protocol version ${protocolVersion} of Service ${binding.serviceRef.name} needs an HTTPS listener, and port ${port} is HTTP`,
      remedy: `Listen on HTTPS alone (alb.ingress.kubernetes.io/listen-ports: [{"HTTPS": 443}]), redirect HTTP with alb.ingress.kubernetes.io/ssl-redirect, or write HTTP1 in ${field}.`,
    })
  }
}
