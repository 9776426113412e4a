/** Every wait of the local AWS, its data plane and the local cluster, in milliseconds: nothing else there is a constant. */
export type Timing = {
  /** CreateLoadBalancer to `active`. */
  readonly loadBalancerActiveMs: number
  /** RegisterTargets to the first health check, and a rule's change to traffic following it. */
  readonly propagationMs: number
  /** Health check intervals and timeouts are those of the target group times this. */
  readonly healthCheckScale: number
  /** The first check of a target comes after this, whatever the interval. */
  readonly firstHealthCheckMs: number
  /** Health check timeouts are never shorter than this: a busy machine is no sick target. */
  readonly healthCheckTimeoutFloorMs: number
  /** `idle_timeout.timeout_seconds` times this is how long either side of a load balancer may be silent. */
  readonly idleTimeoutScale: number
  /** A load balancer gives up connecting to a target after this; also what a security group's silence costs. */
  readonly connectTimeoutMs: number
  /** `deregistration_delay.timeout_seconds` times this is how long a target drains. */
  readonly drainScale: number
  /** DeleteLoadBalancer, or a security group taken off, to the end of the network interfaces. */
  readonly networkInterfaceLingerMs: number
  /** DeleteRule or DeleteListener to the target group no longer being in use. */
  readonly targetGroupInUseLagMs: number
  /** A create to its being seen by Describe. */
  readonly readAfterWriteLagMs: number
  /** RequestCertificate to `ISSUED`. */
  readonly certificateIssueMs: number
  /** Pod creation to its container answering and ready. */
  readonly podStartMs: number
  /** A change of pods to the node ports of every node following it. */
  readonly nodePortMs: number
  /** Whether the token buckets of `aws-facts` 2.1 refuse calls. */
  readonly throttle: boolean
}

export const timings: Readonly<Record<'sandbox' | 'aws' | 'instant', Timing>> = {
  /** For tests in one process: all that can be immediate is. */
  instant: {
    loadBalancerActiveMs: 0,
    propagationMs: 0,
    healthCheckScale: 0.005,
    firstHealthCheckMs: 0,
    healthCheckTimeoutFloorMs: 250,
    idleTimeoutScale: 0.02,
    connectTimeoutMs: 100,
    drainScale: 0,
    networkInterfaceLingerMs: 0,
    targetGroupInUseLagMs: 0,
    readAfterWriteLagMs: 0,
    certificateIssueMs: 0,
    podStartMs: 0,
    nodePortMs: 0,
    throttle: false,
  },
  sandbox: {
    loadBalancerActiveMs: 800,
    propagationMs: 50,
    healthCheckScale: 0.02,
    firstHealthCheckMs: 100,
    healthCheckTimeoutFloorMs: 500,
    idleTimeoutScale: 1,
    connectTimeoutMs: 1000,
    drainScale: 0.003,
    networkInterfaceLingerMs: 500,
    targetGroupInUseLagMs: 0,
    readAfterWriteLagMs: 0,
    certificateIssueMs: 1_500,
    podStartMs: 150,
    nodePortMs: 50,
    throttle: true,
  },
  aws: {
    loadBalancerActiveMs: 120_000,
    propagationMs: 5_000,
    healthCheckScale: 1,
    firstHealthCheckMs: 1_000,
    healthCheckTimeoutFloorMs: 0,
    idleTimeoutScale: 1,
    connectTimeoutMs: 10_000,
    drainScale: 1,
    networkInterfaceLingerMs: 60_000,
    targetGroupInUseLagMs: 2_000,
    readAfterWriteLagMs: 1_000,
    certificateIssueMs: 60_000,
    podStartMs: 2_000,
    nodePortMs: 1_000,
    throttle: true,
  },
}
