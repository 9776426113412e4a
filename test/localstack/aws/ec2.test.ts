/** EC2 through the real SDK: what it creates, refuses, filters and pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as ec2 from '@aws-sdk/client-ec2'
import type { Account } from '../../../localstack/aws/account.ts'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import {
  createInterfaces,
  releaseInterfaces,
  setGroups,
} from '../../../localstack/aws/ec2/network-interface.ts'
import { assignPodIp, releasePodIp, seedVpc, type SeededVpc } from '../../../localstack/aws/seed.ts'
import { timings, type Timing } from '../../../localstack/timing.ts'
import { clientsFor, codeOf } from './clients.ts'

function world(timing: Timing = timings.instant) {
  const clock = { now: 1_000_000 }
  const cloud = createCloud({ timing, now: () => clock.now })
  const account: Account = cloud.account('123456789012', 'eu-west-1')
  const vpc: SeededVpc = seedVpc(account, { clusterName: 'workshop' })
  const client = clientsFor(cloud.handle).ec2
  const create = async (GroupName: string, Tags: ec2.Tag[] = []): Promise<string> => {
    const made = await client.send(
      new ec2.CreateSecurityGroupCommand({
        GroupName,
        Description: 'a group',
        VpcId: vpc.vpcId,
        ...(Tags.length ? { TagSpecifications: [{ ResourceType: 'security-group', Tags }] } : {}),
      }),
    )
    return made.GroupId ?? ''
  }
  const describe = async (GroupId: string): Promise<ec2.SecurityGroup> => {
    const { SecurityGroups = [] } = await client.send(
      new ec2.DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }),
    )
    return SecurityGroups[0]!
  }
  const authorize = (GroupId: string, ...IpPermissions: ec2.IpPermission[]) =>
    client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  const revoke = (GroupId: string, ...IpPermissions: ec2.IpPermission[]) =>
    client.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  const remove = (GroupId: string) => client.send(new ec2.DeleteSecurityGroupCommand({ GroupId }))
  return { clock, cloud, account, vpc, client, create, describe, authorize, revoke, remove }
}

const tcp = (port: number, ...cidrs: string[]): ec2.IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  IpRanges: cidrs.map((CidrIp) => ({ CidrIp })),
})
const from = (port: number, GroupId: string, Description?: string): ec2.IpPermission => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  UserIdGroupPairs: [{ GroupId, ...(Description ? { Description } : {}) }],
})

test('the seeded VPC is what EKS makes', async () => {
  const { client, vpc } = world()
  const bySubnetTag = async (tag: string): Promise<ec2.Subnet[]> => {
    const Filters = [
      { Name: 'vpc-id', Values: [vpc.vpcId] },
      { Name: `tag:kubernetes.io/role/${tag}`, Values: ['', '1'] },
      { Name: 'tag:kubernetes.io/cluster/workshop', Values: ['owned', 'shared'] },
    ]
    return (await client.send(new ec2.DescribeSubnetsCommand({ Filters }))).Subnets ?? []
  }
  const open = await bySubnetTag('elb')
  const inner = await bySubnetTag('internal-elb')
  assert.deepEqual(
    open.map(({ SubnetId }) => SubnetId),
    vpc.publicSubnets,
  )
  assert.deepEqual(
    inner.map(({ SubnetId }) => SubnetId),
    vpc.privateSubnets,
  )
  assert.deepEqual(
    [...open, ...inner].map(({ CidrBlock, AvailabilityZone, AvailableIpAddressCount }) => [
      CidrBlock,
      AvailabilityZone,
      AvailableIpAddressCount,
    ]),
    [
      ['192.168.0.0/19', 'eu-west-1a', 8187],
      ['192.168.32.0/19', 'eu-west-1b', 8187],
      ['192.168.64.0/19', 'eu-west-1c', 8187],
      ['192.168.96.0/19', 'eu-west-1a', 8186],
      ['192.168.128.0/19', 'eu-west-1b', 8186],
      ['192.168.160.0/19', 'eu-west-1c', 8186],
    ],
  )
  const { RouteTables = [] } = await client.send(
    new ec2.DescribeRouteTablesCommand({
      Filters: [{ Name: 'association.subnet-id', Values: [vpc.publicSubnets[0]!] }],
    }),
  )
  assert.equal(RouteTables.length, 1)
  assert.match(RouteTables[0]!.Routes![1]!.GatewayId!, /^igw-/)
  const { Reservations = [] } = await client.send(new ec2.DescribeInstancesCommand({}))
  assert.deepEqual(
    Reservations.map(({ Instances }) => Instances?.[0]?.SecurityGroups?.[0]?.GroupId),
    [1, 2, 3].map(() => vpc.nodeSecurityGroup),
  )
  const { AvailabilityZones } = await client.send(new ec2.DescribeAvailabilityZonesCommand({}))
  assert.deepEqual(
    AvailabilityZones?.map(({ ZoneId }) => ZoneId),
    ['euw1-az1', 'euw1-az2', 'euw1-az3'],
  )
})

test('a pod has a secondary address of its node, and it rests after its release', async () => {
  const { client, account, vpc } = world()
  const { instanceId } = vpc.instances[1]!
  const pod = assignPodIp(account, instanceId)
  const find = async (address: string): Promise<string | undefined> => {
    const { NetworkInterfaces = [] } = await client.send(
      new ec2.DescribeNetworkInterfacesCommand({
        Filters: [{ Name: 'addresses.private-ip-address', Values: [address] }],
      }),
    )
    return NetworkInterfaces[0]?.Attachment?.InstanceId
  }
  assert.equal(pod, '192.168.128.5')
  assert.equal(await find(pod), instanceId)
  releasePodIp(account, instanceId, pod)
  assert.equal(await find(pod), undefined)
  releasePodIp(account, instanceId, vpc.instances[1]!.privateIp)
  assert.equal(await find(vpc.instances[1]!.privateIp), instanceId)
  assert.equal(assignPodIp(account, instanceId), '192.168.128.6')
})

test('CreateSecurityGroup: what it gives and what it refuses', async () => {
  const { client, create, describe, vpc } = world()
  const id = await create('alb', [{ Key: 'elbv2.k8s.aws/cluster', Value: 'workshop' }])
  assert.match(id, /^sg-0[0-9a-f]{16}$/)
  const group = await describe(id)
  assert.deepEqual(group.Tags, [{ Key: 'elbv2.k8s.aws/cluster', Value: 'workshop' }])
  assert.deepEqual(group.IpPermissions, [])
  assert.equal(group.IpPermissionsEgress?.[0]?.IpProtocol, '-1')
  const attempt = (input: ec2.CreateSecurityGroupCommandInput) =>
    codeOf(client.send(new ec2.CreateSecurityGroupCommand(input)))
  const sound = { GroupName: 'other', Description: 'd', VpcId: vpc.vpcId }
  const tagged = (type: ec2.ResourceType, Tags: ec2.Tag[]) => ({
    ...sound,
    TagSpecifications: [{ ResourceType: type, Tags }],
  })
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: '' }))
  for (const [input, code] of [
    [{ ...sound, GroupName: 'alb' }, 'InvalidGroup.Duplicate'],
    [{ ...sound, VpcId: 'vpc-0' }, 'InvalidVpcID.NotFound'],
    [{ ...sound, GroupName: 'sg-1' }, 'InvalidParameterValue'],
    [{ ...sound, GroupName: 'ü' }, 'InvalidParameterValue'],
    [{ ...sound, Description: 'x'.repeat(256) }, 'InvalidParameterValue'],
    [{ GroupName: 'x', VpcId: vpc.vpcId } as never, 'MissingParameter'],
    [{ ...sound, DryRun: true }, 'DryRunOperation'],
    [tagged('vpc', [{ Key: 'a', Value: 'b' }]), 'InvalidParameterValue'],
    [tagged('security-group', [{ Key: 'aws:a', Value: 'b' }]), 'InvalidParameterValue'],
    [tagged('security-group', many), 'TagLimitExceeded'],
    [sound, 'none'],
  ] as const)
    assert.equal(await attempt(input), code, JSON.stringify(input).slice(0, 100))
})

test('ingress rules: all or nothing, duplicates, absence, limits', async () => {
  const { create, describe, authorize, revoke } = world()
  const id = await create('alb')
  const other = await create('backend')
  const added = await authorize(id, tcp(80, '0.0.0.0/0', '10.1.2.3/8'), from(8080, other, 'owner=shared'))
  assert.equal(added.SecurityGroupRules?.length, 3)
  assert.deepEqual((await describe(id)).IpPermissions, [
    {
      IpProtocol: 'tcp',
      FromPort: 80,
      ToPort: 80,
      IpRanges: [{ CidrIp: '0.0.0.0/0' }, { CidrIp: '10.0.0.0/8' }],
      Ipv6Ranges: [],
      PrefixListIds: [],
      UserIdGroupPairs: [],
    },
    {
      IpProtocol: 'tcp',
      FromPort: 8080,
      ToPort: 8080,
      IpRanges: [],
      Ipv6Ranges: [],
      PrefixListIds: [],
      UserIdGroupPairs: [{ UserId: '123456789012', GroupId: other, Description: 'owner=shared' }],
    },
  ])
  const before = await describe(id)
  const v6 = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, Ipv6Ranges: [{ CidrIpv6: '::/0' }] }
  for (const [permissions, code] of [
    [[tcp(443, '1.1.1.1/32'), tcp(80, '0.0.0.0/0')], 'InvalidPermission.Duplicate'],
    [[tcp(443, '1.1.1.1/32', '1.1.1.1/32')], 'InvalidParameterValue'],
    [[tcp(443, '1.1.1.1')], 'InvalidParameterValue'],
    [[tcp(443, '::/0')], 'InvalidParameterValue'],
    [[tcp(70_000, '0.0.0.0/0')], 'InvalidParameterValue'],
    [[{ ...tcp(80, '0.0.0.0/0'), ToPort: 79 }], 'InvalidParameterValue'],
    [[from(80, 'sg-0123')], 'InvalidGroup.NotFound'],
    [[from(80, other, 'é')], 'InvalidParameterValue'],
    [[{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80 }], 'MissingParameter'],
    [
      [tcp(1, ...Array.from({ length: 58 }, (_, n) => `10.0.${n}.0/24`))],
      'RulesPerSecurityGroupLimitExceeded',
    ],
  ] as const) {
    assert.equal(await codeOf(authorize(id, ...permissions)), code, JSON.stringify(permissions).slice(0, 100))
    assert.deepEqual(await describe(id), before)
  }
  assert.equal(await codeOf(authorize('sg-0abc', v6)), 'InvalidGroup.NotFound')
  // IPv6 rules count apart, but those that name a group count there too.
  await authorize(id, tcp(1, ...Array.from({ length: 57 }, (_, n) => `10.0.${n}.0/24`)))
  await authorize(id, v6)
  assert.equal(await codeOf(authorize(id, from(1, other))), 'RulesPerSecurityGroupLimitExceeded')
  assert.equal(await codeOf(revoke(id, v6, tcp(81, '0.0.0.0/0'))), 'InvalidPermission.NotFound')
  assert.equal((await describe(id)).IpPermissions?.length, 3)
  await revoke(id, v6, from(8080, other))
  assert.equal((await describe(id)).IpPermissions?.length, 2)
})

test('a group in use by an interface or by another group is not deleted', async () => {
  const { create, authorize, revoke, remove, cloud, account, vpc, clock, client } = world({
    ...timings.instant,
    networkInterfaceLingerMs: 500,
  })
  const [front, back, later] = [await create('front'), await create('back'), await create('later')]
  await authorize(vpc.nodeSecurityGroup, from(8080, back))
  await authorize(back, from(1, back))
  assert.equal(await codeOf(remove(back)), 'DependencyViolation')
  await revoke(vpc.nodeSecurityGroup, from(8080, back))
  assert.equal(await codeOf(remove(back)), 'none')
  const owner = 'app/alb/0123456789abcdef'
  createInterfaces(cloud.context(account), { owner, subnets: vpc.publicSubnets, groups: [front] })
  const interfaces = async (): Promise<ec2.NetworkInterface[]> => {
    const Filters = [{ Name: 'description', Values: ['ELB app/*'] }]
    return (await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? []
  }
  assert.deepEqual(
    (await interfaces()).map(({ RequesterId, SubnetId, Groups }) => [
      RequesterId,
      SubnetId,
      Groups?.[0]?.GroupName,
    ]),
    vpc.publicSubnets.map((subnet) => ['amazon-elb', subnet, 'front']),
  )
  setGroups(cloud.context(account), owner, [later])
  assert.equal(await codeOf(remove(front)), 'DependencyViolation')
  clock.now += 500
  assert.equal(await codeOf(remove(front)), 'none')
  releaseInterfaces(cloud.context(account), owner)
  clock.now += 499
  assert.equal((await interfaces()).length, 3)
  assert.equal(await codeOf(remove(later)), 'DependencyViolation')
  clock.now += 1
  assert.equal(await codeOf(remove(later)), 'none')
  assert.deepEqual(await interfaces(), [])
  assert.equal(await codeOf(remove(later)), 'InvalidGroup.NotFound')
})

test('filters, ids and pages', async () => {
  const { client, create, vpc } = world()
  for (const name of ['a-1', 'a-2', 'b*1', 'b-1']) await create(name, [{ Key: 'team', Value: name }])
  const names = async (...Filters: ec2.Filter[]): Promise<string[]> => {
    const { SecurityGroups = [] } = await client.send(new ec2.DescribeSecurityGroupsCommand({ Filters }))
    return SecurityGroups.map(({ GroupName }) => GroupName ?? '')
  }
  assert.deepEqual(await names({ Name: 'group-name', Values: ['a-*'] }), ['a-1', 'a-2'])
  assert.deepEqual(await names({ Name: 'group-name', Values: ['b\\*1'] }), ['b*1'])
  assert.deepEqual(await names({ Name: 'tag:team', Values: ['?-1'] }), ['a-1', 'b-1'])
  assert.equal((await names({ Name: 'tag-key', Values: ['team'] })).length, 4)
  assert.deepEqual(
    await names({ Name: 'group-name', Values: ['a-1', 'b-1'] }, { Name: 'tag:team', Values: ['b*'] }),
    ['b-1'],
  )
  assert.equal(await codeOf(names({ Name: 'colour', Values: ['red'] })), 'InvalidParameterValue')
  const Values = Array.from({ length: 201 }, (_, index) => String(index))
  assert.equal(await codeOf(names({ Name: 'group-id', Values })), 'FilterLimitExceeded')
  const pages: number[] = []
  for await (const page of ec2.paginateDescribeSubnets({ client, pageSize: 5 }, {}))
    pages.push(page.Subnets?.length ?? 0)
  assert.deepEqual(pages, [5, 1])
  const subnets = (input: ec2.DescribeSubnetsCommandInput) =>
    codeOf(client.send(new ec2.DescribeSubnetsCommand(input)))
  assert.equal(await subnets({ MaxResults: 4 }), 'InvalidParameterValue')
  assert.equal(
    await subnets({ MaxResults: 5, SubnetIds: [...vpc.publicSubnets] }),
    'InvalidParameterCombination',
  )
  assert.equal(await subnets({ NextToken: 'x' }), 'InvalidNextToken')
  assert.equal(await subnets({ SubnetIds: ['subnet-0'] }), 'InvalidSubnetID.NotFound')
})

test('tags: added, overwritten, removed by key or by value', async () => {
  const { client, create, describe } = world()
  const id = await create('alb', [{ Key: 'a', Value: '1' }])
  const add = (...Tags: ec2.Tag[]) => client.send(new ec2.CreateTagsCommand({ Resources: [id], Tags }))
  const drop = (...Tags: ec2.Tag[]) => client.send(new ec2.DeleteTagsCommand({ Resources: [id], Tags }))
  await add({ Key: 'a', Value: '2' }, { Key: 'b', Value: '' }, { Key: 'c', Value: 'x' })
  await drop({ Key: 'a', Value: '1' }, { Key: 'b' }, { Key: 'none' })
  assert.deepEqual((await describe(id)).Tags, [
    { Key: 'a', Value: '2' },
    { Key: 'c', Value: 'x' },
  ])
  const { Tags } = await client.send(
    new ec2.DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [id] }] }),
  )
  assert.deepEqual(
    Tags?.map(({ Key, ResourceType }) => [Key, ResourceType]),
    [
      ['a', 'security-group'],
      ['c', 'security-group'],
    ],
  )
  await drop()
  assert.deepEqual((await describe(id)).Tags, [])
  const Resources = ['sg-0000']
  assert.equal(
    await codeOf(client.send(new ec2.CreateTagsCommand({ Resources, Tags: [{ Key: 'a' }] }))),
    'InvalidGroup.NotFound',
  )
})
