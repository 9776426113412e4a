import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../world.ts'
import { annotate, member, openShop, type SeenEvent, type Shop } from './shop.ts'

const limitMs = 20_000

async function within(run: (shop: Shop) => Promise<void>): Promise<void> {
  const shop = await openShop()
  try {
    await run(shop)
  } finally {
    await shop.world.end()
  }
}

/** The next calls of the action are refused in AWS's words. EC2 ends them with a text that is never the same. */
function deny({ world }: Shop, permission: string, times = 1): void {
  const [service = '', action = ''] = permission.split(':')
  const message = `User: arn:aws:sts::123456789012:assumed-role/albatross/1 is not authorized to perform: ${permission} because no identity-based policy allows the ${permission} action`
  const ec2 = `You are not authorized to perform this operation. ${message}. Encoded authorization failure message: `
  for (let count = 0; count < times; count += 1)
    world.cloud.fault({
      action,
      error:
        service === 'ec2'
          ? { code: 'UnauthorizedOperation', message: ec2 + String(count).repeat(40), status: 403 }
          : { code: 'AccessDenied', message, status: 403 },
    })
}

const warned = (shop: Shop, kind: string, name: string): Promise<readonly SeenEvent[]> =>
  eventually(async () => {
    const found = (await shop.warnings()).filter(
      ({ involvedObject }) => involvedObject.kind === kind && involvedObject.name.startsWith(name),
    )
    assert.notEqual(found.length, 0)
    return found
  }, limitMs)

const wakeUp = (shop: Shop, name: string, text: string): Promise<void> =>
  annotate(shop, name, { 'group.order': text })

function saysWhatIsMissing({ message, reason }: SeenEvent, call: string, permission: string): void {
  assert.equal(reason, 'FailedDeployModel')
  assert.ok(message.startsWith(`AWS denied ${call}: `), message)
  assert.ok(message.endsWith(`Allow ${permission} in the IAM policy of the controller's role.`), message)
  assert.doesNotMatch(message, /Encoded/)
}

test('CreateRule denied: told on the Ingress whose rule it is; the others are served', () =>
  within(async (shop) => {
    await shop.world.kube.apply(member('first'))
    const hostname = await shop.address('first')
    await shop.answer(hostname, '/first', 200)
    await shop.controller.idle()
    deny(shop, 'elasticloadbalancing:CreateRule')
    await shop.world.kube.apply(member('second'))
    const events = await warned(shop, 'Ingress', 'second')
    await shop.controller.idle()
    assert.equal(events.length, 1)
    saysWhatIsMissing(events[0] as SeenEvent, 'elbv2:CreateRule', 'elasticloadbalancing:CreateRule')
    assert.deepEqual(
      (await shop.warnings()).filter(({ involvedObject }) => involvedObject.name === 'first'),
      [],
    )
    await shop.answer(hostname, '/first', 200)
    await wakeUp(shop, 'second', '1')
    await shop.answer(hostname, '/second', 200)
    assert.equal((await shop.warnings()).length, 1)
  }))

test('RegisterTargets denied: told on the binding, and mended when it is allowed', () =>
  within(async (shop) => {
    deny(shop, 'elasticloadbalancing:RegisterTargets')
    await shop.world.kube.apply(member('web'))
    const events = await warned(shop, 'TargetGroupBinding', 'k8s-shop-web-')
    assert.equal(events.length, 1)
    saysWhatIsMissing(events[0] as SeenEvent, 'elbv2:RegisterTargets', 'elasticloadbalancing:RegisterTargets')
    // A change of its endpoints wakes it before its minute is over.
    await shop.world.kube.patch('/apis/apps/v1/namespaces/shop/deployments/web', { spec: { replicas: 2 } })
    await shop.answer(await shop.address('web'), '/web', 200)
    assert.equal((await shop.warnings()).length, 1)
  }))

test('CreateSecurityGroup denied, for the group and for the shared one: one event, and mended when it is allowed', () =>
  within(async (shop) => {
    deny(shop, 'ec2:CreateSecurityGroup', 2)
    await shop.world.kube.apply(member('web'))
    await eventually(() => {
      const refused = shop.world.cloud.journal
        .since()
        .filter(({ error }) => error === 'UnauthorizedOperation')
      assert.equal(refused.length, 2)
    }, limitMs)
    const events = await warned(shop, 'Ingress', 'web')
    saysWhatIsMissing(events[0] as SeenEvent, 'ec2:CreateSecurityGroup', 'ec2:CreateSecurityGroup')
    await wakeUp(shop, 'web', '1')
    await shop.answer(await shop.address('web'), '/web', 200)
    assert.equal((await shop.warnings()).length, 1)
  }))

test('DescribeSubnets denied: told on every member, since nothing of the group can be built', () =>
  within(async (shop) => {
    deny(shop, 'ec2:DescribeSubnets')
    await shop.world.kube.apply(member('web'))
    const events = await warned(shop, 'Ingress', 'web')
    saysWhatIsMissing(events[0] as SeenEvent, 'ec2:DescribeSubnets', 'ec2:DescribeSubnets')
    await wakeUp(shop, 'web', '1')
    await shop.answer(await shop.address('web'), '/web', 200)
    assert.equal((await shop.warnings()).length, 1)
  }))

test('AuthorizeSecurityGroupIngress denied on the group of the nodes: told on the binding, whose targets are registered all the same', () =>
  within(async (shop) => {
    await shop.world.kube.apply(member('web'))
    await shop.answer(await shop.address('web'), '/web', 200)
    await shop.controller.idle()
    deny(shop, 'ec2:AuthorizeSecurityGroupIngress')
    await shop.world.kube.patch('/api/v1/namespaces/shop/services/web', {
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 8080 },
          { name: 'other', port: 81, targetPort: 8081 },
        ],
      },
    })
    await annotate(shop, 'web', { 'healthcheck-port': 'other' })
    const events = await warned(shop, 'TargetGroupBinding', 'k8s-shop-web-')
    saysWhatIsMissing(
      events[0] as SeenEvent,
      'ec2:AuthorizeSecurityGroupIngress',
      'ec2:AuthorizeSecurityGroupIngress',
    )
    assert.deepEqual(
      [...shop.world.account.targetGroups.values()].map(({ targets }) => targets.size),
      [1],
    )
  }))
