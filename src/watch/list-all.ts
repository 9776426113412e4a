/** A whole list in pages, each transformed as it comes so that no full-size list is ever held. */
import type { Kube, ListPage } from '../kube/client.ts'
import { isExpired } from '../kube/error.ts'
import type { Resource } from '../kube/resource.ts'
import type { Answer } from '../kube/wire.ts'
import { ok } from '../lib/result.ts'
import type { KubeObject } from '../model/cluster.ts'

/** A part of a kind: of one namespace, of one name. */
export type Part = { readonly namespace?: string; readonly fieldSelector?: string }

const pageSize = 500

export async function listAll<T extends KubeObject>(
  kube: Kube,
  resource: Resource<T>,
  signal: AbortSignal,
  transform: (object: T) => T,
  only: Part = {},
): Answer<ListPage<T>> {
  const items: T[] = []
  let next: string | undefined
  for (;;) {
    const answer = await kube.page(resource, {
      ...only,
      signal,
      limit: pageSize,
      ...(next ? { continue: next } : {}),
    })
    if (!answer.ok && next && isExpired(answer.error)) {
      // The list changed faster than it was read: once more, in one piece.
      const whole = await kube.page(resource, { ...only, signal })
      return whole.ok ? ok({ ...whole.value, items: whole.value.items.map(transform) }) : whole
    }
    if (!answer.ok) return answer
    for (const item of answer.value.items) items.push(transform(item))
    next = answer.value.continue
    if (!next) return ok({ items, resourceVersion: answer.value.resourceVersion })
  }
}
