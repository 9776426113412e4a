/** WAFv2, regional: web ACLs by name, and which load balancer has which. Their rules judge no request here. */
import * as module from '@aws-sdk/client-wafv2'
import type {
  AssociateWebACLRequest,
  CreateWebACLRequest,
  DeleteWebACLRequest,
  DisassociateWebACLRequest,
  GetWebACLForResourceRequest,
  GetWebACLRequest,
  ListResourcesForWebACLRequest,
  ListWebACLsRequest,
  WebACL,
  WebACLSummary,
} from '@aws-sdk/client-wafv2'
import type { Account, WebAclRecord } from '../account.ts'
import { uuid } from '../ids.ts'
import { Fault, type Context, type Service } from '../service.ts'
import { removeTags, setTags } from '../tag.ts'

const pageSize = 100

function invalid(field: string, value: string | undefined): never {
  throw new Fault(
    'WAFInvalidParameterException',
    `Error reason: The parameter contains formatting that is not valid., field: ${field}, parameter: ${value ?? ''}`,
  )
}
function missing(): never {
  throw new Fault(
    'WAFNonexistentItemException',
    'AWS WAF couldn’t perform the operation because your resource doesn’t exist.',
  )
}

/** The web ACLs of CloudFront live in another place, and never with a load balancer. */
function regional(scope: string | undefined): void {
  if (scope !== 'REGIONAL') invalid('SCOPE_VALUE', scope)
}

function aclOf(account: Account, arn: string | undefined): WebAclRecord {
  if (!/^arn:[\w-]+:wafv2:[\w-]+:\d{12}:(?:regional|global)\/webacl\/[^/]+\/[^/]+$/.test(arn ?? ''))
    invalid('RESOURCE_ARN', arn)
  return account.webAcls.get(arn ?? '') ?? missing()
}

function loadBalancerOf(account: Account, arn: string | undefined): string {
  if (!/^arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer\/app\/[^/]+\/[^/]+$/.test(arn ?? ''))
    invalid('RESOURCE_ARN', arn)
  return account.loadBalancers.get(arn ?? '')?.arn ?? missing()
}

function associate(
  { WebACLArn, ResourceArn }: AssociateWebACLRequest,
  { account, now, timing }: Context,
): unknown {
  const resource = loadBalancerOf(account, ResourceArn)
  const acl = aclOf(account, WebACLArn)
  if ((acl.createdAt ?? 0) + timing.readAfterWriteLagMs > now && acl.createdAt !== undefined)
    throw new Fault(
      'WAFUnavailableEntityException',
      'AWS WAF couldn’t retrieve the resource that you requested. Retry your request.',
    )
  account.webAclAssociations.set(resource, acl.arn)
  account.changed()
  return {}
}

function disassociate({ ResourceArn }: DisassociateWebACLRequest, { account }: Context): unknown {
  account.webAclAssociations.delete(loadBalancerOf(account, ResourceArn))
  account.changed()
  return {}
}

function forResource({ ResourceArn }: GetWebACLForResourceRequest, { account }: Context): unknown {
  const arn = account.webAclAssociations.get(loadBalancerOf(account, ResourceArn))
  return arn === undefined ? {} : { WebACL: aclOf(account, arn).wire }
}

function resourcesOf(
  { WebACLArn, ResourceType }: ListResourcesForWebACLRequest,
  { account }: Context,
): unknown {
  const { arn } = aclOf(account, WebACLArn)
  if ((ResourceType ?? 'APPLICATION_LOAD_BALANCER') !== 'APPLICATION_LOAD_BALANCER')
    return { ResourceArns: [] }
  const users = [...account.webAclAssociations].filter(([, acl]) => acl === arn)
  return { ResourceArns: users.map(([resource]) => resource).sort() }
}

const summary = ({ wire, arn, lockToken }: WebAclRecord): WebACLSummary => ({
  Name: wire.Name,
  Id: wire.Id,
  Description: wire.Description ?? '',
  LockToken: lockToken,
  ARN: arn,
})

function list({ Scope, NextMarker, Limit = pageSize }: ListWebACLsRequest, { account }: Context): unknown {
  regional(Scope)
  if (Limit < 1 || Limit > pageSize) invalid('LIMIT', String(Limit))
  const all = [...account.webAcls.values()].sort((a, b) =>
    (a.wire.Name ?? '') < (b.wire.Name ?? '') ? -1 : 1,
  )
  const start = NextMarker === undefined ? 0 : all.findIndex(({ wire }) => wire.Name === NextMarker) + 1
  const page = all.slice(start, start + Limit)
  const last = page.at(-1)?.wire.Name
  return {
    WebACLs: page.map(summary),
    ...(start + Limit < all.length && last !== undefined ? { NextMarker: last } : {}),
  }
}

function get({ Name, Scope, Id, ARN }: GetWebACLRequest, { account }: Context): unknown {
  if (ARN === undefined) regional(Scope)
  const record =
    ARN === undefined
      ? ([...account.webAcls.values()].find(({ wire }) => wire.Id === Id && wire.Name === Name) ?? missing())
      : aclOf(account, ARN)
  return { WebACL: record.wire, LockToken: record.lockToken }
}

function create(input: CreateWebACLRequest, context: Context): unknown {
  const { account, now } = context
  const { Name = '', Scope, Tags, Description, DefaultAction, VisibilityConfig, Rules = [] } = input
  regional(Scope)
  if (!/^[\w-]{1,128}$/.test(Name)) invalid('ENTITY_NAME', Name)
  if ([...account.webAcls.values()].some(({ wire }) => wire.Name === Name))
    throw new Fault(
      'WAFDuplicateItemException',
      'AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.',
    )
  const Id = uuid(context.ids, 'webacl')
  const arn = `arn:aws:wafv2:${account.region}:${account.id}:regional/webacl/${Name}/${Id}`
  const wire: WebACL = {
    Name,
    Id,
    ARN: arn,
    DefaultAction,
    VisibilityConfig,
    Rules,
    ...(Description === undefined ? {} : { Description }),
  }
  const record: WebAclRecord = { arn, wire, lockToken: uuid(context.ids, 'lock'), createdAt: now }
  account.webAcls.set(arn, record)
  setTags(account, arn, Tags)
  return { Summary: summary(record) }
}

function remove({ Name, Id, Scope, LockToken }: DeleteWebACLRequest, { account }: Context): unknown {
  regional(Scope)
  const found =
    [...account.webAcls.values()].find(({ wire }) => wire.Id === Id && wire.Name === Name) ?? missing()
  if (found.lockToken !== LockToken)
    throw new Fault(
      'WAFOptimisticLockException',
      'AWS WAF couldn’t save your changes: the token is not current.',
    )
  if ([...account.webAclAssociations.values()].includes(found.arn))
    throw new Fault(
      'WAFAssociatedItemException',
      'AWS WAF couldn’t perform the operation because your resource is being used by another resource.',
    )
  account.webAcls.delete(found.arn)
  removeTags(account, found.arn)
  return {}
}

export const wafv2: Service = {
  signingName: 'wafv2',
  protocol: 'json',
  target: 'AWSWAF_20190729',
  module,
  actions: {
    AssociateWebACL: associate,
    CreateWebACL: create,
    DeleteWebACL: remove,
    DisassociateWebACL: disassociate,
    GetWebACL: get,
    GetWebACLForResource: forResource,
    ListResourcesForWebACL: resourcesOf,
    ListWebACLs: list,
  },
}
