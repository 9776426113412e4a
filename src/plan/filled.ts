/** A rule doesn't lead to a new target group before its binding was looked at once: or ready pods would be a 503. */
import type { Action } from '../model/action.ts'
import type { IngressKey } from '../model/choice.ts'
import { isRef } from '../model/ref.ts'
import { keyOfName } from './draft.ts'
import { served } from './match.ts'
import type { Wait } from './step.ts'
import type { World } from './world.ts'

/** What the owner of a rule with these actions waits for; nothing where nobody is served yet, or all are filled. */
export function unfilled(world: World, actions: readonly Action[], owner: IngressKey): readonly Wait[] {
  const { filled } = world.input
  if (filled === undefined || world.loadBalancer?.state !== 'active' || world.place.role === 'next') return []
  const wait = (on: string): Wait => ({
    for: 'targetsRegistered',
    owner,
    on,
    afterMs: 1_000,
    why: 'the targets of a new target group are being registered',
  })
  return served(actions).flatMap(({ targetGroup }): Wait[] => {
    if (isRef(targetGroup)) return [wait(keyOfName(targetGroup))]
    if (filled.has(targetGroup)) return []
    const ours = world.targetGroups.some(({ actual }) => actual?.arn === targetGroup)
    return ours ? [wait(targetGroup)] : []
  })
}
