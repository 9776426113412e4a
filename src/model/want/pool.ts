/** Where the load balancer's addresses come from: an IPAM pool, or an Outpost's customer-owned pool (ALBC: scalars of the load balancer). */
import { keyOf } from '../../annotation/define.ts'
import * as declared from '../../annotation/load-balancer.ts'
import { exclusive } from '../../annotation/read.ts'
import type { Owned } from '../load-balancer.ts'
import { agreeOwned, goList, type Stated } from './agree.ts'
import { annotationsOf, isSound, paramsOf, refuse, type Scope, take } from './scope.ts'

/** Stated and empty is a mistake. */
export function statedCustomerOwnedPool(scope: Scope): string | undefined {
  const key = keyOf(declared.customerOwnedIpv4Pool)
  const pool = take(scope, exclusive(annotationsOf(scope), declared.customerOwnedIpv4Pool))
  if (pool !== '') return pool
  return refuse(
    scope,
    key,
    `cannot use empty value for customer-owned-ipv4-pool annotation, ingress: ${scope.member.key}`,
    `Write the id of a pool in ${key}, or remove it.`,
  )
}

/** Stated and empty says nothing. */
export const statedIpamPool = (scope: Scope): string | undefined =>
  take(scope, exclusive(annotationsOf(scope), declared.ipamIpv4PoolId)) || undefined

type View = {
  readonly scope: Scope
  readonly customerOwnedPool: Stated<string>
  readonly ipamPool: Stated<string>
}

export const customerOwnedPool = (views: readonly View[]): Owned<string> | undefined =>
  agreeOwned(
    views.map(({ scope, customerOwnedPool: one }) => ({ scope, stated: one })),
    { what: 'CustomerOwnedIPv4Pool', field: keyOf(declared.customerOwnedIpv4Pool), show: goList },
    '',
  )

/** IngressClassParams of the first member decide alone, as with ALBC. */
export function ipamPool(views: readonly View[]): Owned<string> | undefined {
  const one = views.find(({ scope }) => isSound(scope))
  const decided = one && paramsOf(one.scope)?.ipamConfiguration?.ipv4IPAMPoolId
  if (one && decided !== undefined) return { choice: { is: decided }, by: one.scope.member.key }
  return agreeOwned(
    views.map(({ scope, ipamPool: pool }) => ({ scope, stated: pool })),
    {
      what: 'ipv4 ipam pools',
      field: keyOf(declared.ipamIpv4PoolId),
      show: goList,
      say: (pools) => `conflicting ipv4 ipam pools ${pools.join(': ')}`,
    },
    '',
  )
}
