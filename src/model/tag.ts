/** Tags: user tags by precedence, and the tracking tags that say what is ours (`albc-model` 6.5, 6.6). */
export type Tags = Readonly<Record<string, string>>

export const clusterTag = 'elbv2.k8s.aws/cluster'
export const stackTag = 'ingress.k8s.aws/stack'
export const resourceTag = 'ingress.k8s.aws/resource'
/** On the shared backend security group, in place of `resourceTag`. */
export const sharedResourceTag = 'elbv2.k8s.aws/resource'
/** Ours alone: which Ingress a rule was created for. Never added where absent. */
export const ownerTag = 'albatross.dev/ingress'

/** Earlier maps win, by key. */
export const mergeTags = (...maps: readonly Tags[]): Tags => Object.assign({}, ...maps.toReversed())

type TagSettings = {
  readonly clusterName: string
  readonly defaultTags: Tags
  readonly featureGates: { readonly EnableDefaultTagsLowPriority: boolean }
}

/** What the user says, with the controller's default tags over it (or under it, behind the gate). */
export const withDefaults = (settings: TagSettings, tags: Tags): Tags =>
  settings.featureGates.EnableDefaultTagsLowPriority
    ? mergeTags(tags, settings.defaultTags)
    : mergeTags(settings.defaultTags, tags)

/** What says that a resource is ours; wins over all other tags. */
export const trackingTags = (settings: TagSettings, stack: string, id?: string): Tags => ({
  [clusterTag]: settings.clusterName,
  [stackTag]: stack,
  ...(id === undefined ? {} : { [resourceTag]: id }),
})
