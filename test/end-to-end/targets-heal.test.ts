/** What somebody else takes away comes back, and nobody is cut off meanwhile. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2'
import { clientsFor } from '../localstack/aws/clients.ts'
import { eventually } from '../world.ts'
import { deployment, service } from '../../localstack/scenario/manifest.ts'
import { registered, targetGroup } from './targets-fixture.ts'
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
  await isTold('BindingDeleted')
})

const isTold = (reason: string) =>
  eventually(async () => assert.ok((await shop.warnings()).some((one) => one.reason === reason)), limitMs)

test('a rule that somebody revokes on the security group of the nodes is back after the next sweep', async () => {
  const { world } = shop
  // For a minute an own write beats whatever is read.
  await shop.controller.stop()
  const since = shop.now()
  const controller = world.controller(['--sweep-period=100ms'])
  const asked = () => world.cloud.journal.since(since).map(({ action }) => action)
  await eventually(() => assert.ok(asked().includes('DescribeTargetHealth')), limitMs)
  await controller.idle()
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
  await isTold('RulesChanged')
})

test('the targets of a deleted Service stay while their pods do, and go with them', async () => {
  const { world } = shop
  const arn = await targetGroup(world, 'spare')
  const spare = (replicas: number) => deployment('spare', { namespace: 'shop', port: 8080, replicas })
  const of = service('spare', { namespace: 'shop', port: 80, targetPort: 8080 })
  await world.kube.apply(spare(2), of, {
    apiVersion: 'elbv2.k8s.aws/v1beta1',
    kind: 'TargetGroupBinding',
    metadata: { name: 'spare', namespace: 'shop' },
    spec: { serviceRef: { name: 'spare', port: 80 }, targetGroupARN: arn },
  })
  await eventually(() => assert.equal(registered(world, arn).length, 2), limitMs)
  await world.kube.remove(of)
  await eventually(async () => {
    const warnings = await shop.warnings()
    assert.ok(warnings.some(({ reason }) => reason === 'ServiceMissing'))
  }, limitMs)
  assert.equal(registered(world, arn).length, 2)
  await world.kube.apply(spare(0))
  await eventually(() => assert.deepEqual(registered(world, arn), []), limitMs)
})
