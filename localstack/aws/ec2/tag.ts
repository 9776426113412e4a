/** CreateTags, DeleteTags, DescribeTags, and the tags that come with a create. */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  Tag as GivenTag,
  TagDescription,
  TagSpecification,
} from '@aws-sdk/client-ec2'
import type { Account } from '../account.ts'
import { Fault, type Context } from '../service.ts'
import { removeTags, setTags, tagsOf, type Tag } from '../tag.ts'
import { select } from './select.ts'

const tagsPerResource = 50

type Kind = { readonly type: string; readonly code: string; has(account: Account, id: string): boolean }
const kinds: Readonly<Record<string, Kind>> = {
  vpc: { type: 'vpc', code: 'InvalidVpcID', has: ({ vpcs }, id) => vpcs.has(id) },
  subnet: { type: 'subnet', code: 'InvalidSubnetID', has: ({ subnets }, id) => subnets.has(id) },
  rtb: {
    type: 'route-table',
    code: 'InvalidRouteTableID',
    has: ({ routeTables }, id) => routeTables.has(id),
  },
  igw: {
    type: 'internet-gateway',
    code: 'InvalidInternetGatewayID',
    has: ({ internetGateways }, id) => internetGateways.has(id),
  },
  sg: {
    type: 'security-group',
    code: 'InvalidGroup',
    has: ({ securityGroups }, id) => securityGroups.has(id),
  },
  sgr: {
    type: 'security-group-rule',
    code: 'InvalidSecurityGroupRuleId',
    has: ({ securityGroups }, id) =>
      [...securityGroups.values()].some(({ rules }) =>
        rules.some(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id),
      ),
  },
  eni: {
    type: 'network-interface',
    code: 'InvalidNetworkInterfaceID',
    has: ({ networkInterfaces }, id) => networkInterfaces.has(id),
  },
  eipalloc: {
    type: 'elastic-ip',
    code: 'InvalidAllocationID',
    has: ({ addresses }, id) => addresses.has(id),
  },
  i: { type: 'instance', code: 'InvalidInstanceID', has: ({ instances }, id) => instances.has(id) },
}

function kindOf(id: string): Kind | undefined {
  return kinds[/^([a-z]+)-/.exec(id)?.[1] ?? '']
}

export function specifiedTags(
  specifications: readonly TagSpecification[] | undefined,
  type: string,
): GivenTag[] {
  return (specifications ?? []).flatMap(({ ResourceType, Tags }) => {
    if (ResourceType !== type)
      throw new Fault(
        'InvalidParameterValue',
        `'${ResourceType ?? ''}' is not a valid taggable resource type for this operation.`,
      )
    return Tags ?? []
  })
}

export function checkTags(present: readonly Tag[], given: readonly GivenTag[]): void {
  const keys = given.map(({ Key }) => Key ?? '')
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) throw new Fault('InvalidParameterValue', `Duplicate tag key '${twice}' specified.`)
  for (const { Key = '', Value = '' } of given) {
    if (Key === '' || Key.length > 128)
      throw new Fault('InvalidParameterValue', `Tag key '${Key}' must be 1 to 128 characters`)
    if (Key.toLowerCase().startsWith('aws:'))
      throw new Fault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use")
    if (Value.length > 256)
      throw new Fault('InvalidParameterValue', `Tag value of '${Key}' exceeds the maximum length of 256`)
  }
  const all = new Set([...present.map(({ Key }) => Key), ...keys])
  if (all.size > tagsPerResource)
    throw new Fault('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.')
}

function checkResources(account: Account, ids: readonly string[] | undefined): readonly string[] {
  if (!ids?.length)
    throw new Fault('MissingParameter', 'The request must contain the parameter resourceIdSet')
  for (const id of ids) {
    const kind = kindOf(id)
    if (!kind) throw new Fault('InvalidID', `The ID '${id}' is not valid`)
    if (!kind.has(account, id))
      throw new Fault(`${kind.code}.NotFound`, `The ${kind.type} ID '${id}' does not exist`)
  }
  return ids
}

export function createTags(input: CreateTagsRequest, { account }: Context): unknown {
  const resources = checkResources(account, input.Resources)
  if (!input.Tags?.length)
    throw new Fault('MissingParameter', 'The request must contain the parameter tagSet')
  for (const id of resources) checkTags(tagsOf(account, id), input.Tags)
  for (const id of resources) setTags(account, id, input.Tags)
  account.changed()
  return {}
}

/** A tag given with a value is removed only if it has that value; no tags at all: every tag goes. */
export function deleteTags(input: DeleteTagsRequest, { account }: Context): unknown {
  for (const id of checkResources(account, input.Resources)) {
    if (!input.Tags?.length) {
      removeTags(account, id)
      continue
    }
    const stored = tagsOf(account, id)
    const matching = input.Tags.filter(({ Key, Value }) =>
      stored.some((tag) => tag.Key === Key && (Value === undefined || tag.Value === Value)),
    )
    removeTags(
      account,
      id,
      matching.map(({ Key }) => Key ?? ''),
    )
  }
  account.changed()
  return {}
}

export function describeTags(input: DescribeTagsRequest, { account }: Context): unknown {
  const items = [...account.tags.keys()].flatMap((id): TagDescription[] => {
    const kind = kindOf(id)
    return kind
      ? tagsOf(account, id).map((tag) => ({
          ...tag,
          ResourceId: id,
          ResourceType: kind.type as NonNullable<TagDescription['ResourceType']>,
        }))
      : []
  })
  const { page, next } = select<TagDescription>(
    {
      items,
      idOf: ({ ResourceId }) => ResourceId ?? '',
      tagsOf: ({ Key = '', Value = '' }) => [{ Key, Value }],
      absent: (id) => new Fault('InvalidID', `The ID '${id}' is not valid`),
      fields: {
        key: ({ Key }) => Key,
        value: ({ Value }) => Value,
        'resource-id': ({ ResourceId }) => ResourceId,
        'resource-type': ({ ResourceType }) => ResourceType,
      },
    },
    input,
    undefined,
  )
  return { Tags: page, ...next }
}
