/** Tags of load balancers, listeners, rules and target groups. */
import { AddTagsCommand, RemoveTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { tagList } from '../../aws/codec/tag.ts'
import type { Mirror } from '../../aws/mirror.ts'
import { arnsPerCall } from '../../aws/read.ts'
import { chunks } from '../../lib/chunks.ts'
import type { Tags } from '../../model/tag.ts'
import type { Call } from '../../plan/step.ts'
import { type NameOf, type Request, request } from './request.ts'

type Of<Name extends Call['call']> = Extract<Call, { call: Name }>

export function tagCall(call: Of<'AddTags'> | Of<'RemoveTags'>, _: NameOf, mirror: Mirror): Request[] {
  return chunks(call.resources, arnsPerCall).map((arns) =>
    call.call === 'AddTags'
      ? request(new AddTagsCommand({ ResourceArns: arns, Tags: tagList(call.tags) }), () =>
          retag(mirror, arns, (tags) => ({ ...tags, ...call.tags })),
        )
      : request(new RemoveTagsCommand({ ResourceArns: arns, TagKeys: [...call.keys] }), () =>
          retag(mirror, arns, (tags) =>
            Object.fromEntries(Object.entries(tags).filter(([key]) => !call.keys.includes(key))),
          ),
        ),
  )
}

function retag(mirror: Mirror, arns: readonly string[], change: (tags: Tags) => Tags): void {
  const tagged = <T extends { readonly tags: Tags }>(one: T): T => ({ ...one, tags: change(one.tags) })
  for (const arn of arns) {
    mirror.loadBalancers.patch(arn, tagged)
    mirror.listeners.patch(arn, tagged)
    mirror.rules.patch(arn, tagged)
    mirror.targetGroups.patch(arn, tagged)
  }
}
