// Tags of load balancing: given at creation, read, added, removed.
import assert from 'node:assert/strict'
import {
  AddTagsCommand,
  DescribeTagsCommand,
  RemoveTagsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { GetResourcesCommand } from '@aws-sdk/client-resource-groups-tagging-api'
import { type Bench, check, refused, runTag } from '../bench.ts'

const tagsOf = async ({ clients }: Bench, arn: string): Promise<Readonly<Record<string, string>>> => {
  const { TagDescriptions } = await clients.elbv2.send(new DescribeTagsCommand({ ResourceArns: [arn] }))
  return Object.fromEntries(
    (TagDescriptions?.[0]?.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]),
  )
}

export const tagChecks = [
  check('tag/made', 'each kind of resource has the tags that it was made with', async (bench) => {
    const { loadBalancer, listener } = await bench.shared()
    const { TargetGroupArn } = await bench.targetGroup()
    const { RuleArn } = await bench.rule(listener)
    const own = Object.fromEntries(bench.tags.map(({ Key, Value }) => [Key, Value]))
    for (const arn of [loadBalancer, listener, TargetGroupArn, RuleArn])
      await bench.eventually(async () => assert.deepEqual(await tagsOf(bench, arn), own, arn))
  }),
  check('tag/changed', 'a tag is added, overwritten and removed', async (bench) => {
    const { TargetGroupArn: arn } = await bench.targetGroup()
    const { elbv2 } = bench.clients
    const add = (Value: string) =>
      elbv2.send(new AddTagsCommand({ ResourceArns: [arn], Tags: [{ Key: 'env', Value }] }))
    await add('dev')
    await add('live')
    await bench.eventually(async () => assert.equal((await tagsOf(bench, arn))['env'], 'live'))
    await elbv2.send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: ['env'] }))
    await bench.eventually(async () => assert.equal((await tagsOf(bench, arn))['env'], undefined))
  }),
  check('tag/unknown', 'tags of what is not there are not found', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const unknown = TargetGroupArn.replace(/[0-9a-f]{16}$/, '0123456789abcdef')
    await refused(tagsOf(bench, unknown), 'TargetGroupNotFound')
  }),
  check('tag/too-many-resources', 'twenty resources are asked for at once', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const ResourceArns = Array.from({ length: 21 }, () => TargetGroupArn)
    await refused(bench.clients.elbv2.send(new DescribeTagsCommand({ ResourceArns })), 'ValidationError')
  }),
  check('tag/reserved', 'keys that begin with aws: are refused', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    const Tags = [{ Key: 'aws:contract', Value: 'x' }]
    await refused(
      bench.clients.elbv2.send(new AddTagsCommand({ ResourceArns: [TargetGroupArn], Tags })),
      'ValidationError',
      'InvalidTag',
    )
  }),
  check('tag/found', 'resources are found by their tags, some time later', async (bench) => {
    const { TargetGroupArn } = await bench.targetGroup()
    await bench.eventually(async () => {
      const { ResourceTagMappingList = [] } = await bench.clients.tagging.send(
        new GetResourcesCommand({
          ResourceTypeFilters: ['elasticloadbalancing:targetgroup'],
          TagFilters: [{ Key: runTag, Values: bench.tags.map(({ Value }) => Value) }],
        }),
      )
      assert.ok(ResourceTagMappingList.some(({ ResourceARN }) => ResourceARN === TargetGroupArn))
    })
  }),
]
