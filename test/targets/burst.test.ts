/** A registration bucket that is nearly dry: everybody gets there, in few calls, and who leaves goes first. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { timings } from '../../localstack/timing.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import {
  aService,
  binding,
  hasTargets,
  lastCall,
  setUp,
  slice,
  targetGroup,
} from '../end-to-end/targets-fixture.ts'

let world: TestWorld
before(async () => {
  world = await startTestWorld({ ...timings.instant, throttle: true }, { onlookers: ['123456789012'] })
  await setUp(world.kube)
  await world.controller().idle()
})
after(async () => {
  await world.end()
})

const many = 22
const addresses = (of: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `192.168.${of}.${at + 1}`)

test('more bindings than tokens: all are filled, by one call each and without a refusal', async () => {
  const arns: string[] = []
  for (let n = 0; n < many; n += 1) {
    arns.push(await targetGroup(world, `b${n}`))
    await world.kube.apply(aService(`b${n}`), slice(`b${n}`, addresses(n + 1, 1 + n)))
  }
  const since = lastCall(world)
  for (const [n, arn] of arns.entries())
    await world.kube.apply(binding(`b${n}`, `b${n}`, { targetGroupARN: arn }))
  for (const [n, arn] of arns.entries())
    await eventually(
      () => assert.equal(world.account.targetGroups.get(arn)?.targets.size, 1 + n, `b${n}`),
      30_000,
    )
  const calls = world.cloud.journal
    .since(since)
    .filter(({ accessKey, action }) => accessKey === 'CONTROLLER' && action === 'RegisterTargets')
  assert.equal(calls.length, many)
  assert.deepEqual(
    calls.filter(({ error }) => error !== undefined),
    [],
  )
  // 450 at once: three calls, whatever the number of events that brought them.
  const [arn = ''] = arns
  const before = lastCall(world)
  const all = [...addresses(1, 1), ...addresses(101, 225), ...addresses(102, 225)]
  await world.kube.apply(slice('b0', all))
  await hasTargets(world, arn, ...all.map((address) => `${address}:8080`).sort())
  const sent = world.cloud.journal
    .since(before)
    .filter(({ accessKey, action }) => accessKey === 'CONTROLLER' && action === 'RegisterTargets')
  assert.equal(sent.length, 3)
})
