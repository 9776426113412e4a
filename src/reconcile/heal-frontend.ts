/** The sweep's look at the targets of Network Load Balancers in front: somebody may have taken the load balancer behind away. */
import { readTargets } from '../aws/observe.ts'
import type { SendOptions } from '../aws/client.ts'
import { equal } from '../lib/json.ts'
import type { Target } from '../model/actual.ts'
import { stackTag } from '../model/tag.ts'
import { targetKey } from '../plan/targets.ts'
import type { Context } from './context.ts'
import { groupKey } from './key.ts'

export async function healFrontends(
  options: SendOptions,
  { aws, mirror, queue, log }: Context,
): Promise<void> {
  for (const { arn, targetType, tags } of mirror.targetGroups.values()) {
    const before = mirror.registrations.get(arn)
    const stack = tags[stackTag]
    if (targetType !== 'alb' || before === undefined || stack === undefined) continue
    const read = await readTargets({ aws, options }, mirror, arn)
    if (read.ok && equal(live(before), live(read.value))) continue
    if (read.ok) log.warn({ targetGroup: arn }, 'its target was changed by somebody else: looking at it')
    else if (read.error.kind === 'notFound') mirror.registrations.forget(arn)
    else continue
    queue.add(groupKey(stack), 'drift')
  }
}

const live = (targets: readonly Target[]): string[] =>
  targets
    .filter(({ state }) => state !== 'draining')
    .map(targetKey)
    .sort()
