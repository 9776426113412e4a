/** Which target groups get requests now, as far as the mirror knows. */
import type { Mirror } from '../aws/mirror.ts'
import { named } from '../plan/match.ts'

/** Those that a rule or a default action names. */
export const namedTargetGroups = (mirror: Mirror): ReadonlySet<string> =>
  new Set(
    [
      ...mirror.rules.values().map(({ actions }) => actions),
      ...mirror.listeners.values().map(({ defaultActions }) => defaultActions),
    ].flatMap(named),
  )

/** Of ours; where nobody has read the rules yet, what AWS says of the target group itself. */
export function servedTargetGroups(mirror: Mirror): readonly string[] {
  const inRules = namedTargetGroups(mirror)
  const isUnread = (loadBalancer: string): boolean => mirror.contentReadAt(loadBalancer) === undefined
  return mirror.targetGroups
    .values()
    .filter((group) => mirror.owns(group))
    .filter(({ arn, loadBalancerArns }) => inRules.has(arn) || loadBalancerArns.some(isUnread))
    .map(({ arn }) => arn)
}
