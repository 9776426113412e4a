/** Every annotation that is known, in the order of the documentation. */
import * as addOn from './add-on.ts'
import * as auth from './auth.ts'
import type { AnyDeclaration } from './define.ts'
import * as frontendNlb from './frontend-nlb.ts'
import * as group from './group.ts'
import * as healthCheck from './health-check.ts'
import * as listener from './listener.ts'
import * as loadBalancer from './load-balancer.ts'
import * as rule from './rule.ts'
import * as targetGroup from './target-group.ts'

const { healthCheck: frontendCheck, ...frontend } = frontendNlb

export const sections: Readonly<Record<string, readonly AnyDeclaration[]>> = {
  Group: Object.values(group),
  'Load balancer': Object.values(loadBalancer),
  Listeners: Object.values(listener),
  Rules: Object.values(rule),
  Authentication: Object.values(auth),
  'Target groups': Object.values(targetGroup),
  'Health checks': Object.values(healthCheck),
  'Add-ons': Object.values(addOn),
  'Network Load Balancer in front': [...Object.values(frontend), ...Object.values(frontendCheck)],
}

export const declarations: readonly AnyDeclaration[] = Object.values(sections).flat()
