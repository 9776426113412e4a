/** Target groups of the Network Load Balancer in front: each has one target, a listener of the load balancer behind. */
import { equal } from '../lib/json.ts'
import type { ActualTargetGroup } from '../model/actual.ts'
import { choose } from '../model/choice.ts'
import type { FrontendListener, FrontendNlb, HealthCheckParts } from '../model/frontend-nlb.ts'
import { refKey } from '../model/ref.ts'
import { resourceTag } from '../model/tag.ts'
import type { HealthCheck } from '../model/target-group.ts'
import { draft, join, step, stepId, type Draft } from './draft.ts'
import { frontendTags } from './frontend-tag.ts'
import type { Step, TargetAddress } from './step.ts'
import { tagChange, tagSteps } from './tag.ts'
import { targetKey } from './targets.ts'
import type { World } from './world.ts'

export const frontendTargetGroupOf = (
  { actual }: World,
  { targetGroup }: FrontendListener,
): ActualTargetGroup | undefined =>
  actual.frontend.targetGroups.find(({ tags }) => tags[resourceTag] === targetGroup.ref.id)

export function planFrontendTargetGroups(world: World, wanted: FrontendNlb): Draft {
  const kept = new Set<string>()
  const drafts = wanted.listeners.map((listener) => {
    const served = frontendTargetGroupOf(world, listener)
    if (served) kept.add(served.arn)
    return served ? modify(world, wanted, listener, served) : create(world, wanted, listener)
  })
  const surplus = world.held ? [] : world.actual.frontend.targetGroups.filter(({ arn }) => !kept.has(arn))
  // Whatever becomes of the listener that leads to one: its end, or another target group.
  const after = world.actual.frontend.listeners.flatMap(({ arn }) => [
    stepId('DeleteListener', arn),
    stepId('ModifyListener', arn),
  ])
  return join([...drafts, ...surplus.map((group) => freeTargets(world, group, after))])
}

/** Its target leaves it, then it goes. */
export function freeTargets(world: World, { arn }: ActualTargetGroup, after: readonly string[]): Draft {
  const targets = world.actual.targets[arn]
  if (!targets) return draft({ waits: [targetsRead(arn)] })
  const leave = deregister(
    arn,
    targets.filter(({ state }) => state !== 'draining'),
    'nothing leads there any more',
    after,
  )
  const gone = step(
    { call: 'DeleteTargetGroup', targetGroup: arn },
    {
      key: arn,
      reason: 'no port leads to it',
      impact: 'deletes',
      after: [...after, ...leave.map(({ id }) => id)],
    },
  )
  return draft({ steps: [...leave, gone] })
}

const targetsRead = (arn: string) =>
  ({
    for: 'targetsRead',
    on: arn,
    afterMs: 0,
    why: 'whether it leads to the load balancer is not known yet',
  }) as const

function deregister(
  arn: string,
  targets: readonly TargetAddress[],
  reason: string,
  after: readonly string[],
): Step[] {
  if (targets.length === 0) return []
  return [
    step(
      { call: 'DeregisterTargets', targetGroup: arn, targets: targets.map(({ id, port }) => ({ id, port })) },
      { key: `${arn}#frontend`, reason, impact: 'in place', after },
    ),
  ]
}

/** As stated, or where that is contested or can't be read, as it is served. */
function healthCheckOf({ targetGroup }: FrontendListener, served?: HealthCheck): HealthCheck {
  const { healthCheck: wanted } = targetGroup
  const now: Partial<HealthCheckParts> = served
    ? { ...served, codes: 'httpCode' in served.matcher ? served.matcher.httpCode : '' }
    : {}
  const text = (name: 'port' | 'protocol' | 'path' | 'codes'): string =>
    choose<string>(wanted[name], now[name], (a, b) => a === b) ?? ''
  const number = (
    name: 'intervalSeconds' | 'timeoutSeconds' | 'healthyThresholdCount' | 'unhealthyThresholdCount',
  ): number => choose<number>(wanted[name], now[name], (a, b) => a === b) ?? 0
  return {
    port: text('port'),
    protocol: text('protocol'),
    path: text('path'),
    matcher: { httpCode: text('codes') },
    intervalSeconds: number('intervalSeconds'),
    timeoutSeconds: number('timeoutSeconds'),
    healthyThresholdCount: number('healthyThresholdCount'),
    unhealthyThresholdCount: number('unhealthyThresholdCount'),
  }
}

function create(world: World, wanted: FrontendNlb, listener: FrontendListener): Draft {
  const { ref, name, vpcId } = listener.targetGroup
  return draft({
    steps: [
      step(
        {
          call: 'CreateTargetGroup',
          ref,
          name,
          targetType: 'alb',
          protocol: 'TCP',
          port: listener.port,
          ipAddressType: 'ipv4',
          vpcId,
          healthCheck: healthCheckOf(listener),
          tags: frontendTags(world, wanted, ref.id),
        },
        { key: refKey(ref), reason: 'missing', impact: 'none' },
      ),
    ],
  })
}

function modify(
  world: World,
  wanted: FrontendNlb,
  listener: FrontendListener,
  served: ActualTargetGroup,
): Draft {
  const healthCheck = healthCheckOf(listener, served.healthCheck)
  const { arn } = served
  const tags = frontendTags(world, wanted, listener.targetGroup.ref.id, served.tags)
  const change = tagChange(tags, served.tags, world.input.settings, 'spare legacy')
  return join([
    draft({
      steps: equal(healthCheck, served.healthCheck)
        ? []
        : [
            step(
              { call: 'ModifyTargetGroup', targetGroup: arn, healthCheck },
              { key: arn, reason: 'health check changed', impact: 'in place' },
            ),
          ],
    }),
    tagSteps([{ resource: arn, owner: 'group', ...change }], { keepSurplus: world.held }),
    register(world, listener, arn),
  ])
}

/** Once the listener behind stands and is active: AWS takes no other, and one for each group. */
function register(world: World, { port, targetPort }: FrontendListener, arn: string): Draft {
  const { loadBalancer, actual } = world
  if (loadBalancer === undefined || loadBalancer.state === 'provisioning') return draft({})
  const targets = actual.targets[arn]
  if (!targets) return draft({ waits: [targetsRead(arn)] })
  const present = targets.filter(({ state }) => state !== 'draining')
  const now = present.find(({ id }) => id === loadBalancer.arn)?.port
  const target = { id: loadBalancer.arn, port: choose(targetPort, now, (a, b) => a === b) ?? port }
  if (present.length === 1 && present[0] && targetKey(present[0]) === targetKey(target)) return draft({})
  const stands = actual.listeners.some(
    (one) => one.loadBalancerArn === loadBalancer.arn && one.port === target.port,
  )
  if (!stands) return draft({})
  const leave = deregister(
    arn,
    present.filter((one) => targetKey(one) !== targetKey(target)),
    'another listener behind is wanted',
    [],
  )
  const joins = step(
    { call: 'RegisterTargets', targetGroup: arn, targets: [target] },
    {
      key: `${arn}#frontend`,
      reason: 'the load balancer behind is not its target',
      impact: 'in place',
      after: leave.map(({ id }) => id),
    },
  )
  return draft({ steps: [...leave, joins] })
}
