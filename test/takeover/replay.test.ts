/** The recorded writes of ALBC, made again on the local AWS with the recorded ids: each answer is the recorded one. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as ec2 from '@aws-sdk/client-ec2'
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2'
import { createCloud } from '../../localstack/aws/cloud.ts'
import { seedFacts, type Facts } from '../../localstack/aws/seed-facts.ts'
import type { Ids } from '../../localstack/aws/service.ts'
import { timings } from '../../localstack/timing.ts'
import { clientsFor } from '../localstack/aws/clients.ts'

type Recorded = {
  readonly service: 'ec2' | 'elbv2'
  readonly action: string
  readonly input: Record<string, unknown>
  readonly output: Record<string, unknown>
  readonly error?: unknown
}
const modules = { ec2, elbv2 } as unknown as Record<
  Recorded['service'],
  Record<string, new (input: unknown) => never>
>
const here = import.meta.dirname

/** Gives the ids found in the recorded answer; where that shows none (interfaces, default rules), made-up ones. */
function recordedIds(): { readonly ids: Ids; expect(output: unknown): void } {
  let waiting: Readonly<Record<string, string[]>> = {}
  let made = 0
  const fresh = (length: number): string => (made += 1).toString(16).padStart(length, '0')
  return {
    ids: {
      hex: (kind, length) => waiting[kind]?.shift() ?? fresh(length),
      digits: () => waiting['digits']?.shift() ?? '1000000000',
    },
    expect: (output) => {
      const text = JSON.stringify(output)
      const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '')
      waiting = {
        sg: all(/"GroupId":"sg-(\w+)"/g),
        sgr: all(/"SecurityGroupRuleId":"sgr-(\w+)"/g),
        loadbalancer: all(/"LoadBalancerArn":"[^"]+:loadbalancer\/app\/[^/"]+\/(\w{16})"/g),
        digits: all(/"DNSName":"[^".]+-(\d+)\./g),
        targetgroup: all(/"TargetGroupArn":"[^"]+:targetgroup\/[^/"]+\/(\w{16})"/g),
        listener: all(/"ListenerArn":"[^"]+:listener\/app\/[^"]+\/(\w{16})"/g),
        'listener-rule': all(/"RuleArn":"[^"]+:listener-rule\/app\/[^"]+\/(\w{16})"/g),
      }
    },
  }
}

/**
 * The recorder's answers were moto's for EC2, and its own for elbv2. Real EC2 tells more: the group's owner, ARNs, tags of a new group,
 * the rules that were revoked, descriptions of rules that name a group; it drops an empty description. Times and order mean nothing.
 */
const untold = new Set([
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

function linesOf(path: string): Recorded[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Recorded)
}

const cases = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory())
assert.equal(cases.length, 10)

for (const { name } of cases)
  test(`replay ${name}`, async () => {
    const facts = JSON.parse(readFileSync(join(here, name, 'facts.json'), 'utf8')) as Facts & {
      readonly account: string
      readonly region: string
    }
    const recorded = recordedIds()
    const cloud = createCloud({
      timing: { ...timings.instant, loadBalancerActiveMs: 1000 },
      ids: recorded.ids,
    })
    seedFacts(cloud.account(facts.account, facts.region), facts)
    const clients = clientsFor(cloud.handle, { account: facts.account, region: facts.region })
    for (const call of linesOf(join(here, name, 'calls.jsonl'))) {
      recorded.expect(call.output)
      const Command = modules[call.service][`${call.action}Command`]!
      const client = clients[call.service] as { send(command: never): Promise<unknown> }
      const got = await client.send(new Command(call.input))
      assert.deepEqual(
        comparable(call.action, JSON.parse(JSON.stringify(got))),
        comparable(call.action, call.output),
        `${call.action} ${JSON.stringify(call.input).slice(0, 200)}`,
      )
    }
  })
