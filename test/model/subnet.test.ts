/** Subnets: named, by tag, discovered; one per zone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Facts, Subnet } from '../../src/model/facts.ts'
import { discoverSubnets, explicitSubnets, type SubnetQuery } from '../../src/model/subnet.ts'
import { factsOf, settingsOf, subnet } from './fixture.ts'

const query = (subnets: readonly Subnet[], more: Partial<SubnetQuery> = {}, facts: Partial<Facts> = {}) => ({
  facts: factsOf({ subnets, ...facts }),
  settings: settingsOf(),
  ipAddressType: 'ipv4' as const,
  ...more,
})
const ids = (...names: readonly string[]) => ({ ok: true, value: names.map((name) => `subnet-${name}`) })
const failed = (error: string) => ({ ok: false, error })
const named = (name: string) => ({ tags: { Name: name } })

test('discovery by role, one per zone: ours first, then the lowest id', () => {
  const role = { 'kubernetes.io/role/internal-elb': '' }
  const all = [
    subnet('c', 'a'),
    subnet('d', 'a', { tags: { ...role, 'kubernetes.io/cluster/demo': 'shared' } }),
    subnet('f', 'b'),
    subnet('e', 'b'),
    subnet('0', 'b', { tags: { ...role, 'kubernetes.io/cluster/other': 'owned' } }),
    subnet('1', 'b', { availableIpAddressCount: 7 }),
    subnet('2', 'c', { tags: {} }),
    subnet('3', 'c', { vpcId: 'vpc-2' }),
  ]
  assert.deepEqual(discoverSubnets('internal', query(all)), ids('d', 'e'))
})

test('discovery without any role goes by what is reachable', () => {
  const tags = {}
  const all = ['a', 'b', 'c', 'd'].map((id, index) => subnet(id, index < 2 ? 'x' : 'y', { tags }))
  const routeTables = [
    { main: true, subnetIds: [], public: false },
    { main: false, subnetIds: ['subnet-a', 'subnet-d'], public: true },
  ]
  assert.deepEqual(discoverSubnets('internet-facing', query(all, {}, { routeTables })), ids('a', 'd'))
  assert.deepEqual(discoverSubnets('internal', query(all, {}, { routeTables })), ids('b', 'c'))
})

test('discovery says why it found nothing', () => {
  const other = { 'kubernetes.io/role/internal-elb': '1', 'kubernetes.io/cluster/other': '' }
  const start = "couldn't auto-discover subnets: failed to list subnets by role tag: "
  const all = [subnet('a', 'a', { tags: other }), subnet('b', 'b', { availableIpAddressCount: 1 })]
  assert.deepEqual(
    discoverSubnets('internal', query(all)),
    failed(
      `${start}unable to resolve at least one subnet. Evaluated 2 subnets: 1 are tagged for other clusters, and 1 have insufficient available IP addresses`,
    ),
  )
  assert.deepEqual(
    discoverSubnets('internal', query([subnet('a', 'a'), subnet('b', 'b')], { ipAddressType: 'dualstack' })),
    failed(
      `${start}unable to resolve at least one subnet. Evaluated 2 subnets: 0 are tagged for other clusters, 0 have insufficient available IP addresses, and 2 don't have an associated IPv6 CIDR block, which is required for dualstack load balancers`,
    ),
  )
  assert.deepEqual(
    discoverSubnets('internal', query([subnet('a', 'a')])),
    failed(`${start}subnets count less than minimal required count: 1 < 2`),
  )
})

test('named subnets: ids and Name tags, one per zone', () => {
  const all = [
    subnet('b', 'b', named('same')),
    subnet('a', 'a', named('same')),
    subnet('c', 'c', named('other')),
    subnet('d', 'c', named('third')),
  ]
  const resolve = (...namesOrIds: readonly string[]) => explicitSubnets({ namesOrIds }, query(all))
  const start = 'failed to list subnets by names or IDs: '
  assert.deepEqual(resolve('same', 'same'), ids('a', 'b'))
  assert.deepEqual(resolve('subnet-c', 'same'), ids('a', 'c'))
  assert.deepEqual(
    resolve('same', 'same', 'same'),
    failed(`${start}subnet with Name tag "same" requested 3 times but only 2 subnet(s) found with that name`),
  )
  assert.deepEqual(resolve('subnet-x'), failed(`${start}subnet ID not found: subnet-x`))
  assert.deepEqual(resolve('x'), failed(`${start}subnet with Name tag not found: x`))
  assert.deepEqual(resolve(), failed(`${start}unable to resolve at least one subnet`))
  assert.deepEqual(
    resolve('other', 'third'),
    failed(`${start}multiple subnets in same Availability Zone c: [subnet-c subnet-d]`),
  )
})

test('a selector by tags chooses one per zone; places are not mixed', () => {
  const tags = { tier: 'edge' }
  const all = [subnet('a', 'a', { tags }), subnet('b', 'a', { tags }), subnet('c', 'b', { tags })]
  assert.deepEqual(explicitSubnets({ tags: { tier: ['edge', 'x'] } }, query(all)), ids('a', 'c'))
  const local = [{ name: 'b', id: 'id-b', type: 'local-zone' }]
  assert.deepEqual(
    explicitSubnets({ tags: { tier: ['edge'] } }, query(all, {}, { availabilityZones: local })),
    failed(
      'failed to list subnets by tag filters: subnets in multiple locales: [availability-zone local-zone]',
    ),
  )
})
