/**
 * docs/iam-policy.json: what the controller may do in AWS, scoped by the cluster's tag wherever AWS allows (AWS: "Actions, resources, and
 * condition keys for Elastic Load Balancing V2"). A test finds each call of the code here, another runs the controller under it.
 */
import type { GeneratedFile } from './crds.ts'

const clusterTag = 'elbv2.k8s.aws/cluster'
const bears = { Null: { [`aws:ResourceTag/${clusterTag}`]: 'false' } }
const sends = { Null: { [`aws:RequestTag/${clusterTag}`]: 'false' } }
/** Tags of what is ours may change, the cluster's own may not. */
const retags = {
  Null: { [`aws:RequestTag/${clusterTag}`]: 'true', [`aws:ResourceTag/${clusterTag}`]: 'false' },
}

const elb = (...actions: readonly string[]): readonly string[] =>
  actions.map((action) => `elasticloadbalancing:${action}`)
const ec2 = (...actions: readonly string[]): readonly string[] => actions.map((action) => `ec2:${action}`)
const arns = (...kinds: readonly string[]): readonly string[] =>
  kinds.map((kind) => `arn:aws:elasticloadbalancing:*:*:${kind}`)

type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
type Statement = {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Condition
}
const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: string | readonly string[],
  Condition?: Condition,
): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
})

const groups = 'arn:aws:ec2:*:*:security-group/*'
const balancers = arns('loadbalancer/app/*/*', 'loadbalancer/net/*/*', 'targetgroup/*/*')

export const statements: readonly Statement[] = [
  allow(
    'Read',
    [
      ...ec2(
        'DescribeAvailabilityZones',
        'DescribeInstances',
        'DescribeNetworkInterfaces',
        'DescribeRouteTables',
        'DescribeSecurityGroups',
        'DescribeSubnets',
        'DescribeVpcs',
      ),
      ...elb(
        'DescribeCapacityReservation',
        'DescribeListenerAttributes',
        'DescribeListenerCertificates',
        'DescribeListeners',
        'DescribeLoadBalancerAttributes',
        'DescribeLoadBalancers',
        'DescribeRules',
        'DescribeTags',
        'DescribeTargetGroupAttributes',
        'DescribeTargetGroups',
        'DescribeTargetHealth',
        'DescribeTrustStores',
      ),
      'acm:DescribeCertificate',
      'acm:ListTagsForCertificate',
      'acm:ListCertificates',
      'tag:GetResources',
      'wafv2:GetWebACLForResource',
      'wafv2:ListWebACLs',
      'waf-regional:GetWebACLForResource',
      'shield:DescribeProtection',
      'shield:GetSubscriptionState',
    ],
    '*',
  ),
  allow('FirstLoadBalancerOfAnAccount', ['iam:CreateServiceLinkedRole'], '*', {
    StringEquals: { 'iam:AWSServiceName': 'elasticloadbalancing.amazonaws.com' },
  }),
  allow('MakeSecurityGroups', ec2('CreateSecurityGroup'), 'arn:aws:ec2:*:*:vpc/*'),
  allow('MakeOurSecurityGroups', ec2('CreateSecurityGroup'), groups, sends),
  allow('TagNewSecurityGroups', ec2('CreateTags'), groups, {
    StringEquals: { 'ec2:CreateAction': 'CreateSecurityGroup' },
    ...sends,
  }),
  allow('TagOurSecurityGroups', ec2('CreateTags', 'DeleteTags'), groups, retags),
  allow('DeleteOurSecurityGroups', ec2('DeleteSecurityGroup'), groups, bears),
  // Those of nodes and pods are not ours: narrow this to your VPC or their tags.
  allow(
    'OpenAndCloseSecurityGroups',
    ec2('AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupIngress'),
    groups,
  ),
  allow('MakeLoadBalancers', elb('CreateLoadBalancer', 'CreateTargetGroup'), '*', sends),
  allow('TagNewLoadBalancers', elb('AddTags'), balancers, {
    StringEquals: { 'elasticloadbalancing:CreateAction': ['CreateLoadBalancer', 'CreateTargetGroup'] },
    ...sends,
  }),
  allow('TagOurLoadBalancers', elb('AddTags', 'RemoveTags'), balancers, retags),
  allow(
    'TagListeners',
    elb('AddTags', 'RemoveTags'),
    arns('listener/app/*/*/*', 'listener/net/*/*/*', 'listener-rule/app/*/*/*', 'listener-rule/net/*/*/*'),
  ),
  allow(
    'ChangeOurLoadBalancers',
    elb(
      'DeleteLoadBalancer',
      'DeleteTargetGroup',
      'ModifyCapacityReservation',
      'ModifyIpPools',
      'ModifyLoadBalancerAttributes',
      'ModifyTargetGroup',
      'ModifyTargetGroupAttributes',
      'SetIpAddressType',
      'SetSecurityGroups',
      'SetSubnets',
    ),
    '*',
    bears,
  ),
  // Listeners and rules bear the cluster's tag only where they were made with tags.
  allow(
    'ListenersAndRules',
    elb(
      'AddListenerCertificates',
      'CreateListener',
      'CreateRule',
      'DeleteListener',
      'DeleteRule',
      'ModifyListener',
      'ModifyListenerAttributes',
      'ModifyRule',
      'RemoveListenerCertificates',
      'SetRulePriorities',
    ),
    '*',
  ),
  // Which web ACL a user names, nobody knows beforehand.
  allow(
    'WebAcls',
    [
      ...elb('SetWebAcl'),
      'wafv2:AssociateWebACL',
      'wafv2:DisassociateWebACL',
      'waf-regional:AssociateWebACL',
      'waf-regional:DisassociateWebACL',
    ],
    '*',
  ),
  // Only with the feature gate EnableCertificateManagement.
  allow('Certificates', ['acm:RequestCertificate', 'acm:AddTagsToCertificate'], '*', sends),
  allow('DeleteOurCertificates', ['acm:DeleteCertificate'], '*', bears),
  allow('Shield', ['shield:CreateProtection', 'shield:DeleteProtection'], '*'),
  allow('Targets', elb('RegisterTargets', 'DeregisterTargets'), arns('targetgroup/*/*')),
]

export const iamFiles = (): readonly GeneratedFile[] => [
  {
    path: 'docs/iam-policy.json',
    text: `${JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2)}\n`,
  },
]
