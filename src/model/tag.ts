/** Tags: user tags by precedence, and the tracking tags that say what is ours (`albc-model` 6.5, 6.6). */
export type Tags = Readonly<Record<string, string>>

export const clusterTag = 'elbv2.k8s.aws/cluster'
export const stackTag = 'ingress.k8s.aws/stack'
export const resourceTag = 'ingress.k8s.aws/resource'
/** On the shared backend security group, in place of `resourceTag`. */
export const sharedResourceTag = 'elbv2.k8s.aws/resource'
/** Ours alone: which Ingress a rule was created for. Never added where absent. */
export const ownerTag = 'albatross.dev/ingress'
