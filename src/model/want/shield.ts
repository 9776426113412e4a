/** Whether Shield Advanced protects the load balancer (ALBC: add-ons). */
import { shieldAdvancedProtection as declared } from '../../annotation/add-on.ts'
import { keyOf } from '../../annotation/define.ts'
import { exclusive } from '../../annotation/read.ts'
import type { Owned } from '../load-balancer.ts'
import { agreeOwned, type Stated } from './agree.ts'
import { annotationsOf, awaitFact, type Scope, take, warn } from './scope.ts'

/** Without a subscription nothing is done, and only who wants the protection is told. */
export function statedShield(scope: Scope): boolean | undefined {
  if (!scope.world.settings.enableShield) return undefined
  const wanted = take(scope, exclusive(annotationsOf(scope), declared))
  if (wanted === undefined) return undefined
  const { shieldSubscribed } = scope.world.facts
  if (shieldSubscribed === undefined) {
    awaitFact(scope, (asked) => {
      asked.shieldSubscribed = true
    })
    return wanted
  }
  if (shieldSubscribed.ok && shieldSubscribed.value) return wanted
  if (wanted)
    warn(scope, 'AddOnUnavailable', {
      field: keyOf(declared),
      message: shieldSubscribed.ok
        ? 'the account has no active subscription of Shield Advanced'
        : `unable to determine the state of the Shield Advanced subscription: ${shieldSubscribed.error.call}: ${shieldSubscribed.error.code}`,
      remedy: shieldSubscribed.ok
        ? 'Subscribe the account to Shield Advanced; all else is served meanwhile.'
        : "Allow shield:GetSubscriptionState in the IAM policy of the controller's role; all else is served meanwhile.",
    })
  return undefined
}

export const shield = (
  views: readonly { readonly scope: Scope; readonly shield: Stated<boolean> }[],
): Owned<boolean> | undefined =>
  agreeOwned(
    views.map(({ scope, shield: one }) => ({ scope, stated: one })),
    {
      what: 'enable shield advanced protection',
      field: keyOf(declared),
      show: (all) => all.join(' | '),
      say: () => 'conflicting enable shield advanced protection',
    },
    false,
  )
