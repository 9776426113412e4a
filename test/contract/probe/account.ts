// Facts of the APIs.
import assert from 'node:assert/strict'
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2'
import {
  AddTagsCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { GetResourcesCommand } from '@aws-sdk/client-resource-groups-tagging-api'
import { GetSubscriptionStateCommand } from '@aws-sdk/client-shield'
import {
  AssociateWebACLCommand,
  DisassociateWebACLCommand,
  GetWebACLForResourceCommand,
} from '@aws-sdk/client-wafv2'
import { type Bench, codeOf, forward, onPath, runTag } from '../bench.ts'
import { webAcl } from '../check/add-on.ts'
import { address, deregister, register, registered } from '../check/target-group.ts'
import { probe } from './probe.ts'

const setAttribute = async (bench: Bench, Key: string, Value: string) => {
  const { TargetGroupArn } = await bench.targetGroup()
  const Attributes = [{ Key, Value }]
  return () =>
    codeOf(bench.clients.elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes })))
}
const many = <T>(n: number, one: (at: number) => T): T[] => Array.from({ length: n }, (_, at) => one(at))
const authorize = async (bench: Bench, CidrIp: string): Promise<string> => {
  const GroupId = await bench.securityGroup()
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp }] }]
  const { ec2 } = bench.clients
  const code = await codeOf(ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions })))
  if (code !== 'none') return code
  const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))
  return SecurityGroups?.[0]?.IpPermissions?.[0]?.IpRanges?.[0]?.CidrIp ?? 'nothing'
}
/** Behind the shared load balancer, with a target where nobody answers. */
const groupInUse = async (bench: Bench) => {
  const { listener } = await bench.shared()
  const { TargetGroupArn } = await bench.targetGroup()
  await bench.rule(listener, { Conditions: onPath('/in-use'), Actions: [forward(TargetGroupArn)] })
  const target = { Id: address(bench, 84), Port: 8080 }
  return {
    register: () => register(bench, TargetGroupArn, target),
    deregister: () => deregister(bench, TargetGroupArn, target),
    states: async () => (await registered(bench, TargetGroupArn)).map((one) => one.split(' ')[1]),
  }
}

export const accountProbes = [
  probe(
    'attribute-unknown',
    'An unknown attribute of a target group is refused.',
    'ValidationError',
    (bench) => setAttribute(bench, 'no.such.attribute', 'true'),
  ),
  probe('attribute-value', 'A bad value of an attribute is refused.', 'ValidationError', (bench) =>
    setAttribute(bench, 'deregistration_delay.timeout_seconds', 'many'),
  ),
  probe(
    'registered-twice',
    'The same address and port once more is no second target.',
    '1',
    async (bench) => {
      const { register, states } = await groupInUse(bench)
      await register()
      await register()
      return async () => String((await states()).length)
    },
  ),
  probe(
    'registered-while-draining',
    'A target that drains starts anew when it is registered again.',
    'draining, then anew',
    async (bench) => {
      const { register, deregister, states } = await groupInUse(bench)
      await register()
      await bench.eventually(async () => assert.notEqual((await states())[0], undefined))
      await deregister()
      const [before = 'gone'] = await states()
      await register()
      const [after = 'gone'] = await states()
      return async () => `${before}, then ${after === 'draining' || after === 'gone' ? after : 'anew'}`
    },
  ),
  probe('listeners-21', 'Listeners are read by at most 20 ARNs.', 'ValidationError', async (bench) => {
    const { listener } = await bench.shared()
    const ListenerArns = many(21, () => listener)
    return () => codeOf(bench.clients.elbv2.send(new DescribeListenersCommand({ ListenerArns })))
  }),
  probe('rules-21', 'Rules are read by at most 20 ARNs.', 'ValidationError', async (bench) => {
    const { listener } = await bench.shared()
    const { RuleArn } = await bench.rule(listener)
    const RuleArns = many(21, () => RuleArn)
    return () => codeOf(bench.clients.elbv2.send(new DescribeRulesCommand({ RuleArns })))
  }),
  probe(
    'rules-ordered',
    'Rules are listed by priority, the default one last.',
    '10 20 30 default',
    async (bench) => {
      const { loadBalancer } = await bench.shared()
      const { ListenerArn } = await bench.listener(loadBalancer, { Port: 8081 })
      for (const Priority of [30, 10, 20]) await bench.rule(ListenerArn, { Priority })
      return async () => {
        const { Rules = [] } = await bench.clients.elbv2.send(new DescribeRulesCommand({ ListenerArn }))
        return Rules.map(({ Priority }) => Priority).join(' ')
      }
    },
  ),
  probe('tags-51', 'A resource has at most 50 tags.', 'TooManyTags', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Tags = many(50, (at) => ({ Key: `tag-${at}`, Value: 'x' }))
    return () =>
      codeOf(bench.clients.elbv2.send(new AddTagsCommand({ ResourceArns: [TargetGroupArn], Tags })))
  }),
  probe(
    'tag-filter-21',
    'A filter of the tagging API has at most 20 values.',
    'InvalidParameter',
    async (bench) => {
      const TagFilters = [{ Key: runTag, Values: many(21, String) }]
      return () => codeOf(bench.clients.tagging.send(new GetResourcesCommand({ TagFilters })))
    },
  ),
  probe('web-acl-replaced', 'A second web ACL replaces the first.', 'the second', async (bench) => {
    const { loadBalancer: ResourceArn } = await bench.shared()
    const { wafv2 } = bench.clients
    const [first, second] = [await webAcl(bench), await webAcl(bench)]
    bench.afterwards(() => wafv2.send(new DisassociateWebACLCommand({ ResourceArn })))
    for (const { ARN: WebACLArn } of [first, second])
      await bench.eventually(() => wafv2.send(new AssociateWebACLCommand({ WebACLArn, ResourceArn })))
    return async () => {
      const { WebACL } = await wafv2.send(new GetWebACLForResourceCommand({ ResourceArn }))
      return WebACL?.ARN === second.ARN ? 'the second' : WebACL?.ARN === first.ARN ? 'the first' : 'none'
    }
  }),
  probe(
    'shield-region',
    'Shield answers in us-east-1 for all regions.',
    'none',
    async ({ clients }) =>
      () =>
        codeOf(clients.shield.send(new GetSubscriptionStateCommand({}))),
  ),
  probe(
    'cidr-host-bits',
    'A source with host bits is stored as its network.',
    '192.0.2.0/24',
    async (bench) => {
      const found = await authorize(bench, '192.0.2.77/24')
      return async () => found
    },
  ),
  probe('cidr-malformed', 'What is no source is refused.', 'InvalidParameterValue', async (bench) => {
    const found = await authorize(bench, '192.0.2.0/33')
    return async () => found
  }),
  probe(
    'target-not-active',
    'A load balancer is a target when it is active.',
    'InvalidTarget',
    async (bench) => {
      const { TargetGroupArn } = await bench.targetGroup({ TargetType: 'alb', Protocol: 'TCP', Port: 8080 })
      const { LoadBalancerArn: Id } = await bench.loadBalancer()
      await bench.listener(Id, { Port: 8080 })
      const found = await codeOf(
        bench.clients.elbv2.send(
          new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port: 8080 }] }),
        ),
      )
      return async () => found
    },
  ),
  probe(
    'network-rules',
    'A network load balancer takes no rule by path.',
    'UnsupportedProtocol',
    async (bench) => {
      const { LoadBalancerArn } = await bench.loadBalancer({ Type: 'network' })
      const { TargetGroupArn } = await bench.targetGroup({ Protocol: 'TCP', Port: 8080 })
      const DefaultActions = [forward(TargetGroupArn)]
      const { ListenerArn } = await bench.listener(LoadBalancerArn, {
        Protocol: 'TCP',
        Port: 8080,
        DefaultActions,
      })
      const found = await codeOf(bench.rule(ListenerArn, { Actions: DefaultActions }))
      return async () => found
    },
  ),
  probe(
    'throttled',
    'Too many calls are refused: RequestLimitExceeded, with status 503.',
    '503 RequestLimitExceeded',
    async (bench) => {
      if (bench.provokes !== true) return async () => 'not asked'
      const { once } = bench.clients
      return async () => {
        const answers = await Promise.all(
          many(400, () => once.send(new DescribeVpcsCommand({})).then(() => undefined, statusAndCode)),
        )
        return answers.find((one) => one !== undefined) ?? 'none of 400 calls at once'
      }
    },
  ),
]

const statusAndCode = (error: { name: string; $metadata?: { httpStatusCode?: number } }): string =>
  `${error.$metadata?.httpStatusCode} ${error.name}`
