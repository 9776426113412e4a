import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DescribeLoadBalancersCommand, DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { createSharing } from '../../src/aws/shared-reads.ts'
import type { Aws } from '../../src/aws/client.ts'
import { createWorld, options } from './world.ts'

const sweep = { ...options, purpose: 'sweep' } as const
const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('who begins later reads with the others, once what runs since before has ended', async () => {
  const { cloud, aws } = createWorld()
  const late: Aws = {
    ...aws,
    send: async (command, how) => {
      await passing(20)
      return aws.send(command, how)
    },
  }
  const sharing = createSharing()
  const read = (purpose: 'sweep' | 'reconcile' = 'sweep') => {
    const bornMs = performance.now()
    return sharing(late, () => bornMs).send(new DescribeLoadBalancersCommand({}), { ...sweep, purpose })
  }
  const first = read()
  await passing(5)
  // These were born while the first was under way: what it shows may be old to them.
  const others = [read(), read(), read(), read()]
  const answers = await Promise.all([first, ...others])
  assert.ok(answers.every(({ ok }) => ok))
  assert.equal(cloud.journal.since().length, 2)
  // Reads of another input, of another purpose and of another time are their own.
  await Promise.all([
    read(),
    sharing(late, () => 0).send(new DescribeTagsCommand({ ResourceArns: [] }), sweep),
  ])
  await Promise.all([read('reconcile'), read('reconcile')])
  assert.equal(cloud.journal.since().length, 6)
})

test('what stops the one who asked first stops nobody else', async () => {
  const { cloud, aws } = createWorld()
  const sharing = createSharing()
  let may = true
  const ending = sharing(
    aws.during(() => may),
    () => 0,
  )
  const going = sharing(aws, () => 0)
  const stopped = ending.send(new DescribeLoadBalancersCommand({}), sweep)
  const other = going.send(new DescribeLoadBalancersCommand({}), sweep)
  may = false
  assert.equal((await stopped).ok, false)
  assert.equal((await other).ok, true)
  assert.equal(cloud.journal.since().length, 1)
})
