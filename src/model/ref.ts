/** Names for resources that AWS may not have named yet: resolved from the mirror when a step runs, never from an earlier step. */

/** One of our resources, by ALBC's resource id (`albc-model` 6.6). */
export type Ref = {
  readonly ref: 'loadBalancer' | 'listener' | 'targetGroup' | 'securityGroup' | 'certificate'
  /** Stack id of the group that owns it; `''` for the shared backend security group. */
  readonly stack: string
  /** `LoadBalancer`, `FrontendNlb`, `ManagedLBSecurityGroup`, `backend-sg`, `80`, `<ns>/<ingress>-<service>:<port>`. */
  readonly id: string
  /** Tells a replacement from what it replaces, where both exist: a short hash of the immutable settings; of a listener, the role of its load balancer. Absent: the only one. */
  readonly incarnation?: string
}

/** ALBC's ids of the Network Load Balancer in front, and of what is its own, by its port. */
export const frontendId = 'FrontendNlb'
export const frontendListenerId = (port: number): string => `${frontendId}-ls-TCP-${port}`
export const frontendTargetGroupId = (port: number): string => `${frontendId}-tg-TCP-${port}`
export const isFrontend = ({ id }: Ref): boolean => id.startsWith(frontendId)

/** The shared backend security group of the cluster. */
export const backendSecurityGroup: Ref = { ref: 'securityGroup', stack: '', id: 'backend-sg' }

export const isRef = (value: unknown): value is Ref =>
  typeof value === 'object' && value !== null && 'ref' in value

/** A key for maps and step ids: `targetGroup:<stack>:<id>[#incarnation]`. */
export const refKey = (ref: Ref): string =>
  `${ref.ref}:${ref.stack}:${ref.id}${ref.incarnation === undefined ? '' : `#${ref.incarnation}`}`
