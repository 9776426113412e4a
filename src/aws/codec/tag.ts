/** Tags: AWS's list <-> a record. */
import type { Tags } from '../../model/tag.ts'

type WireTag = { Key?: string | undefined; Value?: string | undefined }

/** AWS's own tags can't be set by anybody and say nothing to us. */
export const readTags = (tags: readonly WireTag[] | undefined): Tags =>
  Object.fromEntries(
    (tags ?? [])
      .filter(({ Key }) => Key !== undefined && !Key.startsWith('aws:'))
      .map(({ Key = '', Value = '' }): [string, string] => [Key, Value])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

export const tagList = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }))

/** As a member of an input: AWS refuses an empty list, so it is left out. */
export const tagsMember = (tags: Tags): { Tags?: { Key: string; Value: string }[] } =>
  Object.keys(tags).length === 0 ? {} : { Tags: tagList(tags) }
