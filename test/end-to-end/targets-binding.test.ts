/** Bindings that users write: completed, told what is wrong, one at a time on a target group, through roles, healed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DeregisterTargetsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { clientsFor } from '../localstack/aws/clients.ts'
import { eventually, startTestWorld, type TestWorld } from '../world.ts'
import {
  aService,
  binding,
  callsSince,
  eventsOn,
  getBinding,
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
let stop: () => Promise<void>
before(async () => {
  world = await startTestWorld()
  await setUp(world.kube)
  const controller = world.controller()
  stop = () => controller.stop()
  await controller.idle()
})
after(async () => {
  await world.end()
})

const ready = (name: string, reason: string) =>
  eventually(async () => assert.equal((await readyOf(world, name)).reason, reason), waitMs)

test('what a binding leaves out is the target group’s own; its name is enough', async () => {
  const arn = await targetGroup(world, 'named')
  await world.kube.apply(aService('named'), slice('named', ['192.168.1.1', '192.168.1.2']))
  await world.kube.apply(binding('named', 'named', { targetGroupName: 'named' }))
  await hasTargets(world, arn, '192.168.1.1:8080', '192.168.1.2:8080')
  await ready('named', 'Reconciled')
  const { spec, status } = (await getBinding(world, 'named')) ?? { spec: {} }
  assert.deepEqual(
    [spec['targetGroupARN'], spec['targetType'], spec['targetGroupProtocol'], spec['ipAddressType']],
    [arn, 'ip', 'HTTP', 'ipv4'],
  )
  assert.equal(spec['vpcID'], world.vpcId)
  assert.ok((status?.observedGeneration ?? 0) >= 1)
})

test('a change of endpoints is one call, with no read before it', async () => {
  const [, arn = ''] = /(.*)/.exec(String((await getBinding(world, 'named'))?.spec['targetGroupARN'])) ?? []
  await eventually(() => assert.equal(registered(world, arn).length, 2), waitMs)
  const since = lastCall(world)
  await world.kube.apply(slice('named', ['192.168.1.1', '192.168.1.2', '192.168.1.3']))
  await hasTargets(world, arn, '192.168.1.1:8080', '192.168.1.2:8080', '192.168.1.3:8080')
  await world.kube.apply(slice('named', ['192.168.1.1', '192.168.1.3', '192.168.1.4']))
  await hasTargets(world, arn, '192.168.1.1:8080', '192.168.1.3:8080', '192.168.1.4:8080')
  assert.deepEqual(callsSince(world, since), ['RegisterTargets', 'RegisterTargets', 'DeregisterTargets'])
})

test('no endpoints: obeyed where a slice says so, not where slices are missing', async () => {
  const arn = await targetGroup(world, 'empty')
  await world.kube.apply(aService('empty'), slice('empty', ['192.168.2.1']))
  await world.kube.apply(binding('empty', 'empty', { targetGroupARN: arn }))
  await hasTargets(world, arn, '192.168.2.1:8080')
  const since = lastCall(world)
  await world.kube.remove(slice('empty', []))
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(callsSince(world, since), [])
  await world.kube.apply(slice('empty', ['192.168.2.2']))
  await hasTargets(world, arn, '192.168.2.2:8080')
  await world.kube.apply(slice('empty', []))
  await hasTargets(world, arn)
})

test('two bindings on one target group: the oldest acts, the other is told, and takes over when it leaves', async () => {
  const arn = await targetGroup(world, 'contested')
  await world.kube.apply(aService('one'), slice('one', ['192.168.3.1']))
  await world.kube.apply(aService('two'), slice('two', ['192.168.3.2']))
  await world.kube.apply(binding('a-one', 'one', { targetGroupARN: arn }))
  await hasTargets(world, arn, '192.168.3.1:8080')
  await world.kube.apply(binding('two', 'two', { targetGroupARN: arn }))
  await ready('two', 'Conflict')
  assert.equal((await readyOf(world, 'two')).status, 'False')
  assert.deepEqual(registered(world, arn), ['192.168.3.1:8080'])
  await eventually(async () => assert.deepEqual(await eventsOn(world, 'two'), ['Conflict']), waitMs)
  await world.kube.remove(binding('a-one', 'one', {}))
  await hasTargets(world, arn, '192.168.3.2:8080')
  await ready('two', 'Reconciled')
})

test('a target group of another account is reached in the role that the binding names, assumed once', async () => {
  const owner = '999999999999'
  const arn = await targetGroup(world, 'abroad', { owner })
  const since = lastCall(world)
  await world.kube.apply(aService('abroad'), slice('abroad', ['192.168.4.1']))
  await world.kube.apply(
    binding('abroad', 'abroad', {
      targetGroupARN: arn,
      iamRoleArnToAssume: `arn:aws:iam::${owner}:role/targets`,
      assumeRoleExternalId: 'secret',
    }),
  )
  await hasTargets(world, arn, '192.168.4.1:8080')
  await world.kube.apply(slice('abroad', ['192.168.4.2']))
  await hasTargets(world, arn, '192.168.4.2:8080')
  assert.equal(callsSince(world, since).filter((action) => action === 'AssumeRole').length, 1)
})

test('nodes: those that may serve, at the node port; one that is about to go leaves', async () => {
  const arn = await targetGroup(world, 'nodes', { targetType: 'instance' })
  type Node = { metadata: { name: string }; spec: { providerID: string } }
  const nodes = await world.kube.list<Node>('/api/v1/nodes')
  const ids = nodes.map(({ spec }) => `${spec.providerID.split('/').at(-1)}:31080`).sort()
  assert.ok(ids.length > 1)
  await world.kube.apply(
    aService('nodes', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 31_080 }] }),
    binding('nodes', 'nodes', { targetGroupARN: arn }),
  )
  await hasTargets(world, arn, ...ids)
  const [first] = nodes
  const path = `/api/v1/nodes/${first?.metadata.name}`
  const others = ids.filter((id) => !first?.spec.providerID.endsWith(id.split(':')[0] ?? ''))
  const taint = { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }
  await world.kube.patch(path, { spec: { taints: [taint] } })
  await hasTargets(world, arn, ...others)
  await world.kube.patch(path, { spec: { taints: [] } })
  await hasTargets(world, arn, ...ids)
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  await world.kube.patch(path, { metadata: { labels: { [label]: 'true' } } })
  await hasTargets(world, arn, ...others)
  await world.kube.patch(path, { metadata: { labels: { [label]: null } } })
})

test('a target group that is deleted under its binding is told', async () => {
  const arn = await targetGroup(world, 'doomed')
  await world.kube.apply(aService('doomed'), slice('doomed', ['192.168.6.1']))
  await world.kube.apply(binding('doomed', 'doomed', { targetGroupARN: arn }))
  await hasTargets(world, arn, '192.168.6.1:8080')
  world.account.targetGroups.delete(arn)
  await world.kube.apply(slice('doomed', ['192.168.6.2']))
  await ready('doomed', 'TargetGroupMissing')
  await world.kube.remove(binding('doomed', 'doomed', {}))
  await eventually(async () => assert.equal(await getBinding(world, 'doomed'), undefined), waitMs)
})

test('each mistake is a condition and an event on its binding, and nothing is called for it', async () => {
  const arn = async (name: string) => ({ targetGroupARN: await targetGroup(world, `bad-${name}`) })
  const instance = await targetGroup(world, 'bad-nodes', { targetType: 'instance' })
  await world.kube.apply(
    aService('plain'),
    slice('plain', ['192.168.5.1']),
    aService('external', { type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }),
    aService('six'),
    slice('six', ['fd00::1']),
  )
  const gone = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/gone/0123456789abcdef'
  const role = { iamRoleArnToAssume: 'arn:aws:iam::nobody:role/x' }
  const table: readonly (readonly [string, string, object, string])[] = [
    ['no-service', 'nowhere', await arn('service'), 'ServiceMissing'],
    [
      'no-port',
      'plain',
      { ...(await arn('port')), serviceRef: { name: 'plain', port: 81 } },
      'ServicePortMissing',
    ],
    ['external', 'external', await arn('external'), 'ServiceUnusable'],
    ['six', 'six', await arn('six'), 'EndpointsUnusable'],
    ['no-node-port', 'plain', { targetGroupARN: instance }, 'ServiceUnusable'],
    ['no-group', 'plain', { targetGroupARN: gone }, 'TargetGroupMissing'],
    ['no-role', 'plain', { ...(await arn('role')), ...role }, 'AwsDenied'],
  ]
  const since = lastCall(world)
  for (const [name, service, spec] of table) await world.kube.apply(binding(name, service, spec))
  for (const [name, , , reason] of table) {
    await ready(name, reason)
    const { status, message } = await readyOf(world, name)
    assert.equal(status, 'False', name)
    assert.match(message, /\. [A-Z].*\.$/, `${name}: no remedy in ${message}`)
    await eventually(async () => assert.equal((await eventsOn(world, name)).length, 1, name), waitMs)
  }
  assert.deepEqual(
    callsSince(world, since).filter((action) => !/^(Describe|Assume)/.test(action)),
    [],
  )
  await world.kube.apply(slice('named', ['192.168.1.9']))
  await hasTargets(world, await namedArn(), '192.168.1.9:8080')
})
const namedArn = async () => String((await getBinding(world, 'named'))?.spec['targetGroupARN'])

test('a target that somebody deregisters is back after the next sweep, and that is told', async () => {
  await stop()
  const arn = await namedArn()
  const since = lastCall(world)
  const controller = world.controller(['--sweep-period=100ms'])
  // It knows what is registered before somebody changes that.
  await eventually(() => assert.ok(callsSince(world, since).includes('DescribeTargetHealth')), waitMs)
  await controller.idle()
  await clientsFor(world.cloud.handle).elbv2.send(
    new DeregisterTargetsCommand({
      TargetGroupArn: arn,
      Targets: [{ Id: '192.168.1.9', Port: 8080 }],
    }),
  )
  assert.deepEqual(registered(world, arn), [])
  await hasTargets(world, arn, '192.168.1.9:8080')
  await eventually(async () => {
    assert.ok((await eventsOn(world, 'named')).includes('TargetsChanged'))
  }, waitMs)
})

test('a binding that is deleted takes its targets and its finalizer with it', async () => {
  const arn = await namedArn()
  await world.kube.remove(binding('named', 'named', {}))
  await hasTargets(world, arn)
  await eventually(async () => assert.equal(await getBinding(world, 'named'), undefined), waitMs)
})
