// Web ACLs, Shield's protection and reserved capacity on a live load balancer: what is read when, what is told to whom, who wins.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seedFacts } from '../../localstack/aws/seed-facts.ts'
import { eventually } from '../world.ts'
import { annotate, member, onlyNewWarning, openShop, type Shop } from './shop.ts'

const limitMs = 20_000
const arnOf = (name: string): string =>
  `arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/${name}/00000000-0000-0000-0000-0000000000${name.length}`
const classicId = '00000000-0000-0000-0000-0000000000c1'
const capacity = 'minimum-load-balancer-capacity'

async function within(run: (shop: Shop) => Promise<void>, flags: readonly string[] = []): Promise<void> {
  const shop = await openShop(flags, ({ account }) =>
    seedFacts(account, {
      webAcls: ['shop', 'strict', 'office'].map((Name) => ({ Name, ARN: arnOf(Name), Id: Name })),
      classicWebAcls: [{ WebACLId: classicId, Name: 'old' }],
      shieldSubscription: 'ACTIVE',
      quotas: { 'capacity-units-per-region': 5_000 },
    }),
  )
  try {
    await run(shop)
  } finally {
    await shop.world.end()
  }
}

const webAcl = ({ world }: Shop): string | undefined => [...world.account.webAclAssociations.values()][0]
const becomes = (shop: Shop, name: string | undefined): Promise<void> =>
  eventually(() => assert.equal(webAcl(shop), name && arnOf(name)), limitMs)
const attach = ({ world: { account } }: Shop, name: string): void => {
  for (const arn of account.loadBalancers.keys()) account.webAclAssociations.set(arn, arnOf(name))
}
const calls = ({ world }: Shop, since: number, service = /^(?:waf|shield)/): readonly string[] =>
  world.cloud.journal
    .since(since)
    .filter((entry) => entry.accessKey === 'CONTROLLER' && service.test(entry.service))
    .map(({ action }) => action)

const all = {
  'wafv2-acl-name': 'shop',
  'waf-acl-id': classicId,
  'shield-advanced-protection': 'true',
  [capacity]: 'CapacityUnits=500',
}
const stands = (shop: Shop): Promise<void> =>
  eventually(() => {
    const { account } = shop.world
    assert.equal(webAcl(shop), arnOf('shop'))
    assert.deepEqual([...account.classicWebAclAssociations.values()], [classicId])
    assert.equal(account.protections.size, 1)
    assert.equal([...account.loadBalancers.values()][0]?.capacity?.units, 500)
  }, limitMs)

describe('what is attached to a load balancer', { concurrency: 8 }, () => {
  test('stated, it is attached; a pass that changes nothing calls nobody; a new controller only reads; all goes with the Ingress', () =>
    within(async (shop) => {
      const { world } = shop
      await world.kube.apply(member('web', all))
      await stands(shop)
      await shop.controller.idle()
      const before = shop.now()
      await annotate(shop, 'web', { 'group.order': '7' })
      await shop.controller.idle()
      const reconciling = () =>
        world.cloud.journal
          .since(before)
          .filter(({ accessKey, purpose }) => accessKey === 'CONTROLLER' && purpose === 'reconcile')
          .map(({ action }) => action)
      await new Promise((resolve) => setTimeout(resolve, 200))
      assert.deepEqual(reconciling(), [])
      await shop.controller.stop()
      const restarted = shop.now()
      const second = world.controller()
      await eventually(() => assert.ok(calls(shop, restarted).includes('DescribeProtection')), limitMs)
      await second.idle()
      assert.deepEqual(shop.writes(restarted), [])
      await world.kube.remove(member('web'))
      await eventually(() => {
        const { account } = world
        assert.deepEqual(
          [account.loadBalancers, account.webAclAssociations, account.protections].map(({ size }) => size),
          [0, 0, 0],
        )
      }, limitMs)
    }))

  test('nobody states it: nothing is asked, and what somebody else attached stays', () =>
    within(
      async (shop) => {
        await shop.world.kube.apply(member('web'))
        await shop.answer(await shop.address('web'), '/web', 200)
        attach(shop, 'office')
        const before = shop.now()
        await eventually(
          () => assert.ok(calls(shop, before, /^elastic/).includes('DescribeLoadBalancers')),
          limitMs,
        )
        await annotate(shop, 'web', { 'group.order': '7' })
        await shop.controller.idle()
        assert.deepEqual(calls(shop, 0), [])
        assert.equal(webAcl(shop), arnOf('office'))
      },
      ['--sweep-period=300ms'],
    ))

  test('what somebody else changed is found by a sweep and made right again', () =>
    within(
      async (shop) => {
        await shop.world.kube.apply(member('web', { 'wafv2-acl-arn': arnOf('shop') }))
        await becomes(shop, 'shop')
        await shop.controller.idle()
        attach(shop, 'office')
        // Our own write wins over reads for a minute: a controller that starts now has made none.
        await shop.controller.stop()
        shop.world.controller(['--sweep-period=300ms'])
        await becomes(shop, 'shop')
      },
      ['--sweep-period=300ms'],
    ))

  test('WAF may not be called: told on the Ingress that states it, once; the others go on, and are changed', () =>
    within(async (shop) => {
      const message =
        'User: arn:aws:sts::123456789012:assumed-role/albatross/1 is not authorized to perform: wafv2:AssociateWebACL'
      shop.world.cloud.fault({
        service: 'wafv2',
        action: 'AssociateWebACL',
        times: 1_000,
        error: { code: 'AccessDeniedException', message },
      })
      await shop.world.kube.apply(member('first'), member('second', { 'wafv2-acl-arn': arnOf('shop') }))
      const warning = await onlyNewWarning(shop, [])
      assert.equal(warning.involvedObject.name, 'second')
      assert.match(warning.message, /Allow wafv2:AssociateWebACL in the IAM policy/)
      const host = await shop.address('first')
      await shop.answer(host, '/first', 200)
      await shop.answer(host, '/second', 200)
      assert.equal(await shop.address('second'), host)
      await shop.world.kube.apply(member('third'))
      await shop.answer(host, '/third', 200)
      shop.world.cloud.clearFaults()
      await annotate(shop, 'second', { 'group.order': '3' })
      await becomes(shop, 'shop')
      assert.equal((await shop.warnings()).length, 1)
    }))

  test('WAF may not be asked: told on the Ingress that states it; nothing else waits', () =>
    within(async (shop) => {
      await shop.world.kube.apply(member('first'))
      const host = await shop.address('first')
      await shop.answer(host, '/first', 200)
      const message = 'User: arn:aws:iam::1:role/a is not authorized to perform: wafv2:GetWebACLForResource'
      shop.world.cloud.fault({
        service: 'wafv2',
        action: 'GetWebACLForResource',
        times: 1_000,
        error: { code: 'AccessDeniedException', message },
      })
      await shop.world.kube.apply(member('second', { 'wafv2-acl-arn': arnOf('shop') }))
      const warning = await onlyNewWarning(shop, [])
      assert.equal(warning.involvedObject.name, 'second')
      assert.match(warning.message, /Allow wafv2:GetWebACLForResource/)
      await shop.answer(host, '/second', 200)
      assert.equal(webAcl(shop), undefined)
    }))

  test('a web ACL that does not exist, and more capacity than there is: told, and all else is served', () =>
    within(async (shop) => {
      await shop.world.kube.apply(member('first'))
      const host = await shop.address('first')
      await shop.answer(host, '/first', 200)
      // Of a load balancer that was made just now the refusal could mean that WAF does not know it yet.
      await shop.controller.stop()
      const controller = shop.world.controller()
      await shop.world.kube.apply(
        member('second', {
          'wafv2-acl-arn': arnOf('nowhere'),
          [capacity]: 'CapacityUnits=9000',
          'waf-acl-id': classicId,
        }),
      )
      await eventually(async () => assert.equal((await shop.warnings()).length, 2), limitMs)
      await controller.idle()
      const warnings = await shop.warnings()
      assert.deepEqual(
        warnings.map(({ involvedObject, count }) => `${involvedObject.name} ${count}`),
        ['second 1', 'second 1'],
      )
      const texts = warnings.map(({ message }) => message).join('\n')
      assert.match(texts, /wafv2:AssociateWebACL .*WAFNonexistentItem/)
      assert.match(texts, /CapacityUnitsLimitExceeded/)
      assert.deepEqual([...shop.world.account.classicWebAclAssociations.values()], [classicId])
      await shop.answer(host, '/second', 200)
    }))

  test('an answer that never came: the protection is not made twice, and a web ACL that AWS does not know yet is tried again', () =>
    within(async (shop) => {
      shop.world.cloud.fault({ service: 'shield', action: 'CreateProtection', error: 'lost-answer' })
      shop.world.cloud.fault({
        service: 'wafv2',
        action: 'AssociateWebACL',
        error: { code: 'WAFUnavailableEntityException', message: 'Retry your request.' },
      })
      await shop.world.kube.apply(member('web', all))
      await stands(shop)
      await shop.controller.idle()
      assert.deepEqual(await shop.warnings(), [])
      assert.equal(calls(shop, 0).filter((action) => action === 'CreateProtection').length, 1)
    }))
})
