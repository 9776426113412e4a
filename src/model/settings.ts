/** The controller flags that change the model (`albc-model` 2), with ALBC's names in camel case. */
import type { Scheme } from './load-balancer.ts'
import type { Tags } from './tag.ts'
import type { TargetType } from './target-group.ts'

export type FeatureGate =
  | 'ListenerRulesTagging'
  | 'WeightedTargetGroups'
  | 'EnableIPTargetType'
  | 'SubnetsClusterTagCheck'
  | 'ALBSingleSubnet'
  | 'SubnetDiscoveryByReachability'
  | 'LBCapacityReservation'
  | 'EnableDefaultTagsLowPriority'
  | 'EnhancedDefaultBehavior'
  | 'EnableCertificateManagement'
  | 'EndpointsFailOpen'

/** ALBC's meaning of an Ingress, or that of the Kubernetes API. */
export type Semantics = (typeof semantics)[number]
export const semantics = ['albc', 'kubernetes'] as const
export type WhenExposed = (typeof whenExposed)[number]
export const whenExposed = ['serve', '503'] as const

export type Settings = {
  readonly clusterName: string
  readonly region: string
  readonly vpcId: string
  /** `spec.controller` of the IngressClasses that are ours. */
  readonly ingressClassController: string
  /** Value of the legacy class annotation that is ours; empty: also Ingresses without any class. */
  readonly ingressClass: string
  /** `ingress.k8s.aws/resources`: of implicit groups. */
  readonly implicitFinalizer: string
  /** `group.ingress.k8s.aws/`: followed by the group name. */
  readonly explicitFinalizerPrefix: string
  readonly defaultTags: Tags
  readonly externalManagedTags: readonly string[]
  readonly defaultTargetType: TargetType
  readonly defaultLoadBalancerScheme: Scheme
  readonly defaultSslPolicy: string
  readonly enableBackendSecurityGroup: boolean
  /** An id to use in place of one of our own. */
  readonly backendSecurityGroup?: string
  readonly enableManageBackendSecurityGroupRules: boolean
  readonly disableRestrictedSecurityGroupRules: boolean
  /** No joining of the ports of endpoints into one range. */
  readonly exactBackendPorts: boolean
  readonly tolerateNonExistentBackendService: boolean
  readonly tolerateNonExistentBackendAction: boolean
  readonly allowedCertificateAuthorityArns: readonly string[]
  /** The private authority that signs certificates asked for, where no Ingress names one. */
  readonly defaultPcaArn?: string
  /** Whether WAFv2, WAF classic and Shield are acted upon at all. */
  readonly enableWafv2: boolean
  readonly enableWaf: boolean
  readonly enableShield: boolean
  readonly maxTargetsPerTargetGroup: number
  /** Longest that requests come after a deregistration; 0: how pods leave is not looked at. */
  readonly deregistrationPropagationMs: number
  readonly longestRequestMs: number
  readonly serviceTargetEniSecurityGroupTags: Tags
  /** What a Secret must bear before it is used. */
  readonly requiredSecretsLabel?: { readonly key: string; readonly value: string }
  readonly groupFailure: 'isolate' | 'strict'
  /** Where AWS can only replace a load balancer, in milliseconds. */
  readonly replacement: {
    /** How long the old one stays after its address was last shown: resolvers remember it. */
    readonly graceMs: number
    /** From its creation, how long the new one waits for healthy targets before it takes over without. */
    readonly patienceMs: number
  }
  /** What paths, hosts and default backends mean where the class does not say. */
  readonly ingressSemantics: Semantics
  /** What of a held Ingress that would let fewer in by now is answered, where the class does not say. */
  readonly whenExposed: WhenExposed
  readonly featureGates: Readonly<Record<FeatureGate, boolean>>
}

/** ALBC's defaults; the required ones are given. */
export function settings(
  given: Pick<Settings, 'clusterName' | 'region' | 'vpcId'> & Partial<Settings>,
): Settings {
  return { ...defaults, ...given, featureGates: { ...defaults.featureGates, ...given.featureGates } }
}

const defaults: Omit<Settings, 'clusterName' | 'region' | 'vpcId'> = {
  ingressClassController: 'ingress.k8s.aws/alb',
  ingressClass: 'alb',
  implicitFinalizer: 'ingress.k8s.aws/resources',
  explicitFinalizerPrefix: 'group.ingress.k8s.aws/',
  defaultTags: {},
  externalManagedTags: [],
  defaultTargetType: 'instance',
  defaultLoadBalancerScheme: 'internal',
  defaultSslPolicy: 'ELBSecurityPolicy-2016-08',
  enableBackendSecurityGroup: true,
  enableManageBackendSecurityGroupRules: false,
  disableRestrictedSecurityGroupRules: false,
  exactBackendPorts: false,
  tolerateNonExistentBackendService: true,
  tolerateNonExistentBackendAction: true,
  allowedCertificateAuthorityArns: [],
  enableWafv2: true,
  enableWaf: true,
  enableShield: true,
  maxTargetsPerTargetGroup: 0,
  deregistrationPropagationMs: 15_000,
  longestRequestMs: 10_000,
  serviceTargetEniSecurityGroupTags: {},
  groupFailure: 'isolate',
  replacement: { graceMs: 15 * 60_000, patienceMs: 10 * 60_000 },
  ingressSemantics: 'albc',
  whenExposed: 'serve',
  featureGates: {
    ListenerRulesTagging: true,
    WeightedTargetGroups: true,
    EnableIPTargetType: true,
    SubnetsClusterTagCheck: true,
    ALBSingleSubnet: false,
    SubnetDiscoveryByReachability: true,
    LBCapacityReservation: true,
    EnableDefaultTagsLowPriority: false,
    EnhancedDefaultBehavior: false,
    EnableCertificateManagement: false,
    EndpointsFailOpen: true,
  },
}
