import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFactReader } from '../../src/aws/facts.ts'
import { createNetworkInterfaces, instanceIdOf } from '../../src/aws/network-interface.ts'
import { setTags } from '../../localstack/aws/tag.ts'
import { account, calls, clusterName, createWorld, lastCall, options, region } from './world.ts'

const { purpose: _, ...unstated } = options

const readerOf = ({ aws, vpc }: ReturnType<typeof createWorld>) =>
  createFactReader(aws, { vpcId: vpc.vpcId, allowedCertificateAuthorityArns: [] })

test('a plain Ingress costs three calls for facts, once', async () => {
  const world = createWorld()
  const facts = readerOf(world)
  const first = await facts.read({}, unstated)
  assert.ok(first.ok)
  assert.deepEqual(calls(world.cloud).sort(), [
    'DescribeAvailabilityZones',
    'DescribeSubnets',
    'DescribeVpcs',
  ])
  assert.ok(world.cloud.journal.since(0).every(({ purpose }) => purpose === 'facts'))
  assert.deepEqual(first.value.vpcCidrs, ['192.168.0.0/16'])
  assert.deepEqual(
    first.value.subnets.map(({ id }) => id).sort(),
    [...world.vpc.publicSubnets, ...world.vpc.privateSubnets].sort(),
  )
  assert.equal(first.value.certificates, undefined)
  const again = await facts.read({}, options)
  assert.deepEqual(again, first)
  assert.equal(calls(world.cloud).length, 3)
})

test('security groups and certificates are read when somebody needs them', async () => {
  const world = createWorld()
  const facts = readerOf(world)
  await facts.read({}, options)
  const since = lastCall(world.cloud)
  const read = await facts.read({ securityGroups: true, certificates: true }, options)
  assert.ok(read.ok)
  assert.deepEqual(calls(world.cloud, since).sort(), ['DescribeSecurityGroups', 'ListCertificates'])
  assert.ok(read.value.securityGroups.some(({ id }) => id === world.vpc.nodeSecurityGroup))
  assert.deepEqual(read.value.certificates, [])
})

test('where no subnet has a role, route tables tell which are public', async () => {
  const world = createWorld()
  const of = world.cloud.account(account, region)
  for (const id of [...world.vpc.publicSubnets, ...world.vpc.privateSubnets]) of.tags.get(id)?.clear()
  const read = await readerOf(world).read({}, options)
  assert.ok(read.ok)
  assert.ok(calls(world.cloud).includes('DescribeRouteTables'))
  const open = read.value.routeTables.filter((table) => table.public).flatMap(({ subnetIds }) => subnetIds)
  assert.deepEqual(open.sort(), [...world.vpc.publicSubnets].sort())
})

test('callers at the same time share a read, and a refusal is not kept', async () => {
  const world = createWorld()
  const facts = readerOf(world)
  world.cloud.fault({
    action: 'DescribeSubnets',
    error: { code: 'UnauthorizedOperation', message: 'no', status: 403 },
  })
  const [a, b] = await Promise.all([facts.read({}, options), facts.read({}, options)])
  assert.ok(!a.ok && !b.ok && a.error.kind === 'denied')
  assert.equal(calls(world.cloud).filter((action) => action === 'DescribeSubnets').length, 1)
  assert.ok((await facts.read({}, options)).ok)
})

test('nodes and pods lead to the security group of their network interface, one call for all, then none', async () => {
  const world = createWorld()
  const interfaces = createNetworkInterfaces(world.aws, {
    clusterName,
    vpcId: world.vpc.vpcId,
    serviceTargetEniSecurityGroupTags: {},
  })
  const places = world.vpc.instances.flatMap(({ instanceId, privateIp }) => [
    { key: instanceId, instanceId },
    { key: privateIp, instanceId, ip: privateIp },
  ])
  const read = await interfaces.guards(places, options)
  assert.ok(read.ok)
  assert.deepEqual(
    read.value,
    places.map(({ key }) => ({ key, securityGroup: world.vpc.nodeSecurityGroup })),
  )
  assert.deepEqual(calls(world.cloud), ['DescribeInstances'])
  assert.ok((await interfaces.guards(places, options)).ok)
  assert.equal(calls(world.cloud).length, 1)
})

test('an address that no interface has is told; so is an instance that is gone', async () => {
  const world = createWorld()
  const interfaces = createNetworkInterfaces(world.aws, {
    clusterName,
    vpcId: world.vpc.vpcId,
    serviceTargetEniSecurityGroupTags: {},
  })
  const [instance] = world.vpc.instances
  assert.ok(instance)
  attachAnother(world, instance.instanceId)
  const read = await interfaces.guards(
    [
      { key: 'pod', instanceId: instance.instanceId, ip: '10.9.9.9' },
      { key: 'node', instanceId: 'i-0000000000000dead' },
    ],
    options,
  )
  assert.ok(read.ok)
  assert.match(JSON.stringify(read.value[0]), /has the address 10\.9\.9\.9/)
  assert.match(JSON.stringify(read.value[1]), /no primary network interface/)
})

/** A second network interface with other security groups than the first. */
function attachAnother(world: ReturnType<typeof createWorld>, instanceId: string): void {
  const { networkInterfaces } = world.cloud.account(account, region)
  const first = [...networkInterfaces.values()].find(({ wire }) => wire.Attachment?.InstanceId === instanceId)
  assert.ok(first)
  const wire = {
    ...first.wire,
    NetworkInterfaceId: 'eni-0second',
    PrivateIpAddresses: [],
    Groups: [{ GroupId: 'sg-0other' }],
    Attachment: { ...first.wire.Attachment, DeviceIndex: 1 },
  }
  networkInterfaces.set('eni-0second', { ...first, id: 'eni-0second', wire })
}

test('a new address needs no look where all interfaces of the node have the same groups', async () => {
  const world = createWorld()
  const interfaces = createNetworkInterfaces(world.aws, {
    clusterName,
    vpcId: world.vpc.vpcId,
    serviceTargetEniSecurityGroupTags: {},
  })
  const [instance] = world.vpc.instances
  assert.ok(instance)
  const { instanceId } = instance
  await interfaces.guards([{ key: 'node', instanceId }], options)
  const since = lastCall(world.cloud)
  const read = await interfaces.guards([{ key: 'pod', instanceId, ip: '192.168.96.99' }], options)
  assert.deepEqual(read, { ok: true, value: [{ key: 'pod', securityGroup: world.vpc.nodeSecurityGroup }] })
  assert.deepEqual(calls(world.cloud, since), [])
})

test('a pod with a network interface of its own, and one found by its address alone; both read once', async () => {
  const world = createWorld()
  const interfaces = createNetworkInterfaces(world.aws, {
    clusterName,
    vpcId: world.vpc.vpcId,
    serviceTargetEniSecurityGroupTags: {},
  })
  const [instance] = world.vpc.instances
  assert.ok(instance)
  const { networkInterfaces } = world.cloud.account(account, region)
  const [first] = networkInterfaces.values()
  assert.ok(first)
  const add = (id: string, ip: string, group: string): void => {
    const wire = {
      ...first.wire,
      NetworkInterfaceId: id,
      PrivateIpAddress: ip,
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: ip }],
      Groups: [{ GroupId: group }],
    }
    networkInterfaces.set(id, { ...first, id, wire })
  }
  add('eni-0branch', '192.168.100.1', 'sg-0branch')
  add('eni-0fargate', '192.168.100.2', 'sg-0fargate')
  const since = lastCall(world.cloud)
  const places = [
    { key: 'branch', interfaceId: 'eni-0branch', ip: '192.168.100.1' },
    { key: 'fargate', ip: '192.168.100.2' },
    { key: 'nobody', ip: '192.168.100.3' },
  ]
  const read = await interfaces.guards(places, options)
  assert.ok(read.ok)
  assert.deepEqual(read.value.slice(0, 2), [
    { key: 'branch', securityGroup: 'sg-0branch' },
    { key: 'fargate', securityGroup: 'sg-0fargate' },
  ])
  assert.match(JSON.stringify(read.value[2]), /no network interface of the VPC has the address/)
  assert.deepEqual(calls(world.cloud, since), ['DescribeNetworkInterfaces', 'DescribeNetworkInterfaces'])
  await interfaces.guards(places.slice(0, 2), options)
  assert.equal(calls(world.cloud, since).length, 2)
})

test('what is known is read again by a refresh: the security groups of a network interface change', async () => {
  const world = createWorld()
  const interfaces = createNetworkInterfaces(world.aws, {
    clusterName,
    vpcId: world.vpc.vpcId,
    serviceTargetEniSecurityGroupTags: {},
  })
  const [instance] = world.vpc.instances
  assert.ok(instance)
  const place = { key: 'node', instanceId: instance.instanceId }
  await interfaces.guards([place], options)
  const { networkInterfaces } = world.cloud.account(account, region)
  for (const { wire } of networkInterfaces.values())
    if (wire.Attachment?.InstanceId === instance.instanceId) wire.Groups = [{ GroupId: 'sg-0new' }]
  const before = await interfaces.guards([place], options)
  assert.deepEqual(before, { ok: true, value: [{ key: 'node', securityGroup: world.vpc.nodeSecurityGroup }] })
  assert.ok((await interfaces.refresh(options)).ok)
  const after = await interfaces.guards([place], options)
  assert.deepEqual(after, { ok: true, value: [{ key: 'node', securityGroup: 'sg-0new' }] })
})

test('of several groups the one with the cluster tag, of several such the lowest id, with a warning', async () => {
  const world = createWorld()
  const of = world.cloud.account(account, region)
  const [instance] = world.vpc.instances
  const wire = [...of.networkInterfaces.values()].find(
    ({ wire: one }) => one.Attachment?.InstanceId === instance?.instanceId,
  )?.wire
  assert.ok(instance && wire)
  const place = { key: 'node', instanceId: instance.instanceId }
  const record = of.securityGroups.get(world.vpc.nodeSecurityGroup)
  assert.ok(record)
  of.securityGroups.set('sg-0000', { ...record, id: 'sg-0000', wire: { ...record.wire, GroupId: 'sg-0000' } })
  wire.Groups = [{ GroupId: world.vpc.nodeSecurityGroup }, { GroupId: 'sg-0000' }]
  const settings = { clusterName, vpcId: world.vpc.vpcId, serviceTargetEniSecurityGroupTags: {} }
  const one = await createNetworkInterfaces(world.aws, settings).guards([place], options)
  assert.deepEqual(one, { ok: true, value: [{ key: 'node', securityGroup: world.vpc.nodeSecurityGroup }] })
  setTags(of, 'sg-0000', [{ Key: `kubernetes.io/cluster/${clusterName}`, Value: 'owned' }])
  const two = await createNetworkInterfaces(world.aws, settings).guards([place], options)
  assert.ok(two.ok)
  const [guard] = two.value
  assert.ok(guard && 'securityGroup' in guard)
  assert.equal(guard.securityGroup, 'sg-0000')
  assert.match(guard.warning ?? '', /several security groups/)
})

test('instance ids from provider ids', () => {
  assert.equal(instanceIdOf('aws:///eu-west-1a/i-0abc'), 'i-0abc')
  assert.equal(instanceIdOf('eks-hybrid:///eu-west-1/c/mi-0abc'), undefined)
  assert.equal(instanceIdOf(undefined), undefined)
})
