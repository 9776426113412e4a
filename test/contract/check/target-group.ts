// Target groups and targets: made, read back, changed, removed.
import assert from 'node:assert/strict'
import {
  type CreateTargetGroupCommandInput,
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  type TargetDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { check, forward, refused, type Bench } from '../bench.ts'

/** An address of the first subnet that nobody has. */
export const address = ({ place }: Bench, host: number): string => {
  const [base = ''] = (place.subnets[0]?.cidr ?? '').split('/')
  return base.replace(/\d+$/, String(host))
}
export const registered = async ({ clients }: Bench, TargetGroupArn: string): Promise<string[]> => {
  const { TargetHealthDescriptions = [] } = await clients.elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn }),
  )
  return TargetHealthDescriptions.map(
    ({ Target, TargetHealth }) => `${Target?.Id}:${Target?.Port} ${TargetHealth?.State}`,
  ).sort()
}
export const register = ({ clients }: Bench, TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }))
export const deregister = ({ clients }: Bench, TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  clients.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }))
const attributes = async (
  { clients }: Bench,
  TargetGroupArn: string,
): Promise<Readonly<Record<string, string>>> => {
  const { Attributes = [] } = await clients.elbv2.send(
    new DescribeTargetGroupAttributesCommand({ TargetGroupArn }),
  )
  return Object.fromEntries(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]))
}
const described = async ({ clients }: Bench, arn: string) => {
  const { TargetGroups } = await clients.elbv2.send(
    new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }),
  )
  return TargetGroups?.[0]
}
const settings = {
  HealthCheckProtocol: 'HTTP',
  HealthCheckPort: '9000',
  HealthCheckPath: '/healthz',
  HealthCheckIntervalSeconds: 20,
  HealthCheckTimeoutSeconds: 6,
  HealthyThresholdCount: 3,
  UnhealthyThresholdCount: 4,
  Matcher: { HttpCode: '200-299' },
} satisfies Partial<CreateTargetGroupCommandInput>

export const targetGroupChecks = [
  check('target-group/made', 'a target group is read back as it was made', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup(settings)
    const read = await bench.eventually(() => described(bench, TargetGroupArn))
    assert.ok(read)
    for (const [key, value] of Object.entries(settings))
      assert.deepEqual(read[key as keyof typeof read], value, key)
    assert.deepEqual(
      [read.TargetType, read.Protocol, read.ProtocolVersion, read.Port, read.VpcId],
      ['ip', 'HTTP', 'HTTP1', 8080, bench.place.vpcId],
    )
    assert.deepEqual(read.LoadBalancerArns, [])
  }),
  check('target-group/address-type', 'its address family is told', async (bench) => {
    const made = await bench.targetGroup()
    assert.equal(made.IpAddressType, 'ipv4')
  }),
  check('target-group/defaults', 'health checks have defaults by protocol version', async (bench) => {
    const plain = await bench.targetGroup()
    const grpc = await bench.targetGroup({ ProtocolVersion: 'GRPC' })
    assert.deepEqual([plain.HealthCheckPath, plain.Matcher], ['/', { HttpCode: '200' }])
    assert.deepEqual([grpc.HealthCheckPath, grpc.Matcher], ['/AWS.ALB/healthcheck', { GrpcCode: '12' }])
  }),
  check('target-group/same-again', 'the same once more answers with the first', async (bench) => {
    const Name = bench.name()
    const one = await bench.targetGroup({ Name })
    const again = await bench.targetGroup({ Name })
    assert.equal(again.TargetGroupArn, one.TargetGroupArn)
  }),
  check('target-group/name-taken', 'the same name with other settings is refused', async (bench) => {
    const Name = bench.name()
    await bench.targetGroup({ Name })
    await refused(bench.targetGroup({ Name, Port: 9090 }), 'DuplicateTargetGroupName')
  }),
  check('target-group/name', 'names are checked', async (bench) => {
    await refused(bench.targetGroup({ Name: `${bench.name()}--a` }), 'ValidationError')
    await refused(bench.targetGroup({ Name: 'a'.repeat(33) }), 'ValidationError')
  }),
  check('target-group/timeout', 'a timeout must be shorter than its interval', async (bench) => {
    const wrong = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 5 }
    await refused(bench.targetGroup(wrong), 'ValidationError', 'InvalidConfigurationRequest')
  }),
  check('target-group/by-name', 'it is found by its name, and an unknown name is not', async (bench) => {
    const { TargetGroupName, TargetGroupArn } = await bench.targetGroup()
    const { elbv2 } = bench.clients
    const { TargetGroups } = await bench.eventually(() =>
      elbv2.send(new DescribeTargetGroupsCommand({ Names: [TargetGroupName] })),
    )
    assert.equal(TargetGroups?.[0]?.TargetGroupArn, TargetGroupArn)
    await refused(
      elbv2.send(new DescribeTargetGroupsCommand({ Names: [bench.name()] })),
      'TargetGroupNotFound',
    )
  }),
  check('target-group/modified', 'its health check is changed member by member', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup(settings)
    await bench.clients.elbv2.send(
      new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPath: '/other' }),
    )
    await bench.eventually(async () => {
      const read = await described(bench, TargetGroupArn)
      assert.deepEqual([read?.HealthCheckPath, read?.HealthCheckIntervalSeconds], ['/other', 20])
    })
  }),
  check('target-group/attributes', 'attributes are merged, not replaced', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const before = await attributes(bench, TargetGroupArn)
    assert.equal(before['deregistration_delay.timeout_seconds'], '300')
    const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }]
    await bench.clients.elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }))
    await bench.eventually(async () =>
      assert.deepEqual(await attributes(bench, TargetGroupArn), {
        ...before,
        'deregistration_delay.timeout_seconds': '30',
      }),
    )
  }),
  check(
    'target-group/all-attributes',
    'each attribute that the documentation names is there',
    async (bench) => {
      const { TargetGroupArn } = await bench.targetGroup()
      const found = await attributes(bench, TargetGroupArn)
      for (const key of [
        'stickiness.type',
        'load_balancing.algorithm.anomaly_mitigation',
        'load_balancing.cross_zone.enabled',
        'slow_start.duration_seconds',
        'target_group_health.dns_failover.minimum_healthy_targets.count',
      ])
        assert.ok(key in found, key)
      assert.equal(found['waf.fail_open.enabled'], undefined)
    },
  ),
  check('target-group/longest-delay', 'an hour is a deregistration delay that can be had', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '3600' }]
    await bench.clients.elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }))
  }),
  check('target-group/unknown-attribute', 'an unknown attribute is refused', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Attributes = [{ Key: 'no.such.attribute', Value: 'true' }]
    await refused(
      bench.clients.elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes })),
      'ValidationError',
      'InvalidConfigurationRequest',
    )
  }),
  check(
    'target-group/in-use',
    'one that a rule names is in use, and knows by which load balancer',
    async (bench) => {
      const { listener, loadBalancer } = await bench.shared()
      const { TargetGroupArn } = await bench.targetGroup()
      await bench.rule(listener, { Actions: [forward(TargetGroupArn)] })
      await bench.eventually(async () => {
        const read = await described(bench, TargetGroupArn)
        assert.deepEqual(read?.LoadBalancerArns, [loadBalancer])
      })
      await refused(
        bench.clients.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn })),
        'ResourceInUse',
      )
    },
  ),
  check('target-group/let-go', 'one whose load balancer is gone belongs to none', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const { LoadBalancerArn } = await bench.loadBalancer()
    await bench.listener(LoadBalancerArn, { DefaultActions: [forward(TargetGroupArn)] })
    await bench.clients.elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }))
    await bench.eventually(async () => {
      const read = await described(bench, TargetGroupArn)
      assert.deepEqual(read?.LoadBalancerArns, [])
    })
  }),
  check('target-group/one-load-balancer', 'it serves one load balancer at most', async (bench) => {
    const { listener } = await bench.shared()
    const { TargetGroupArn } = await bench.targetGroup()
    await bench.rule(listener, { Actions: [forward(TargetGroupArn)] })
    const other = await bench.loadBalancer()
    const second = bench.listener(other.LoadBalancerArn, { DefaultActions: [forward(TargetGroupArn)] })
    await refused(second, 'TargetGroupAssociationLimit')
  }),
  check('target-group/unknown', 'to delete what is not there is success', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const { elbv2 } = bench.clients
    await elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn }))
    await elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn }))
    await bench.eventually(() => refused(described(bench, TargetGroupArn), 'TargetGroupNotFound'))
  }),
  check('target/two-ports', 'one address is a target at each of its ports', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Id = address(bench, 77)
    await register(bench, TargetGroupArn, { Id, Port: 8080 }, { Id, Port: 9090 })
    await bench.eventually(async () => assert.equal((await registered(bench, TargetGroupArn)).length, 2))
  }),
  check('target/registered', 'a target is registered and deregistered', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Id = address(bench, 78)
    await register(bench, TargetGroupArn, { Id, Port: 8080 })
    await bench.eventually(async () =>
      assert.match((await registered(bench, TargetGroupArn)).join(), new RegExp(`^${Id}:8080 `)),
    )
    await deregister(bench, TargetGroupArn, { Id, Port: 8080 })
    await bench.eventually(async () =>
      assert.deepEqual(
        (await registered(bench, TargetGroupArn)).filter((one) => !one.endsWith('draining')),
        [],
      ),
    )
  }),
  check('target/default-port', 'the port of the target group is the default', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Id = address(bench, 79)
    await register(bench, TargetGroupArn, { Id })
    await bench.eventually(async () =>
      assert.match((await registered(bench, TargetGroupArn)).join(), /:8080 /),
    )
  }),
  check('target/not-in-use', 'while nothing leads to it, its health is not checked', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Id = address(bench, 80)
    await register(bench, TargetGroupArn, { Id })
    await bench.eventually(async () => {
      const { TargetHealthDescriptions = [] } = await bench.clients.elbv2.send(
        new DescribeTargetHealthCommand({ TargetGroupArn }),
      )
      const [health] = TargetHealthDescriptions
      assert.deepEqual(
        [health?.TargetHealth?.State, health?.TargetHealth?.Reason],
        ['unused', 'Target.NotInUse'],
      )
    })
  }),
  check('target/not-registered', 'asked for by name, what is not registered says so', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const { TargetHealthDescriptions = [] } = await bench.clients.elbv2.send(
      new DescribeTargetHealthCommand({ TargetGroupArn, Targets: [{ Id: address(bench, 81), Port: 8080 }] }),
    )
    assert.equal(TargetHealthDescriptions[0]?.TargetHealth?.Reason, 'Target.NotRegistered')
  }),
  check('target/unknown', 'to deregister what is not registered is success', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    await deregister(bench, TargetGroupArn, { Id: address(bench, 82), Port: 8080 })
  }),
  check('target/public', 'a public address is refused', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    await refused(
      register(bench, TargetGroupArn, { Id: '8.8.8.8', Port: 80 }),
      'InvalidTarget',
      'ValidationError',
    )
  }),
  check('target/unhealthy', 'a target that nobody answers for becomes unhealthy', async (bench) => {
    const { listener } = await bench.shared()
    const { TargetGroupArn } = await bench.targetGroup({
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      UnhealthyThresholdCount: 2,
    })
    await register(bench, TargetGroupArn, { Id: address(bench, 83) })
    await bench.rule(listener, { Actions: [forward(TargetGroupArn)] })
    await bench.eventually(async () =>
      assert.match((await registered(bench, TargetGroupArn)).join(), /unhealthy$/),
    )
  }),
]
