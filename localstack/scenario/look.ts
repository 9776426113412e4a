/** What scenarios ask the local AWS again and again, through the real SDK. */
import type { SecurityGroup } from '@aws-sdk/client-ec2'
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  type LoadBalancer,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { AccountWorld, Answer, World } from './scenario.ts'
import { expect } from './check.ts'
import { pathOf } from './manifest.ts'

type IngressObject = {
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname?: string }[] }
  }
}

/** The hostname in an Ingress's status. */
export async function hostnameOf(world: AccountWorld, name: string, namespace: string): Promise<string> {
  const found = await world.kube.get<IngressObject>(
    pathOf({ kind: 'Ingress', metadata: { name, namespace } }),
  )
  const hostname = found?.status?.loadBalancer?.ingress?.[0]?.hostname
  expect(hostname !== undefined, `Ingress ${namespace}/${name} has no hostname in its status yet`)
  return hostname
}

export async function loadBalancers(world: World): Promise<readonly LoadBalancer[]> {
  return (await world.elbv2.send(new DescribeLoadBalancersCommand({}))).LoadBalancers ?? []
}

/** Rules of the load balancer's listeners in order of evaluation, the default last. */
export async function rulesOf(world: AccountWorld, loadBalancerArn: string): Promise<readonly Rule[]> {
  const listeners = await world.elbv2.send(new DescribeListenersCommand({ LoadBalancerArn: loadBalancerArn }))
  const rules = await Promise.all(
    (listeners.Listeners ?? []).map(async ({ ListenerArn }) => {
      const { Rules } = await world.elbv2.send(new DescribeRulesCommand({ ListenerArn }))
      return Rules ?? []
    }),
  )
  const order = (rule: Rule): number =>
    rule.Priority === 'default' ? Number.POSITIVE_INFINITY : Number(rule.Priority)
  return rules.flat().sort((a, b) => order(a) - order(b))
}

export const valuesOf = (rule: Rule, field: string): readonly string[] =>
  rule.Conditions?.find((condition) => condition.Field === field)?.Values ?? []

/** `<id>:<port> <state>` of each target, sorted. */
export async function targetsOf(world: AccountWorld, targetGroupArn: string): Promise<readonly string[]> {
  const health = await world.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }))
  return (health.TargetHealthDescriptions ?? [])
    .map(({ Target, TargetHealth }) => `${Target?.Id}:${Target?.Port} ${TargetHealth?.State}`)
    .sort()
}

/** Who may come in from where: protocol, first and last port, ranges. */
export const openingsOf = (group: SecurityGroup | undefined): readonly unknown[] | undefined =>
  group?.IpPermissions?.map(({ IpProtocol, FromPort, ToPort, IpRanges }) => [
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges?.map(({ CidrIp }) => CidrIp),
  ])

/** Which pod answered. */
export const podOf = (answer: Answer): string => String(answer.headers['x-pod'] ?? '')
/** Which Deployment's pod answered: its name without the two generated parts. */
export const backendOf = (answer: Answer): string => podOf(answer).split('-').slice(0, -2).join('-')

/** The rules as a user would want to read them: order, what they match, where they lead, and who is healthy. */
export async function describeRules(
  world: AccountWorld,
  loadBalancerArn: string,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const rule of await rulesOf(world, loadBalancerArn)) {
    const matches = (rule.Conditions ?? [])
      .map(({ Field, Values }) => `${Field} ${(Values ?? []).join(' ')}`)
      .join(' and ')
    const action = rule.Actions?.at(-1)
    const fixed = action?.FixedResponseConfig
    lines.push(
      `${(rule.Priority ?? '').padStart(7)}  ${matches || 'anything'} -> ${
        fixed === undefined
          ? (action?.TargetGroupArn?.split('/')[1] ?? action?.Type ?? '')
          : `${fixed.StatusCode} ${fixed.MessageBody ?? ''}`
      }`,
    )
    if (action?.TargetGroupArn !== undefined) {
      for (const target of await targetsOf(world, action.TargetGroupArn)) lines.push(`           ${target}`)
    }
  }
  return lines
}
