/** Each recording's elbv2 writes, with its ids, get the answers that were recorded. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Account } from '../../../localstack/aws/account.ts'
import { elbv2 } from '../../../localstack/aws/elbv2/service.ts'
import { type Facts, seedFacts } from '../../../localstack/aws/seed-facts.ts'
import type { Context } from '../../../localstack/aws/service.ts'
import { timings } from '../../../localstack/timing.ts'

const folder = join(import.meta.dirname, '../../takeover')
type Recorded = { service: string; action: string; input: { VpcId?: string }; output: object }

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item: unknown) => (key === 'CreatedTime' ? undefined : item)))
}

/** The recorded answer knows which ids came next. */
function idsOf(output: object): { hex: string; digits: string } {
  const text = JSON.stringify(output)
  const arn = /"(?:RuleArn|ListenerArn|LoadBalancerArn|TargetGroupArn)":"([^"]*)"/.exec(text)?.[1] ?? ''
  return { hex: arn.split('/').at(-1) ?? '', digits: /-(\d+)\.[\w-]+\.elb\./.exec(text)?.[1] ?? '' }
}

const recordings = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'facts.json')))
for (const name of recordings) {
  test(`replay of ${name}`, () => {
    const account = new Account('123456789012', 'us-west-2')
    seedFacts(account, JSON.parse(readFileSync(join(folder, name, 'facts.json'), 'utf8')) as Facts)
    const lines = readFileSync(join(folder, name, 'calls.jsonl'), 'utf8')
      .trim()
      .split('\n')
    let replayed = 0
    for (const { service, action, input, output } of lines.map((line) => JSON.parse(line) as Recorded)) {
      if (action === 'CreateSecurityGroup') {
        const id = (output as { GroupId: string }).GroupId
        account.securityGroups.set(id, { id, wire: { GroupId: id, VpcId: input.VpcId ?? '' }, rules: [] })
      }
      if (service !== 'elbv2') continue
      const next = idsOf(output)
      const context: Context = {
        account,
        ids: {
          hex: (kind, length) => (kind === 'eni' ? '0'.repeat(length) : next.hex),
          digits: () => next.digits,
        },
        timing: timings.aws,
        accessKey: account.id,
        now: 1_800_000_000_000 + replayed * 5_000,
      }
      const run = elbv2.actions[action] as unknown as (input: object, context: Context) => object
      assert.deepEqual(plain(run(input, context)), plain(output), action)
      replayed += 1
    }
    assert.ok(replayed > 3)
  })
}
