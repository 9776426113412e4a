/** User tags of any taggable resource, by ARN or EC2 id: the only place where they are stored. */
import type { Account } from './account.ts'

export type Tag = { readonly Key: string; readonly Value: string }
type GivenTag = { readonly Key?: string | undefined; readonly Value?: string | undefined }

export function tagsOf(account: Account, id: string): Tag[] {
  return [...(account.tags.get(id) ?? [])].map(([Key, Value]) => ({ Key, Value }))
}

/** Adds or overwrites. */
export function setTags(account: Account, id: string, tags: readonly GivenTag[] | undefined): void {
  if (!tags?.length) return
  const stored = account.tags.get(id) ?? new Map<string, string>()
  for (const tag of tags) stored.set(tag.Key ?? '', tag.Value ?? '')
  account.tags.set(id, stored)
}

/** Removes the keys, or every tag when none are given (as at the resource's own end). */
export function removeTags(account: Account, id: string, keys?: readonly string[]): void {
  const stored = account.tags.get(id)
  if (!stored) return
  for (const key of keys ?? [...stored.keys()]) stored.delete(key)
  if (stored.size === 0) account.tags.delete(id)
}
