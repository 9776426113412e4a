/** The Resource Groups Tagging API: what bears tags, by tag and type. */
import * as module from '@aws-sdk/client-resource-groups-tagging-api'
import type { GetResourcesInput, TagFilter } from '@aws-sdk/client-resource-groups-tagging-api'
import type { Account } from '../account.ts'
import { Fault, type Context, type Service } from '../service.ts'
import { tagsOf } from '../tag.ts'

const limits = { filters: 50, values: 20, arns: 100, types: 100, page: 100 }

/** EC2 tags are stored by id; the type is what the id begins with. */
const ec2Types: Readonly<Record<string, string>> = {
  eni: 'network-interface',
  i: 'instance',
  igw: 'internet-gateway',
  rtb: 'route-table',
  sg: 'security-group',
  sgr: 'security-group-rule',
  subnet: 'subnet',
  vpc: 'vpc',
}

function arnOf({ id, region }: Account, key: string): string | undefined {
  if (key.startsWith('arn:')) return key
  const type = ec2Types[key.slice(0, key.lastIndexOf('-'))]
  return type && `arn:aws:ec2:${region}:${id}:${type}/${key}`
}

function invalid(message: string): never {
  throw new Fault('InvalidParameterException', message)
}

function check(input: GetResourcesInput): void {
  const { TagFilters = [], ResourceTypeFilters = [], ResourceARNList = [], ResourcesPerPage } = input
  if (TagFilters.length > limits.filters) invalid(`TagFilters must have at most ${limits.filters} items`)
  if (TagFilters.some(({ Key }) => !Key)) invalid('A tag filter needs a key')
  if (TagFilters.some(({ Values = [] }) => Values.length > limits.values))
    invalid(`A tag filter must have at most ${limits.values} values`)
  if (ResourceTypeFilters.length > limits.types) invalid(`At most ${limits.types} types can be given`)
  if (ResourceARNList.length > limits.arns) invalid(`At most ${limits.arns} ARNs can be given`)
  if (ResourceARNList.length > 0 && (TagFilters.length > 0 || ResourcesPerPage !== undefined))
    invalid('ResourceARNList cannot be given together with filters or a page size')
  if (ResourcesPerPage !== undefined && (ResourcesPerPage < 1 || ResourcesPerPage > limits.page))
    invalid(`ResourcesPerPage must be between 1 and ${limits.page}`)
}

function isOf(arn: string, type: string): boolean {
  const [, , service = '', , , ...rest] = arn.split(':')
  const whole = `${service}:${rest.join(':')}`
  return service === type || whole === type || whole.startsWith(`${type}/`)
}

/** Values of one filter are OR, filters are AND; a filter without values asks for the key alone. */
const fits = (tags: ReadonlyMap<string, string>, filters: readonly TagFilter[]): boolean =>
  filters.every(({ Key = '', Values = [] }) => {
    const value = tags.get(Key)
    return value !== undefined && (Values.length === 0 || Values.includes(value))
  })

function getResources(input: GetResourcesInput, { account }: Context): unknown {
  check(input)
  const { TagFilters = [], ResourceTypeFilters: types = [], ResourceARNList: arns = [] } = input
  const found = [...account.tags]
    .flatMap(([key, tags]) => {
      const arn = arnOf(account, key)
      const wanted =
        arn !== undefined &&
        (types.length === 0 || types.some((type) => isOf(arn, type))) &&
        (arns.length === 0 || arns.includes(arn)) &&
        fits(tags, TagFilters)
      return wanted ? [{ ResourceARN: arn, Tags: tagsOf(account, key) }] : []
    })
    .sort((a, b) => (a.ResourceARN < b.ResourceARN ? -1 : 1))
  const after = Buffer.from(input.PaginationToken ?? '', 'base64url').toString()
  if (after !== '' && !after.startsWith('arn:'))
    throw new Fault('PaginationTokenExpiredException', 'The PaginationToken is not valid')
  const rest = found.filter(({ ResourceARN }) => ResourceARN > after)
  const page = rest.slice(0, input.ResourcesPerPage ?? limits.page)
  const last = page.at(-1)
  return {
    ResourceTagMappingList: page,
    PaginationToken:
      last && page.length < rest.length ? Buffer.from(last.ResourceARN).toString('base64url') : '',
  }
}

export const tagging: Service = {
  signingName: 'tagging',
  protocol: 'json',
  target: 'ResourceGroupsTaggingAPI_20170126',
  module,
  actions: { GetResources: getResources },
}
