// Every check of an account, in the order in which they run.
import type { Check } from '../bench.ts'
import { addOnChecks } from './add-on.ts'
import { certificateChecks } from './certificate.ts'
import { listenerChecks } from './listener.ts'
import { loadBalancerChecks } from './load-balancer.ts'
import { networkLoadBalancerChecks } from './network-load-balancer.ts'
import { ruleChecks } from './rule.ts'
import { accountProbes } from '../probe/account.ts'
import { requestProbes } from '../probe/request.ts'
import { networkChecks } from './security-group.ts'
import { tagChecks } from './tag.ts'
import { targetGroupChecks } from './target-group.ts'

export const allChecks: readonly Check[] = [
  ...networkChecks,
  ...loadBalancerChecks,
  ...targetGroupChecks,
  ...certificateChecks,
  ...listenerChecks,
  ...ruleChecks,
  ...tagChecks,
  ...addOnChecks,
  ...networkLoadBalancerChecks,
  ...accountProbes,
  ...requestProbes,
]
