/** The recorded writes of ALBC, made again on the local AWS with the recorded ids: each answer is the recorded one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timings } from '../../localstack/timing.ts'
import { caseNames, loadCase, type RecordedCall } from './load.ts'
import { replayCloud } from './replay.ts'

/**
 * The recorder's answers were moto's for EC2, and its own for elbv2. Real EC2 tells more: the group's owner, ARNs, tags of a new group,
 * the rules that were revoked, descriptions of rules that name a group; it drops an empty description. Times and order mean nothing.
 */
const untold = new Set([
  // The recorder had one hosted zone for all.
  'CanonicalHostedZoneId',
  'CreatedTime',
  'GroupOwnerId',
  'SecurityGroupRuleArn',
  'RevokedSecurityGroupRules',
  '$metadata',
])
const setLike = new Set([
  'AvailabilityZones',
  'SecurityGroups',
  'SecurityGroupRules',
  'Attributes',
  'TargetGroups',
])

function comparable(action: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(action, item))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== undefined && !untold.has(key))
    .filter(([key]) => !(key === 'Tags' && action === 'CreateSecurityGroup'))
    .filter(([key]) => !(key === 'Description' && action === 'AuthorizeSecurityGroupIngress'))
    .map(([key, item]): [string, unknown] => {
      const plain = comparable(action, item)
      return [key, setLike.has(key) && Array.isArray(plain) ? sorted(plain) : plain]
    })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
function sorted(items: readonly unknown[]): unknown[] {
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** Of several rules, moto answers with the last; AWS with all. */
const isCutShort = ({ action, input, output }: RecordedCall): boolean =>
  action === 'AuthorizeSecurityGroupIngress' &&
  (output?.['SecurityGroupRules'] as readonly unknown[] | undefined)?.length === 1 &&
  /"(CidrIp|CidrIpv6|PrefixListId|GroupId)":.*"(CidrIp|CidrIpv6|PrefixListId|GroupId)":/.test(
    JSON.stringify(input['IpPermissions']),
  )

for (const name of caseNames())
  test(`replay ${name}`, async () => {
    const recorded = loadCase(name)
    const { calls, rawFacts } = recorded
    const cloud = replayCloud(recorded, { ...timings.instant, loadBalancerActiveMs: 1000 })
    for (const call of calls) {
      // Load balancers were active by then: ALBC had looked again.
      if (call.action === 'RegisterTargets')
        for (const record of cloud.account(rawFacts.account, rawFacts.region).loadBalancers.values())
          record.activeAt = 0
      const answer = await cloud.replay(call)
      if (isCutShort(call)) continue
      assert.deepEqual(
        comparable(call.action, answer),
        comparable(call.action, call.output),
        `${call.action} ${JSON.stringify(call.input).slice(0, 200)}`,
      )
    }
  })
