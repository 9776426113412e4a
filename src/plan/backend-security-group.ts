/** The security group that all our load balancers share as the source of their targets' rules. */
import type { ActualSecurityGroup } from '../model/actual.ts'
import type { SecurityGroup } from '../model/security-group.ts'
import type { Settings } from '../model/settings.ts'
import { draft, type Draft } from './draft.ts'
import { createSecurityGroup, deleteSecurityGroup, securityGroupTags } from './security-group.ts'

/** `group`: its name and tags. Its rules are nobody's business: it only sends. */
export function planBackendSecurityGroup(
  wanted: boolean,
  group: SecurityGroup,
  served: ActualSecurityGroup | undefined,
  settings: Settings,
): Draft {
  if (!served) return wanted ? createSecurityGroup(group, [], settings.vpcId) : draft({})
  return wanted
    ? securityGroupTags(group, served, settings, false)
    : draft({ steps: [deleteSecurityGroup(served, [])] })
}
