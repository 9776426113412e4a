// Load balancers: made, read back, changed, removed.
import assert from 'node:assert/strict'
import { DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2'
import {
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeCapacityReservationCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ModifyCapacityReservationCommand,
  ModifyIpPoolsCommand,
  ModifyLoadBalancerAttributesCommand,
  SetIpAddressTypeCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { check, codeOf, refused, type Bench } from '../bench.ts'

const attributes = async (
  { clients }: Bench,
  LoadBalancerArn: string,
): Promise<Readonly<Record<string, string>>> => {
  const { Attributes = [] } = await clients.elbv2.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }),
  )
  return Object.fromEntries(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]))
}
const described = async ({ clients }: Bench, arn: string) => {
  const { LoadBalancers } = await clients.elbv2.send(
    new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }),
  )
  return LoadBalancers?.[0]
}
const subnetsOf = (one: Awaited<ReturnType<typeof described>>): string[] =>
  (one?.AvailabilityZones ?? []).map(({ SubnetId = '' }) => SubnetId).sort()

export const loadBalancerChecks = [
  check('load-balancer/made', 'a load balancer is read back as it was made', async (bench) => {
    const group = await bench.securityGroup()
    const one = await bench.loadBalancer({ SecurityGroups: [group] })
    assert.match(one.LoadBalancerArn, /:loadbalancer\/app\/ct-[^/]+\/[0-9a-f]{16}$/)
    assert.match(one.DNSName, /^internal-ct-/)
    assert.equal(one.State.Code, 'provisioning')
    const read = await bench.eventually(() => described(bench, one.LoadBalancerArn))
    assert.deepEqual(
      [read?.Scheme, read?.Type, read?.IpAddressType, read?.VpcId, read?.SecurityGroups],
      ['internal', 'application', 'ipv4', bench.place.vpcId, [group]],
    )
    assert.deepEqual(subnetsOf(read), bench.place.subnets.map(({ id }) => id).sort())
  }),
  check('load-balancer/active', 'it becomes active', async (bench) => {
    const { loadBalancer } = await bench.shared()
    await bench.eventually(async () => {
      const one = await described(bench, loadBalancer)
      assert.equal(one?.State?.Code, 'active')
    })
  }),
  check('load-balancer/by-name', 'it is found by its name', async (bench) => {
    const one = await bench.loadBalancer()
    const { LoadBalancers } = await bench.eventually(() =>
      bench.clients.elbv2.send(new DescribeLoadBalancersCommand({ Names: [one.LoadBalancerName] })),
    )
    assert.deepEqual(
      LoadBalancers?.map(({ LoadBalancerArn }) => LoadBalancerArn),
      [one.LoadBalancerArn],
    )
  }),
  check('load-balancer/paged', 'all are read in pages', async (bench) => {
    const made = [await bench.loadBalancer(), await bench.loadBalancer()].map((one) => one.LoadBalancerArn)
    await bench.eventually(async () => {
      const found: (string | undefined)[] = []
      let Marker: string | undefined
      do {
        const page = await bench.clients.elbv2.send(
          new DescribeLoadBalancersCommand({ PageSize: 1, ...(Marker === undefined ? {} : { Marker }) }),
        )
        assert.ok((page.LoadBalancers ?? []).length <= 1)
        found.push(...(page.LoadBalancers ?? []).map((one) => one.LoadBalancerArn))
        Marker = page.NextMarker || undefined
      } while (Marker !== undefined)
      assert.ok(made.every((arn) => found.includes(arn)))
      assert.equal(new Set(found).size, found.length)
    })
  }),
  check('load-balancer/same-again', 'the same once more answers with the first', async (bench) => {
    const Name = bench.name()
    const one = await bench.loadBalancer({ Name })
    const again = await bench.loadBalancer({ Name })
    assert.equal(again.LoadBalancerArn, one.LoadBalancerArn)
  }),
  check('load-balancer/name-taken', 'the same name with other settings is refused', async (bench) => {
    const Name = bench.name()
    const group = await bench.securityGroup()
    await bench.loadBalancer({ Name })
    await refused(bench.loadBalancer({ Name, SecurityGroups: [group] }), 'DuplicateLoadBalancerName')
  }),
  check('load-balancer/one-zone', 'one zone is refused', async (bench) => {
    const [first] = bench.place.subnets
    await refused(
      bench.loadBalancer({ Subnets: [first?.id ?? ''] }),
      'ValidationError',
      'InvalidConfigurationRequest',
    )
  }),
  check('load-balancer/name', 'names are checked', async (bench) => {
    await refused(bench.loadBalancer({ Name: `-${bench.name()}` }), 'ValidationError')
    await refused(bench.loadBalancer({ Name: `internal-${bench.name()}` }), 'ValidationError')
    await refused(bench.loadBalancer({ Name: 'x'.repeat(33) }), 'ValidationError')
  }),
  check('load-balancer/unknown-subnet', 'an unknown subnet is refused', async (bench) => {
    const Subnets = ['subnet-00000000000000001', 'subnet-00000000000000002']
    await refused(bench.loadBalancer({ Subnets }), 'SubnetNotFound', 'InvalidSubnet')
  }),
  check(
    'load-balancer/unknown',
    'an unknown ARN is not found, and not found to delete is success',
    async (bench) => {
      const { loadBalancer } = await bench.shared()
      const LoadBalancerArn = loadBalancer.replace(/[0-9a-f]{16}$/, '0123456789abcdef')
      const { elbv2 } = bench.clients
      await refused(
        elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [LoadBalancerArn] })),
        'LoadBalancerNotFound',
      )
      await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }))
    },
  ),
  check('load-balancer/attributes', 'attributes are merged, not replaced', async (bench) => {
    const { loadBalancer: LoadBalancerArn } = await bench.shared()
    const before = await bench.eventually(() => attributes(bench, LoadBalancerArn))
    assert.equal(before['idle_timeout.timeout_seconds'], '60')
    const Attributes = [{ Key: 'idle_timeout.timeout_seconds', Value: '61' }]
    await bench.clients.elbv2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }))
    await bench.eventually(async () =>
      assert.deepEqual(await attributes(bench, LoadBalancerArn), {
        ...before,
        'idle_timeout.timeout_seconds': '61',
      }),
    )
  }),
  check(
    'load-balancer/all-attributes',
    'each attribute that the documentation names is there',
    async (bench) => {
      const { loadBalancer } = await bench.shared()
      const found = await bench.eventually(() => attributes(bench, loadBalancer))
      for (const key of [
        'deletion_protection.enabled',
        'access_logs.s3.enabled',
        'connection_logs.s3.enabled',
        'client_keep_alive.seconds',
        'routing.http.desync_mitigation_mode',
        'routing.http.xff_header_processing.mode',
        'zonal_shift.config.enabled',
        'waf.fail_open.enabled',
      ])
        assert.ok(key in found, key)
      assert.equal(found['load_balancing.cross_zone.enabled'], 'true')
    },
  ),
  check(
    'load-balancer/bad-attribute',
    'a value that an attribute does not allow is refused',
    async (bench) => {
      const { loadBalancer: LoadBalancerArn } = await bench.shared()
      const Attributes = [{ Key: 'idle_timeout.timeout_seconds', Value: '99999' }]
      await refused(
        bench.clients.elbv2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes })),
        'InvalidConfigurationRequest',
        'ValidationError',
      )
    },
  ),
  check('load-balancer/protected', 'deletion protection refuses a delete', async (bench) => {
    const { LoadBalancerArn } = await bench.loadBalancer()
    const protect = (Value: string) =>
      bench.clients.elbv2.send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerArn,
          Attributes: [{ Key: 'deletion_protection.enabled', Value }],
        }),
      )
    await protect('true')
    bench.afterwards(async () =>
      assert.match(await codeOf(protect('false')), /^(none|LoadBalancerNotFound)$/),
    )
    await refused(
      bench.clients.elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn })),
      'OperationNotPermitted',
    )
    assert.equal((await described(bench, LoadBalancerArn))?.LoadBalancerArn, LoadBalancerArn)
  }),
  check('load-balancer/security-groups', 'its security groups are replaced as a whole', async (bench) => {
    const { loadBalancer: LoadBalancerArn, securityGroup } = await bench.shared()
    const other = await bench.securityGroup()
    const set = (...SecurityGroups: string[]) =>
      bench.clients.elbv2.send(new SetSecurityGroupsCommand({ LoadBalancerArn, SecurityGroups }))
    bench.afterwards(() => set(securityGroup))
    const { SecurityGroupIds } = await set(other)
    assert.deepEqual(SecurityGroupIds, [other])
    await bench.eventually(async () => {
      const one = await described(bench, LoadBalancerArn)
      assert.deepEqual(one?.SecurityGroups, [other])
    })
  }),
  check('load-balancer/subnets', 'its subnets are replaced as a whole', async (bench) => {
    const { loadBalancer: LoadBalancerArn } = await bench.shared()
    const all = bench.place.subnets.map(({ id }) => id)
    await bench.eventually(async () => {
      const one = await described(bench, LoadBalancerArn)
      assert.equal(one?.State?.Code, 'active')
    })
    const set = (Subnets: string[]) =>
      bench.clients.elbv2.send(new SetSubnetsCommand({ LoadBalancerArn, Subnets }))
    bench.afterwards(() => set(all))
    const { AvailabilityZones = [] } = await set(all.slice(0, 2))
    assert.equal(AvailabilityZones.length, 2)
    await bench.eventually(async () =>
      assert.deepEqual(subnetsOf(await described(bench, LoadBalancerArn)), all.slice(0, 2).sort()),
    )
  }),
  check('load-balancer/address-type', 'dual stack needs subnets with IPv6', async (bench) => {
    const { loadBalancer: LoadBalancerArn } = await bench.shared()
    const set = (IpAddressType: 'ipv4' | 'dualstack') =>
      bench.clients.elbv2.send(new SetIpAddressTypeCommand({ LoadBalancerArn, IpAddressType }))
    const { IpAddressType } = await set('ipv4')
    assert.equal(IpAddressType, 'ipv4')
    await refused(set('dualstack'), 'InvalidSubnet', 'InvalidConfigurationRequest')
  }),
  check(
    'load-balancer/public-without-ipv4',
    'dual stack without public IPv4 is a known address type',
    async (bench) => {
      const made = bench.loadBalancer({
        Scheme: 'internet-facing',
        IpAddressType: 'dualstack-without-public-ipv4',
      })
      // Refused for the subnets alone, where they have no IPv6.
      await refused(made, 'none', 'InvalidSubnet', 'InvalidConfigurationRequest')
    },
  ),
  check('load-balancer/capacity', 'nothing is reserved at first', async (bench) => {
    const { loadBalancer: LoadBalancerArn } = await bench.shared()
    const read = await bench.clients.elbv2.send(new DescribeCapacityReservationCommand({ LoadBalancerArn }))
    assert.equal(read.MinimumLoadBalancerCapacity?.CapacityUnits, undefined)
  }),
  check(
    'load-balancer/interfaces',
    'it has a network interface in each subnet, with its security groups',
    async (bench) => {
      const { loadBalancer, securityGroup } = await bench.shared()
      const owner = `ELB ${loadBalancer.split(':loadbalancer/')[1] ?? ''}`
      await bench.eventually(async () => {
        const { NetworkInterfaces = [] } = await bench.clients.ec2.send(
          new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'description', Values: [owner] }] }),
        )
        assert.ok(NetworkInterfaces.length >= 2)
        for (const { Groups = [], RequesterManaged } of NetworkInterfaces) {
          assert.deepEqual(
            Groups.map(({ GroupId }) => GroupId),
            [securityGroup],
          )
          assert.equal(RequesterManaged, true)
        }
      })
    },
  ),
  check('load-balancer/deleted', 'a deleted one is not found, and its name is free', async (bench) => {
    const Name = bench.name()
    const one = await bench.loadBalancer({ Name })
    const { elbv2 } = bench.clients
    await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: one.LoadBalancerArn }))
    await bench.eventually(() => refused(described(bench, one.LoadBalancerArn), 'LoadBalancerNotFound'))
    const next = await bench.loadBalancer({ Name, Scheme: 'internet-facing' })
    assert.notEqual(next.LoadBalancerArn, one.LoadBalancerArn)
  }),
  check('load-balancer/tag-empty', 'an empty list of tags is refused', async (bench) => {
    const Subnets = bench.place.subnets.map(({ id }) => id)
    const call = bench.clients.elbv2.send(
      new CreateLoadBalancerCommand({ Name: bench.name(), Scheme: 'internal', Subnets, Tags: [] }),
    )
    await refused(call, 'ValidationError')
  }),
  check('load-balancer/capacity-both', 'to reserve some capacity and none is refused', async (bench) => {
    const { loadBalancer: LoadBalancerArn } = await bench.shared()
    const { elbv2 } = bench.clients
    const both = {
      MinimumLoadBalancerCapacity: { CapacityUnits: 100 },
      ResetCapacityReservation: true,
    }
    await bench.eventually(() =>
      refused(
        elbv2.send(new ModifyCapacityReservationCommand({ LoadBalancerArn, ...both })),
        'ValidationError',
        'InvalidConfigurationRequest',
      ),
    )
  }),
  check('load-balancer/address-pool', 'an internal one takes no pool of addresses', async (bench) => {
    const { LoadBalancerArn } = await bench.loadBalancer()
    const IpamPools = { Ipv4IpamPoolId: 'ipam-pool-0123456789abcdef0' }
    await bench.eventually(() =>
      refused(
        bench.clients.elbv2.send(new ModifyIpPoolsCommand({ LoadBalancerArn, IpamPools })),
        'ValidationError',
        'InvalidConfigurationRequest',
      ),
    )
  }),
]
