/** What a Ref stands for: found in the mirror by tags, so that it survives a restart. */
import type {
  ActualListener,
  ActualLoadBalancer,
  ActualSecurityGroup,
  ActualTargetGroup,
} from '../model/actual.ts'
import type { Ref } from '../model/ref.ts'
import { resourceTag, stackTag, type Tags } from '../model/tag.ts'

/** On the resource tag of a target group that waits to replace the one with the bare id. */
export const nextSuffix = '+next'

/** `Ref.incarnation` of what exists, where plan can tell. */
export type IncarnationOf = (resource: ActualLoadBalancer | ActualTargetGroup) => string | undefined

/** What is ours and exists. */
export type Owned = {
  readonly loadBalancers: readonly ActualLoadBalancer[]
  readonly listeners: readonly ActualListener[]
  readonly targetGroups: readonly ActualTargetGroup[]
  readonly securityGroups: readonly ActualSecurityGroup[]
}

type Candidate = { readonly key: string; readonly next: boolean; readonly incarnation: string | undefined }

/** `made`: what a create of this process answered for the Ref; it counts only while that still exists. */
export function resolveRef(
  ref: Ref,
  owned: Owned,
  made: string | undefined,
  incarnationOf: IncarnationOf | undefined,
): string | undefined {
  const candidates = candidatesOf(ref, owned, incarnationOf)
  if (made !== undefined && candidates.some(({ key }) => key === made)) return made
  if (ref.incarnation === undefined) return only(candidates) ?? only(candidates.filter(({ next }) => !next))
  // Where nobody can tell incarnations apart, the one that is named is the one that waits to replace.
  return only(
    candidates.filter(({ next, incarnation }) =>
      incarnationOf === undefined ? next : incarnation === ref.incarnation,
    ),
  )
}

/** Two that fit are a doubt, and a step with a doubt does not run. */
const only = (candidates: readonly Candidate[]): string | undefined =>
  candidates.length === 1 ? candidates[0]?.key : undefined

function candidatesOf(ref: Ref, owned: Owned, incarnationOf: IncarnationOf | undefined): Candidate[] {
  const mine = ({ tags }: { readonly tags: Tags }): boolean =>
    tags[stackTag] === ref.stack && [ref.id, `${ref.id}${nextSuffix}`].includes(tags[resourceTag] ?? '')
  const candidate = (key: string, { tags }: { readonly tags: Tags }, incarnation?: string): Candidate => ({
    key,
    next: tags[resourceTag] !== ref.id,
    incarnation,
  })
  switch (ref.ref) {
    case 'loadBalancer':
      return owned.loadBalancers.filter(mine).map((one) => candidate(one.arn, one, incarnationOf?.(one)))
    case 'targetGroup':
      return owned.targetGroups.filter(mine).map((one) => candidate(one.arn, one, incarnationOf?.(one)))
    case 'securityGroup':
      return owned.securityGroups.filter(mine).map((one) => candidate(one.id, one))
    case 'listener':
      return listenersOf(ref, owned, incarnationOf)
  }
}

/** Listeners may bear no tags: their port is who they are. They are of their load balancer's incarnation. */
const listenersOf = (ref: Ref, owned: Owned, incarnationOf: IncarnationOf | undefined): Candidate[] =>
  owned.listeners.flatMap((listener) => {
    const parent = owned.loadBalancers.find(({ arn }) => arn === listener.loadBalancerArn)
    return parent?.tags[stackTag] === ref.stack && String(listener.port) === ref.id
      ? [{ key: listener.arn, next: false, incarnation: incarnationOf?.(parent) }]
      : []
  })
