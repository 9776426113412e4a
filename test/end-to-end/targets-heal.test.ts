/** What somebody else takes away comes back, and nobody is cut off meanwhile. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2'
import { clientsFor } from '../localstack/aws/clients.ts'
import { eventually } from '../world.ts'
import { member, openShop, type Shop } from './shop.ts'

const limitMs = 20_000
let shop: Shop
before(async () => {
  shop = await openShop(['--sweep-period=100ms'])
  await shop.world.kube.apply(member('web', {}, ['/']))
  await shop.answer(await shop.address('web'), '/', 200)
})
after(async () => {
  await shop.world.end()
})

type Binding = { kind: string; metadata: { name: string; namespace: string; uid: string } }
const path = '/apis/elbv2.k8s.aws/v1beta1/namespaces/shop/targetgroupbindings'
const bindings = () => shop.world.kube.list<Binding>(path)

test('a binding of ours that is deleted by hand comes back; its targets never leave', async () => {
  const { world } = shop
  const [old] = await bindings()
  assert.ok(old)
  const since = shop.now()
  await world.kube.remove({ kind: 'TargetGroupBinding', metadata: old.metadata })
  await eventually(async () => {
    const [now] = await bindings()
    assert.ok(now)
    assert.equal(now.metadata.name, old.metadata.name)
    assert.notEqual(now.metadata.uid, old.metadata.uid)
  }, limitMs)
  await shop.controller.idle()
  assert.deepEqual(shop.writes(since), [])
  await shop.answer(await shop.address('web'), '/', 200)
})

test('a rule that somebody revokes on the security group of the nodes is back after the next sweep', async () => {
  const { world } = shop
  // For a minute an own write beats whatever is read.
  await shop.controller.stop()
  await world.controller(['--sweep-period=100ms']).idle()
  const rules = () =>
    (world.account.securityGroups.get(world.nodeSecurityGroup)?.rules ?? []).filter((rule) =>
      JSON.stringify(rule).includes('elbv2.k8s.aws/targetGroupBinding=shared'),
    )
  const [rule] = [...rules()]
  assert.ok(rule)
  const { SecurityGroupRuleId } = rule as { SecurityGroupRuleId?: string }
  await clientsFor(world.cloud.handle).ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId: world.nodeSecurityGroup,
      SecurityGroupRuleIds: [SecurityGroupRuleId ?? ''],
    }),
  )
  assert.deepEqual([...rules()], [])
  await eventually(() => assert.equal([...rules()].length, 1), limitMs)
})
