/** The default quotas, by the names of DescribeAccountLimits where AWS lists them; each can be overridden per account. */
import type {
  DescribeAccountLimitsInput,
  DescribeAccountLimitsOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Account } from '../account.ts'
import type { Context } from '../service.ts'
import { page } from './page.ts'

const listed = {
  'application-load-balancers': 50,
  'listeners-per-application-load-balancer': 50,
  'rules-per-application-load-balancer': 100,
  'certificates-per-application-load-balancer': 25,
  'target-groups': 3000,
  'target-groups-per-application-load-balancer': 100,
  'target-groups-per-action-on-application-load-balancer': 5,
  'targets-per-application-load-balancer': 1000,
  'targets-per-target-group': 1000,
  'target-id-registrations-per-application-load-balancer': 1000,
  'network-load-balancers': 50,
  'listeners-per-network-load-balancer': 50,
  'target-groups-per-action-on-network-load-balancer': 1,
  'targets-per-network-load-balancer': 3000,
  'condition-values-per-alb-rule': 5,
  'condition-wildcards-per-alb-rule': 5,
} as const
const unlisted = {
  'lambda-targets-per-target-group': 1,
  'alb-targets-per-target-group': 1,
  'network-load-balancers-per-alb-target': 2,
  'security-groups-per-network-interface': 5,
  'trust-stores': 20,
  'tags-per-resource': 50,
  'capacity-units-per-application-load-balancer': 15_000,
  'capacity-units-per-region': 0,
} as const

export type QuotaName = keyof typeof listed | keyof typeof unlisted
const defaults: Readonly<Record<QuotaName, number>> = { ...listed, ...unlisted }
const overrides = new WeakMap<Account, Partial<Record<QuotaName, number>>>()

export function quota(account: Account, name: QuotaName): number {
  return overrides.get(account)?.[name] ?? defaults[name]
}
export function overrideQuota(account: Account, name: QuotaName, max: number): void {
  overrides.set(account, { ...overrides.get(account), [name]: max })
}

export function describeAccountLimits(
  input: DescribeAccountLimitsInput,
  { account }: Context,
): DescribeAccountLimitsOutput {
  const names = Object.keys(listed) as (keyof typeof listed)[]
  const { items, NextMarker } = page(names, input, (name) => name)
  return { Limits: items.map((Name) => ({ Name, Max: String(quota(account, Name)) })), NextMarker }
}
