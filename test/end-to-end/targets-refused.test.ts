/** What AWS refuses of a target group's targets keeps no other target from coming in. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { overrideQuota } from '../../localstack/aws/elbv2/quota.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import {
  aService,
  binding,
  callsSince,
  eventsOn,
  hasTargets,
  lastCall,
  readyOf,
  registered,
  setUp,
  slice,
  targetGroup,
  waitMs,
} from './targets-fixture.ts'

let world: TestWorld
before(async () => {
  world = await startTestWorld()
  await setUp(world.kube)
  await world.controller().idle()
})
after(async () => {
  await world.end()
})

const many = (of: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `192.168.${of}.${at + 1}`)
const keys = (addresses: readonly string[]): string[] => addresses.map((ip) => `${ip}:8080`).sort()

test('an address that can be no target is left out and named; the others are registered', async () => {
  const arn = await targetGroup(world, 'public')
  await world.kube.apply(aService('public'), slice('public', [...many(1, 3), '8.8.8.8', '9.9.9.9']))
  const since = lastCall(world)
  await world.kube.apply(binding('public', 'public', { targetGroupARN: arn }))
  await hasTargets(world, arn, ...keys(many(1, 3)))
  await eventually(async () => {
    const { status, reason, message } = await readyOf(world, 'public')
    assert.deepEqual([status, reason], ['True', 'EndpointsUnusable'])
    assert.match(message, /AWS refuses 8\.8\.8\.8: /)
  }, waitMs)
  assert.deepEqual([...new Set(await eventsOn(world, 'public'))], ['EndpointsUnusable'])
  const tried = callsSince(world, since).filter((action) => action === 'RegisterTargets')
  assert.equal(tried.length, 3)
  // One that came in place of all others doesn't cost them their place.
  await world.kube.apply(slice('public', ['8.8.8.8']))
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.deepEqual(registered(world, arn), keys(many(1, 3)))
  await world.kube.apply(slice('public', many(1, 2)))
  await hasTargets(world, arn, ...keys(many(1, 2)))
  await eventually(async () => assert.equal((await readyOf(world, 'public')).reason, 'Reconciled'), waitMs)
})

test('a node whose instance does not run keeps no other node out', async () => {
  const arn = await targetGroup(world, 'nodes', { targetType: 'instance' })
  const [down, ...others] = [...world.account.instances.keys()].sort()
  const instance = world.account.instances.get(down ?? '')
  world.account.instances.set(down ?? '', { ...instance, State: { Code: 80, Name: 'stopped' } })
  await world.kube.apply(
    aService('nodes', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 31_080 }] }),
    binding('nodes', 'nodes', { targetGroupARN: arn }),
  )
  await hasTargets(world, arn, ...others.map((id) => `${id}:31080`))
  await eventually(async () => {
    assert.match(
      (await readyOf(world, 'nodes')).message,
      new RegExp(`AWS refuses ${down}: .*not in a running`),
    )
  }, waitMs)
})

test('an address that is registered while it drains is registered again until it drains no more', async () => {
  const arn = await targetGroup(world, 'again')
  await world.kube.apply(aService('again'), slice('again', many(2, 2)))
  await world.kube.apply(binding('again', 'again', { targetGroupARN: arn }))
  await hasTargets(world, arn, ...keys(many(2, 2)))
  const target = (ip: string) => world.account.targetGroups.get(arn)?.targets.get(`${ip}:8080`)
  const [first = '', second = ''] = many(2, 2)
  // As AWS says that it is: neither gone, nor taken back before its time.
  const drain = () => Object.assign(target(second) ?? {}, { drainingUntil: Date.now() + 3_600_000 })
  const since = lastCall(world)
  await world.kube.apply(slice('again', [first]))
  await hasTargets(world, arn, `${first}:8080`)
  world.account.targetGroups.get(arn)?.targets.set(`${second}:8080`, { ...target(first)!, id: second })
  drain()
  await world.kube.apply(slice('again', many(2, 2)))
  await eventually(() => assert.equal(target(second)?.drainingUntil, undefined), waitMs)
  drain()
  const registers = () => callsSince(world, since).filter((action) => action === 'RegisterTargets').length
  assert.equal(registers(), 1)
  await eventually(() => assert.equal(target(second)?.drainingUntil, undefined), waitMs)
  assert.equal(registers(), 2)
  assert.equal(callsSince(world, since).filter((action) => action === 'DescribeTargetHealth').length, 1)
})

test('as many come in as the quota lets in, in few calls; the rest is told of', async () => {
  const arn = await targetGroup(world, 'full')
  overrideQuota(world.account, 'targets-per-target-group', 45)
  await world.kube.apply(aService('full'), slice('full', many(3, 60)))
  const since = lastCall(world)
  await world.kube.apply(binding('full', 'full', { targetGroupARN: arn }))
  await eventually(() => assert.equal(registered(world, arn).length, 45), waitMs)
  await eventually(async () => {
    const { status, message } = await readyOf(world, 'full')
    assert.equal(status, 'False')
    assert.match(message, /TooManyTargets.*Raise the quota/)
  }, waitMs)
  const tried = callsSince(world, since).filter((action) => action === 'RegisterTargets').length
  assert.ok(tried < 16, `${tried} calls`)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.equal(callsSince(world, since).filter((action) => action === 'RegisterTargets').length, tried)
})
