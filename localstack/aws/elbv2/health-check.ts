/** Health check settings of a target group: defaults by protocol and type, and what AWS accepts. */
import type { Matcher, ModifyTargetGroupInput, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2'
import { compact } from './compact.ts'
import { between, invalid, length } from './refuse.ts'

const grpcPath = '/AWS.ALB/healthcheck'
export type HealthCheck = Pick<
  TargetGroup,
  | 'HealthCheckEnabled'
  | 'HealthCheckProtocol'
  | 'HealthCheckPort'
  | 'HealthCheckPath'
  | 'HealthCheckIntervalSeconds'
  | 'HealthCheckTimeoutSeconds'
  | 'HealthyThresholdCount'
  | 'UnhealthyThresholdCount'
  | 'Matcher'
>
type Given = Omit<ModifyTargetGroupInput, 'TargetGroupArn'>
type Subject = Pick<TargetGroup, 'Protocol' | 'ProtocolVersion' | 'TargetType'>

export function isHttp(protocol: string | undefined): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS'
}

function defaults({ Protocol, ProtocolVersion, TargetType }: Subject): HealthCheck {
  const lambda = TargetType === 'lambda'
  const http = lambda || TargetType === 'alb' || isHttp(Protocol)
  const grpc = ProtocolVersion === 'GRPC'
  return {
    HealthCheckEnabled: !lambda,
    ...(lambda ? {} : { HealthCheckProtocol: http ? 'HTTP' : 'TCP', HealthCheckPort: 'traffic-port' }),
    ...(http ? { HealthCheckPath: grpc ? grpcPath : '/' } : {}),
    HealthCheckIntervalSeconds: lambda ? 35 : 30,
    HealthCheckTimeoutSeconds: lambda ? 30 : http ? 5 : 10,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    ...(http ? { Matcher: grpc ? { GrpcCode: '12' } : { HttpCode: codesOf(Protocol) } } : {}),
  }
}
/** Behind a network load balancer more answers count as healthy. */
const codesOf = (protocol: string | undefined): string =>
  protocol === undefined || isHttp(protocol) ? '200' : '200-399'

const httpDefaults: HealthCheck = { HealthCheckPath: '/', Matcher: { HttpCode: '200-399' } }

/** The given settings over those of before, or over the defaults. */
export function healthCheck(given: Given, subject: Subject, before?: HealthCheck): HealthCheck {
  const base = before ?? defaults(subject)
  const result: HealthCheck = {
    ...(isHttp(given.HealthCheckProtocol) && base.Matcher === undefined ? httpDefaults : {}),
    ...base,
    ...compact({
      HealthCheckEnabled: given.HealthCheckEnabled,
      HealthCheckProtocol: given.HealthCheckProtocol,
      HealthCheckPort: given.HealthCheckPort,
      HealthCheckPath: given.HealthCheckPath,
      HealthCheckIntervalSeconds: given.HealthCheckIntervalSeconds,
      HealthCheckTimeoutSeconds: given.HealthCheckTimeoutSeconds,
      HealthyThresholdCount: given.HealthyThresholdCount,
      UnhealthyThresholdCount: given.UnhealthyThresholdCount,
      Matcher: given.Matcher && compact(given.Matcher),
    }),
  }
  check(result, subject)
  return result
}

function check(value: HealthCheck, subject: Subject): void {
  const { HealthCheckIntervalSeconds: interval = 0, HealthCheckTimeoutSeconds: timeout = 0 } = value
  between('healthCheckIntervalSeconds', interval, 5, 300)
  between('healthCheckTimeoutSeconds', timeout, 2, 120)
  between('healthyThresholdCount', value.HealthyThresholdCount, 2, 10)
  between('unhealthyThresholdCount', value.UnhealthyThresholdCount, 2, 10)
  if (timeout >= interval)
    invalid(`Health check timeout '${timeout}' must be smaller than the interval '${interval}'`)
  if (!value.HealthCheckEnabled && subject.TargetType !== 'lambda')
    invalid(`Health check enabled must be true for target groups with target type '${subject.TargetType}'`)
  const port = value.HealthCheckPort
  if (port !== undefined && port !== 'traffic-port' && !isPort(port))
    invalid(`Health check port '${port}' must be 'traffic-port' or between '1' and '65535' inclusive`)
  const http = isHttp(subject.Protocol) || subject.TargetType === 'alb'
  if (http && !isHttp(value.HealthCheckProtocol))
    invalid(`Health check protocol '${value.HealthCheckProtocol ?? ''}' must be one of 'HTTPS, HTTP'`)
  checkPath(value.HealthCheckPath)
  checkMatcher(value.Matcher, subject)
}

export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}
function checkPath(path: string | undefined): void {
  length('healthCheckPath', path, 1, 1024)
  if (path !== undefined && !path.startsWith('/'))
    invalid(`Health check path '${path}' must begin with a '/'`)
}

function checkMatcher(matcher: Matcher | undefined, { ProtocolVersion, Protocol }: Subject): void {
  if (!matcher) return
  const grpc = ProtocolVersion === 'GRPC'
  const most = Protocol === undefined || isHttp(Protocol) ? 499 : 599
  const { HttpCode, GrpcCode } = matcher
  if ((HttpCode !== undefined) === (GrpcCode !== undefined))
    invalid('Health check matcher must have either HTTP codes or gRPC codes')
  if (grpc !== (GrpcCode !== undefined))
    invalid(`Health check matcher must have ${grpc ? 'gRPC' : 'HTTP'} codes for this protocol version`)
  const [min, max] = grpc ? [0, 99] : [200, most]
  const codes = HttpCode ?? GrpcCode ?? ''
  const fits = codes.split(',').every((part) => {
    const [, from, to = from] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part) ?? []
    return from !== undefined && Number(from) >= min && Number(to) <= max && Number(from) <= Number(to)
  })
  if (!fits)
    invalid(`Health check matcher ${grpc ? 'gRPC' : 'HTTP'} code '${codes}' must be within '${min}-${max}'`)
}
