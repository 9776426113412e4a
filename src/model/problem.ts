/** A user's mistake, as a value: on which object, in which field, and what to do. */
export type ObjectRef = {
  readonly kind:
    | 'Ingress'
    | 'Service'
    | 'IngressClass'
    | 'IngressClassParams'
    | 'TargetGroupBinding'
    | 'Pod'
    | 'Node'
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string
  readonly name: string
}

export type ProblemKind =
  | 'UnknownAnnotation'
  | 'InvalidAnnotation'
  | 'InvalidGroup'
  | 'InvalidGroupOrder'
  | 'InvalidIngressClass'
  | 'MultipleDefaultIngressClasses'
  | 'InvalidIngressClassParams'
  | 'InvalidBackend'
  | 'InvalidPath'
  | 'TooManyValues'
  | 'RuleShadowed'
  | 'InvalidListenPorts'
  | 'ServiceMissing'
  | 'ServicePortMissing'
  | 'ServiceUnusable'
  | 'SubnetsNotFound'
  | 'SecurityGroupsNotFound'
  | 'CertificateNotFound'
  | 'SecretUnusable'
  | 'TrustStoreNotFound'
  | 'NamedTargetGroupNotFound'
  | 'NoEffect'
  | 'PortClosed'
  | 'CertificatePending'
  | 'WebAclNotFound'
  | 'AddOnUnavailable'
  | 'Conflict'
  | 'DeletionProtected'
  | 'TargetGroupMissing'
  | 'TargetGroupUnusable'
  | 'EndpointsUnusable'
  | 'NetworkInterfaceNotFound'
  | 'PreStopTooShort'
  | 'AwsRefused'
  | 'AwsDenied'
  | 'Guarded'
  | 'ReplacementImpossible'

export type Problem = {
  readonly kind: ProblemKind
  readonly on: ObjectRef
  /** `error` holds the object it is on; `warning` only tells. */
  readonly level: 'error' | 'warning'
  /** Annotation key or field path. */
  readonly field?: string
  /** A sentence that names the value and what is wrong with it; ALBC's own text where it has one. */
  readonly message: string
  /** What the user should do, as a sentence. */
  readonly remedy: string
}

export const ingressRef = (metadata: { readonly namespace?: string; readonly name: string }): ObjectRef => ({
  kind: 'Ingress',
  ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
  name: metadata.name,
})
