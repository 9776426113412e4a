/** The workshop's lines 2 to 4, 6 and 7: what was built, who answers, what the security groups allow. */
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2'
import { DescribeTagsCommand, DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { connect } from 'node:net'
import { sha256 } from '../../src/lib/hash.ts'
import { type Checks, expect, expectEqual } from './check.ts'
import { loadBalancers, openingsOf, podOf, rulesOf, targetsOf, valuesOf } from './look.ts'
import type { World } from './scenario.ts'
import { group, type Stage } from './stage.ts'

/** The names of `albc-model` 6, computed here from its text, not by the controller's code. */
const short = (...inputs: readonly string[]): string => sha256(inputs.join('')).slice(0, 10)

export async function built(world: World, checks: Checks, hostname: string): Promise<void> {
  const loadBalancer = await checks.until(
    'one ALB: internet-facing, in the three public subnets, with the name of ALBC',
    async () => {
      const found = await loadBalancers(world)
      expect(found.length === 1 && found[0] !== undefined, `${found.length} load balancers`)
      const name = `k8s-productcatalog-${short(world.clusterName, group, 'internet-facing')}`
      expectEqual(
        {
          name: found[0].LoadBalancerName,
          scheme: found[0].Scheme,
          zones: found[0].AvailabilityZones?.length,
          state: found[0].State?.Code,
        },
        { name, scheme: 'internet-facing', zones: 3, state: 'active' },
        'the load balancer',
      )
      expect(
        hostname.startsWith(`${name}-`) && hostname.endsWith(`.${world.region}.elb.amazonaws.com`),
        `the hostname is ${hostname}`,
      )
      return found[0]
    },
    { show: ({ LoadBalancerName }) => LoadBalancerName ?? '' },
  )
  const targetGroupArn = await routed(world, checks, loadBalancer.LoadBalancerArn ?? '')
  await named(world, checks, targetGroupArn)
  await filled(world, checks, targetGroupArn)
}

async function routed(world: World, checks: Checks, loadBalancerArn: string): Promise<string> {
  return await checks.until(
    'its rules: 503 for the missing Service, then the target group, then 404',
    async () => {
      const rules = await rulesOf(world, loadBalancerArn)
      expectEqual(
        rules.map((rule) => valuesOf(rule, 'path-pattern')),
        [['/new', '/new/*'], ['/*'], []],
        'the paths',
      )
      expectEqual(
        rules.map((rule) => rule.Actions?.[0]?.FixedResponseConfig?.StatusCode),
        ['503', undefined, '404'],
        'the fixed responses',
      )
      return rules[1]?.Actions?.[0]?.TargetGroupArn ?? ''
    },
    { show: () => '' },
  )
}

async function named(world: World, checks: Checks, targetGroupArn: string): Promise<void> {
  await checks.until("target group and tags are ALBC's to the letter", async () => {
    const service = await world.kube.get<{ metadata: { uid: string } }>(
      '/api/v1/namespaces/workshop/services/frontend',
    )
    const hash = short(
      world.clusterName,
      group,
      'workshop',
      'workshopingress',
      service?.metadata.uid ?? '',
      '80',
      '9000',
      'ip',
      'HTTP',
      'HTTP1',
    )
    const { TargetGroups } = await world.elbv2.send(
      new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] }),
    )
    expectEqual(TargetGroups?.[0]?.TargetGroupName, `k8s-workshop-frontend-${hash}`, 'the name')
    const { TagDescriptions } = await world.elbv2.send(
      new DescribeTagsCommand({ ResourceArns: [targetGroupArn] }),
    )
    expectEqual(
      Object.fromEntries((TagDescriptions?.[0]?.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      {
        'elbv2.k8s.aws/cluster': world.clusterName,
        'ingress.k8s.aws/stack': group,
        'ingress.k8s.aws/resource': 'workshop/workshopingress-frontend:80',
      },
      'the tags',
    )
    return TargetGroups?.[0]?.TargetGroupName ?? ''
  })
}

async function filled(world: World, checks: Checks, targetGroupArn: string): Promise<void> {
  await checks.until('three pod addresses are registered at port 9000, and healthy', async () => {
    const targets = await targetsOf(world, targetGroupArn)
    expect(
      targets.length === 3 && targets.every((target) => /^192\.168\.\d+\.\d+:9000 healthy$/.test(target)),
      targets.join(', '),
    )
    return targets.map((target) => target.split(' ')[0]).join(', ')
  })
  await checks.until('event SuccessfullyReconciled on the Ingress', async () => {
    const events = await world.kube.list<{ reason?: string; involvedObject?: { name?: string } }>(
      '/api/v1/namespaces/workshop/events',
    )
    expect(
      events.some(
        (event) =>
          event.reason === 'SuccessfullyReconciled' && event.involvedObject?.name === 'workshopingress',
      ),
      `events: ${events.map((event) => event.reason).join(', ')}`,
    )
  })
}

export async function served(world: World, checks: Checks, hostname: string): Promise<void> {
  await checks.until('GET / is 200, by all three pods', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => world.request(hostname, '/')))
    const pods = new Set(answers.map(podOf))
    expect(
      answers.every(({ status }) => status === 200),
      `statuses ${answers.map(({ status }) => status).join(' ')}`,
    )
    expect(pods.size === 3, `answered by ${[...pods].join(', ')}`)
    return [...pods].sort().join(', ')
  })
  await checks.until("GET /new is 503 with ALBC's body", async () => {
    const { status, body } = await world.request(hostname, '/new')
    expectEqual({ status, body }, { status: 503, body: 'Backend service does not exist' }, 'the answer')
  })
}

/** Line 6. */
export async function opened({ world, checks, address }: Stage): Promise<void> {
  const groups = await checks.until(
    'the managed security group is open on 80 to 0.0.0.0/0, nothing else',
    async () => {
      const { SecurityGroups } = await world.ec2.send(
        new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [world.vpcId] }] }),
      )
      const managed = SecurityGroups?.find(({ Tags }) =>
        Tags?.some(
          ({ Key, Value }) => Key === 'ingress.k8s.aws/resource' && Value === 'ManagedLBSecurityGroup',
        ),
      )
      expectEqual(openingsOf(managed), [['tcp', 80, 80, ['0.0.0.0/0']]], 'its rules')
      return SecurityGroups ?? []
    },
    { show: () => '' },
  )
  await checks.until("the node group allows the pods' port only from the shared backend group", () => {
    const backend = groups.find(({ Tags }) =>
      Tags?.some(({ Key, Value }) => Key === 'elbv2.k8s.aws/resource' && Value === 'backend-sg'),
    )
    const node = groups.find(({ GroupId }) => GroupId === world.nodeSecurityGroup)
    const ours = (node?.IpPermissions ?? []).flatMap(({ FromPort, ToPort, UserIdGroupPairs }) =>
      (UserIdGroupPairs ?? [])
        .filter(({ Description }) => Description === 'elbv2.k8s.aws/targetGroupBinding=shared')
        .map(({ GroupId }) => [FromPort, ToPort, GroupId]),
    )
    expectEqual(ours, [[9000, 9000, backend?.GroupId]], 'the rules labelled as ours')
    return `9000 from ${backend?.GroupId}`
  })
  await checks.until('a port that no listener has is refused', async () => {
    expect(await refused(address.host, 81), `port 81 of ${address.host} accepts connections`)
  })
}

const refused = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(false))
    socket.on('timeout', () => end(true))
    socket.on('error', () => end(true))
  })

/** Line 7, first half: a second namespace joins, before the others by its order. */
export async function joined({ world, checks, hostname }: Stage): Promise<void> {
  await checks.until('a second Ingress joins the group: one ALB still, its rule first', async () => {
    const found = await loadBalancers(world)
    expect(found.length === 1, `${found.length} load balancers`)
    const rules = await rulesOf(world, found[0]?.LoadBalancerArn ?? '')
    expectEqual(
      rules.map((rule) => valuesOf(rule, 'path-pattern')),
      [['/offers', '/offers/*'], ['/new', '/new/*'], ['/*'], []],
      'the paths',
    )
    const answer = await world.request(hostname, '/offers')
    expect(
      answer.status === 200 && podOf(answer).startsWith('offers-'),
      `GET /offers: ${answer.status} by ${podOf(answer)}`,
    )
  })
}
