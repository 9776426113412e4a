/** The same through the real SDK client and the front end: shapes survive the wire, refusals become its classes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetHealthCommand,
  PriorityInUseException,
  RegisterTargetsCommand,
  ResourceInUseException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { createCloud } from '../../../localstack/aws/cloud.ts'
import { type SeededVpc, seedVpc } from '../../../localstack/aws/seed.ts'
import { timings } from '../../../localstack/timing.ts'
import { clientsFor, codeOf } from '../aws/clients.ts'

test('from nothing to a healthy target, over the wire', async () => {
  let vpc: SeededVpc | undefined
  const cloud = createCloud({
    timing: timings.instant,
    seed: (account) => {
      vpc = seedVpc(account, { clusterName: 'demo' })
    },
  })
  const { elbv2 } = clientsFor(cloud.handle)
  await elbv2.send(new DescribeLoadBalancersCommand({}))
  assert.ok(vpc)
  const Tags = [{ Key: 'owner', Value: 'a = ü' }]
  const made = await elbv2.send(
    new CreateLoadBalancerCommand({ Name: 'web', Subnets: [...vpc.publicSubnets], Tags }),
  )
  const LoadBalancerArn = made.LoadBalancers![0]!.LoadBalancerArn
  assert.ok(made.LoadBalancers![0]!.CreatedTime instanceof Date)
  const groups = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'pods',
      Protocol: 'HTTP',
      Port: 80,
      VpcId: vpc.vpcId,
      TargetType: 'ip',
    }),
  )
  const TargetGroupArn = groups.TargetGroups![0]!.TargetGroupArn
  const listeners = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  )
  const ListenerArn = listeners.Listeners![0]!.ListenerArn
  const rule = new CreateRuleCommand({
    ListenerArn,
    Priority: 10,
    Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/a&b'] } }],
    Actions: [{ Type: 'forward', TargetGroupArn }],
  })
  const created = await elbv2.send(rule)
  await assert.rejects(elbv2.send(rule), PriorityInUseException)
  await assert.rejects(elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn })), ResourceInUseException)
  const { Rules } = await elbv2.send(new DescribeRulesCommand({ ListenerArn }))
  assert.deepEqual(Rules![0], created.Rules![0])
  assert.deepEqual(
    Rules!.map(({ Priority }) => Priority),
    ['10', 'default'],
  )
  assert.deepEqual(Rules![0]!.Conditions![0]!.PathPatternConfig?.Values, ['/a&b'])
  assert.equal(Rules![0]!.Actions![0]!.ForwardConfig!.TargetGroups![0]!.Weight, 1)
  await elbv2.send(
    new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '192.168.1.9', Port: 8080 }] }),
  )
  const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }))
  assert.equal(health.TargetHealthDescriptions![0]!.TargetHealth!.State, 'healthy')
  const tags = await elbv2.send(new DescribeTagsCommand({ ResourceArns: [LoadBalancerArn ?? ''] }))
  assert.deepEqual(tags.TagDescriptions![0]!.Tags, Tags)
  const empty = new CreateLoadBalancerCommand({ Name: 'two', Subnets: [...vpc.publicSubnets], Tags: [] })
  assert.equal(await codeOf(elbv2.send(empty)), 'ValidationError')
})
