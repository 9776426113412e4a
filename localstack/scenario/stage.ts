/** What the steps of the workshop hand on. */
import type { Address } from '../alb/network.ts'
import type { Checks } from './check.ts'
import type { Load } from './load.ts'
import type { World } from './scenario.ts'
import type { Show } from './show.ts'

/** The group's name: an explicit one, so that Ingresses of other namespaces can join. */
export const group = 'product-catalog'

export type Stage = {
  readonly world: World
  readonly checks: Checks
  readonly show: Show
  readonly hostname: string
  readonly address: Address
  readonly load: Load
}
