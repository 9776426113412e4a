/** Shield Advanced: the subscription, and which resources it protects. A resource's end doesn't end its protection. */
import * as module from '@aws-sdk/client-shield'
import type {
  CreateProtectionRequest,
  DeleteProtectionRequest,
  DescribeProtectionRequest,
  ListProtectionsRequest,
  Protection,
} from '@aws-sdk/client-shield'
import type { Account } from '../account.ts'
import { uuid } from '../ids.ts'
import { Fault, type Context, type Service } from '../service.ts'
import { removeTags, setTags } from '../tag.ts'

const largestPage = 10_000

function notFound(message: string): never {
  throw new Fault('ResourceNotFoundException', message)
}
function invalid(message: string): never {
  throw new Fault('InvalidParameterException', message)
}

const subscription = (_input: object, { account }: Context): unknown => ({
  SubscriptionState: account.shieldSubscription,
})

function subscribe(_input: object, { account }: Context): unknown {
  if (account.shieldSubscription === 'ACTIVE')
    throw new Fault('ResourceAlreadyExistsException', 'The subscription already exists.')
  account.shieldSubscription = 'ACTIVE'
  return {}
}

const find = (account: Account, arn: string | undefined): Protection | undefined =>
  [...account.protections.values()].find(({ ResourceArn }) => ResourceArn === arn)

function create({ Name = '', ResourceArn = '', Tags }: CreateProtectionRequest, context: Context): unknown {
  const { account, ids } = context
  if (account.shieldSubscription !== 'ACTIVE') notFound('The subscription does not exist.')
  if (!/^[ a-zA-Z0-9_\\.-]{1,128}$/.test(Name)) invalid(`Invalid protection name: ${Name}`)
  if (!/^arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+/.test(ResourceArn)) invalid(`Invalid resource ARN: ${ResourceArn}`)
  if (find(account, ResourceArn))
    throw new Fault('ResourceAlreadyExistsException', 'The referenced protection already exists.')
  const Id = uuid(ids, 'protection')
  const ProtectionArn = `arn:aws:shield::${account.id}:protection/${Id}`
  account.protections.set(Id, { Id, Name, ResourceArn, ProtectionArn })
  setTags(account, ProtectionArn, Tags)
  return { ProtectionId: Id }
}

function describe({ ProtectionId, ResourceArn }: DescribeProtectionRequest, { account }: Context): unknown {
  if ((ProtectionId === undefined) === (ResourceArn === undefined))
    invalid('Exactly one of ProtectionId and ResourceArn must be given.')
  const protection =
    ProtectionId === undefined ? find(account, ResourceArn) : account.protections.get(ProtectionId)
  return { Protection: protection ?? notFound('The referenced protection does not exist.') }
}

function remove({ ProtectionId = '' }: DeleteProtectionRequest, { account }: Context): unknown {
  const found = account.protections.get(ProtectionId) ?? notFound('The referenced protection does not exist.')
  account.protections.delete(ProtectionId)
  removeTags(account, found.ProtectionArn ?? '')
  return {}
}

function list(
  { NextToken, MaxResults = largestPage }: ListProtectionsRequest,
  { account }: Context,
): unknown {
  const start = NextToken === undefined ? 0 : Number(Buffer.from(NextToken, 'base64url').toString())
  if (!Number.isInteger(start)) throw new Fault('InvalidPaginationTokenException', 'Invalid NextToken')
  const all = [...account.protections.values()]
  const end = start + MaxResults
  return {
    Protections: all.slice(start, end),
    ...(end < all.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {}),
  }
}

export const shield: Service = {
  signingName: 'shield',
  protocol: 'json',
  target: 'AWSShield_20160616',
  module,
  actions: {
    CreateProtection: create,
    CreateSubscription: subscribe,
    DeleteProtection: remove,
    DescribeProtection: describe,
    GetSubscriptionState: subscription,
    ListProtections: list,
  },
}
