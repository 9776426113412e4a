// A Network Load Balancer in front: a request by its name is answered by a pod; it comes, is healed, fails alone and goes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overrideQuota } from '../../localstack/aws/elbv2/quota.ts'
import type { Account } from '../../localstack/aws/account.ts'
import { eventually } from '../world.ts'
import { annotate, member, openShop, pathOf, type Shop } from './shop.ts'

const limitMs = 20_000
const on = { 'enable-frontend-nlb': 'true', 'frontend-nlb-scheme': 'internet-facing' }

type WithStatus = { readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly Entry[] } } }
type Entry = { readonly hostname: string; readonly ports?: readonly unknown[] }
const entries = async ({ world }: Shop, name: string): Promise<readonly Entry[]> =>
  (await world.kube.get<WithStatus>(pathOf(name)))?.status?.loadBalancer?.ingress ?? []

/** Its name in the status, once it is there: the second entry, without ports. */
const front = (shop: Shop, name: string): Promise<string> =>
  eventually(async () => {
    const [, second, ...more] = await entries(shop, name)
    assert.ok(second && more.length === 0, 'no second address')
    assert.equal(second.ports, undefined)
    return second.hostname
  }, limitMs)
const ofType = (account: Account, type: string) =>
  [...account.loadBalancers.values()].filter(({ wire }) => wire.Type === type)
const fronting = ({ world: { account } }: Shop) =>
  [...account.targetGroups.values()].filter(({ wire }) => wire.TargetType === 'alb')

async function within(
  run: (shop: Shop) => Promise<void>,
  before?: (world: Shop['world']) => void,
  flags: readonly string[] = [],
): Promise<void> {
  const shop = await openShop(flags, before)
  try {
    await run(shop)
  } finally {
    await shop.world.end()
  }
}

test('a request by its name is answered by a pod; another port behind is followed; it goes with its annotation', () =>
  within(async (shop) => {
    const { account, kube } = shop.world
    await kube.apply(member('web', on))
    const hostname = await shop.address('web')
    const name = await front(shop, 'web')
    assert.match(name, /-nlb-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com$/)
    await shop.answer(hostname, '/web', 200)
    await eventually(async () => {
      const answer = await shop.world.request(name, '/web')
      assert.equal(answer.status, 200)
      assert.match(answer.body, /"pod":"web-/)
    }, limitMs)
    await shop.controller.idle()
    const calm = shop.now()
    await shop.controller.idle()
    assert.deepEqual(shop.writes(calm), [])

    await annotate(shop, 'web', {
      'listen-ports': '[{"HTTP":80},{"HTTP":8080}]',
      'frontend-nlb-listener-port-mapping': '80=8080',
    })
    await eventually(() => {
      const [group] = fronting(shop)
      const targets = [...(group?.targets.values() ?? [])].filter(
        ({ drainingUntil }) => drainingUntil === undefined,
      )
      assert.deepEqual(
        targets.map(({ port }) => port),
        [8080],
      )
    }, limitMs)
    await shop.answer(name, '/web', 200)

    await annotate(shop, 'web', { 'enable-frontend-nlb': null })
    await eventually(async () => {
      assert.deepEqual([ofType(account, 'network'), fronting(shop)], [[], []])
      assert.equal((await entries(shop, 'web')).length, 1)
    }, limitMs)
    assert.equal(ofType(account, 'application').length, 1)
    await kube.remove(member('web'))
    await eventually(() => assert.deepEqual(ofType(account, 'application'), []), limitMs)
  }))

test('what AWS refuses of it is told, and the load balancer behind is served', () =>
  within(
    async (shop) => {
      await shop.world.kube.apply(member('web', on))
      const hostname = await shop.address('web')
      await shop.answer(hostname, '/web', 200)
      await eventually(async () => {
        const [told] = (await shop.warnings()).filter(({ reason }) => reason === 'FailedDeployModel')
        assert.match(told?.message ?? '', /TooManyLoadBalancers/)
      }, limitMs)
      assert.equal((await entries(shop, 'web')).length, 1)
      overrideQuota(shop.world.account, 'network-load-balancers', 50)
      await annotate(shop, 'web', { 'frontend-nlb-tags': 'try=again' })
      await shop.answer(await front(shop, 'web'), '/web', 200)
    },
    ({ account }) => overrideQuota(account, 'network-load-balancers', 0),
  ))

test('a target that somebody takes away is registered again by the sweep, and the whole goes with its Ingress', () =>
  within(async (shop) => {
    const { account, kube, cloud } = shop.world
    await kube.apply(member('web', on))
    const name = await front(shop, 'web')
    await shop.answer(name, '/web', 200)
    // For a minute an own write beats whatever is read.
    await shop.controller.stop()
    const since = shop.now()
    const controller = shop.world.controller(['--sweep-period=100ms'])
    const [group] = fronting(shop)
    assert.ok(group)
    await eventually(() => {
      const asked = cloud.journal.since(since).filter(({ action }) => action === 'DescribeTargetHealth')
      assert.ok(asked.some(({ input }) => JSON.stringify(input).includes(group.arn)))
    }, limitMs)
    await controller.idle()
    assert.deepEqual(shop.writes(since), [])
    group.targets.clear()
    account.changed()
    await eventually(() => assert.equal(group.targets.size, 1), limitMs)
    await shop.answer(name, '/web', 200)

    const before = shop.now()
    await kube.remove(member('web'))
    await eventually(() => assert.equal(account.loadBalancers.size + account.targetGroups.size, 0), limitMs)
    const order = shop
      .writes(before)
      .filter((action) => /DeleteLoadBalancer|DeregisterTargets|DeleteTargetGroup/.test(action))
    assert.deepEqual(order.slice(0, 2), ['DeleteLoadBalancer', 'DeregisterTargets'])
  }))

test('another load balancer behind takes the place of its target', () =>
  within(
    async (shop) => {
      const { account, kube } = shop.world
      await kube.apply(member('web', on))
      const old = await shop.address('web')
      const name = await front(shop, 'web')
      await shop.answer(name, '/web', 200)
      await annotate(shop, 'web', { scheme: 'internal' })
      await eventually(async () => {
        assert.notEqual(await shop.address('web'), old)
        const balancers = ofType(account, 'application')
        const [group] = fronting(shop)
        const targets = [...(group?.targets.values() ?? [])].filter(
          ({ drainingUntil }) => drainingUntil === undefined,
        )
        assert.deepEqual(
          targets.map(({ id }) => id),
          balancers.map(({ arn }) => arn),
        )
      }, limitMs)
      await shop.answer(name, '/web', 200)
      assert.equal(await front(shop, 'web'), name)
      await shop.controller.idle()
      const calm = shop.now()
      await shop.controller.idle()
      assert.deepEqual(shop.writes(calm), [])
    },
    undefined,
    ['--replacement-grace=500ms'],
  ))
