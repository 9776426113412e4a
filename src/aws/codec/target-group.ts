/** Target groups, their health checks and targets: wire <-> model. */
import type {
  CreateTargetGroupCommandInput,
  ModifyTargetGroupCommandInput,
  ProtocolEnum,
  TargetGroup,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ActualTargetGroup, Target, TargetState } from '../../model/actual.ts'
import type { Tags } from '../../model/tag.ts'
import type { HealthCheck } from '../../model/target-group.ts'
import { present, textOrAbsent } from './compact.ts'

export function readTargetGroup(wire: TargetGroup, tags: Tags): ActualTargetGroup {
  return present({
    arn: wire.TargetGroupArn ?? '',
    name: wire.TargetGroupName ?? '',
    targetType: readTargetType(wire.TargetType),
    protocol: wire.Protocol ?? 'HTTP',
    protocolVersion: wire.ProtocolVersion ?? 'HTTP1',
    port: wire.Port ?? 0,
    ipAddressType: wire.IpAddressType === 'ipv6' ? ('ipv6' as const) : ('ipv4' as const),
    vpcId: wire.VpcId ?? '',
    targetControlPort: wire.TargetControlPort,
    healthCheck: readHealthCheck(wire),
    loadBalancerArns: [...(wire.LoadBalancerArns ?? [])].sort(),
    tags,
  })
}

const readTargetType = (type: string | undefined): ActualTargetGroup['targetType'] =>
  type === 'ip' || type === 'alb' || type === 'lambda' ? type : 'instance'

const readHealthCheck = (wire: TargetGroup): HealthCheck => ({
  port: wire.HealthCheckPort ?? 'traffic-port',
  protocol: wire.HealthCheckProtocol ?? 'HTTP',
  path: wire.HealthCheckPath ?? '/',
  matcher:
    wire.Matcher?.GrpcCode === undefined || wire.Matcher.GrpcCode === ''
      ? { httpCode: wire.Matcher?.HttpCode ?? '200' }
      : { grpcCode: wire.Matcher.GrpcCode },
  intervalSeconds: wire.HealthCheckIntervalSeconds ?? 30,
  timeoutSeconds: wire.HealthCheckTimeoutSeconds ?? 5,
  healthyThresholdCount: wire.HealthyThresholdCount ?? 5,
  unhealthyThresholdCount: wire.UnhealthyThresholdCount ?? 2,
})

type WireHealthCheck = Omit<ModifyTargetGroupCommandInput, 'TargetGroupArn'> &
  Pick<CreateTargetGroupCommandInput, 'HealthCheckEnabled'>

export const wireHealthCheck = (check: HealthCheck): WireHealthCheck => ({
  HealthCheckEnabled: true,
  HealthCheckPort: check.port,
  HealthCheckProtocol: check.protocol as ProtocolEnum,
  HealthCheckPath: check.path,
  HealthCheckIntervalSeconds: check.intervalSeconds,
  HealthCheckTimeoutSeconds: check.timeoutSeconds,
  HealthyThresholdCount: check.healthyThresholdCount,
  UnhealthyThresholdCount: check.unhealthyThresholdCount,
  Matcher:
    'grpcCode' in check.matcher ? { GrpcCode: check.matcher.grpcCode } : { HttpCode: check.matcher.httpCode },
})

/** A target that AWS says is not registered is no target. */
export const readTargets = (
  descriptions: readonly TargetHealthDescription[] | undefined,
): readonly Target[] =>
  (descriptions ?? [])
    .filter(({ TargetHealth: health }) => health?.Reason !== 'Target.NotRegistered')
    .map(({ Target: target, TargetHealth: health }) =>
      present({
        id: target?.Id ?? '',
        port: target?.Port ?? 0,
        availabilityZone: textOrAbsent(target?.AvailabilityZone),
        state: readState(health?.State),
        reason: textOrAbsent(health?.Reason),
        description: textOrAbsent(health?.Description),
      }),
    )
    .sort((a, b) => (a.id === b.id ? a.port - b.port : a.id < b.id ? -1 : 1))

const states: readonly string[] = ['initial', 'healthy', 'unhealthy', 'unused', 'draining', 'unavailable']

function readState(state: string | undefined): TargetState {
  if (state === 'unhealthy.draining') return 'draining'
  return state !== undefined && states.includes(state) ? (state as TargetState) : 'unknown'
}
