/** What a Ref stands for: found in the mirror by tags, so that it survives a restart. */
import type {
  ActualListener,
  ActualLoadBalancer,
  ActualSecurityGroup,
  ActualTargetGroup,
} from '../model/actual.ts'
import { frontendListenerId, type Ref } from '../model/ref.ts'
import { roleOf } from '../model/role.ts'
import { resourceTag, stackTag, type Tags } from '../model/tag.ts'

/** What is ours and exists. */
export type Owned = {
  readonly loadBalancers: readonly ActualLoadBalancer[]
  readonly listeners: readonly ActualListener[]
  readonly targetGroups: readonly ActualTargetGroup[]
  readonly securityGroups: readonly ActualSecurityGroup[]
}

/** `made`: what a create of this process answered for the Ref; it counts only while that still exists. */
export function resolveRef(ref: Ref, owned: Owned, made: string | undefined): string | undefined {
  const keys = keysOf(ref, owned)
  if (made !== undefined && keys.includes(made)) return made
  // Two that fit are a doubt, and a step with a doubt does not run.
  return keys.length === 1 ? keys[0] : undefined
}

function keysOf(ref: Ref, owned: Owned): string[] {
  const mine = ({ tags }: { readonly tags: Tags }): boolean =>
    tags[stackTag] === ref.stack && tags[resourceTag] === ref.id
  switch (ref.ref) {
    case 'loadBalancer':
      return owned.loadBalancers.filter(mine).map(({ arn }) => arn)
    case 'targetGroup':
      return owned.targetGroups.filter(mine).map(({ arn }) => arn)
    case 'securityGroup':
      return owned.securityGroups.filter(mine).map(({ id }) => id)
    case 'listener':
      return listenersOf(ref, owned)
    // Planning names them by their ARNs alone.
    case 'certificate':
      return []
  }
}

/** Listeners may bear no tags: their load balancer and port are who they are. */
const listenersOf = (ref: Ref, owned: Owned): string[] =>
  owned.listeners
    .filter(({ loadBalancerArn, port }) => {
      const parent = owned.loadBalancers.find(({ arn }) => arn === loadBalancerArn)
      if (parent?.tags[stackTag] !== ref.stack) return false
      if (parent.type !== 'network' && roleOf(parent) !== (ref.incarnation ?? 'current')) return false
      return ref.id === (parent.type === 'network' ? frontendListenerId(port) : String(port))
    })
    .map(({ arn }) => arn)
