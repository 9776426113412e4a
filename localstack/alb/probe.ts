/** One health check of one target: a GET on a connection of its own, and what came of it. */
import { request } from 'node:http'
import type { TargetGroup, TargetHealth } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Timing } from '../timing.ts'
import type { Reach } from './exchange.ts'
import type { TargetEntry } from './table.ts'
import { ConnectTimeout, dial } from './upstream.ts'

const unhealthy = (
  reason: 'Target.Timeout' | 'Target.FailedHealthChecks',
  description: string,
): TargetHealth => ({
  State: 'unhealthy',
  Reason: reason,
  Description: description,
})
const timedOut = unhealthy('Target.Timeout', 'Request timed out')
const failed = unhealthy('Target.FailedHealthChecks', 'Health checks failed')

/** `200,202` or `200-299`. */
export function acceptsCode(matcher: string, code: number): boolean {
  return matcher.split(',').some((part) => {
    const [low = '', high = low] = part.trim().split('-')
    return code >= Number(low) && code <= Number(high)
  })
}

export type Check = {
  readonly reach: Reach
  readonly timing: Timing
  readonly group: TargetGroup
  readonly target: TargetEntry
  readonly signal: AbortSignal
}

/** Healthy, or unhealthy with AWS's reason and description. Never rejects. */
export function probe({ reach, timing, group, target, signal }: Check): Promise<TargetHealth> {
  const port =
    group.HealthCheckPort === undefined || group.HealthCheckPort === 'traffic-port'
      ? target.port
      : Number(group.HealthCheckPort)
  const scaledMs = (group.HealthCheckTimeoutSeconds ?? 5) * 1000 * timing.healthCheckScale
  const timeoutMs = Math.max(scaledMs, timing.healthCheckTimeoutFloorMs)
  const { ip } = target
  const at = reach(target, port)
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(timedOut), timeoutMs)
    const end = (health: TargetHealth): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      outgoing?.destroy()
      resolve(health)
    }
    const aborted = (): void => end(failed)
    signal.addEventListener('abort', aborted)
    const outgoing =
      ip === undefined || at === undefined || !target.admits(port)
        ? undefined
        : request({
            createConnection: () =>
              dial(
                { reach: () => at },
                { ip, port, secure: group.HealthCheckProtocol === 'HTTPS' },
                timeoutMs,
              ),
            path: group.HealthCheckPath ?? '/',
            setHost: false,
            headers: ['Host', `${ip}:${port}`, 'User-Agent', 'ELB-HealthChecker/2.0', 'Connection', 'close'],
          })
    outgoing?.on('error', (error) => end(error instanceof ConnectTimeout ? timedOut : failed))
    outgoing?.on('response', (answer) => {
      const code = answer.statusCode ?? 0
      answer.on('error', () => undefined)
      answer.resume()
      end(
        acceptsCode(group.Matcher?.HttpCode ?? '200', code)
          ? { State: 'healthy' }
          : {
              State: 'unhealthy',
              Reason: 'Target.ResponseCodeMismatch',
              Description: `Health checks failed with these codes: [${code}]`,
            },
      )
    })
    outgoing?.end()
  })
}
