/**
 * What a call needs of IAM: its resources, the tags that it sends and those that they bear, and for a create with tags the right to tag
 * (AWS: "Actions, resources, and condition keys" of each service).
 */
import type { Account } from '../account.ts'
import type { Authorization } from './policy.ts'

type Tag = { readonly Key?: string; readonly Value?: string }
type Input = Readonly<Record<string, unknown>>
export type Asked = {
  /** Of the credential scope. */
  readonly service: string
  readonly action: string
  readonly input: unknown
  readonly account: Account
}

/** IAM's prefix where it isn't the one that signs. */
const prefixes: Readonly<Record<string, string>> = { tagging: 'tag' }

export function authorizationsOf({ service, action, input, account }: Asked): readonly Authorization[] {
  const given = (input ?? {}) as Input
  const sent = tagsSent(service, given)
  const requested = Object.fromEntries(
    sent.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value]),
  )
  const full = `${prefixes[service] ?? service}:${action}`
  const resources = resourcesOf(service, action, given, account)
  const needed = resources.map(
    (resource): Authorization => ({
      action: full,
      resource: resource.arn,
      keys: { ...requested, ...tagsBorne(account, resource.id) },
    }),
  )
  if (service.startsWith('waf')) needed.push(...settingWebAcl(action, given, account))
  const tagging = taggingOf(service, action)
  if (tagging === undefined || sent.length === 0) return needed
  const made = resources.filter(({ isNew }) => isNew === true)
  return [
    ...needed,
    ...made.map(({ arn }) => ({
      action: tagging.action,
      resource: arn,
      keys: { ...requested, [tagging.key]: action },
    })),
  ]
}

/** Who changes a load balancer's web ACL changes the load balancer. */
const settingWebAcl = (action: string, input: Input, account: Account): readonly Authorization[] =>
  /^(?:Associate|Disassociate)WebACL$/.test(action)
    ? texts(input['ResourceArn']).map((arn) => ({
        action: 'elasticloadbalancing:SetWebAcl',
        resource: arn,
        keys: tagsBorne(account, arn),
      }))
    : []

function taggingOf(
  service: string,
  action: string,
): { readonly action: string; readonly key: string } | undefined {
  if (!action.startsWith('Create')) return undefined
  if (service === 'ec2' && action !== 'CreateTags')
    return { action: 'ec2:CreateTags', key: 'ec2:CreateAction' }
  if (service === 'elasticloadbalancing')
    return { action: 'elasticloadbalancing:AddTags', key: 'elasticloadbalancing:CreateAction' }
  return undefined
}

function tagsSent(service: string, input: Input): readonly Tag[] {
  if (service === 'ec2' && Array.isArray(input['TagSpecifications']))
    return (input['TagSpecifications'] as readonly { readonly Tags?: readonly Tag[] }[]).flatMap(
      ({ Tags }) => Tags ?? [],
    )
  return Array.isArray(input['Tags']) ? (input['Tags'] as readonly Tag[]) : []
}

const tagsBorne = (account: Account, id: string | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...(account.tags.get(id ?? '') ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  )

/** `id`: under which the account keeps its tags. */
type Resource = { readonly arn: string; readonly id?: string; readonly isNew?: boolean }

function resourcesOf(service: string, action: string, input: Input, account: Account): readonly Resource[] {
  const found =
    service === 'ec2'
      ? ofEc2(action, input, account)
      : service === 'elasticloadbalancing'
        ? ofLoadBalancing(action, input, account)
        : ofOthers(input)
  return found.length > 0 ? found : [{ arn: '*' }]
}

function ofEc2(action: string, input: Input, { id, region }: Account): readonly Resource[] {
  const arn = (one: string): string =>
    `arn:aws:ec2:${region}:${id}:${kinds[one.split('-')[0] ?? ''] ?? 'resource'}/${one}`
  if (action === 'CreateSecurityGroup')
    return [
      { arn: arn('sg-new'), isNew: true },
      ...texts(input['VpcId']).map((one) => ({ arn: arn(one), id: one })),
    ]
  if (action.startsWith('Describe')) return []
  return [...texts(input['GroupId']), ...texts(input['Resources'])].map((one) => ({ arn: arn(one), id: one }))
}
const kinds: Readonly<Record<string, string>> = {
  sg: 'security-group',
  vpc: 'vpc',
  subnet: 'subnet',
  i: 'instance',
}

function ofLoadBalancing(action: string, input: Input, { id, region }: Account): readonly Resource[] {
  if (action.startsWith('Describe')) return []
  const root = `arn:aws:elasticloadbalancing:${region}:${id}`
  const type = input['Type'] === 'network' ? 'net' : 'app'
  const [name = ''] = texts(input['Name'])
  if (action === 'CreateLoadBalancer')
    return [{ arn: `${root}:loadbalancer/${type}/${name}/new`, isNew: true }]
  if (action === 'CreateTargetGroup') return [{ arn: `${root}:targetgroup/${name}/new`, isNew: true }]
  const parents = [
    ...['LoadBalancerArn', 'ListenerArn', 'RuleArn', 'TargetGroupArn', 'ResourceArn'].flatMap((key) =>
      texts(input[key]),
    ),
    ...texts(input['ResourceArns']),
    ...((input['RulePriorities'] ?? []) as readonly { readonly RuleArn?: string }[]).flatMap(
      ({ RuleArn }) => RuleArn ?? [],
    ),
  ].map((arn): Resource => ({ arn, id: arn }))
  // A listener is authorised on its load balancer, a rule on its listener; their tags on themselves.
  const [parent] = parents
  if (action === 'CreateListener' && parent !== undefined)
    return [parent, { arn: `${parent.arn.replace(':loadbalancer/', ':listener/')}/new`, isNew: true }]
  if (action === 'CreateRule' && parent !== undefined)
    return [parent, { arn: `${parent.arn.replace(':listener/', ':listener-rule/')}/new`, isNew: true }]
  return parents
}

/** ACM, WAF, Shield, STS: one resource by its ARN, or none. */
const ofOthers = (input: Input): readonly Resource[] =>
  ['CertificateArn', 'WebACLArn', 'RoleArn']
    .flatMap((key) => texts(input[key]))
    .map((arn) => ({ arn, id: arn }))

const texts = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((one) => typeof one === 'string')
      : []
