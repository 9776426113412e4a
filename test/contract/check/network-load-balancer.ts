// A network load balancer in front of another: made, read back, its target registered and let go.
import assert from 'node:assert/strict'
import {
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeregisterTargetsCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { type Bench, check, forward, refused } from '../bench.ts'
import { registered } from './target-group.ts'

const group = (bench: Bench) => bench.targetGroup({ TargetType: 'alb', Protocol: 'TCP', Port: 8080 })
const network = (bench: Bench) => bench.loadBalancer({ Type: 'network' })

export const networkLoadBalancerChecks = [
  check(
    'network-load-balancer/made',
    'a network load balancer is read back as it was made',
    async (bench) => {
      const one = await network(bench)
      assert.match(one.LoadBalancerArn, /:loadbalancer\/net\/ct-[^/]+\/[0-9a-f]{16}$/)
      assert.match(one.DNSName, /^ct-.*\.elb\./)
      const { LoadBalancers } = await bench.eventually(() =>
        bench.clients.elbv2.send(
          new DescribeLoadBalancersCommand({ LoadBalancerArns: [one.LoadBalancerArn] }),
        ),
      )
      assert.deepEqual([LoadBalancers?.[0]?.Type, LoadBalancers?.[0]?.SecurityGroups ?? []], ['network', []])
    },
  ),
  check('network-load-balancer/attributes', 'it has attributes of its own', async (bench) => {
    const { LoadBalancerArn } = await network(bench)
    const { Attributes = [] } = await bench.clients.elbv2.send(
      new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }),
    )
    const found = Object.fromEntries(Attributes.map(({ Key = '', Value = '' }) => [Key, Value]))
    assert.deepEqual(
      [
        found['load_balancing.cross_zone.enabled'],
        found['dns_record.client_routing_policy'],
        found['idle_timeout.timeout_seconds'],
      ],
      ['false', 'any_availability_zone', undefined],
    )
  }),
  check('network-load-balancer/listener', 'its listeners speak TCP, and HTTP is refused', async (bench) => {
    const { LoadBalancerArn } = await network(bench)
    const { TargetGroupArn } = await group(bench)
    const made = await bench.listener(LoadBalancerArn, {
      Protocol: 'TCP',
      Port: 8080,
      DefaultActions: [forward(TargetGroupArn)],
    })
    assert.deepEqual([made.Protocol, made.Port], ['TCP', 8080])
    await refused(
      bench.listener(LoadBalancerArn, { Port: 8081 }),
      'UnsupportedProtocol',
      'ValidationError',
      'InvalidConfigurationRequest',
      'InvalidLoadBalancerAction',
    )
  }),
  check(
    'network-load-balancer/target',
    'a load balancer is its target, and in use meanwhile',
    async (bench) => {
      const { LoadBalancerArn: behind } = await bench.loadBalancer()
      const { ListenerArn } = await bench.listener(behind, { Port: 8080 })
      const { TargetGroupArn } = await group(bench)
      const { elbv2 } = bench.clients
      const Targets = [{ Id: behind, Port: 8080 }]
      bench.afterwards(() => elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets })))
      await bench.eventually(() => elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets })))
      await bench.eventually(async () =>
        assert.match((await registered(bench, TargetGroupArn)).join(), /:8080 /),
      )
      await refused(elbv2.send(new DeleteListenerCommand({ ListenerArn })), 'ResourceInUse')
      await refused(
        elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: behind })),
        'ResourceInUse',
        'OperationNotPermitted',
      )
      await elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }))
      await bench.eventually(() => elbv2.send(new DeleteListenerCommand({ ListenerArn })))
    },
  ),
  check(
    'network-load-balancer/wrong-port',
    'a port on which the target does not listen is refused',
    async (bench) => {
      const { loadBalancer } = await bench.shared()
      const { TargetGroupArn } = await group(bench)
      const Targets = [{ Id: loadBalancer, Port: 9999 }]
      await refused(
        bench.clients.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets })),
        'ValidationError',
        'InvalidTarget',
      )
    },
  ),
  check(
    'network-load-balancer/fixed-attributes',
    'the attributes of such a target group are fixed',
    async (bench) => {
      const { TargetGroupArn } = await group(bench)
      const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '0' }]
      await refused(
        bench.clients.elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes })),
        'InvalidConfigurationRequest',
        'ValidationError',
      )
    },
  ),
]
