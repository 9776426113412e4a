// EC2: security groups and their rules made, read back, changed, removed; and what of the network is only read.
import assert from 'node:assert/strict'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { type Bench, check, refused, runTag } from '../bench.ts'

const described = async ({ clients }: Bench, id: string): Promise<SecurityGroup | undefined> => {
  const { SecurityGroups } = await clients.ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-id', Values: [id] }] }),
  )
  return SecurityGroups?.[0]
}
const web: IpPermission = {
  IpProtocol: 'tcp',
  FromPort: 80,
  ToPort: 80,
  IpRanges: [{ CidrIp: '192.0.2.0/24', Description: 'office' }],
}
const authorize = ({ clients }: Bench, GroupId: string, ...IpPermissions: IpPermission[]) =>
  clients.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
const revoke = ({ clients }: Bench, GroupId: string, ...IpPermissions: IpPermission[]) =>
  clients.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))

export const networkChecks = [
  check('identity/account', 'the account tells its number', async (bench) => {
    const { Account } = await bench.clients.sts.send(new GetCallerIdentityCommand({}))
    assert.match(Account ?? '', /^\d{12}$/)
  }),
  check('identity/role', 'what is no ARN of a role can not be assumed', async (bench) => {
    const role = { RoleArn: `arn:aws:iam::123:user/${bench.name()}`, RoleSessionName: bench.name() }
    await refused(bench.clients.sts.send(new AssumeRoleCommand(role)), 'ValidationError', 'AccessDenied')
  }),
  check('network/vpc', 'a VPC tells its address ranges', async (bench) => {
    const { Vpcs } = await bench.clients.ec2.send(new DescribeVpcsCommand({ VpcIds: [bench.place.vpcId] }))
    assert.match(Vpcs?.[0]?.CidrBlockAssociationSet?.[0]?.CidrBlock ?? '', /^\d+\.\d+\.\d+\.\d+\/\d+$/)
  }),
  check(
    'network/subnets',
    'subnets tell their zone, its id, and how many addresses are free',
    async (bench) => {
      const { Subnets = [] } = await bench.clients.ec2.send(
        new DescribeSubnetsCommand({
          Filters: [{ Name: 'vpc-id', Values: [bench.place.vpcId] }],
          MaxResults: 1000,
        }),
      )
      const ids = Subnets.map(({ SubnetId }) => SubnetId)
      assert.ok(bench.place.subnets.every(({ id }) => ids.includes(id)))
      for (const { AvailabilityZone, AvailabilityZoneId, AvailableIpAddressCount } of Subnets) {
        assert.ok(AvailabilityZone && AvailabilityZoneId)
        assert.ok((AvailableIpAddressCount ?? 0) > 0)
      }
    },
  ),
  check('network/zones', 'zones tell what kind of zone they are', async (bench) => {
    const { AvailabilityZones = [] } = await bench.clients.ec2.send(new DescribeAvailabilityZonesCommand({}))
    assert.ok(AvailabilityZones.length >= 2)
    for (const { ZoneType } of AvailabilityZones) assert.ok(ZoneType)
  }),
  check('network/routes', 'route tables tell whether they are the main one', async (bench) => {
    const { RouteTables = [] } = await bench.clients.ec2.send(
      new DescribeRouteTablesCommand({
        Filters: [{ Name: 'vpc-id', Values: [bench.place.vpcId] }],
        MaxResults: 100,
      }),
    )
    assert.ok(RouteTables.some(({ Associations = [] }) => Associations.some(({ Main }) => Main)))
  }),
  check('network/instances', 'instances are read by id, and an unknown one is refused', async (bench) => {
    await refused(
      bench.clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-00000000000000001'] })),
      'InvalidInstanceID.NotFound',
    )
  }),
  check(
    'security-group/made',
    'a security group is read back as it was made, by its tags too',
    async (bench) => {
      const id = await bench.securityGroup()
      const read = await bench.eventually(() => described(bench, id))
      assert.deepEqual([read?.VpcId, read?.IpPermissions, read?.Tags], [bench.place.vpcId, [], bench.tags])
      const { SecurityGroups = [] } = await bench.clients.ec2.send(
        new DescribeSecurityGroupsCommand({
          Filters: [
            { Name: 'vpc-id', Values: [bench.place.vpcId] },
            { Name: `tag:${runTag}`, Values: bench.tags.map(({ Value }) => Value) },
          ],
          MaxResults: 1000,
        }),
      )
      assert.ok(SecurityGroups.some(({ GroupId }) => GroupId === id))
    },
  ),
  check('security-group/name-taken', 'a name is taken once in a VPC', async (bench) => {
    const id = await bench.securityGroup()
    const { GroupName } = (await described(bench, id)) ?? {}
    const again = new CreateSecurityGroupCommand({ GroupName, Description: 'x', VpcId: bench.place.vpcId })
    await refused(bench.clients.ec2.send(again), 'InvalidGroup.Duplicate')
  }),
  check('security-group/rules', 'a rule is made, told with its description, and revoked', async (bench) => {
    const id = await bench.securityGroup()
    await authorize(bench, id, web)
    await bench.eventually(async () => {
      const read = await described(bench, id)
      const [rule] = read?.IpPermissions ?? []
      assert.deepEqual([rule?.FromPort, rule?.ToPort, rule?.IpRanges], [80, 80, web.IpRanges])
    })
    await revoke(bench, id, web)
    await bench.eventually(async () => assert.deepEqual((await described(bench, id))?.IpPermissions, []))
  }),
  check(
    'security-group/source',
    'another group is a source, and keeps its own from being deleted',
    async (bench) => {
      const source = await bench.securityGroup()
      const id = await bench.securityGroup()
      const rule: IpPermission = {
        IpProtocol: 'tcp',
        FromPort: 8080,
        ToPort: 9090,
        UserIdGroupPairs: [{ GroupId: source, Description: 'albatross' }],
      }
      await authorize(bench, id, rule)
      await bench.eventually(async () => {
        const [found] = (await described(bench, id))?.IpPermissions ?? []
        const [pair] = found?.UserIdGroupPairs ?? []
        assert.deepEqual([pair?.GroupId, pair?.Description], [source, 'albatross'])
      })
      await refused(
        bench.clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId: source })),
        'DependencyViolation',
      )
    },
  ),
  check('security-group/twice', 'the same rule twice is refused', async (bench) => {
    const id = await bench.securityGroup()
    await authorize(bench, id, web)
    await refused(authorize(bench, id, web), 'InvalidPermission.Duplicate')
  }),
  check('security-group/absent', 'to revoke what is not there is refused', async (bench) => {
    const id = await bench.securityGroup()
    await refused(revoke(bench, id, web), 'InvalidPermission.NotFound')
  }),
  check('security-group/v6', 'IPv6 ranges are rules of their own', async (bench) => {
    const id = await bench.securityGroup()
    await authorize(bench, id, {
      IpProtocol: 'tcp',
      FromPort: 80,
      ToPort: 80,
      Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
    })
    await bench.eventually(async () => {
      const [rule] = (await described(bench, id))?.IpPermissions ?? []
      assert.equal(rule?.Ipv6Ranges?.[0]?.CidrIpv6, '2001:db8::/32')
    })
  }),
  check('security-group/tags', 'tags are added and removed', async (bench) => {
    const id = await bench.securityGroup()
    const { ec2 } = bench.clients
    await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'env', Value: 'dev' }] }))
    await bench.eventually(async () =>
      assert.ok((await described(bench, id))?.Tags?.some(({ Key }) => Key === 'env')),
    )
    await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'env' }] }))
    await bench.eventually(async () => assert.deepEqual((await described(bench, id))?.Tags, bench.tags))
  }),
  check('security-group/in-use', 'one that a load balancer has is not deleted', async (bench) => {
    const GroupId = await bench.securityGroup()
    await bench.loadBalancer({ SecurityGroups: [GroupId] })
    await bench.eventually(() =>
      refused(
        bench.clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
        'DependencyViolation',
        'ResourceInUse',
      ),
    )
  }),
  check('security-group/unknown', 'an unknown one is not found', async (bench) => {
    const GroupId = 'sg-00000000000000001'
    await refused(
      bench.clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId })),
      'InvalidGroup.NotFound',
    )
  }),
]
