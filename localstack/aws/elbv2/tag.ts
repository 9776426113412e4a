/** AddTags, RemoveTags, DescribeTags, and the tags that a create brings. */
import type {
  AddTagsInput,
  AddTagsOutput,
  DescribeTagsInput,
  DescribeTagsOutput,
  RemoveTagsInput,
  RemoveTagsOutput,
  Tag,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Context } from '../service.ts'
import { removeTags as dropTags, setTags, tagsOf } from '../tag.ts'
import { type ResourceType, resourceType } from './arn.ts'
import { listenerOf, loadBalancerOf, ruleOf, seenOrMissing, targetGroupOf, trustStoreOf } from './lookup.ts'
import { quota } from './quota.ts'
import { constraint, invalid, length, notEmpty, refuse } from './refuse.ts'

const maxArns = 20
const charset = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
const readers: Readonly<
  Record<ResourceType, (context: Context, arn: string) => { readonly createdAt?: number }>
> = {
  'load balancer': loadBalancerOf,
  listener: listenerOf,
  rule: ruleOf,
  'target group': targetGroupOf,
  'trust store': trustStoreOf,
}

/** Each must exist, or the whole call fails with its type's NotFound. */
function check(context: Context, arns: readonly string[] | undefined): string[] {
  notEmpty('resourceArns', arns)
  for (const arn of arns ?? []) {
    const type = resourceType(arn)
    seenOrMissing(context, type, readers[type](context, arn))
  }
  return [...(arns ?? [])]
}

/** Of a create, before anything is stored; `existing` are those that an AddTags meets. */
export function checkTags(
  { account }: Context,
  tags: readonly Tag[] | undefined,
  existing: readonly string[] = [],
): void {
  notEmpty('tags', tags)
  const keys = (tags ?? []).map(({ Key }) => Key ?? '')
  for (const { Key = '', Value = '' } of tags ?? []) {
    length('tags.key', Key, 1, 128)
    length('tags.value', Value, 0, 256)
    if (!charset.test(Key) || !charset.test(Value))
      constraint('tags', `${Key}=${Value}`, `satisfy regular expression pattern: ${charset.source}`)
    if (/^aws:/i.test(Key)) invalid('aws: prefixed tag key names are not allowed for external use')
  }
  if (new Set(keys).size < keys.length) refuse('DuplicateTagKeys', 'A tag key was specified more than once')
  if (new Set([...existing, ...keys]).size > quota(account, 'tags-per-resource'))
    refuse('TooManyTags', 'You have reached the limit on the number of tags per load balancer')
}

export function addTags(input: AddTagsInput, context: Context): AddTagsOutput {
  const arns = check(context, input.ResourceArns)
  for (const arn of arns)
    checkTags(
      context,
      input.Tags,
      tagsOf(context.account, arn).map(({ Key }) => Key),
    )
  for (const arn of arns) setTags(context.account, arn, input.Tags)
  context.account.changed()
  return {}
}

export function removeTags(input: RemoveTagsInput, context: Context): RemoveTagsOutput {
  for (const arn of check(context, input.ResourceArns)) dropTags(context.account, arn, input.TagKeys ?? [])
  context.account.changed()
  return {}
}

export function describeTags(input: DescribeTagsInput, context: Context): DescribeTagsOutput {
  const arns = input.ResourceArns ?? []
  if (arns.length > maxArns)
    constraint('resourceArns', `[${arns.length}]`, `have length less than or equal to ${maxArns}`)
  return {
    TagDescriptions: check(context, arns).map((ResourceArn) => ({
      ResourceArn,
      Tags: tagsOf(context.account, ResourceArn),
    })),
  }
}
