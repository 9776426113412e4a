/** An account with a seeded VPC, a clock that the test moves, and `call`, which runs an action as the front end does. */
import assert from 'node:assert/strict'
import type {
  AddListenerCertificatesOutput,
  AddTagsOutput,
  CreateListenerOutput,
  CreateLoadBalancerOutput,
  CreateRuleOutput,
  CreateTargetGroupOutput,
  CreateTrustStoreOutput,
  DeleteListenerOutput,
  DeleteLoadBalancerOutput,
  DeleteRuleOutput,
  DeleteTargetGroupOutput,
  DeleteTrustStoreOutput,
  DeregisterTargetsOutput,
  DescribeAccountLimitsOutput,
  DescribeCapacityReservationOutput,
  DescribeListenerAttributesOutput,
  DescribeListenerCertificatesOutput,
  DescribeListenersOutput,
  DescribeLoadBalancerAttributesOutput,
  DescribeLoadBalancersOutput,
  DescribeRulesOutput,
  DescribeSSLPoliciesOutput,
  DescribeTagsOutput,
  DescribeTargetGroupAttributesOutput,
  DescribeTargetGroupsOutput,
  DescribeTargetHealthOutput,
  DescribeTrustStoresOutput,
  ModifyCapacityReservationOutput,
  ModifyIpPoolsOutput,
  ModifyListenerOutput,
  ModifyListenerAttributesOutput,
  ModifyLoadBalancerAttributesOutput,
  ModifyRuleOutput,
  ModifyTargetGroupOutput,
  ModifyTargetGroupAttributesOutput,
  RegisterTargetsOutput,
  RemoveListenerCertificatesOutput,
  RemoveTagsOutput,
  SetIpAddressTypeOutput,
  SetRulePrioritiesOutput,
  SetSecurityGroupsOutput,
  SetSubnetsOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { Account } from '../../../localstack/aws/account.ts'
import { elbv2 } from '../../../localstack/aws/elbv2/service.ts'
import { type SeededVpc, seedVpc } from '../../../localstack/aws/seed.ts'
import { type Context, Fault, type Ids } from '../../../localstack/aws/service.ts'
import { type Timing, timings } from '../../../localstack/timing.ts'

export type World = {
  readonly account: Account
  readonly vpc: SeededVpc
  now: number
  readonly call: <A extends keyof Outputs>(action: A, input: object) => Full<Outputs[A]>
}
type Outputs = {
  AddListenerCertificates: AddListenerCertificatesOutput
  AddTags: AddTagsOutput
  CreateListener: CreateListenerOutput
  CreateLoadBalancer: CreateLoadBalancerOutput
  CreateRule: CreateRuleOutput
  CreateTargetGroup: CreateTargetGroupOutput
  CreateTrustStore: CreateTrustStoreOutput
  DeleteListener: DeleteListenerOutput
  DeleteLoadBalancer: DeleteLoadBalancerOutput
  DeleteRule: DeleteRuleOutput
  DeleteTargetGroup: DeleteTargetGroupOutput
  DeleteTrustStore: DeleteTrustStoreOutput
  DeregisterTargets: DeregisterTargetsOutput
  DescribeAccountLimits: DescribeAccountLimitsOutput
  DescribeCapacityReservation: DescribeCapacityReservationOutput
  DescribeListenerAttributes: DescribeListenerAttributesOutput
  DescribeListenerCertificates: DescribeListenerCertificatesOutput
  DescribeListeners: DescribeListenersOutput
  DescribeLoadBalancerAttributes: DescribeLoadBalancerAttributesOutput
  DescribeLoadBalancers: DescribeLoadBalancersOutput
  DescribeRules: DescribeRulesOutput
  DescribeSSLPolicies: DescribeSSLPoliciesOutput
  DescribeTags: DescribeTagsOutput
  DescribeTargetGroupAttributes: DescribeTargetGroupAttributesOutput
  DescribeTargetGroups: DescribeTargetGroupsOutput
  DescribeTargetHealth: DescribeTargetHealthOutput
  DescribeTrustStores: DescribeTrustStoresOutput
  ModifyCapacityReservation: ModifyCapacityReservationOutput
  ModifyIpPools: ModifyIpPoolsOutput
  ModifyListener: ModifyListenerOutput
  ModifyListenerAttributes: ModifyListenerAttributesOutput
  ModifyLoadBalancerAttributes: ModifyLoadBalancerAttributesOutput
  ModifyRule: ModifyRuleOutput
  ModifyTargetGroup: ModifyTargetGroupOutput
  ModifyTargetGroupAttributes: ModifyTargetGroupAttributesOutput
  RegisterTargets: RegisterTargetsOutput
  RemoveListenerCertificates: RemoveListenerCertificatesOutput
  RemoveTags: RemoveTagsOutput
  SetIpAddressType: SetIpAddressTypeOutput
  SetRulePriorities: SetRulePrioritiesOutput
  SetSecurityGroups: SetSecurityGroupsOutput
  SetSubnets: SetSubnetsOutput
}
/** With every member there: a test that names one knows that it is, or fails. */
type Full<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? [Full<Item>, ...Full<Item>[]]
    : T extends object
      ? { [Key in keyof T]-?: Full<NonNullable<T[Key]>> }
      : T

function counting(): Ids {
  let count = 0
  return {
    hex: (_kind, length) => (++count).toString(16).padStart(length, '0'),
    digits: () => String(1_000_000_000 + ++count),
  }
}

export function newWorld(timing: Partial<Timing> = {}): World {
  const account = new Account('123456789012', 'eu-west-1')
  const vpc = seedVpc(account, { clusterName: 'demo' })
  const ids = counting()
  const world: World = {
    account,
    vpc,
    now: Date.UTC(2026, 0, 1),
    call: <A extends keyof Outputs>(action: A, input: object) => {
      const context: Context = {
        account,
        ids,
        timing: { ...timings.instant, ...timing },
        accessKey: account.id,
        issue: () => assert.fail('no credentials here'),
        now: world.now,
      }
      const run = elbv2.actions[action] as unknown as (input: object, context: Context) => Full<Outputs[A]>
      assert.ok(run, `action ${action}`)
      return structuredClone(run(input, context))
    },
  }
  return world
}

export function refused(run: () => unknown, code: string, message?: RegExp): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    if (message) assert.match(error.message, message)
    return true
  })
}

export function loadBalancer(world: World, more: object = {}): string {
  const input = { Name: 'web', Subnets: world.vpc.publicSubnets, ...more }
  return world.call('CreateLoadBalancer', input).LoadBalancers[0].LoadBalancerArn
}
export function targetGroup(world: World, more: object = {}): string {
  const input = {
    Name: 'pods',
    Protocol: 'HTTP',
    Port: 8080,
    VpcId: world.vpc.vpcId,
    TargetType: 'ip',
    ...more,
  }
  return world.call('CreateTargetGroup', input).TargetGroups[0].TargetGroupArn
}
export const notFound = {
  Type: 'fixed-response',
  Order: 1,
  FixedResponseConfig: { StatusCode: '404', ContentType: 'text/plain' },
}
export function listener(world: World, loadBalancerArn: string, more: object = {}): string {
  const input = {
    LoadBalancerArn: loadBalancerArn,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [notFound],
    ...more,
  }
  return world.call('CreateListener', input).Listeners[0].ListenerArn
}
export function certificate(world: World, name: string, status = 'ISSUED'): string {
  const arn = `arn:aws:acm:eu-west-1:123456789012:certificate/${name}`
  world.account.certificates.set(arn, { CertificateArn: arn, Status: status as 'ISSUED' })
  return arn
}
export function path(...values: string[]): object {
  return { Field: 'path-pattern', PathPatternConfig: { Values: values } }
}
export function forward(...groups: string[]): object {
  return {
    Type: 'forward',
    Order: 1,
    ForwardConfig: { TargetGroups: groups.map((TargetGroupArn) => ({ TargetGroupArn })) },
  }
}
export function rule(world: World, listenerArn: string, Priority: number, more: object = {}): string {
  const input = {
    ListenerArn: listenerArn,
    Priority,
    Conditions: [path(`/${Priority}`)],
    Actions: [notFound],
    ...more,
  }
  return world.call('CreateRule', input).Rules[0].RuleArn
}
