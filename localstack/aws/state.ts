/** Everything stored, as canonical JSON: equal content gives equal bytes. No journal, counters or clocks. */
import type { Account } from './account.ts'
import { settleInterfaces } from './ec2/network-interface.ts'

/** What the clock or chance moves while the content stays: creation times, provisioning, health. */
const clocks = new Set([
  'createdAt',
  'activeAt',
  'registeredAt',
  'drainingUntil',
  'CreatedTime',
  'CreateTime',
  'LaunchTime',
  'health',
  'gone',
  'until',
  'modifiedAt',
  'inUseSince',
  'inUseUntil',
  'decreasesLeft',
  'lockToken',
])
/** Secrets are shown to nobody. */
const secret = 'clientSecret'
const hidden = new Set(['lastAddress', 'keyPairs', 'objects'])
/** Arrays whose order means nothing. */
const sets = new Set([
  'rules',
  'groups',
  'Groups',
  'SecurityGroups',
  'AvailabilityZones',
  'LoadBalancerArns',
  'PrivateIpAddresses',
  'sniCertificates',
  'Certificates',
  'Routes',
  'Associations',
  'Attachments',
])

export function stateOf(accounts: readonly Account[], now: number): string {
  const entries = accounts.map((account) => {
    settleInterfaces(account, now)
    return [`${account.id}/${account.region}`, contentOf(account)] as const
  })
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => compare(a, b))))
}

function contentOf(account: Account): unknown {
  const stored = Object.entries(account).filter(
    ([name, value]) => !hidden.has(name) && (value instanceof Map || Array.isArray(value)),
  )
  return canonical(Object.fromEntries(stored))
}

function canonical(value: unknown): unknown {
  if (value instanceof Map) {
    const kept = [...(value as Map<string, unknown>)].filter(([, item]) => !isDraining(item))
    return sorted(kept.map(([key, item]) => [key, canonical(item)]))
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const moves = (key: string): boolean =>
    clocks.has(key) || key === secret || (key === 'State' && 'LoadBalancerArn' in value)
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== undefined && !moves(key))
    .map(([key, item]): [string, unknown] => {
      const plain = canonical(item)
      return [key, sets.has(key) && Array.isArray(plain) ? sortedSet(plain) : plain]
    })
  return sorted(entries)
}

/** A target that drains is no longer registered. */
function isDraining(item: unknown): boolean {
  return (
    typeof item === 'object' && item !== null && 'drainingUntil' in item && item.drainingUntil !== undefined
  )
}

function sortedSet(items: readonly unknown[]): unknown[] {
  return [...items].sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
}

function sorted(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compare(a, b)))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
