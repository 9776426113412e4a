/** WAF classic, regional: web ACLs by id, and which load balancer has which. Every change takes a token that was given out and not used. */
import type { Account, ClassicWebAcl } from '../account.ts'
import { uuid } from '../ids.ts'
import { Fault, type Context, type Service } from '../service.ts'
import * as module from './schema.ts'

type Associate = { readonly WebACLId: string; readonly ResourceArn: string }
type OfResource = Pick<Associate, 'ResourceArn'>
type Change = { readonly ChangeToken: string }
type Create = Change & Pick<ClassicWebAcl, 'Name' | 'MetricName' | 'DefaultAction'>
type Remove = Change & Pick<Associate, 'WebACLId'>
type Page = { readonly NextMarker?: string; readonly Limit?: number }

const pageSize = 100

function missing(): never {
  throw new Fault('WAFNonexistentItemException', 'The referenced item does not exist.')
}
function invalid(field: string, value: string): never {
  throw new Fault('WAFInvalidParameterException', `${field}: ${value} is not valid.`)
}

const aclOf = (account: Account, id: string): ClassicWebAcl => account.classicWebAcls.get(id) ?? missing()

function loadBalancerOf(account: Account, arn: string): string {
  if (!/^arn:[\w-]+:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer\/app\/[^/]+\/[^/]+$/.test(arn))
    invalid('RESOURCE_ARN', arn)
  return account.loadBalancers.get(arn)?.arn ?? missing()
}

function associate({ WebACLId, ResourceArn }: Associate, { account }: Context): unknown {
  const resource = loadBalancerOf(account, ResourceArn)
  account.classicWebAclAssociations.set(resource, aclOf(account, WebACLId).WebACLId)
  account.changed()
  return {}
}

function disassociate({ ResourceArn }: OfResource, { account }: Context): unknown {
  account.classicWebAclAssociations.delete(loadBalancerOf(account, ResourceArn))
  account.changed()
  return {}
}

function forResource({ ResourceArn }: OfResource, { account }: Context): unknown {
  const id = account.classicWebAclAssociations.get(loadBalancerOf(account, ResourceArn))
  return id === undefined ? {} : { WebACLSummary: aclOf(account, id) }
}

function list({ NextMarker, Limit = pageSize }: Page, { account }: Context): unknown {
  const all = [...account.classicWebAcls.values()]
  const start = all.findIndex(({ WebACLId }) => WebACLId === NextMarker) + 1
  const page = all.slice(start, start + Limit)
  const more = start + Limit < all.length
  return { WebACLs: page, ...(more ? { NextMarker: page.at(-1)?.WebACLId } : {}) }
}

/** Tokens that were given out and not used. */
const given = new WeakMap<Account, Set<string>>()
const tokensOf = (account: Account): Set<string> => {
  const tokens = given.get(account) ?? new Set()
  given.set(account, tokens)
  return tokens
}

function changeToken(_input: object, { account, ids }: Context): Change {
  const ChangeToken = uuid(ids, 'change-token')
  tokensOf(account).add(ChangeToken)
  return { ChangeToken }
}

function use({ ChangeToken }: Change, account: Account): Change {
  if (!tokensOf(account).delete(ChangeToken))
    throw new Fault('WAFStaleDataException', 'The change token was used before, or never given out.')
  return { ChangeToken }
}

function create(input: Create, { account, ids }: Context): unknown {
  const { Name, MetricName, DefaultAction } = input
  if (!/^\w{1,128}$/.test(MetricName)) invalid('METRIC_NAME', MetricName)
  if ([...account.classicWebAcls.values()].some((other) => other.Name === Name))
    throw new Fault('WAFDisallowedNameException', `The name ${Name} is taken.`)
  const token = use(input, account)
  const WebACL: ClassicWebAcl = {
    WebACLId: uuid(ids, 'classic-webacl'),
    Name,
    MetricName,
    DefaultAction,
    Rules: [],
  }
  account.classicWebAcls.set(WebACL.WebACLId, WebACL)
  return { WebACL, ...token }
}

function remove(input: Remove, { account }: Context): unknown {
  const { WebACLId } = aclOf(account, input.WebACLId)
  if ([...account.classicWebAclAssociations.values()].includes(WebACLId))
    throw new Fault('WAFReferencedItemException', 'The web ACL is still associated with a resource.')
  const token = use(input, account)
  account.classicWebAcls.delete(WebACLId)
  return token
}

export const wafRegional: Service = {
  signingName: 'waf-regional',
  protocol: 'json',
  target: 'AWSWAF_Regional_20161128',
  module,
  actions: {
    AssociateWebACL: associate,
    CreateWebACL: create,
    DeleteWebACL: remove,
    DisassociateWebACL: disassociate,
    GetChangeToken: changeToken,
    GetWebACLForResource: forResource,
    ListWebACLs: list,
  },
}
