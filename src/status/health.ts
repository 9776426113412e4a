/** The health of a member's targets as it was last seen: nothing is asked of AWS for it. */
import type { Actual, ActualTargetGroup, Target } from '../model/actual.ts'
import type { IngressKey } from '../model/choice.ts'
import { identityOf } from '../plan/identity.ts'
import { some, type Told } from './condition.ts'

/** The target groups of each of these members: `<namespace>/<ingress>-<service>:<port>`, where names may hold dashes. */
export function targetGroupsOf(
  { targetGroups }: Pick<Actual, 'targetGroups'>,
  keys: ReadonlySet<IngressKey>,
): ReadonlyMap<IngressKey, readonly ActualTargetGroup[]> {
  const found = new Map<IngressKey, ActualTargetGroup[]>()
  for (const group of targetGroups) {
    let key = identityOf(group).base
    // The longest name that fits: that of `web-api` begins as that of `web` does.
    do key = key.slice(0, Math.max(0, key.lastIndexOf('-')))
    while (key !== '' && !keys.has(key))
    if (key !== '') found.set(key, [...(found.get(key) ?? []), group])
  }
  return found
}

type Seen = { readonly name: string; readonly targets: readonly Target[] | undefined }

/** `before`: what was told last; it stands until somebody looked again, as after a restart. */
export function healthOf(
  groups: readonly ActualTargetGroup[],
  { targets }: Pick<Actual, 'targets'>,
  before: Told | undefined,
): Told {
  // One that waits for its turn, or had it, is not what requests meet.
  const serving = groups.map((group) => ({ group, ...identityOf(group) }))
  const seen = serving
    .filter(({ role, turn }) => role === 'current' && turn === 'now')
    .map(
      ({ group, base }): Seen => ({ name: base.slice(base.indexOf('/') + 1), targets: targets[group.arn] }),
    )
  const told = (status: Told['status'], reason: string, message: string): Told => ({
    type: 'TargetsHealthy',
    status,
    reason,
    message,
  })
  if (before !== undefined && seen.some((one) => one.targets === undefined)) return before
  if (seen.length === 0) return told('Unknown', 'NoTargetGroup', 'no target group of this Ingress is known')
  const down = seen.filter((one) => stateOf(one) === 'down')
  if (down.length > 0)
    return told('False', 'NoHealthyTarget', `no healthy target when last seen: ${some(down.map(textOf))}`)
  const unseen = seen.filter((one) => stateOf(one) === 'unseen')
  if (unseen.length > 0)
    return told('Unknown', 'NotObserved', `not seen healthy yet: ${some(unseen.map(({ name }) => name))}`)
  return told('True', 'Healthy', 'every target group had a healthy target when last seen')
}

const live = (targets: readonly Target[]): readonly Target[] =>
  targets.filter(({ state }) => state !== 'draining')

function stateOf({ targets }: Seen): 'up' | 'down' | 'unseen' {
  if (targets === undefined) return 'unseen'
  const states = new Set(live(targets).map(({ state }) => state))
  if (states.has('healthy') || states.has('unavailable')) return 'up'
  return states.has('unknown') || states.has('initial') || states.has('unused') ? 'unseen' : 'down'
}

/** Without numbers, which would be news with every pod. */
function textOf({ name, targets = [] }: Seen): string {
  const all = live(targets)
  if (all.length === 0) return `${name} (no targets)`
  const reasons = [...new Set(all.flatMap(({ reason }) => reason ?? []))].sort()
  return reasons.length > 0 ? `${name} (${reasons.join(', ')})` : name
}
