/** How the targets of a target group are checked (`albc-model` 11.4). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/health-check.ts'
import { goInt } from '../../annotation/parser.ts'
import { preferService } from '../../annotation/read.ts'
import { findPort } from '../service.ts'
import type { HealthCheck } from '../target-group.ts'
import { annotationsOf, fault, refuse, type Scope, take } from './scope.ts'
import type { Backing } from './target-group.ts'

export function healthCheckOf(scope: Scope, backing: Backing): HealthCheck | undefined {
  const { kind } = backing
  const pick = [annotationsOf(scope), backing.service.metadata.annotations] as const
  const grpc = kind.protocolVersion === 'GRPC'
  const stated = take(scope, preferService(...pick, declared.healthcheckPort))
  const port = stated === undefined ? undefined : portOf(scope, backing, stated)
  const protocol = take(scope, preferService(...pick, declared.healthcheckProtocol)) ?? kind.protocol
  const path = take(scope, preferService(...pick, declared.healthcheckPath))
  const codes = take(scope, preferService(...pick, declared.successCodes)) ?? (grpc ? '12' : '200')
  const intervalSeconds = take(scope, preferService(...pick, declared.healthcheckIntervalSeconds))
  const timeoutSeconds = take(scope, preferService(...pick, declared.healthcheckTimeoutSeconds))
  const healthyThresholdCount = take(scope, preferService(...pick, declared.healthyThresholdCount))
  const unhealthyThresholdCount = take(scope, preferService(...pick, declared.unhealthyThresholdCount))
  if (
    port === undefined ||
    intervalSeconds === undefined ||
    timeoutSeconds === undefined ||
    healthyThresholdCount === undefined ||
    unhealthyThresholdCount === undefined
  )
    return undefined
  return {
    port,
    protocol,
    path: path ?? (grpc ? '/AWS.ALB/healthcheck' : '/'),
    matcher: grpc ? { grpcCode: codes } : { httpCode: codes },
    intervalSeconds,
    timeoutSeconds,
    healthyThresholdCount,
    unhealthyThresholdCount,
  }
}

/** A number, or the name of a port of the Service. */
function portOf(scope: Scope, { service, kind }: Backing, stated: string): string | undefined {
  if (stated === 'traffic-port') return stated
  const number = goInt(stated, 32)
  if (number.ok) return String(number.value)
  const name = `${service.metadata.namespace}/${service.metadata.name}`
  const port = findPort(service, stated)
  if (!port)
    return fault(scope, 'ServicePortMissing', {
      field: keyOf(declared.healthcheckPort),
      message: `failed to resolve healthCheckPort: unable to find port ${stated} on service ${name}`,
      remedy: `Write ${declared.healthcheckPort.parser.allowed} in ${keyOf(declared.healthcheckPort)}.`,
    })
  const target = kind.targetType === 'instance' ? port.nodePort : (port.targetPort ?? port.port)
  return typeof target === 'number'
    ? String(target)
    : refuse(
        scope,
        keyOf(declared.healthcheckPort),
        "cannot use named healthCheckPort for IP TargetType when service's targetPort is a named port",
        `Write the number of the container's port in ${keyOf(declared.healthcheckPort)}.`,
      )
}
