/** Pods that would fail requests when they leave: told once on their Service, in the binding's conditions and in the metrics. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deployment } from '../../localstack/scenario/manifest.ts'
import { eventually } from '../world.ts'
import type { BindingObject, Condition } from './targets-fixture.ts'
import { member, openShop, type Shop } from './shop.ts'

const limitMs = 20_000
let shop: Shop
before(async () => {
  shop = await openShop(['--deregistration-propagation=1s', '--longest-request=1s'])
  await shop.world.kube.apply(member('web', {}, ['/']))
})
after(async () => {
  await shop.world.end()
})

const graceful = async (): Promise<Condition | undefined> => {
  const [binding] = await shop.world.kube.list<BindingObject>(
    '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings',
  )
  return binding?.status?.conditions?.find(({ type }) => type === 'GracefulTermination')
}
const told = async () =>
  (await shop.warnings()).filter(({ reason }) => reason === 'PreStopTooShort').map((event) => event)
const tooSoon = (): string | undefined =>
  /^albatross_pods_leaving_too_soon (\d+)$/m.exec(shop.controller.metrics())?.[1]
const web = (replicas: number, preStopSeconds: number) =>
  deployment('web', { namespace: 'shop', port: 8080, replicas, preStopSeconds })

const message =
  'pods of Deployment web fail requests when they leave: the load balancer may need them for 2 s, and container app sleeps only 1 s in its preStop hook. ' +
  'Let container app sleep in lifecycle.preStop for 2 s, with a terminationGracePeriodSeconds of 7 or more.'

test('an event on the Service, a condition of the binding, and how many there are', async () => {
  await eventually(async () => {
    assert.equal((await graceful())?.status, 'False')
  }, limitMs)
  const condition = await graceful()
  assert.equal(condition?.reason, 'PreStopTooShort')
  assert.equal(condition?.message, message)
  await eventually(async () => assert.equal((await told()).length, 1), limitMs)
  const [event] = await told()
  assert.deepEqual(
    [event?.involvedObject.kind, event?.involvedObject.name, event?.message],
    ['Service', 'web', message],
  )
  await eventually(() => assert.equal(tooSoon(), '1'), limitMs)
})

test('more pods of the same kind are no news', async () => {
  await shop.world.kube.apply(web(3, 1))
  await eventually(() => assert.equal(tooSoon(), '3'), limitMs)
  await shop.controller.idle()
  assert.deepEqual(
    (await told()).map(({ count }) => count),
    [1],
  )
})

test('how long those who leave stay registered is counted', async () => {
  await shop.world.kube.apply(web(1, 1))
  await eventually(() => {
    const metrics = shop.controller.metrics()
    assert.match(metrics, /^albatross_deregistration_seconds_count 2$/m)
    assert.match(metrics, /^albatross_deregistration_seconds_bucket\{le="5"\} 2$/m)
  }, limitMs)
})

test('pods that stay for long enough take it back, once the old ones leave', async () => {
  await shop.world.kube.apply(web(3, 2))
  await eventually(async () => {
    const condition = await graceful()
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'PreStopLongEnough'])
    assert.equal(tooSoon(), '0')
  }, limitMs)
  assert.equal((await told()).length, 1)
})

test('a shorter deregistration delay needs less', async () => {
  await shop.world.kube.apply(web(3, 1))
  await eventually(async () => assert.equal((await graceful())?.status, 'False'), limitMs)
  const attributes = { 'target-group-attributes': 'deregistration_delay.timeout_seconds=0' }
  await shop.world.kube.apply(member('web', attributes, ['/']))
  await eventually(() => {
    const delays = [...shop.world.account.targetGroups.values()].map(({ attributes: all }) =>
      all.get('deregistration_delay.timeout_seconds'),
    )
    assert.deepEqual(delays, ['0'])
  }, limitMs)
  await eventually(async () => assert.equal((await graceful())?.status, 'True'), limitMs)
})
