/** Tags of the Network Load Balancer in front and of what is its own: what users state of it alone, and the tracking tags. */
import { choose } from '../model/choice.ts'
import type { FrontendNlb } from '../model/frontend-nlb.ts'
import { type Tags, trackingTags } from '../model/tag.ts'
import type { World } from './world.ts'

export function frontendTags(
  { input, desired }: World,
  { tags }: FrontendNlb,
  id: string,
  served?: Tags,
): Tags {
  const chosen = choose<Tags>(tags, served, (wanted, now) =>
    Object.entries(wanted).every(([key, value]) => now[key] === value),
  )
  return { ...chosen, ...trackingTags(input.settings, desired.stack, id) }
}
