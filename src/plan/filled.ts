/** A rule doesn't lead to a new target group before its binding was looked at once: or ready pods would be a 503. */
import type { Action } from '../model/action.ts'
import { isRef } from '../model/ref.ts'
import { bindingOf } from './binding.ts'
import { keyOfName } from './draft.ts'
import { served } from './match.ts'
import type { Wait } from './step.ts'
import type { World } from './world.ts'

/** A binding that nobody fills by then keeps its rule waiting no longer. */
const patienceMs = 5_000

/** What to wait for; none where nobody is served yet, or all are filled. */
export function unfilled(world: World, actions: readonly Action[]): readonly Wait[] {
  const { filled, now } = world.input
  if (filled === undefined || world.loadBalancer?.state !== 'active') return []
  return served(actions).flatMap(({ targetGroup }): Wait[] => {
    if (isRef(targetGroup)) return [wait(keyOfName(targetGroup))]
    if (filled.has(targetGroup)) return []
    const ours = world.targetGroups.some(({ actual }) => actual?.arn === targetGroup)
    const since = bindingOf(world, targetGroup)?.metadata.creationTimestamp
    const old = since !== undefined && now - Date.parse(since) > patienceMs
    return ours && !old ? [wait(targetGroup)] : []
  })
}

const wait = (on: string): Wait => ({
  for: 'targetsRegistered',
  on,
  afterMs: 1_000,
  why: 'the targets of a new target group are being registered',
})
